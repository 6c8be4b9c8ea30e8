"""Exercise 3 · Binary cross-entropy from logits

The mean over all numbers of −t log p − (1 − t) log(1 − p), where p = σ(z). It must be right for z = ±1000 as well,
where p rounds to 0 or 1: bring the formula into a form in which no power of e is large.

`tinymm exercise check losses` checks this file step by step and explains the first thing that is wrong;
`tinymm exercise hint losses` gives a hint when you ask for one. The lesson: `tinymm lesson 3`.
"""

import numpy as np


def binary_cross_entropy_logits_forward(z, t):
    """z (N, M) scores, t (N, M) of 0 and 1 -> J, cache."""
    raise NotImplementedError("binary_cross_entropy_logits_forward")


def binary_cross_entropy_logits_backward(cache):
    """-> dz (N, M)."""
    raise NotImplementedError("binary_cross_entropy_logits_backward")
