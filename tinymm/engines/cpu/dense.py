"""Dense in place: three matrix products into arrays made once, cut into blocks for the crew.

A wide input (the article's joint has 158,852 features) makes all three products a matter of memory, not of
arithmetic: each thread then streams its own half. No gain alone, where BLAS has threads of its own (1024 -> 1024,
batch 256: 13 ms, textbook 13); it pays inside a step, where other pieces fill the other threads.
"""

import numpy as np

from tinymm.engines.cpu.plan import Plan
from tinymm.engines.cpu.threads import ranges

SMALL = 1 << 20  # multiply-adds below which one thread is as fast as two
BLOCKS = 4  # whatever the number of threads, so that every product is rounded in the same way


class DensePlan(Plan):
    """y = x W + b for x (N, ..., D)."""

    def prepare(self):
        D, M = self.shape[-1], self.layer.units
        self.y = self.result()
        rows = int(np.prod(self.shape[:-1]))
        self.parts = BLOCKS if rows * D * M > SMALL else 1
        self.direct = self.y.flags.c_contiguous
        self.flat = self.y.reshape(rows, M) if self.direct else self.array(rows, M)
        if self.around.training:
            self.dx = self.array(rows, D) if self.around.dx else None
            self.ones = np.ones(rows, self.around.dtype)

    def forward(self, x, mask, rng):
        W, b = self.layer.params["W"], self.layer.params["b"]
        self.x = x = x.reshape(-1, self.shape[-1])

        def block(rows):
            np.matmul(x[rows], W, out=self.flat[rows])
            self.flat[rows] += b

        self.crew.run([lambda rows=rows: block(rows) for rows in ranges(len(x), self.parts)])
        if not self.direct:
            self.y[...] = self.flat.reshape(self.output_shape)
        return self.y

    def backward(self, dy):
        W, x, dy = self.layer.params["W"], self.x, np.ascontiguousarray(dy).reshape(-1, self.layer.units)
        np.matmul(self.ones, dy, out=self.grads["b"])
        dW = self.grads["W"]
        pieces = [lambda d=d: np.matmul(x[:, d].T, dy, out=dW[d]) for d in ranges(len(dW), self.parts)]
        if self.dx is not None:
            pieces += [lambda n=n: np.matmul(dy[n], W.T, out=self.dx[n]) for n in ranges(len(dy), self.parts)]
        self.crew.run(pieces)
        return None if self.dx is None else self.dx.reshape(self.shape)
