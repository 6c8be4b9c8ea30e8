"""LSTM and RNN: the whole sequence in one kernel each way, everything else as matrix products over all steps at once.

z = x W + b of all steps is one product before the forward kernel; dW, dU, db and dx are products of the dz that the
backward kernel leaves. In between, samples do not depend on each other: a block takes a few of them through all steps,
and no block waits for another.
"""

from tinymm.engines.gpu.dense import BiasGradient
from tinymm.engines.gpu.kernels import kernel
from tinymm.engines.gpu.plan import Plan, attribute, by_sample, cover, pointer
from tinymm.engines.gpu.product import Product

MOST_UNITS = 1024  # a thread a unit


class RecurrentPlan(Plan):
    """h of all steps, or of the last; a masked step hands on the state it found."""

    def prepare(self):
        (N, T, D), M, G = self.shape, self.layer.units, self.gates
        self.y = self.result()
        self.z = self.array(N, T, G * M)  # then what backward needs of the gates, then dz
        self.states = [self.array(N, T + 1, M) for _ in range(self.state_count)]  # h, and c
        macros = self.share_out()
        self.threads, self.bytes, self.samples = macros["THREADS"], macros.pop("BYTES"), macros["R"]
        self.project = Product(self, N * T, G * M, D)
        self.kernels = {}
        for way in ("forward", "backward") if self.around.training else ("forward",):
            name, sequences = f"{self.name}_{way}", self.layer.return_sequences
            self.kernels[way] = kernel(name, self.around.dtype, M=M, SEQUENCES=sequences, **macros)
            self.kernels[way].max_dynamic_shared_size_bytes = self.bytes
        if self.around.training:
            self.UT = self.array(G * M, M)
            self.bias = BiasGradient(self, N * T, G * M)
            self.dW, self.dU = Product(self, D, G * M, N * T, ta=True), Product(self, M, G * M, N * T, ta=True)
            self.dx = self.array(N * T, D) if self.around.dx else None
            self.back = Product(self, N * T, D, G * M, tb=True) if self.around.dx else None

    def forward(self, x, mask):
        params = self.layer.params
        self.x, self.mask = by_sample(x)[0], mask
        self.project(self.x, params["W"], self._rows(self.z), params["b"])
        _, y_sample = by_sample(self.y)
        self._launch("forward", self.z, params["U"], *self.states, self.y, y_sample)
        return self.y

    def backward(self, dy):
        M, GM, U = self.layer.units, self.z.shape[-1], self.layer.params["U"]
        tiles = (cover(GM, 32), cover(M, 32))
        kernel("transpose", self.around.dtype)(tiles, (32, 8), (U, self.UT, M, GM))
        self._launch("backward", self.z, self.UT, self.states[-1], *by_sample(dy))
        dz = self._rows(self.z)
        self.dW(self.x, dz, self.grads["W"])
        self.dU(self.states[0][:, :-1], dz, self.grads["U"])
        self.bias(dz, None, None, self.grads["b"])
        if self.back is None:
            return None
        self.back(dz, self.layer.params["W"], self.dx)
        return self.dx.reshape(self.shape)

    def _launch(self, way, *arguments):
        import cupy

        N, T, _ = self.shape
        mask = pointer(None if self.mask is None else cupy.ascontiguousarray(self.mask))
        given = (*arguments, self.layer.units, mask, N, T)
        self.kernels[way]((cover(N, self.samples),), (self.threads,), given, shared_mem=self.bytes)

    @staticmethod
    def _rows(a):
        return a.reshape(-1, a.shape[-1])


class RNNPlan(RecurrentPlan):
    """One state; the recurrent weights come from the first-level cache."""

    name, gates, state_count = "rnn", 1, 1

    def share_out(self):
        R, M = samples_of_a_block(self.shape[0], self.around), self.layer.units
        return {"R": R, "THREADS": cover(M, 32) * 32, "BYTES": 2 * R * M * self.around.dtype.itemsize}


class LSTMPlan(RecurrentPlan):
    """Two states; the recurrent weights stay on the chip as far as it reaches."""

    name, gates, state_count = "lstm", 4, 2

    def share_out(self):
        return on_chip(self.layer.units, self.shape[0], self.around)


def samples_of_a_block(N, around):
    """One where the GPU has processors enough for all samples, up to four otherwise."""
    return min(4, cover(N, around.processors))


def on_chip(M, N, around):
    """How a block shares out an LSTM's recurrent weights: macros of the kernels, and BYTES of shared memory.

    Q partners split each unit's sum, so that a block has about 256 threads; fewer threads have more registers each. What
    registers cannot hold goes into shared memory as far as it reaches.
    """
    size, R = around.dtype.itemsize, samples_of_a_block(N, around)
    Q = 8
    while Q > 1 and M * Q > 256:
        Q //= 2
    threads = cover(M * Q, 32) * 32
    part = cover(cover(M, Q), 4) * 4
    spare = min(255, 65536 // threads) - 60 - 14 * R * size // 4
    registers = max(0, min(part, spare * 4 // size // 16 * 4))
    states = 2 * R * Q * (part + 4) * 4 * size  # backward keeps four gates a unit
    free = attribute("MaxSharedMemoryPerBlockOptin") - states - 1024
    shared = max(0, min(part - registers, free // (4 * size * threads) // 4 * 4))
    weights = 4 * size * threads * shared
    return {"R": R, "Q": Q, "THREADS": threads, "PART": part, "IN_REGISTERS": registers, "IN_SHARED": shared,
            "BYTES": weights + states}  # fmt: skip
