"""Convolution tile by tile, with ReLU and max pooling done before the result leaves the cache.

A tile is as many samples, or as many rows of one sample, as fit into the second-level cache. Its windows are copied
into rows (im2col), one matrix product gives all outputs, and the full-size map is never written to memory when a
pool follows:

- The rows are sorted by their place in the pool's window. The product then gives one plane for each place, and
  the pool compares planes.
- The rows end with a 1 and the kernel matrix with the bias: bias and its gradient come with the products.
- The windows are copied again for backward: that costs less than to keep them.
- With stride 1, dx is a convolution as well: of dz, with a border of zeros, by the flipped kernel.

max(ReLU(z)) = ReLU(max z), so ReLU works on the pooled numbers, a quarter of them for a 2×2 pool. One thread at a
time can run Python, so little of it may lie between NumPy's calls: those of a tile are written down once, with all
their views, and replayed in every step. Measured on 2 cores, forward and backward with ReLU and pool, batch 32: 3->32
on 64×64 5.5 ms, textbook 61; 1->32 on sounds of 8000 samples 6.9 ms, textbook 131.
"""

import math

import numpy as np

from tinymm.engines.cpu.plan import Plan, replay
from tinymm.engines.cpu.products import most_terms
from tinymm.engines.cpu.threads import ranges
from tinymm.engines.cpu.tiles import Room
from tinymm.engines.cpu.windows import windows_of
from tinymm.engines.cpu.winners import number_type
from tinymm.layers.windows import offsets, output_lengths, resolve_padding, unpad

CACHE = 1 << 21  # bytes of workspace a tile may take
PIECES = 8  # at most, of two samples at least; whatever the number of threads, so that sums are added in the same order


