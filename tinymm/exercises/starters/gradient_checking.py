"""Exercise 4 · Two ways to know a slope

f takes an array of any shape and gives a number. Compute the slope of f with respect to every entry of a:

    (f(a + h) − f(a − h)) / 2h        one entry at a time
    Im f(a + ih) / h                  the same, sideways; choose h as small as you like

`tinymm exercise check gradient_checking` checks this file step by step and explains the first thing that is wrong;
`tinymm exercise hint gradient_checking` gives a hint when you ask for one. The lesson: `tinymm lesson 4`.
"""

import numpy as np


def central_difference(f, a, h):
    """-> the gradient of f at a, shaped like a."""
    raise NotImplementedError("central_difference")


def complex_step(f, a):
    """-> the same. f takes complex arrays as well."""
    raise NotImplementedError("complex_step")
