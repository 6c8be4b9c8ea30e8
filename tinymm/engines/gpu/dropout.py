"""Dropout: the textbook's masks, number by number, without a mask in memory and with a seed that lies on the GPU."""

import math

import numpy as np

from tinymm.engines.gpu.kernels import kernel
from tinymm.engines.gpu.plan import Plan, by_sample, cover


class DropoutPlan(Plan):
    """y = x · keep / (1 − rate) in training, x otherwise."""

    def prepare(self):
        self.works = self.around.training and self.layer.rate > 0
        if self.works:
            self.place = len(self.around.places)
            self.around.places.append(self)
            self.y, self.dx = self.result(), self.array(*self.shape)

    def draw(self, rng, seeds):
        if self.works:
            seed = int(rng.integers(2**63))
            seeds[self.place] = (seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % 2**64  # as tinymm.backend.random_bits

    def forward(self, x, mask):
        if self.works:
            return self._hash(x, self.y)
        if self.y is None:
            return x
        self.y[...] = x
        return self.y

    def backward(self, dy):
        return self._hash(dy, self.dx) if self.works else dy

    def _hash(self, x, y):
        x, x_sample = by_sample(x)
        size, rate = math.prod(self.shape[1:]), self.layer.rate
        seed, limit = self.around.seeds[self.place :], np.uint64(rate * 2**64)
        kernel("dropout", y.dtype)(
            (cover(x.size, 256),), (256,),
            (x, x_sample, y, by_sample(y)[1], seed, limit, 1 - rate, self.shape[0], size),
        )  # fmt: skip
        return y
