"""BatchNorm: x̂ = (x − μ) / √(v + ε), y = γ x̂ + β, channel by channel.

Forward is algorithm 1 of Ioffe and Szegedy, ICML 2015. Backward goes the way of their section 3: first to x̂,
then to v, then to μ, and from all three to x.
"""

import numpy as np

from tinymm.equations.scalars import sqrt


def batchnorm_forward(x, gamma, beta, mean=None, variance=None, epsilon=1e-5):
    """x (N, ..., C), gamma (C,), beta (C,) -> y (N, ..., C), cache.

    mean and variance (C,), when given, are constants; without, they are those of the batch.
    """
    y = np.zeros(x.shape, dtype=x.dtype)
    for c in range(x.shape[-1]):
        mu, v = _moments(x, c) if mean is None else (mean[c], variance[c])
        for n in np.ndindex(x.shape[:-1]):
            y[n][c] = gamma[c] * (x[n][c] - mu) / sqrt(v + epsilon) + beta[c]
    return y, (x, gamma, mean, variance, epsilon)


def batchnorm_backward(dy, cache):
    """dy (N, ..., C) -> dx (N, ..., C), dgamma (C,), dbeta (C,)."""
    x, gamma, mean, variance, epsilon = cache
    dx, dgamma, dbeta = (np.zeros(shape, dtype=dy.dtype) for shape in (x.shape, gamma.shape, gamma.shape))
    rows = list(np.ndindex(x.shape[:-1]))
    for c in range(x.shape[-1]):
        mu, v = _moments(x, c) if mean is None else (mean[c], variance[c])
        deviation = sqrt(v + epsilon)
        dv = dmu = 0
        for n in rows:
            dbeta[c] += dy[n][c]
            dgamma[c] += dy[n][c] * (x[n][c] - mu) / deviation
            dx_hat = dy[n][c] * gamma[c]
            dx[n][c] += dx_hat / deviation  # x̂ used x with weight 1 / √(v + ε)
            dmu -= dx_hat / deviation  # x̂ used μ with weight −1 / √(v + ε)
            dv -= dx_hat * (x[n][c] - mu) / (2 * deviation**3)  # x̂ used v through (v + ε)^−½
        if mean is None:
            for n in rows:
                dx[n][c] += dmu / len(rows)  # μ used x with weight 1 / n
                dx[n][c] += dv * 2 * (x[n][c] - mu) / len(rows)  # v used x; none through μ, as Σ (x − μ) = 0
    return dx, dgamma, dbeta


def _moments(x, c):
    """Mean and variance of channel c over all rows."""
    rows = list(np.ndindex(x.shape[:-1]))
    mu = sum(x[n][c] for n in rows) / len(rows)
    return mu, sum((x[n][c] - mu) * (x[n][c] - mu) for n in rows) / len(rows)
