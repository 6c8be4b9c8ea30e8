"""Exercise 13 · Dropout

    y = x · keep / (1 − rate),     keep is 0 with probability rate, drawn anew for every number of x

The draw comes from the seed: the same seed drops the same numbers.

`tinymm exercise check dropout` checks this file step by step and explains the first thing that is wrong;
`tinymm exercise hint dropout` gives a hint when you ask for one. The lesson: `tinymm lesson 13`.
"""

import numpy as np


def dropout_forward(x, rate, seed):
    """x of any shape, rate in [0, 1), seed a whole number -> y, cache."""
    raise NotImplementedError("dropout_forward")


def dropout_backward(dy, cache):
    """dy shaped like x -> dx."""
    raise NotImplementedError("dropout_backward")
