"""MaxPool: y is the largest x of its window, and hands its gradient to that x alone.

y[n,p,q,c] = max_ij x[n, p·s + i − top, q·s + j − left, c] (article 4.1). On ties the first cell wins, row by
row. A complex x is judged by its real part. Padding never wins.
"""

import math

import numpy as np

from tinymm.equations.windows import picture_windows, sound_windows


def maxpool1d_forward(x, size, stride=None, padding="valid"):
    """x (N, T, C) -> y (N, T', C), cache. stride defaults to size."""
    windows = sound_windows(x.shape[1], size, size if stride is None else stride, padding)
    y = np.zeros((x.shape[0], len(windows), x.shape[2]), dtype=x.dtype)
    for n, p, c in np.ndindex(y.shape):
        y[n, p, c] = -math.inf
        for _, t in windows[p]:
            if x[n, t, c].real > y[n, p, c].real:
                y[n, p, c] = x[n, t, c]
    return y, (x, windows)


def maxpool1d_backward(dy, cache):
    """dy (N, T', C) -> dx (N, T, C)."""
    x, windows = cache
    dx = np.zeros(x.shape, dtype=dy.dtype)
    for n, p, c in np.ndindex(dy.shape):
        largest = max(x[n, t, c].real for _, t in windows[p])
        for _, t in windows[p]:
            if x[n, t, c].real == largest:
                dx[n, t, c] += dy[n, p, c]  # y was this x
                break  # and no other
    return dx


def maxpool2d_forward(x, size, stride=None, padding="valid"):
    """x (N, H, W, C) -> y (N, H', W', C), cache. stride defaults to size."""
    rows, columns = picture_windows(x.shape[1:3], size, size if stride is None else stride, padding)
    y = np.zeros((x.shape[0], len(rows), len(columns), x.shape[3]), dtype=x.dtype)
    for n, p, q, c in np.ndindex(y.shape):
        y[n, p, q, c] = -math.inf
        for _, h in rows[p]:
            for _, w in columns[q]:
                if x[n, h, w, c].real > y[n, p, q, c].real:
                    y[n, p, q, c] = x[n, h, w, c]
    return y, (x, rows, columns)


def maxpool2d_backward(dy, cache):
    """dy (N, H', W', C) -> dx (N, H, W, C)."""
    x, rows, columns = cache
    dx = np.zeros(x.shape, dtype=dy.dtype)
    for n, p, q, c in np.ndindex(dy.shape):
        cells = [(h, w) for _, h in rows[p] for _, w in columns[q]]
        largest = max(x[n, h, w, c].real for h, w in cells)
        for h, w in cells:
            if x[n, h, w, c].real == largest:
                dx[n, h, w, c] += dy[n, p, q, c]  # y was this x
                break  # and no other
    return dx
