import numpy as np


def conv2d_forward(x, W, b):
    kh, kw = W.shape[:2]
    y = np.zeros((len(x), x.shape[1] - kh + 1, x.shape[2] - kw + 1, W.shape[3]))
    for p in range(y.shape[1]):
        for q in range(y.shape[2]):
            y[:, p, q] = np.tensordot(x[:, p : p + kh, q : q + kw], W, axes=3) + b
    return y, (x, W)


def conv2d_backward(dy, cache):
    x, W = cache
    kh, kw = W.shape[:2]
    dx, dW = np.zeros(x.shape), np.zeros(W.shape)
    for p in range(dy.shape[1]):
        for q in range(dy.shape[2]):
            dx[:, p : p + kh, q : q + kw] += np.tensordot(dy[:, p, q], W, axes=(1, 3))
            dW += np.tensordot(x[:, p : p + kh, q : q + kw], dy[:, p, q], axes=(0, 0))
    db = dy.sum(axis=(0, 1, 2))
    return dx, dW, db
