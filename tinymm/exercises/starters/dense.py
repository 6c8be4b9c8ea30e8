"""Exercise 2 · Dense

Many neurons side by side, without their bends and without a loop:

    y = x W + b

`tinymm exercise check dense` checks this file step by step and explains the first thing that is wrong;
`tinymm exercise hint dense` gives a hint when you ask for one. The lesson: `tinymm lesson 2`.
"""

import numpy as np


def dense_forward(x, W, b):
    """x (N, D), W (D, M), b (M,) -> y (N, M), cache. Put into the cache what backward will need."""
    raise NotImplementedError("dense_forward")


def dense_backward(dy, cache):
    """dy (N, M) -> dx (N, D), dW (D, M), db (M,)."""
    raise NotImplementedError("dense_backward")
