import numpy as np


def rnn_forward(x, W, U, b):
    N, T, _ = x.shape
    h = np.zeros((N, T + 1, len(b)))
    for t in range(T):
        h[:, t + 1] = np.tanh(x[:, t] @ W + h[:, t] @ U + b)
    return h[:, 1:], (x, W, U, h)


def rnn_backward(dh, cache):
    x, W, U, h = cache
    dx, dW, dU, db = np.zeros(x.shape), np.zeros(W.shape), np.zeros(U.shape), np.zeros(len(U))
    back = np.zeros(dh[:, 0].shape)
    for t in reversed(range(x.shape[1])):
        dz = (dh[:, t] + back) * (1 - h[:, t + 1] ** 2)
        dx[:, t] = dz @ W.T
        dW += x[:, t].T @ dz
        dU += h[:, t].T @ dz
        db += dz.sum(0)
        back = dz @ U.T
    return dx, dW, dU, db
