import numpy as np


def neuron_forward(x, w, b):
    h = 1 / (1 + np.exp(-(x @ w + b)))
    return h, (x, w, h)


def neuron_backward(dh, cache):
    x, w, h = cache
    dz = dh * h * (1 - h)
    dw = x.T @ dz
    db = dz.sum()
    dx = np.outer(dz, w)
    return dx, dw, db
