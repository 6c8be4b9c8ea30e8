"""Exercise 10 · Embedding

A table with a row for every word: look rows up, and hand their gradients back to the table.

`tinymm exercise check embedding` checks this file step by step and explains the first thing that is wrong;
`tinymm exercise hint embedding` gives a hint when you ask for one. The lesson: `tinymm lesson 10`.
"""

import numpy as np


def embedding_forward(ids, W):
    """ids (N, T) whole numbers, W (V, M) -> y (N, T, M), cache."""
    raise NotImplementedError("embedding_forward")


def embedding_backward(dy, cache):
    """dy (N, T, M) -> dW (V, M). The ids are whole numbers and get no gradient."""
    raise NotImplementedError("embedding_backward")
