"""BatchNorm, with the ReLU behind it, in slices of rows that stay in the cache.

Column sums are matrix products with a row of ones, which BLAS does at the speed of memory; NumPy's sum over the
first axis is several times slower. The ReLU's mask is y > 0, so it needs no array of its own. Measured on 2 cores,
(32, 32, 32, 32), forward and backward: 4.4 ms, textbook 10.
"""

import math

import numpy as np

from tinymm.engines.cpu.plan import Plan
from tinymm.engines.cpu.threads import ranges


class BatchNormPlan(Plan):
    """Normalise the last axis's channels over all others; with ``relu``, ReLU after it."""

    def __init__(self, layer, shape, around, out=None, relu=False):
        self.relu = relu
        super().__init__(layer, shape, around, out)

    def prepare(self):
        self.y, self.keeps_y = self.result(), self.relu
        rows, C = math.prod(self.shape[:-1]), self.shape[-1]
        self.count = rows
        block = max(1, (1 << 18) // (C * self.around.dtype.itemsize))
        self.slices = ranges(rows, -(-rows // block))
        self.centred = self.array(rows, C)
        self.ones = self.array(block + 1, fill=1)
        self.sums = self.array(len(self.slices), 2, C)
        self.direct = self.y.flags.c_contiguous
        self.flat = self.y.reshape(rows, C) if self.direct else self.array(rows, C)
        if self.around.training:
            self.dx = self.array(rows, C)

    def forward(self, x, mask, rng):
        layer, x = self.layer, np.ascontiguousarray(x).reshape(self.count, -1)
        if self.around.training:
            self._each(lambda k, rows: np.dot(self._ones(rows), x[rows], out=self.sums[k, 0]))
            mean = self.sums[:, 0].sum(axis=0) / self.count
            self._each(lambda k, rows: self._centre(k, x[rows], mean, self.centred[rows]))
            variance = self.sums[:, 1].sum(axis=0) / self.count
            self.moments = mean, variance
        else:
            mean, variance = layer.state["mean"], layer.state["variance"]
            self._each(lambda k, rows: np.subtract(x[rows], mean, out=self.centred[rows]))
        self.inverse = (1 / np.sqrt(variance + layer.epsilon)).astype(self.around.dtype)
        scale, beta = layer.params["gamma"] * self.inverse, layer.params["beta"]
        self._each(lambda k, rows: self._scale(rows, scale, beta))
        if not self.direct:
            self.y[...] = self.flat.reshape(self.shape)
        return self.y

    def _centre(self, k, x, mean, centred):
        np.subtract(x, mean, out=centred)
        np.einsum("nc,nc->c", centred, centred, out=self.sums[k, 1])

    def _scale(self, rows, scale, beta):
        y = self.flat[rows]
        np.multiply(self.centred[rows], scale, out=y)
        y += beta
        if self.relu:
            np.maximum(y, 0, out=y)

    def backward(self, dy):
        dy = np.ascontiguousarray(dy).reshape(self.count, -1)
        self._each(lambda k, rows: self._sum(k, rows, dy))
        dbeta, product = self.sums.sum(axis=0)
        self.grads["beta"][...] = dbeta
        self.grads["gamma"][...] = product * self.inverse
        scale = self.layer.params["gamma"] * self.inverse
        slope = -scale * product * self.inverse * self.inverse / self.count
        shift = -scale * dbeta / self.count
        self._each(lambda k, rows: self._differentiate(rows, scale, slope, shift))
        return self.dx.reshape(self.shape)

    def _sum(self, k, rows, dy):
        g = self.dx[rows]
        if self.relu:
            np.multiply(dy[rows], self.flat[rows] > 0, out=g)
        else:
            g[...] = dy[rows]
        np.dot(self._ones(rows), g, out=self.sums[k, 0])
        np.einsum("nc,nc->c", g, self.centred[rows], out=self.sums[k, 1])

    def _differentiate(self, rows, scale, slope, shift):
        dx, centred = self.dx[rows], self.centred[rows]
        dx *= scale
        dx += shift
        centred *= slope  # used up: the next step computes it anew
        dx += centred

    def _each(self, work):
        self.crew.run([lambda k=k, rows=rows: work(k, rows) for k, rows in enumerate(self.slices)])

    def _ones(self, rows):
        return self.ones[: rows.stop - rows.start]

    def commit(self):
        mean, variance = self.moments
        unbiased = variance * (self.count / max(self.count - 1, 1))
        for name, seen in (("mean", mean), ("variance", unbiased)):
            kept = self.layer.state[name]
            kept[...] = self.layer.momentum * kept + (1 - self.layer.momentum) * seen
