import numpy as np


def dropout_forward(x, rate, seed):
    keep = np.random.default_rng(seed).random(x.shape) >= rate
    y = x * keep / (1 - rate)
    return y, (keep, rate)


def dropout_backward(dy, cache):
    keep, rate = cache
    return dy * keep / (1 - rate)
