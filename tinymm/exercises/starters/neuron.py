"""Exercise 1 · One neuron

A neuron over a batch of samples, with arrays in the place of loops:

    z = w · x + b        h = σ(z) = 1 / (1 + exp(−z))

`tinymm exercise check neuron` checks this file step by step and explains the first thing that is wrong;
`tinymm exercise hint neuron` gives a hint when you ask for one. The lesson: `tinymm lesson 1`.
"""

import numpy as np


def neuron_forward(x, w, b):
    """x (N, D), w (D,), b a number -> h (N,), cache. Put into the cache what backward will need."""
    raise NotImplementedError("neuron_forward")


def neuron_backward(dh, cache):
    """dh (N,) -> dx (N, D), dw (D,), db a number."""
    raise NotImplementedError("neuron_backward")
