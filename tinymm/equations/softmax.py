"""Softmax: y_i = e^x_i / Σ_j e^x_j along the last axis."""

import numpy as np

from tinymm.equations.scalars import exp


def softmax_forward(x):
    """x (N, ..., K) -> y (N, ..., K), cache."""
    y = np.zeros(x.shape, dtype=x.dtype)
    K = x.shape[-1]
    for n in np.ndindex(x.shape[:-1]):
        for i in range(K):
            top = max(x[n][j].real for j in range(K))  # e^−top cancels, and no power is large
            y[n][i] = exp(x[n][i] - top) / sum(exp(x[n][j] - top) for j in range(K))
    return y, y


def softmax_backward(dy, cache):
    """dy (N, ..., K) -> dx (N, ..., K)."""
    y = cache
    dx = np.zeros(y.shape, dtype=dy.dtype)
    K = y.shape[-1]
    for n in np.ndindex(y.shape[:-1]):
        for j in range(K):
            for i in range(K):  # y_j used x_i with slope y_j ([i = j] − y_i)
                dx[n][i] += dy[n][j] * y[n][j] * ((i == j) - y[n][i])
    return dx
