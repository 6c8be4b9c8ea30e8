"""Exercise 5 · Clip by the global norm

Treat all gradients as one long vector. If it is longer than max_norm, shorten it to max_norm without turning it.
Otherwise leave it as it is.

`tinymm exercise check clipping` checks this file step by step and explains the first thing that is wrong;
`tinymm exercise hint clipping` gives a hint when you ask for one. The lesson: `tinymm lesson 5`.
"""

import numpy as np


def clip_by_global_norm(grads, max_norm):
    """grads, a dict of arrays by name -> the clipped gradients, a new dict; and the norm before."""
    raise NotImplementedError("clip_by_global_norm")
