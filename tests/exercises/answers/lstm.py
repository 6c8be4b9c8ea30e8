import numpy as np


def sigma(z):
    return 1 / (1 + np.exp(-z))


def lstm_forward(x, W, U, b):
    N, T, _ = x.shape
    h = c = np.zeros((N, len(U)))
    steps, out = [], []
    for t in range(T):
        zi, zf, zg, zo = np.split(x[:, t] @ W + h @ U + b, 4, axis=1)
        i, f, g, o = sigma(zi), sigma(zf), np.tanh(zg), sigma(zo)
        before = h, c
        c = f * c + i * g
        h = o * np.tanh(c)
        steps.append((*before, i, f, g, o, c))
        out.append(h)
    return np.stack(out, 1), (x, W, U, steps)


def lstm_backward(dh, cache):
    x, W, U, steps = cache
    dx, dW, dU, db = np.zeros(x.shape), np.zeros(W.shape), np.zeros(U.shape), np.zeros(W.shape[1])
    hback = cback = np.zeros(dh[:, 0].shape)
    for t in reversed(range(x.shape[1])):
        h0, c0, i, f, g, o, c = steps[t]
        dht = dh[:, t] + hback
        do = dht * np.tanh(c)
        dc = cback + dht * o * (1 - np.tanh(c) ** 2)
        di, df, dg = dc * g, dc * c0, dc * i
        dz = np.concatenate([di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2), do * o * (1 - o)], axis=1)
        dx[:, t] = dz @ W.T
        dW += x[:, t].T @ dz
        dU += h0.T @ dz
        db += dz.sum(0)
        hback, cback = dz @ U.T, dc * f
    return dx, dW, dU, db
