"""Tanh: y = tanh x."""

import numpy as np

from tinymm.equations.scalars import tanh


def tanh_forward(x):
    """x (N, ...) -> y (N, ...), cache."""
    y = np.zeros(x.shape, dtype=x.dtype)
    for index in np.ndindex(x.shape):
        y[index] = tanh(x[index])
    return y, x


def tanh_backward(dy, cache):
    """dy (N, ...) -> dx (N, ...)."""
    x = cache
    dx = np.zeros(x.shape, dtype=dy.dtype)
    for index in np.ndindex(x.shape):
        dx[index] = dy[index] * (1 - tanh(x[index]) ** 2)
    return dx
