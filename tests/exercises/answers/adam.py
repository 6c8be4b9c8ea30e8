import numpy as np


def adam_update(W, dW, m, v, t, lr, beta1, beta2, epsilon):
    m = beta1 * m + (1 - beta1) * dW
    v = beta2 * v + (1 - beta2) * dW**2
    mhat = m / (1 - beta1**t)
    vhat = v / (1 - beta2**t)
    return W - lr * mhat / (np.sqrt(vhat) + epsilon), m, v
