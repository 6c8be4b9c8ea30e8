"""Embedding: y[n,t] is row ids[n,t] of the table W."""

import numpy as np


def embedding_forward(ids, W):
    """ids (N, ...) integers in [0, V), W (V, M) -> y (N, ..., M), cache."""
    y = np.zeros((*ids.shape, W.shape[1]), dtype=W.dtype)
    for n in np.ndindex(ids.shape):
        for m in range(W.shape[1]):
            y[n][m] = W[ids[n], m]
    return y, (ids, W)


def embedding_backward(dy, cache, padding_id=None):
    """dy (N, ..., M) -> dW (V, M). The row of ``padding_id`` gets no gradient."""
    ids, W = cache
    dW = np.zeros(W.shape, dtype=dy.dtype)
    for n in np.ndindex(ids.shape):
        if ids[n] != padding_id:
            for m in range(W.shape[1]):
                dW[ids[n], m] += dy[n][m]  # y[n] was a copy of this row
    return dW