class ConvPlan(Plan):
    """Conv1D or Conv2D; with ``relu`` a ReLU behind it, with ``pool`` a MaxPool layer behind that."""

    def __init__(self, layer, shape, around, out=None, relu=False, pool=None):
        self.relu, self.pool = relu, pool
        super().__init__(layer, shape, around, out)

    def prepare(self):
        self._measure()
        N, training = self.shape[0], self.around.training
        self.y = self.result()
        self.x = self.array(N, *self.padded, self.C, fill=0)
        self.windows = windows_of(self.x, self.size, self.stride, self.step, self.window, self.out)
        self.kernel = self.array(self.width, self.O, fill=0)
        self.rivals = self.relu + len(self.places)
        self.winner = None
        if training and self.rivals > 1:
            self.winner = self.array(*self.output_shape, dtype=number_type(self.rivals))
        self.dx = self.array(N, *self.padded, self.C) if training and self.around.dx else None
        self._cut()
        terms = most_terms(self.width, self.O, len(self.places) * self.cells)
        self.parts = self.array(len(self.pieces), terms, self.width, self.O)
        if training:
            self.flipped = self.array(math.prod(self.size) * self.O, self.C) if self.around.dx else None
        self.rooms = [Room(self) for _ in range(self.crew.size)]

    def _measure(self):
        """Shapes. A pool's padding lies around the map, so there is more padding around the input."""
        N, *lengths, self.C = self.shape
        self.size, self.stride, self.O = self.layer.kernel_size, self.layer.stride, self.layer.filters
        self.K = math.prod(self.size) * self.C
        self.width = -(-(self.K + 1) // 4) * 4  # of a row of windows: with a 1 for the bias, and zeros to make it even
        pads = resolve_padding(self.layer.padding, lengths, self.size, self.stride)
        self.window = self.hop = (1,) * len(lengths)
        self.out = conv_out = output_lengths(lengths, self.size, self.stride, pads)
        pool_pads = ((0, 0),) * len(lengths)
        if self.pool is not None:
            self.window, self.hop = self.pool.pool_size, self.pool.stride
            pool_pads = resolve_padding(self.pool.padding, conv_out, self.window, self.hop)
            self.out = output_lengths(conv_out, self.window, self.hop, pool_pads)
        self.overlapping = any(w > h for w, h in zip(self.window, self.hop))
        self.step = tuple(s * h for s, h in zip(self.stride, self.hop))
        self.places = list(offsets(self.window))
        self.pads = tuple((a + s * p, b + s * q) for (a, b), s, (p, q) in zip(pads, self.stride, pool_pads))
        self.padded = tuple(n + a + b for n, (a, b) in zip(lengths, self.pads))
        self.output_shape = (N, *self.out, self.O)
        self.outside = outside(self.places, self.hop, self.out, conv_out, pool_pads, self.around.dtype)

    def _cut(self):
        """Blocks of samples, each in strips of rows where one sample is too much; pieces of blocks for the crew."""
        N, inner = self.shape[0], math.prod(self.out[1:])
        numbers = len(self.places) * inner * (self.width + self.O)
        height = max(1, CACHE // (numbers * self.around.dtype.itemsize))
        pieces = max(1, min(PIECES, N // 2))
        samples = max(1, min(height // self.out[0], -(-N // pieces)))
        self.strips = ranges(self.out[0], -(-self.out[0] // height))
        self.back_strips = ranges(self.padded[0], -(-self.padded[0] // height))
        starts = range(0, N, samples)
        self.blocks = [[(slice(n, min(n + samples, N)), rows) for rows in self.strips] for n in starts]
        self.pieces = ranges(len(self.blocks), pieces)
        self.cells = max(math.prod(self.shape_of(place)[:-1]) for block in self.blocks for place in block)

    def shape_of(self, place):
        """The shape of y at some rows of some samples."""
        return tuple(s.stop - s.start for s in place) + self.output_shape[2:]

    def forward(self, x, mask, rng):
        self.kernel[: self.K] = self.layer.params["W"].reshape(self.K, self.O)
        self.kernel[self.K] = self.layer.params["b"]
        unpad(self.x, self.pads)[...] = x
        self.crew.run([lambda piece=piece: self._forward_piece(piece) for piece in self.pieces])
        return self.y

    def _forward_piece(self, piece):
        for block in self.rooms[self.crew.place].blocks[piece]:
            for tile in block.tiles:
                replay(tile.forward)
            replay(block.settle)

    def backward(self, dy):
        self.parts[...] = 0
        if self.dx is not None:
            W = self.layer.params["W"]
            self.flipped[...] = np.flip(W, range(len(self.size))).swapaxes(-1, -2).reshape(-1, self.C)
        self.crew.run([lambda piece=piece: self._backward_piece(piece, dy) for piece in self.pieces])
        total = self.parts.sum(axis=(0, 1))
        self.grads["W"][...] = total[: self.K].reshape(self.grads["W"].shape)
        self.grads["b"][...] = total[self.K]
        return None if self.dx is None else unpad(self.dx, self.pads)

    def _backward_piece(self, piece, dy):
        for block in self.rooms[self.crew.place].blocks[piece]:
            replay(block.before)
            for tile in block.tiles:
                if tile.won is None:
                    tile.dz[0] = dy[tile.place]
                else:
                    tile.judge()
                    np.multiply(dy[tile.place], tile.won, out=tile.dz)
                replay(tile.backward)
            replay(block.after)


def outside(places, hop, out, conv_out, pads, dtype):
    """−∞ where a place of the pool's window lies on padding, 0 elsewhere: (P, 1, *out, 1). None without padding."""
    if not any(map(any, pads)):
        return None
    cover = np.zeros((len(places), 1, *out, 1), dtype)
    for plane, place in zip(cover, places):
        for axis, (p, h, n, (before, _)) in enumerate(zip(place, hop, conv_out, pads)):
            cell = np.arange(out[axis]) * h + p - before
            plane[(slice(None),) * (axis + 1) + ((cell < 0) | (cell >= n),)] = -np.inf
    return cover
