"""LayerNorm: x̂ = (x − μ) / √(v + ε), y = γ x̂ + β, row by row (Ba, Kiros and Hinton, 2016, equation 4)."""

import numpy as np

from tinymm.equations.scalars import sqrt


def layernorm_forward(x, gamma, beta, epsilon=1e-5):
    """x (N, ..., D), gamma (D,), beta (D,) -> y (N, ..., D), cache."""
    y = np.zeros(x.shape, dtype=x.dtype)
    for n in np.ndindex(x.shape[:-1]):
        mu, v = _moments(x[n])
        for d in range(x.shape[-1]):
            y[n][d] = gamma[d] * (x[n][d] - mu) / sqrt(v + epsilon) + beta[d]
    return y, (x, gamma, epsilon)


def layernorm_backward(dy, cache):
    """dy (N, ..., D) -> dx (N, ..., D), dgamma (D,), dbeta (D,)."""
    x, gamma, epsilon = cache
    D = x.shape[-1]
    dx, dgamma, dbeta = (np.zeros(shape, dtype=dy.dtype) for shape in (x.shape, D, D))
    for n in np.ndindex(x.shape[:-1]):
        mu, v = _moments(x[n])
        deviation = sqrt(v + epsilon)
        x_hat = [(x[n][d] - mu) / deviation for d in range(D)]
        for d in range(D):
            dbeta[d] += dy[n][d]
            dgamma[d] += dy[n][d] * x_hat[d]
            for e in range(D):  # x̂_d used x_e with slope ([d = e] − 1/D − x̂_d x̂_e / D) / √(v + ε)
                slope = ((d == e) - 1 / D - x_hat[d] * x_hat[e] / D) / deviation
                dx[n][e] += dy[n][d] * gamma[d] * slope
    return dx, dgamma, dbeta


def _moments(row):
    """Mean and variance of one row of features."""
    D = len(row)
    mu = sum(row[d] for d in range(D)) / D
    return mu, sum((row[d] - mu) * (row[d] - mu) for d in range(D)) / D
