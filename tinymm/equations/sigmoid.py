"""Sigmoid: y = 1 / (1 + e⁻ˣ), the article's σ (4.2)."""

import numpy as np

from tinymm.equations.scalars import sigmoid


def sigmoid_forward(x):
    """x (N, ...) -> y (N, ...), cache."""
    y = np.zeros(x.shape, dtype=x.dtype)
    for index in np.ndindex(x.shape):
        y[index] = sigmoid(x[index])
    return y, x


def sigmoid_backward(dy, cache):
    """dy (N, ...) -> dx (N, ...)."""
    x = cache
    dx = np.zeros(x.shape, dtype=dy.dtype)
    for index in np.ndindex(x.shape):
        dx[index] = dy[index] * sigmoid(x[index]) * sigmoid(-x[index])  # 1 − σ(x) = σ(−x)
    return dx
