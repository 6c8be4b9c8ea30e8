"""LSTM: the whole sequence in one kernel each way, everything else as matrix products over all steps at once.

z = x W + b of all steps is one product before the forward kernel; dW, dU, db and dx are products of the dz that the
backward kernel leaves. In between, samples do not depend on each other: a block takes a few of them through all steps
with the recurrent weights on the chip, and no block waits for another.
"""

from tinymm.engines.gpu.dense import BiasGradient
from tinymm.engines.gpu.kernels import kernel
from tinymm.engines.gpu.plan import Plan, attribute, by_sample, cover, pointer
from tinymm.engines.gpu.product import Product

MOST_UNITS = 1024  # a thread a unit


class LSTMPlan(Plan):
    """h of all steps, or of the last; a masked step hands on the state it found."""

    def prepare(self):
        (N, T, D), M = self.shape, self.layer.units
        self.y = self.result()
        self.gates = self.array(N, T, 4 * M)
        self.h, self.c = self.array(N, T + 1, M), self.array(N, T + 1, M)
        self.chip = on_chip(M, N, self.around)
        self.project = Product(self, N * T, 4 * M, D)
        self.kernels = {}
        for way in ("forward", "backward") if self.around.training else ("forward",):
            macros = {k: v for k, v in self.chip.items() if k != "BYTES"}
            self.kernels[way] = kernel(f"lstm_{way}", self.around.dtype, M=M, SEQUENCES=self.layer.return_sequences, **macros)
            self.kernels[way].max_dynamic_shared_size_bytes = self.chip["BYTES"]
        if self.around.training:
            self.UT = self.array(4 * M, M)
            self.bias = BiasGradient(self, N * T, 4 * M)
            self.dW, self.dU = Product(self, D, 4 * M, N * T, ta=True), Product(self, M, 4 * M, N * T, ta=True)
            self.dx = self.array(N * T, D) if self.around.dx else None
            self.back = Product(self, N * T, D, 4 * M, tb=True) if self.around.dx else None

    def forward(self, x, mask):
        (N, T, _), M, params = self.shape, self.layer.units, self.layer.params
        self.x, self.mask = by_sample(x)[0], mask
        self.project(self.x, params["W"], self.gates.reshape(N * T, 4 * M), params["b"])
        _, y_sample = by_sample(self.y)
        self._launch("forward", self.gates, params["U"], self.h, self.c, self.y, y_sample, M, self._mask())
        return self.y

    def backward(self, dy):
        (N, T, _), M = self.shape, self.layer.units
        dy, dy_sample = by_sample(dy)
        tiles = (cover(4 * M, 32), cover(M, 32))
        kernel("transpose", self.around.dtype)(tiles, (32, 8), (self.layer.params["U"], self.UT, M, 4 * M))
        self._launch("backward", self.gates, self.UT, self.c, dy, dy_sample, M, self._mask())
        dz = self.gates.reshape(N * T, 4 * M)
        self.dW(self.x, dz, self.grads["W"])
        self.dU(self.h[:, :-1], dz, self.grads["U"])
        self.bias(dz, None, None, self.grads["b"])
        if self.back is None:
            return None
        self.back(dz, self.layer.params["W"], self.dx)
        return self.dx.reshape(self.shape)

    def _launch(self, way, *arguments):
        N, T, _ = self.shape
        self.kernels[way](
            (cover(N, self.chip["R"]),), (self.chip["THREADS"],), (*arguments, N, T), shared_mem=self.chip["BYTES"]
        )

    def _mask(self):
        import cupy

        return pointer(None if self.mask is None else cupy.ascontiguousarray(self.mask))


def on_chip(M, N, around):
    """How a block shares out the recurrent weights: macros of the kernels, and BYTES of shared memory.

    Q partners split each unit's sum, so that a block has about 256 threads; fewer threads have more registers each. What
    registers cannot hold goes into shared memory as far as it reaches.
    """
    size, R = around.dtype.itemsize, min(4, cover(N, around.processors))
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
