"""Flatten: the numbers of a sample in one row, the last axis running fastest."""

import numpy as np


def flatten_forward(x):
    """x (N, ...) -> y (N, product of the rest), cache."""
    y = np.zeros((x.shape[0], x[0].size), dtype=x.dtype)
    for n in range(x.shape[0]):
        for d, place in enumerate(np.ndindex(x.shape[1:])):
            y[n, d] = x[n][place]
    return y, x


def flatten_backward(dy, cache):
    """dy (N, D) -> dx, shaped like x."""
    x = cache
    dx = np.zeros(x.shape, dtype=dy.dtype)
    for n in range(x.shape[0]):
        for d, place in enumerate(np.ndindex(x.shape[1:])):
            dx[n][place] += dy[n, d]  # y[n,d] was this x
    return dx
