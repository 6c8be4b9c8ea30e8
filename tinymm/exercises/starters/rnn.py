"""Exercise 11 · Through time

    h_t = tanh(x_t W + h_{t−1} U + b),     and the state before the first step is 0

`tinymm exercise check rnn` checks this file step by step and explains the first thing that is wrong;
`tinymm exercise hint rnn` gives a hint when you ask for one. The lesson: `tinymm lesson 11`.
"""

import numpy as np


def rnn_forward(x, W, U, b):
    """x (N, T, D), W (D, M), U (M, M), b (M,) -> h (N, T, M), cache."""
    raise NotImplementedError("rnn_forward")


def rnn_backward(dh, cache):
    """dh (N, T, M) -> dx (N, T, D), dW (D, M), dU (M, M), db (M,)."""
    raise NotImplementedError("rnn_backward")
