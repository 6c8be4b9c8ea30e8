"""Conv1D: y[n,p,o] = Σ_i Σ_c x[n, p·s + i − before, c] W[i,c,o] + b[o] (article 4.1, along time)."""

import numpy as np

from tinymm.equations.windows import sound_windows


def conv1d_forward(x, W, b, stride=1, padding="valid"):
    """x (N, T, C), W (k, C, O), b (O,) -> y (N, T', O), cache."""
    N, T, C = x.shape
    k, _, O = W.shape
    windows = sound_windows(T, k, stride, padding)
    y = np.zeros((N, len(windows), O), dtype=x.dtype)
    for n in range(N):
        for p, window in enumerate(windows):
            for o in range(O):
                y[n, p, o] = b[o]
                for i, t in window:
                    for c in range(C):
                        y[n, p, o] += x[n, t, c] * W[i, c, o]  # article 4.1
    return y, (x, W, windows)


def conv1d_backward(dy, cache):
    """dy (N, T', O) -> dx (N, T, C), dW (k, C, O), db (O,)."""
    x, W, windows = cache
    N, T, C = x.shape
    O = W.shape[2]
    dx, dW, db = (np.zeros(shape, dtype=dy.dtype) for shape in (x.shape, W.shape, O))
    for n in range(N):
        for p, window in enumerate(windows):
            for o in range(O):
                db[o] += dy[n, p, o]
                for i, t in window:
                    for c in range(C):
                        dx[n, t, c] += W[i, c, o] * dy[n, p, o]  # y used x[n,t,c] with weight W[i,c,o]
                        dW[i, c, o] += x[n, t, c] * dy[n, p, o]  # y used W[i,c,o] with weight x[n,t,c]
    return dx, dW, db
