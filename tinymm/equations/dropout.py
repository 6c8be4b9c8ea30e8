"""Dropout: y = x / (1 − r) for a number that is kept, 0 for one that is dropped.

Number k of the batch, counted from 1, is kept when the k-th SplitMix64 hash reaches r·2⁶⁴. Source of the
hash: Steele, Lea and Flood, OOPSLA 2014, figure 16; here with Python's integers, which do not overflow.
"""

import numpy as np


def dropout_forward(x, rate, seed):
    """x (N, ...), rate in [0, 1), seed an integer that fixes which numbers go -> y (N, ...), cache."""
    y = np.zeros(x.shape, dtype=x.dtype)
    for k, index in enumerate(np.ndindex(x.shape), start=1):
        if splitmix64(seed, k) >= int(rate * 2**64):
            y[index] = x[index] / (1 - rate)
    return y, (x, rate, seed)


def dropout_backward(dy, cache):
    """dy (N, ...) -> dx (N, ...)."""
    x, rate, seed = cache
    dx = np.zeros(x.shape, dtype=dy.dtype)
    for k, index in enumerate(np.ndindex(x.shape), start=1):
        if splitmix64(seed, k) >= int(rate * 2**64):
            dx[index] = dy[index] / (1 - rate)  # y used x with weight 1 / (1 − r)
    return dx


def splitmix64(seed, k):
    """The hash of (seed, k): an integer from 0 to 2⁶⁴ − 1."""
    start = seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019
    z = (start + k * 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return z ^ (z >> 31)
