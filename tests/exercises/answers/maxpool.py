import numpy as np


def maxpool2d_forward(x, size, stride):
    N, H, W, C = x.shape
    y = np.zeros((N, (H - size) // stride + 1, (W - size) // stride + 1, C))
    where = np.zeros(y.shape, int)
    for n, p, q, c in np.ndindex(y.shape):
        window = x[n, p * stride : p * stride + size, q * stride : q * stride + size, c]
        where[n, p, q, c] = window.argmax()
        y[n, p, q, c] = window.max()
    return y, (x.shape, where, size, stride)


def maxpool2d_backward(dy, cache):
    shape, where, size, stride = cache
    dx = np.zeros(shape)
    for n, p, q, c in np.ndindex(dy.shape):
        i, j = divmod(where[n, p, q, c], size)
        dx[n, p * stride + i, q * stride + j, c] += dy[n, p, q, c]
    return dx
