"""The calls of a convolution, tile by tile, written down once with all their views.

A tile is some rows of some samples. What it computes on the way lies in a room, the workspaces of one thread, and
is used up before the next tile comes; a block is the tiles of the same samples, whose gradients meet in one dx.
"""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np

from tinymm.engines.cpu.products import long_product, product
from tinymm.engines.cpu.windows import rows_of, windows_of
from tinymm.engines.cpu.winners import competition, ranking, won
from tinymm.layers.windows import at_offset, offsets

GROUP = 1 << 19  # bytes: the winners of so many numbers are told together


@dataclass
class Tile:
    """Where it lies, its forward calls; on the way back who gets dz, the call that tells, and the calls after dz is there."""

    place: tuple
    forward: list
    dz: np.ndarray = None
    won: np.ndarray = None
    judge: object = None
    backward: list = None


@dataclass
class Block:
    """The tiles of some samples, the calls behind their forward pass, and those before and behind their way back."""

    tiles: list
    settle: list
    before: list
    after: list


class Room:
    """The workspaces of one thread, and in ``blocks`` all calls as they are made there."""

    def __init__(self, plan):
        self.plan = plan
        P, self.samples = len(plan.places), plan.blocks[0][0][0].stop
        self.cols, self.z = plan.array(P * plan.cells, plan.width, fill=0), plan.array((1 + P) * plan.cells * plan.O, fill=0)
        self.cols[:, plan.K] = 1
        if plan.around.training:
            self._prepare_backward()
        self.blocks = []
        for part, piece in zip(plan.parts, plan.pieces):
            self.blocks += [self._block(k, piece, part) for k in range(piece.start, piece.stop)]

    def _prepare_backward(self):
        plan, P = self.plan, len(self.plan.places)
        self.product = plan.array(*plan.parts.shape[1:])
        if plan.winner is not None:
            numbers = (plan.rivals - 1) * math.prod(plan.output_shape[1:])
            longest = max(piece.stop - piece.start for piece in plan.pieces)
            self.group = max(1, min(longest, GROUP // (self.samples * numbers)))
            self.lost = plan.array(plan.rivals - 1, self.group * self.samples, *plan.output_shape[1:], dtype=bool)
            self.won = plan.array(P * plan.cells * plan.O, dtype=bool)
        self.dz = None
        if plan.dx is not None and set(plan.stride) == {1}:
            border = [n + k - 1 for n, k in zip(plan.padded, plan.size)]
            height = max(rows.stop - rows.start for rows in plan.back_strips)
            self.dz = plan.array(self.samples, *border, plan.O, fill=0)
            self.back = plan.array(self.samples * height * math.prod(plan.padded[1:]), math.prod(plan.size) * plan.O)
        elif plan.dx is not None:
            self.back = plan.array(plan.cells, plan.K)

    def _block(self, k, piece, part):
        """Block ``k`` of those in ``piece``, which adds what it gives to the weights' gradient to ``part``."""
        plan, places = self.plan, self.plan.blocks[k]
        samples, lost, settle, before, after = places[0][0], None, [], [], []
        if plan.winner is not None:
            first = k - (k - piece.start) % self.group
            start = plan.blocks[first][0][0].start
            lost = self.lost[:, samples.start - start : samples.stop - start]
            if k + 1 in (first + self.group, piece.stop):
                settle = ranking(self.lost[:, : samples.stop - start], plan.winner[start : samples.stop])
        if plan.dx is not None and self.dz is None:
            before = [partial(plan.dx[samples].fill, 0)]
        elif plan.dx is not None:
            # where windows do not overlap, every cell is written just once
            before = [partial(self.dz.fill, 0)] if plan.overlapping else []
            after = self._convolve(samples)
        return Block([self._tile(place, lost, part) for place in places], settle, before, after)

    def _tile(self, place, lost, part):
        """planes (1 + P, n, rows, ..., O) are zeros and, after the product, z; cols are the rows of windows."""
        plan = self.plan
        shape, P = plan.shape_of(place), len(plan.places)
        cells, first = math.prod(shape[:-1]), (plan.cells - math.prod(shape[:-1])) * plan.O
        planes = self.z[first : first + (1 + P) * cells * plan.O].reshape(1 + P, *shape)  # the zeros end where z begins
        cols, z = self.cols[: P * cells], planes[1:].reshape(-1, plan.O)
        items = rows_of(cols, (*plan.window, *shape[:-1]), plan.size, plan.C)
        gather = partial(np.copyto, items, plan.windows[(slice(None),) * len(plan.window) + place])
        forward = [gather, *product(cols, plan.kernel, z)]
        if plan.outside is not None:
            forward.append(partial(np.add, planes[1:], plan.outside[:, :, place[1]], out=planes[1:]))
        rivals = planes[0 if plan.relu else 1 :]
        forward += competition(rivals, plan.y[place], None if lost is None else lost[:, :, place[1]])
        if not plan.around.training:
            return Tile(place, forward)
        calls, terms = long_product(cols.T, z, self.product)
        backward = [gather, *calls, partial(np.add, part[:terms], self.product[:terms], out=part[:terms])]
        if plan.dx is not None:
            backward += self._collect(place, planes[1:])
        if lost is None:
            return Tile(place, forward, planes[1:], backward=backward)
        winners = self.won[: planes[1:].size].reshape(planes[1:].shape)
        return Tile(place, forward, planes[1:], winners, won(plan.winner[place], int(plan.relu), winners), backward)

    def _collect(self, place, planes):
        """The calls that lay the planes of dz where their cells lie on the map, or add what they give to dx."""
        plan, calls, out = self.plan, [], planes.shape[2:-1]
        first = (place[1].start, *(0 for _ in out[1:]))
        for offset, dz in zip(plan.places, planes):
            start = [q * h + p for q, h, p in zip(first, plan.hop, offset)]
            if self.dz is None:
                calls += self._scatter(plan.dx[place[0]], dz, start)
                continue
            cells = self.dz[: len(dz)][at_offset([a + k - 1 for a, k in zip(start, plan.size)], plan.hop, out)]
            calls.append(partial(np.add, cells, dz, out=cells) if plan.overlapping else partial(np.copyto, cells, dz))
        return calls

    def _scatter(self, dx, dz, start):
        """The calls that add the gradients of the windows' cells onto the cells they were copied from."""
        plan, rows = self.plan, self.back[: math.prod(dz.shape[:-1])]
        block = rows.reshape(*dz.shape[:-1], *plan.size, plan.C)
        calls = product(dz.reshape(-1, plan.O), plan.kernel[: plan.K].T, rows)
        for offset in offsets(plan.size):
            cells = dx[at_offset([a * s + i for a, s, i in zip(start, plan.stride, offset)], plan.step, dz.shape[1:-1])]
            calls.append(partial(np.add, cells, block[(..., *offset, slice(None))], out=cells))
        return calls

    def _convolve(self, samples):
        """The calls that make dx of a block from the dz that its tiles have laid down."""
        plan, calls = self.plan, []
        n, ones = samples.stop - samples.start, (1,) * len(plan.size)
        windows = windows_of(self.dz, plan.size, ones, ones, ones, plan.padded)[(0,) * len(ones)]
        for rows in plan.back_strips:
            part, dx = windows[:n, rows], plan.dx[samples, rows]
            shape = part.shape[: 1 + len(plan.size)]
            back = self.back[: math.prod(shape)]
            calls.append(partial(np.copyto, rows_of(back, shape, plan.size, plan.O), part))
            joined = [(back, dx)] if dx.flags.c_contiguous else zip(back.reshape(n, -1, back.shape[1]), dx)
            for a, out in joined:
                calls += product(a, plan.flipped, out.reshape(-1, plan.C))
        return calls
