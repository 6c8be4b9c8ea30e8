"""ReLU: y = x where x > 0, else 0. A complex x is judged by its real part."""

import numpy as np


def relu_forward(x):
    """x (N, ...) -> y (N, ...), cache."""
    y = np.zeros(x.shape, dtype=x.dtype)
    for index in np.ndindex(x.shape):
        if x[index].real > 0:
            y[index] = x[index]
    return y, x


def relu_backward(dy, cache):
    """dy (N, ...) -> dx (N, ...)."""
    x = cache
    dx = np.zeros(x.shape, dtype=dy.dtype)
    for index in np.ndindex(x.shape):
        if x[index].real > 0:  # else y was the constant 0
            dx[index] = dy[index]
    return dx
