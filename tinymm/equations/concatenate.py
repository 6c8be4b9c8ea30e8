"""Concatenate: the features of all branches, one after the other (article 5.2)."""

import numpy as np


def concatenate_forward(xs):
    """xs, a list of arrays (N, ..., D_k) -> y (N, ..., Σ D_k), cache."""
    y = np.zeros((*xs[0].shape[:-1], sum(x.shape[-1] for x in xs)), dtype=xs[0].dtype)
    for n in np.ndindex(y.shape[:-1]):
        column = 0
        for x in xs:
            for d in range(x.shape[-1]):
                y[n][column] = x[n][d]
                column += 1
    return y, xs


def concatenate_backward(dy, cache):
    """dy (N, ..., Σ D_k) -> the list of dx (N, ..., D_k)."""
    xs = cache
    dxs = [np.zeros(x.shape, dtype=dy.dtype) for x in xs]
    for n in np.ndindex(dy.shape[:-1]):
        column = 0
        for dx in dxs:
            for d in range(dx.shape[-1]):
                dx[n][d] += dy[n][column]  # y[n,column] was x[n,d]
                column += 1
    return dxs
