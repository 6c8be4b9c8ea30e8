"""Exercise 8 · MaxPool2D

    y[n, p, q, c] = max of x[n, p · stride + i, q · stride + j, c] over 0 ≤ i, j < size

Windows may overlap, when stride is smaller than size. On a tie, one of the winners gets the whole gradient.

`tinymm exercise check maxpool` checks this file step by step and explains the first thing that is wrong;
`tinymm exercise hint maxpool` gives a hint when you ask for one. The lesson: `tinymm lesson 8`.
"""

import numpy as np


def maxpool2d_forward(x, size, stride):
    """x (N, H, W, C) -> y (N, (H - size) // stride + 1, (W - size) // stride + 1, C), cache."""
    raise NotImplementedError("maxpool2d_forward")


def maxpool2d_backward(dy, cache):
    """dy shaped like y -> dx, shaped like x."""
    raise NotImplementedError("maxpool2d_backward")
