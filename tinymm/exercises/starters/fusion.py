"""Exercise 14 · Concatenate

Put the features of several branches side by side, and cut the gradient at the same places.

`tinymm exercise check fusion` checks this file step by step and explains the first thing that is wrong;
`tinymm exercise hint fusion` gives a hint when you ask for one. The lesson: `tinymm lesson 14`.
"""

import numpy as np


def concatenate_forward(xs):
    """xs, a list of arrays (N, D_k) -> y (N, D_1 + D_2 + ...), cache."""
    raise NotImplementedError("concatenate_forward")


def concatenate_backward(dy, cache):
    """dy shaped like y -> a list with the gradient of every branch."""
    raise NotImplementedError("concatenate_backward")
