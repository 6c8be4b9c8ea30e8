"""Dropout: in training, forget each number with probability r.

Forward   y = x · keep / (1 − r)      keep ∈ {0, 1}, drawn anew for every batch
Backward  dx = dy · keep / (1 − r)

Dividing by 1 − r while training keeps the mean, so that nothing needs doing at prediction.
Source: Srivastava et al., JMLR 15, 2014.
"""

import numpy as np

from tinymm.backend import array_module, random_bits
from tinymm.errors import TinymmError
from tinymm.layers.base import Layer


def dropout_forward(x, rate, seed):
    """x (N, ...), rate in [0, 1), seed an integer that fixes which numbers go -> y (N, ...), cache."""
    keep = random_bits(seed, x.shape, array_module(x)) >= np.uint64(rate * 2**64)
    y = x * keep / (1 - rate)
    return y, (keep, rate)


def dropout_backward(dy, cache):
    """dy (N, ...) -> dx (N, ...)."""
    keep, rate = cache
    return dy * keep / (1 - rate)  # forward: y = x · keep / (1 − r)


class Dropout(Layer):
    """Zeroes a share ``rate`` of its input while training; passes it through otherwise.

    The seed of a batch's draw comes from the ``rng`` given to ``forward``, so a run can be repeated exactly.
    Without one every call draws afresh.
    """

    needs = ("training", "rng")

    def __init__(self, rate):
        super().__init__()
        if not 0 <= rate < 1:
            raise TinymmError(f"Dropout's rate is the share to drop, from 0 up to but not 1: got {rate}")
        self.rate = rate

    def run(self, x, training, rng):
        if not training or self.rate == 0:
            return x, None
        rng = np.random.default_rng() if rng is None else rng
        return dropout_forward(x, self.rate, int(rng.integers(2**63)))

    def backward(self, dy, cache):
        return dy if cache is None else dropout_backward(dy, cache), {}
