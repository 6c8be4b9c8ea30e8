"""Max pooling without argmax: a tournament of the cells of every window.

The cells at one offset of all windows are one strided view of the input. Each view challenges the best so far;
strictly larger wins, so the first wins on ties. Backward walks the tournament from its end: a challenger takes
what it won, the rest goes on to those before it. Measured on 2 cores, (32, 62, 62, 32): 10 ms, textbook 44.
"""

import numpy as np

from tinymm.engines.cpu.plan import Plan
from tinymm.engines.cpu.threads import ranges
from tinymm.layers.windows import at_offset, offsets


class MaxPoolPlan(Plan):
    """Windows that do not overlap (size = stride) and need no padding."""

    def prepare(self):
        self.y = self.result()
        self.size, self.out = self.layer.pool_size, self.output_shape[1:-1]
        self.slices = ranges(self.shape[0], 4 * self.crew.size)
        if self.around.training:
            self.won = [np.empty(self.output_shape, bool) for _ in list(offsets(self.size))[1:]]
            self.dx = np.zeros(self.shape, self.around.dtype)

    def forward(self, x, mask, rng):
        self.crew.run([lambda n=n: self._forward(x[n], n) for n in self.slices])
        return self.y

    def _forward(self, x, n):
        views = [x[at_offset(offset, self.size, self.out)] for offset in offsets(self.size)]
        best = self.y[n]
        best[...] = views[0]
        for k, view in enumerate(views[1:]):
            if self.around.training:
                np.greater(view, best, out=self.won[k][n])
            np.maximum(best, view, out=best)

    def backward(self, dy):
        self.crew.run([lambda n=n: self._backward(dy[n], n) for n in self.slices])
        return self.dx

    def _backward(self, dy, n):
        rest, part = dy.copy(), np.empty_like(dy)
        places = list(offsets(self.size))
        for k in reversed(range(1, len(places))):
            np.multiply(rest, self.won[k - 1][n], out=part)
            self.dx[n][at_offset(places[k], self.size, self.out)] = part
            rest -= part
        self.dx[n][at_offset(places[0], self.size, self.out)] = rest
