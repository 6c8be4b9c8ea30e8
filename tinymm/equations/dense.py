"""Dense: y_m = Σ_d x_d W_dm + b_m (article 4.2, without its σ, which is a layer of its own)."""

import numpy as np


def dense_forward(x, W, b):
    """x (N, ..., D), W (D, M), b (M,) -> y (N, ..., M), cache."""
    D, M = W.shape
    y = np.zeros((*x.shape[:-1], M), dtype=x.dtype)
    for n in np.ndindex(x.shape[:-1]):
        for m in range(M):
            y[n][m] = b[m]
            for d in range(D):
                y[n][m] += x[n][d] * W[d, m]  # article 4.2
    return y, (x, W)


def dense_backward(dy, cache):
    """dy (N, ..., M) -> dx (N, ..., D), dW (D, M), db (M,)."""
    x, W = cache
    D, M = W.shape
    dx, dW, db = (np.zeros(shape, dtype=dy.dtype) for shape in (x.shape, W.shape, M))
    for n in np.ndindex(dy.shape[:-1]):
        for m in range(M):
            db[m] += dy[n][m]  # y[n,m] used b[m] with weight 1
            for d in range(D):
                dx[n][d] += W[d, m] * dy[n][m]  # y[n,m] used x[n,d] with weight W[d,m]
                dW[d, m] += x[n][d] * dy[n][m]  # y[n,m] used W[d,m] with weight x[n,d]
    return dx, dW, db
