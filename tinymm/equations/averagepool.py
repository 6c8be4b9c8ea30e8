"""AveragePool: y[n,p,q,c] is the sum of its window's cells, divided by their number; padding is no cell."""

import numpy as np

from tinymm.equations.windows import picture_windows, sound_windows


def averagepool1d_forward(x, size, stride=None, padding="valid"):
    """x (N, T, C) -> y (N, T', C), cache. stride defaults to size."""
    windows = sound_windows(x.shape[1], size, size if stride is None else stride, padding)
    y = np.zeros((x.shape[0], len(windows), x.shape[2]), dtype=x.dtype)
    for n, p, c in np.ndindex(y.shape):
        for _, t in windows[p]:
            y[n, p, c] += x[n, t, c] / len(windows[p])
    return y, (x, windows)


def averagepool1d_backward(dy, cache):
    """dy (N, T', C) -> dx (N, T, C)."""
    x, windows = cache
    dx = np.zeros(x.shape, dtype=dy.dtype)
    for n, p, c in np.ndindex(dy.shape):
        for _, t in windows[p]:
            dx[n, t, c] += dy[n, p, c] / len(windows[p])  # y used x[n,t,c] with weight 1 / count
    return dx


def averagepool2d_forward(x, size, stride=None, padding="valid"):
    """x (N, H, W, C) -> y (N, H', W', C), cache. stride defaults to size."""
    rows, columns = picture_windows(x.shape[1:3], size, size if stride is None else stride, padding)
    y = np.zeros((x.shape[0], len(rows), len(columns), x.shape[3]), dtype=x.dtype)
    for n, p, q, c in np.ndindex(y.shape):
        for _, h in rows[p]:
            for _, w in columns[q]:
                y[n, p, q, c] += x[n, h, w, c] / (len(rows[p]) * len(columns[q]))
    return y, (x, rows, columns)


def averagepool2d_backward(dy, cache):
    """dy (N, H', W', C) -> dx (N, H, W, C)."""
    x, rows, columns = cache
    dx = np.zeros(x.shape, dtype=dy.dtype)
    for n, p, q, c in np.ndindex(dy.shape):
        for _, h in rows[p]:
            for _, w in columns[q]:  # y used x[n,h,w,c] with weight 1 / count
                dx[n, h, w, c] += dy[n, p, q, c] / (len(rows[p]) * len(columns[q]))
    return dx
