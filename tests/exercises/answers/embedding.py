import numpy as np


def embedding_forward(ids, W):
    y = W[ids]
    return y, (ids, W.shape)


def embedding_backward(dy, cache):
    ids, shape = cache
    dW = np.zeros(shape)
    for n, t in np.ndindex(ids.shape):
        dW[ids[n, t]] += dy[n, t]
    return dW
