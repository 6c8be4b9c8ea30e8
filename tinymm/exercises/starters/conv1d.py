"""Exercise 6 · Convolution along time

    y[n, p, o] = Σ_i Σ_c x[n, p · stride + i, c] W[i, c, o] + b[o]

The window never leaves the sound: there are (T − k) // stride + 1 outputs. One loop over them is fine.

`tinymm exercise check conv1d` checks this file step by step and explains the first thing that is wrong;
`tinymm exercise hint conv1d` gives a hint when you ask for one. The lesson: `tinymm lesson 6`.
"""

import numpy as np


def conv1d_forward(x, W, b, stride=1):
    """x (N, T, C), W (k, C, O), b (O,) -> y (N, T', O), cache."""
    raise NotImplementedError("conv1d_forward")


def conv1d_backward(dy, cache):
    """dy (N, T', O) -> dx (N, T, C), dW (k, C, O), db (O,)."""
    raise NotImplementedError("conv1d_backward")
