"""LSTM: one thread walks through time, the others do all that does not depend on the step before.

- The products x W + b of a chunk of steps are one matrix product, made ahead of the walk.
- All four gates take one call of tanh: σ(z) = ½ + ½ tanh(z/2), and that ½ is multiplied into W, U and b beforehand.
- What dz is made of beside dh and dc, such as g i(1 − i) for the gate i, is worked out a chunk ahead of the walk back.
  Left in its loop are one product and six calls a step.
- dW, dU, db and dx of a chunk are products again, and follow behind the walk.

Time comes first in all workspaces, so that the numbers of a step lie together.
"""

import numpy as np

from tinymm.engines.cpu.plan import Plan
from tinymm.engines.cpu.threads import ranges

CHUNKS = 4  # of time: more overlap better, fewer make larger products


class LSTMPlan(Plan):
    """h of all steps, or of the last; a masked step hands on the state it found."""

    def prepare(self):
        (N, T, D), M = self.shape, self.layer.units
        self.y = self.result()
        self.x_t = self.array(T, N, D)
        self.gates = self.array(T, N, 4 * M)
        self.h, self.c = self.array(T + 1, N, M, fill=0), self.array(T + 1, N, M, fill=0)
        self.tanh_c = self.array(T, N, M)
        self.z, self.product = self.array(N, 4 * M), self.array(N, M)
        self.scale = self.array(4 * M, fill=0.5)
        self.scale[2 * M : 3 * M] = 1
        self.scales, self.offsets = self.array(N, 4 * M, fill=self.scale), self.array(N, 4 * M, fill=0.5)
        self.offsets[:, 2 * M : 3 * M] = 0
        self.chunks = ranges(T, CHUNKS)
        self.steps = [self._step(t) for t in range(T)]
        if self.around.training:
            self._prepare_backward()

    def _prepare_backward(self):
        (N, T, D), M, count = self.shape, self.layer.units, len(self.chunks)
        self.dz, self.dh_dc = self.array(T, N, 4 * M), self.array(T, N, M)
        self.dh, self.dc = (self.array(N, M), self.array(N, M)), (self.array(N, M), self.array(N, M))
        self.ones = self.array(T * N, fill=1)
        self.dx = self.array(T, N, D) if self.around.dx else None
        self.UT, self.WT = self.array(4 * M, M), self.array(4 * M, D)
        self.parts = {"W": self.array(count, D, 4 * M), "U": self.array(count, M, 4 * M), "b": self.array(count, 4 * M)}

    def _step(self, t):
        """What one step of the walk reads and writes: views made once."""
        return (self.gates[t], *blocks(self.gates[t]), self.h[t], self.h[t + 1], self.c[t], self.c[t + 1], self.tanh_c[t])

    def forward(self, x, mask, rng):
        W, self.U, b = (self.layer.params[name] * self.scale for name in "WUb")
        self.padded = None if mask is None else ~mask.T[:, :, None]
        ahead = [self.crew.start([lambda part=part: self._project(part, x, W, b)]) for part in reversed(self.chunks)]
        for part, batch in zip(self.chunks, reversed(ahead)):
            self.crew.finish(batch)
            self._walk(part)
        self.y[...] = self.h[1:].transpose(1, 0, 2) if self.layer.return_sequences else self.h[-1]
        return self.y

    def _project(self, part, x, W, b):
        x_t, gates = self.x_t[part], self.gates[part]
        x_t[...] = x[:, part].transpose(1, 0, 2)
        np.matmul(rows(x_t), W, out=rows(gates))
        gates += b

    def _walk(self, part):
        U, z, product, scales, offsets = self.U, self.z, self.product, self.scales, self.offsets
        for t in range(part.start, part.stop):
            a, i, f, g, o, h_before, h, c_before, c, tanh_c = self.steps[t]
            np.matmul(h_before, U, out=z)
            np.add(a, z, out=a)
            np.tanh(a, out=a)
            np.multiply(a, scales, out=a)
            np.add(a, offsets, out=a)
            np.multiply(f, c_before, out=c)
            np.multiply(i, g, out=product)
            np.add(c, product, out=c)
            np.tanh(c, out=tanh_c)
            np.multiply(o, tanh_c, out=h)
            if self.padded is not None:
                np.copyto(h, h_before, where=self.padded[t])
                np.copyto(c, c_before, where=self.padded[t])

    def backward(self, dy):
        sequences = self.layer.return_sequences
        self.UT[...], self.WT[...] = self.layer.params["U"].T, self.layer.params["W"].T
        self.dh[0][...] = 0 if sequences else dy
        self.dc[0][...] = 0
        ahead = [self.crew.start([lambda part=part: self._factors(part)]) for part in self.chunks]
        behind = []
        for k, batch in reversed(list(enumerate(ahead))):
            self.crew.finish(batch)
            self._walk_back(self.chunks[k], dy if sequences else None)
            behind.append(self.crew.start([lambda k=k: self._reduce(k), lambda k=k: self._hand_on(k)]))
        for batch in behind:
            self.crew.finish(batch)
        for name, part in self.parts.items():
            np.sum(part, axis=0, out=self.grads[name])
        return None if self.dx is None else self.dx.transpose(1, 0, 2)

    def _factors(self, part):
        """What dz is made of beside dh and dc: dz_i = dc · g i(1 − i), ..., and dc += dh · o (1 − tanh² c)."""
        i, f, g, o = blocks(self.gates[part])
        di, df, dg, do = blocks(self.dz[part])
        tanh_c = self.tanh_c[part]
        for factor, gate, partner in ((di, i, g), (df, f, self.c[part]), (do, o, tanh_c)):
            np.subtract(1, gate, out=factor)
            factor *= gate
            factor *= partner
        for factor, value, partner in ((dg, g, i), (self.dh_dc[part], tanh_c, o)):
            np.multiply(value, value, out=factor)
            np.subtract(1, factor, out=factor)
            factor *= partner

    def _walk_back(self, part, dy):
        (N, _, _), M = self.shape, self.layer.units
        (dh, dh_before), (dc, dc_before) = self.dh, self.dc
        for t in reversed(range(part.start, part.stop)):
            if dy is not None:
                dh += dy[:, t]
            dz, f = self.dz[t], self.steps[t][2]
            gates = dz.reshape(N, 4, M)
            np.multiply(dh, self.dh_dc[t], out=dc_before)  # forward: h = o tanh(c), and c went into step t+1
            np.add(dc_before, dc, out=dc_before)
            gates[:, :3] *= dc_before[:, None]             # forward: c = f c_before + i g
            gates[:, 3] *= dh                              # forward: h = o tanh(c)
            if self.padded is not None:
                np.copyto(dz, 0, where=self.padded[t])
            np.matmul(dz, self.UT, out=dh_before)
            np.multiply(dc_before, f, out=dc_before)
            if self.padded is not None:                    # forward: a padded step hands on the old state
                np.copyto(dh_before, dh, where=self.padded[t])
                np.copyto(dc_before, dc, where=self.padded[t])
            dh, dh_before, dc, dc_before = dh_before, dh, dc_before, dc
        self.dh, self.dc = (dh, dh_before), (dc, dc_before)

    def _reduce(self, k):
        """This chunk's part of dW and db."""
        part = self.chunks[k]
        dz = rows(self.dz[part])
        np.matmul(rows(self.x_t[part]).T, dz, out=self.parts["W"][k])
        np.matmul(self.ones[: len(dz)], dz, out=self.parts["b"][k])

    def _hand_on(self, k):
        """This chunk's part of dU, and its dx."""
        part = self.chunks[k]
        dz = rows(self.dz[part])
        np.matmul(rows(self.h[part]).T, dz, out=self.parts["U"][k])
        if self.dx is not None:
            np.matmul(dz, self.WT, out=rows(self.dx[part]))


def blocks(a):
    """The four blocks of columns, for the gates i, f, g and o."""
    M = a.shape[-1] // 4
    return [a[..., k * M : (k + 1) * M] for k in range(4)]


def rows(a):
    """(T, N, D) as the rows of a matrix (T · N, D)."""
    return a.reshape(-1, a.shape[-1])
