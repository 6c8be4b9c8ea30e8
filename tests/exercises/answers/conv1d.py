import numpy as np


def conv1d_forward(x, W, b, stride=1):
    k = len(W)
    steps = (x.shape[1] - k) // stride + 1
    y = np.stack([np.tensordot(x[:, p * stride : p * stride + k], W, 2) for p in range(steps)], 1) + b
    return y, (x, W, stride)


def conv1d_backward(dy, cache):
    x, W, stride = cache
    k = len(W)
    dx, dW, db = np.zeros(x.shape), np.zeros(W.shape), np.zeros(W.shape[2])
    for p in range(dy.shape[1]):
        part = slice(p * stride, p * stride + k)
        dx[:, part] += np.tensordot(dy[:, p], W, axes=(1, 2))
        dW += np.tensordot(x[:, part], dy[:, p], axes=(0, 0))
        db += dy[:, p].sum(0)
    return dx, dW, db
