"""Convolution with the ReLU and the max pool behind it, in one kernel each way.

Forward, a thread computes all places of a pool's window and keeps the largest, so that the full-size map never reaches
memory; what is kept for backward is one byte, who won. Backward, the winners alone have a gradient. W's gradient is
summed in parts (one a block) that a second kernel adds up in order.
"""

import math

from tinymm.engines.gpu.kernels import kernel
from tinymm.engines.gpu.plan import Plan, by_sample, cover, pointer
from tinymm.engines.gpu.product import sum_parts
from tinymm.layers.windows import output_lengths, resolve_padding

FEW = 64  # numbers in a kernel up to which all of W's sums of a channel fit into a thread's registers
MOST_PLACES = 16  # of a pool's window: more would not fit into a thread's registers


class ConvPlan(Plan):
    """Conv1D or Conv2D; with ``relu`` and ``pool`` also a ReLU and a max pool (size = stride, no padding) behind it."""

    def __init__(self, layer, shape, around, out=None, relu=False, pool=None):
        self.relu, self.pool = relu, pool
        super().__init__(layer, shape, around, out)

    def prepare(self):
        N, *lengths, C = self.shape
        size, stride, O = self.layer.kernel_size, self.layer.stride, self.layer.filters
        pads = resolve_padding(self.layer.padding, lengths, size, stride)
        window = self.pool or (1,) * len(size)
        out = tuple(n // p for n, p in zip(output_lengths(lengths, size, stride, pads), window))
        self.output_shape = (N, *out, O)
        self.y = self.result()
        one = (1,) * (2 - len(size))  # a sound is a picture of height 1
        (KH, KW), (SH, SW), (PH, PW) = one + size, one + stride, one + window
        (self.H, self.W), (self.QH, self.QW) = one + tuple(lengths), one + out
        self.top, self.left = [0] * len(one) + [before for before, _ in pads]
        self.cells, self.places = N * math.prod(out), PH * PW
        self.macros = {"KH": KH, "KW": KW, "C": C, "O": O, "SH": SH, "SW": SW, "PH": PH, "PW": PW}
        self.K, self.O, self.C = KH * KW * C, O, C
        self._prepare_forward()
        if self.around.training:
            self._prepare_backward(any(a or b for a, b in pads))

    def _prepare_forward(self):
        channels = min(16, max(4, 1 << (self.O - 1).bit_length()))           # threads side by side along the channels
        each = min(4, cover(self.O, channels))                                # channels of a thread
        rows = max(1, min(256 // channels, 256 // self.places))
        cells = max(1, min(256 // (rows * self.places), 32 // (self.places * each)))
        depth = cover(self.K, cover(self.K, 16))                              # 27 = 14 + 13, not 16 + 11
        self.grid = (cover(self.cells, rows * cells), cover(self.O, channels * each))
        self.threads = rows * channels
        tiles = {"TR": rows, "TC": channels, "CT": cells, "OT": each, "BK": depth}
        self.forward_kernel = kernel("conv_forward", self.around.dtype, RELU_AFTER=self.relu, **tiles, **self.macros)
        keeps = self.around.training and (self.relu or self.places > 1)
        self.winner = self.array(self.cells, self.O, dtype="u1") if keeps else None

    def _prepare_backward(self, padded):
        around, processors = self.around, self.around.processors
        if self.K <= FEW:
            resident = 65536 // (256 * (52 + self.K * around.dtype.itemsize // 4))  # blocks that a processor has registers for
            self.slab = cover(self.cells, max(1, min(resident * processors, self.cells // 64)))
            self.grid_weights, self.block = (cover(self.cells, self.slab), cover(self.O, 32)), (32, 8)
            self.weights = kernel("conv_weights_few", around.dtype, PADDED=padded, **self.macros)
            self.parts = self.grid_weights[0]
        else:
            TN = 4 if self.O > 32 else 2
            tiles, places = (cover(self.K, 64), cover(self.O, 16 * TN)), self.cells * self.places
            wanted = max(1, min(cover(4 * processors, tiles[0] * tiles[1]), places // 256))
            self.slab = cover(cover(places, wanted), 16) * 16
            self.parts = cover(places, self.slab)
            self.grid_weights, self.block = (*tiles, self.parts), (256,)
            self.weights = kernel("conv_weights", around.dtype, TN=TN, **self.macros)
        self.room = self.array(self.parts, self.K + 1, self.O)
        self.dx = self.array(*self.shape) if around.dx else None
        if around.dx:
            TN = 4 if self.C > 32 else 2 if self.C > 16 else 1
            self.grid_input = (cover(self.shape[0] * self.H * self.W, 64), cover(self.C, 16 * TN))
            self.input = kernel("conv_input", around.dtype, TN=TN, **self.macros)

    def forward(self, x, mask):
        self.x, self.x_sample = by_sample(x)
        params, (_, y_sample) = self.layer.params, by_sample(self.y)
        where = (self.H, self.W, self.QH, self.QW, self.top, self.left)
        self.forward_kernel(
            self.grid, (self.threads,),
            (self.x, self.x_sample, params["W"], params["b"], self.y, y_sample, pointer(self.winner), self.cells, *where),
        )  # fmt: skip
        return self.y

    def backward(self, dy):
        dy, dy_sample = by_sample(dy)
        where = (self.H, self.W, self.QH, self.QW, self.top, self.left)
        gradient = (dy, dy_sample, pointer(self.winner))
        self.weights(
            self.grid_weights, self.block, (self.x, self.x_sample, *gradient, self.room, self.cells, *where, self.slab)
        )
        sum_parts(self.room, self.parts, self.grads["W"], self.O, self.O, rest=self.grads["b"])
        if self.dx is not None:
            W = self.layer.params["W"]
            self.input(self.grid_input, (256,), (*gradient, W, self.dx, self.shape[0], *where))
        return self.dx
