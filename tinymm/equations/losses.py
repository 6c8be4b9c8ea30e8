"""The losses, number by number: their mean over the batch and its gradient."""

import numpy as np

from tinymm.equations.scalars import exp, log, sigmoid
from tinymm.equations.softmax import softmax_forward


def binary_cross_entropy_forward(p, t):
    """p (N, ...) probabilities, t (N, ...) in [0, 1] -> J = −mean (t log p + (1 − t) log(1 − p)), cache."""
    J = 0
    for n in np.ndindex(p.shape):
        inside = _inside(p[n])
        J -= (t[n] * log(inside) + (1 - t[n]) * log(1 - inside)) / p.size
    return p.dtype.type(J), (p, t)


def binary_cross_entropy_backward(cache):
    """-> dp (N, ...)."""
    p, t = cache
    dp = np.zeros(p.shape, dtype=p.dtype)
    for n in np.ndindex(p.shape):
        inside = _inside(p[n])
        dp[n] = (-t[n] / inside + (1 - t[n]) / (1 - inside)) / p.size
    return dp


def binary_cross_entropy_logits_forward(z, t):
    """z (N, ...) logits, t (N, ...) in [0, 1] -> J = −mean (t log σ(z) + (1 − t) log σ(−z)), cache."""
    J = 0
    for n in np.ndindex(z.shape):
        J -= (t[n] * _log_sigmoid(z[n]) + (1 - t[n]) * _log_sigmoid(-z[n])) / z.size
    return z.dtype.type(J), (z, t)


def binary_cross_entropy_logits_backward(cache):
    """-> dz (N, ...)."""
    z, t = cache
    dz = np.zeros(z.shape, dtype=z.dtype)
    for n in np.ndindex(z.shape):  # the slope of log σ(z) is σ(−z)
        dz[n] = (-t[n] * sigmoid(-z[n]) + (1 - t[n]) * sigmoid(z[n])) / z.size
    return dz


def cross_entropy_forward(p, t):
    """p and t (N, ..., K), probabilities along the last axis -> J = −mean_n Σ_k t log p, cache."""
    J = 0
    rows = list(np.ndindex(p.shape[:-1]))
    for n in rows:
        for k in range(p.shape[-1]):
            J -= t[n][k] * log(_inside(p[n][k])) / len(rows)
    return p.dtype.type(J), (p, t)


def cross_entropy_backward(cache):
    """-> dp (N, ..., K)."""
    p, t = cache
    dp = np.zeros(p.shape, dtype=p.dtype)
    rows = list(np.ndindex(p.shape[:-1]))
    for n in rows:
        for k in range(p.shape[-1]):
            dp[n][k] = -t[n][k] / _inside(p[n][k]) / len(rows)
    return dp


def cross_entropy_logits_forward(z, t):
    """z (N, ..., K) logits, t (N, ..., K) probabilities -> J = mean_n Σ_k t_k (log Σ e^z − z_k), cache."""
    J = 0
    rows = list(np.ndindex(z.shape[:-1]))
    for n in rows:
        top = max(z_k.real for z_k in z[n])  # log Σ e^z = top + log Σ e^(z − top)
        log_sum = top + log(sum(exp(z_k - top) for z_k in z[n]))
        for k in range(z.shape[-1]):
            J += t[n][k] * (log_sum - z[n][k]) / len(rows)
    return z.dtype.type(J), (z, t)


def cross_entropy_logits_backward(cache):
    """-> dz (N, ..., K)."""
    z, t = cache
    p, _ = softmax_forward(z)
    dz = np.zeros(z.shape, dtype=z.dtype)
    rows = list(np.ndindex(z.shape[:-1]))
    for n in rows:
        for k in range(z.shape[-1]):
            for j in range(z.shape[-1]):  # log Σ e^z − z_k used z_j with slope p_j − [j = k]
                dz[n][j] += t[n][k] * (p[n][j] - (j == k)) / len(rows)
    return dz


def mean_squared_error_forward(p, t):
    """p (N, ...), t (N, ...) -> J = mean (p − t)², cache."""
    J = 0
    for n in np.ndindex(p.shape):
        J += (p[n] - t[n]) * (p[n] - t[n]) / p.size
    return p.dtype.type(J), (p, t)


def mean_squared_error_backward(cache):
    """-> dp (N, ...)."""
    p, t = cache
    dp = np.zeros(p.shape, dtype=p.dtype)
    for n in np.ndindex(p.shape):
        dp[n] = 2 * (p[n] - t[n]) / p.size
    return dp


def _inside(p):
    """p, at least the rounding unit ε of its dtype away from 0 and 1."""
    epsilon = np.finfo(p.dtype).eps
    if p.real < epsilon:
        return epsilon
    return 1 - epsilon if p.real > 1 - epsilon else p


def _log_sigmoid(z):
    """log σ(z) = −log(1 + e⁻ᶻ); for negative z the same as z − log(1 + eᶻ), where no power is large."""
    return -log(1 + exp(-z)) if z.real > 0 else z - log(1 + exp(z))
