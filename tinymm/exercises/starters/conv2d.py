"""Exercise 7 · Conv2D

    y[n, p, q, o] = Σ_ij Σ_c x[n, p + i, q + j, c] W[i, j, c, o] + b[o]

The kernel moves by one cell and never leaves the picture. Loops over p and q, or over i and j, are fine.

`tinymm exercise check conv2d` checks this file step by step and explains the first thing that is wrong;
`tinymm exercise hint conv2d` gives a hint when you ask for one. The lesson: `tinymm lesson 7`.
"""

import numpy as np


def conv2d_forward(x, W, b):
    """x (N, rows, columns, C), W (kh, kw, C, O), b (O,) -> y (N, rows - kh + 1, columns - kw + 1, O), cache."""
    raise NotImplementedError("conv2d_forward")


def conv2d_backward(dy, cache):
    """dy shaped like y -> dx, dW, db, shaped like x, W, b."""
    raise NotImplementedError("conv2d_backward")
