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
on 64×64 7.4 ms, textbook 68; 1->32 on sounds of 8000 samples 8.3 ms, textbook 136.
"""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np

from tinymm.engines.cpu.plan import Plan, replay
from tinymm.engines.cpu.threads import ranges
from tinymm.engines.cpu.windows import rows_of, windows_of
from tinymm.engines.cpu.winners import competition, first_only
from tinymm.layers.windows import at_offset, offsets, output_lengths, resolve_padding, unpad

CACHE = 1 << 20  # bytes of workspace a tile may take
PIECES = 8  # whatever the number of threads, so that the same sums are added in the same order


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
        self.kernel = self.array(self.K + 1, self.O)
        self.contest = self.relu or len(self.places) > 1
        self.won = self.array(1 + len(self.places), *self.output_shape, dtype=bool) if training and self.contest else None
        self.dx = self.array(N, *self.padded, self.C) if training and self.around.dx else None
        self._cut()
        if training:
            self.parts = self.array(len(self.pieces), self.K + 1, self.O)
            self.flipped = self.array(math.prod(self.size) * self.O, self.C) if self.around.dx else None
        self.rooms = [Room(self) for _ in range(self.crew.size)]

    def _measure(self):
        """Shapes. A pool's padding lies around the map, so there is more padding around the input."""
        N, *lengths, self.C = self.shape
        self.size, self.stride, self.O = self.layer.kernel_size, self.layer.stride, self.layer.filters
        self.K = math.prod(self.size) * self.C
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
        numbers = len(self.places) * inner * (self.K + 1 + self.O)
        height = max(1, CACHE // (numbers * self.around.dtype.itemsize))
        samples = max(1, min(height // self.out[0], -(-N // PIECES)))
        self.strips = ranges(self.out[0], -(-self.out[0] // height))
        self.back_strips = ranges(self.padded[0], -(-self.padded[0] // height))
        starts = range(0, N, samples)
        self.blocks = [[(slice(n, min(n + samples, N)), rows) for rows in self.strips] for n in starts]
        self.pieces = ranges(len(self.blocks), PIECES)

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
            for tile in block:
                replay(tile.forward)
        if self.won is not None:
            samples = slice(self.blocks[piece][0][0][0].start, self.blocks[piece][-1][0][0].stop)
            first_only(self.won[:, samples], floor=self.relu)

    def backward(self, dy):
        self.parts[...] = 0
        if self.dx is not None:
            W = self.layer.params["W"]
            self.flipped[...] = np.flip(W, range(len(self.size))).swapaxes(-1, -2).reshape(-1, self.C)
        self.crew.run([lambda piece=piece: self._backward_piece(piece, dy) for piece in self.pieces])
        total = self.parts.sum(axis=0)
        self.grads["W"][...] = total[: self.K].reshape(self.grads["W"].shape)
        self.grads["b"][...] = total[self.K]
        return None if self.dx is None else unpad(self.dx, self.pads)

    def _backward_piece(self, piece, dy):
        room = self.rooms[self.crew.place]
        for block in room.blocks[piece]:
            if self.dx is not None:
                room.clear(self, block)
            for tile in block:
                if tile.won is None:
                    tile.dz[0] = dy[tile.place]
                else:
                    np.multiply(dy[tile.place], tile.won, out=tile.dz)
                replay(tile.backward)
                if self.dx is not None:
                    room.collect(self, tile)
            if self.dx is not None and room.dz is not None:
                room.convolve(self, block[0].place[0])


@dataclass
class Tile:
    """Some rows of some samples: the calls of its forward pass, its dz and who gets it, and the calls after that."""

    place: tuple
    forward: list
    won: np.ndarray
    dz: np.ndarray
    backward: list


class Room:
    """The workspaces of one thread, and all tiles as they are computed there."""

    def __init__(self, plan):
        cells = max(math.prod(plan.shape_of(place)[:-1]) for block in plan.blocks for place in block)
        P = len(plan.places)
        self.cols, self.z = plan.array(P * cells, plan.K + 1), plan.array((1 + P) * cells * plan.O, fill=0)
        self.cols[:, plan.K] = 1
        self.product = plan.array(plan.K + 1, plan.O)
        owners = {k: piece for piece, part in enumerate(plan.pieces) for k in range(part.start, part.stop)}
        self.blocks = [
            [self._tile(plan, place, owners[k]) for place in block] for k, block in enumerate(plan.blocks)
        ]  # fmt: skip
        self.dz = None
        if plan.dx is not None and set(plan.stride) == {1}:
            border = [n + k - 1 for n, k in zip(plan.padded, plan.size)]
            samples = max(place[0].stop - place[0].start for block in plan.blocks for place in block)
            height = max(rows.stop - rows.start for rows in plan.back_strips)
            self.dz = plan.array(samples, *border, plan.O, fill=0)
            self.back = plan.array(samples * height * math.prod(plan.padded[1:]), math.prod(plan.size) * plan.O)

    def _tile(self, plan, place, piece):
        """planes (1 + P, n, rows, ..., O) are zeros and, after the product, z; cols are the rows of windows."""
        shape, P = plan.shape_of(place), len(plan.places)
        cells, room = math.prod(shape[:-1]), len(self.z) // (1 + P)
        first = room - cells * plan.O  # the zeros end where z begins, whatever the shape
        planes = self.z[first : first + (1 + P) * cells * plan.O].reshape(1 + P, *shape)
        cols, z, y = self.cols[: P * cells], planes[1:].reshape(-1, plan.O), plan.y[place]
        items = rows_of(cols, (*plan.window, *shape[:-1]), plan.size, plan.C)
        gather = partial(np.copyto, items, plan.windows[(slice(None),) * len(plan.window) + place])
        forward = [gather, partial(np.matmul, cols, plan.kernel, out=z)]
        if plan.outside is not None:
            forward.append(partial(np.add, planes[1:], plan.outside[:, :, place[1]], out=planes[1:]))
        won = None if plan.won is None else plan.won[(slice(None), *place)]
        floor = 0 if plan.relu else 1
        forward += competition(planes[floor:], y, None if won is None else won[floor:])
        if not plan.around.training:
            return Tile(place, forward, None, None, None)
        part = plan.parts[piece]
        backward = [gather, partial(np.matmul, cols.T, z, out=self.product), partial(np.add, part, self.product, out=part)]
        return Tile(place, forward, None if won is None else won[1:], planes[1:], backward)

    def clear(self, plan, block):
        """Make ready for the dz of another block."""
        if self.dz is None:
            plan.dx[block[0].place[0]] = 0
        elif plan.overlapping:  # elsewhere every cell is written just once
            self.dz[...] = 0

    def collect(self, plan, tile):
        """Lay the planes of dz where their cells lie on the map, or add what they give to dx."""
        out = tile.dz.shape[2:-1]
        first = (tile.place[1].start, *(0 for _ in out[1:]))
        for place, dz in zip(plan.places, tile.dz):
            start = [q * h + p for q, h, p in zip(first, plan.hop, place)]
            if self.dz is None:
                self._scatter(plan, plan.dx[tile.place[0]], dz, start)
                continue
            cells = self.dz[: len(dz)][at_offset([a + k - 1 for a, k in zip(start, plan.size)], plan.hop, out)]
            if plan.overlapping:
                cells += dz
            else:
                cells[...] = dz

    @staticmethod
    def _scatter(plan, dx, dz, start):
        """Add the gradients of the windows' cells onto the cells they were copied from."""
        block = np.matmul(dz.reshape(-1, plan.O), plan.kernel[: plan.K].T)
        block = block.reshape(*dz.shape[:-1], *plan.size, plan.C)
        for offset in offsets(plan.size):
            cells = at_offset([a * s + i for a, s, i in zip(start, plan.stride, offset)], plan.step, dz.shape[1:-1])
            dx[cells] += block[(..., *offset, slice(None))]

    def convolve(self, plan, samples):
        """dx of a block from the dz that its tiles have laid down."""
        n, ones = samples.stop - samples.start, (1,) * len(plan.size)
        windows = windows_of(self.dz, plan.size, ones, ones, ones, plan.padded)[(0,) * len(ones)]
        for rows in plan.back_strips:
            part = windows[:n, rows]
            shape = part.shape[: 1 + len(plan.size)]
            back = self.back[: math.prod(shape)]
            np.copyto(rows_of(back, shape, plan.size, plan.O), part)
            np.matmul(back, plan.flipped, out=plan.dx[samples, rows].reshape(-1, plan.C))


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
