"""RNN: h_t = tanh(x_t W + h_{t−1} U + b) (Elman, Cognitive Science 14, 1990)."""

import numpy as np

from tinymm.equations.scalars import tanh


def rnn_forward(x, W, U, b, h0=None, mask=None):
    """x (N, T, D), W (D, M), U (M, M), b (M,), h0 (N, M), mask (N, T) -> h (N, T, M), cache."""
    N, T, D = x.shape
    M = U.shape[0]
    h = np.zeros((N, T + 1, M), dtype=x.dtype)  # h[n, t] is the state before step t
    for n in range(N):
        for m in range(M):
            h[n, 0, m] = 0 if h0 is None else h0[n, m]
        for t in range(T):
            for m in range(M):
                z = b[m]
                for d in range(D):
                    z = z + x[n, t, d] * W[d, m]
                for k in range(M):
                    z = z + h[n, t, k] * U[k, m]
                real = mask is None or mask[n, t]
                h[n, t + 1, m] = tanh(z) if real else h[n, t, m]
    return h[:, 1:], (x, W, U, h, mask)


def rnn_backward(dh, cache):
    """dh (N, T, M) -> dx (N, T, D), dW (D, M), dU (M, M), db (M,), dh0 (N, M)."""
    x, W, U, h, mask = cache
    N, T, D = x.shape
    M = U.shape[0]
    dx, dW, dU, db = (np.zeros(shape, dtype=dh.dtype) for shape in (x.shape, W.shape, U.shape, M))
    dstate = np.zeros(h.shape, dtype=dh.dtype)  # dstate[n, t] is the gradient of h[n, t]
    for n in range(N):
        for t in reversed(range(T)):
            for m in range(M):
                dstate[n, t + 1, m] += dh[n, t, m]  # the state after step t is output t
                if mask is not None and not mask[n, t]:
                    dstate[n, t, m] += dstate[n, t + 1, m]  # a padded step copies the state
                    continue
                dz = dstate[n, t + 1, m] * (1 - h[n, t + 1, m] ** 2)
                db[m] += dz
                for d in range(D):
                    dx[n, t, d] += W[d, m] * dz
                    dW[d, m] += x[n, t, d] * dz
                for k in range(M):
                    dstate[n, t, k] += U[k, m] * dz
                    dU[k, m] += h[n, t, k] * dz
    return dx, dW, dU, db, dstate[:, 0]
