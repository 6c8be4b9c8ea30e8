"""Exercise 12 · LSTM

    z = x_t W + h_{t−1} U + b,   cut into four parts of M columns:  z_i, z_f, z_g, z_o
    i = σ(z_i)    f = σ(z_f)    g = tanh(z_g)    o = σ(z_o)
    c_t = f c_{t−1} + i g        h_t = o tanh(c_t)

h and c are 0 before the first step.

`tinymm exercise check lstm` checks this file step by step and explains the first thing that is wrong;
`tinymm exercise hint lstm` gives a hint when you ask for one. The lesson: `tinymm lesson 12`.
"""

import numpy as np


def lstm_forward(x, W, U, b):
    """x (N, T, D), W (D, 4M), U (M, 4M), b (4M,) -> h (N, T, M), cache."""
    raise NotImplementedError("lstm_forward")


def lstm_backward(dh, cache):
    """dh (N, T, M) -> dx (N, T, D), dW (D, 4M), dU (M, 4M), db (4M,)."""
    raise NotImplementedError("lstm_backward")
