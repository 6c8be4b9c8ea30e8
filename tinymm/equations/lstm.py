"""LSTM: i, f, o = σ(z_i), σ(z_f), σ(z_o), g = tanh(z_g), c_t = f c_{t−1} + i g, h_t = o tanh(c_t).

z = x_t W + h_{t−1} U + b has 4M columns: M for each gate, in the order i, f, g, o. Sources: Hochreiter and
Schmidhuber, Neural Computation 9, 1997; the gate f from Gers, Schmidhuber and Cummins, Neural Computation 12,
2000.
"""

import numpy as np

from tinymm.equations.scalars import sigmoid, tanh


def lstm_forward(x, W, U, b, h0=None, c0=None, mask=None):
    """x (N, T, D), W (D, 4M), U (M, 4M), b (4M,), h0 and c0 (N, M), mask (N, T) -> h (N, T, M), cache."""
    N, T, _ = x.shape
    M = U.shape[0]
    h, c = (np.zeros((N, T + 1, M), dtype=x.dtype) for _ in range(2))  # h[n, t] is the state before step t
    for n in range(N):
        for m in range(M):
            h[n, 0, m] = 0 if h0 is None else h0[n, m]
            c[n, 0, m] = 0 if c0 is None else c0[n, m]
        for t in range(T):
            for m in range(M):
                if mask is not None and not mask[n, t]:
                    h[n, t + 1, m], c[n, t + 1, m] = h[n, t, m], c[n, t, m]
                    continue
                i, f, g, o = _gates(x[n, t], h[n, t], W, U, b, m)
                c[n, t + 1, m] = f * c[n, t, m] + i * g
                h[n, t + 1, m] = o * tanh(c[n, t + 1, m])
    return h[:, 1:], (x, W, U, b, h, c, mask)


def lstm_backward(dh, cache):
    """dh (N, T, M) -> dx (N, T, D), dW (D, 4M), dU (M, 4M), db (4M,), dh0 (N, M), dc0 (N, M)."""
    x, W, U, b, h, c, mask = cache
    N, T, D = x.shape
    M = U.shape[0]
    dx, dW, dU, db = (np.zeros(shape, dtype=dh.dtype) for shape in (x.shape, W.shape, U.shape, 4 * M))
    dstate, dmemory = (np.zeros(h.shape, dtype=dh.dtype) for _ in range(2))  # of h[n, t] and c[n, t]
    for n in range(N):
        for t in reversed(range(T)):
            for m in range(M):
                dstate[n, t + 1, m] += dh[n, t, m]  # the state after step t is output t
                if mask is not None and not mask[n, t]:  # a padded step copies both
                    dstate[n, t, m] += dstate[n, t + 1, m]
                    dmemory[n, t, m] += dmemory[n, t + 1, m]
                    continue
                i, f, g, o = _gates(x[n, t], h[n, t], W, U, b, m)
                tanh_c = tanh(c[n, t + 1, m])
                do = dstate[n, t + 1, m] * tanh_c  # h = o tanh(c)
                dmemory[n, t + 1, m] += dstate[n, t + 1, m] * o * (1 - tanh_c**2)
                dc = dmemory[n, t + 1, m]  # c = f c_before + i g
                dmemory[n, t, m] += dc * f
                di, df, dg = dc * g, dc * c[n, t, m], dc * i
                slopes = di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2), do * o * (1 - o)
                for gate, dz in enumerate(slopes):
                    column = gate * M + m
                    db[column] += dz
                    for d in range(D):
                        dx[n, t, d] += W[d, column] * dz
                        dW[d, column] += x[n, t, d] * dz
                    for k in range(M):
                        dstate[n, t, k] += U[k, column] * dz
                        dU[k, column] += h[n, t, k] * dz
    return dx, dW, dU, db, dstate[:, 0], dmemory[:, 0]


def _gates(x, h, W, U, b, m):
    """The gates i, f, g, o of unit m for the input x (D,) and the state h (M,) before the step."""
    M = len(h)
    z = []
    for gate in range(4):
        column = gate * M + m
        total = b[column]
        for d in range(len(x)):
            total = total + x[d] * W[d, column]
        for k in range(M):
            total = total + h[k] * U[k, column]
        z.append(total)
    return sigmoid(z[0]), sigmoid(z[1]), tanh(z[2]), sigmoid(z[3])
