"""The usual mistakes in a gradient, as arrays: what would have come out if somebody had made each of them.

Each function here yields (sentence, array) for one wrong gradient; the array that equals what backward gave
names the mistake.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

GATES = "ifgo"


@dataclass
class Evidence:
    """One wrong gradient beside the right one. ``pull(dy)`` is the right gradient for another dy.

    ``others`` are the right gradients of all arrays, ``arrays`` their values, ``fixed`` the whole numbers
    among the inputs.
    """

    name: str
    got: np.ndarray
    right: np.ndarray
    dy: np.ndarray
    y: np.ndarray
    pull: Callable
    others: dict
    arrays: dict
    fixed: dict

    @property
    def axes(self):
        """What one entry and the sum along the first axes of y are called."""
        inner = ("row of axis 1 (height)", "height") if self.dy.ndim == 4 else ("time step", "time")
        return [("sample of the batch", "the batch"), inner][: max(self.dy.ndim - 1, 0)]


def scaled(e):
    """A constant factor."""
    yield "its sign is flipped", -e.right
    yield "it is zero throughout", 0 * e.right
    yield "it is half of the right value", e.right / 2
    yield "it is twice the right value", e.right * 2
    samples, steps = e.dy.shape[0] if e.dy.ndim else 1, e.dy.shape[1] if e.dy.ndim > 2 else 1
    inner = e.axes[-1][1] if steps > 1 else "time"
    for count, what in ((samples, "the batch"), (steps, inner), (samples * steps, f"batch and {inner}")):
        if count > 1:
            yield f"it is divided by {count}: the mean over {what} in the place of the sum", e.right / count
            yield (
                f"it is multiplied by {count}: the sum over {what} in the place of the mean",
                e.right * count,
            )


def constant_times(e):
    """Any other constant factor; tried last."""
    if e.right.size > 2 and e.right.any():
        factor = float((e.got * e.right).sum() / (e.right * e.right).sum())
        yield f"it is {factor:.4g} times the right value", factor * e.right


def upstream(e):
    """dy left out, taken twice, taken in part, or read in another order."""
    if e.dy.shape == e.got.shape:
        yield "it is simply dy: the derivative of the forward pass is missing", e.dy
    yield "it is not multiplied by the upstream gradient dy", e.pull(np.ones_like(e.dy))
    yield "dy comes in squared", e.pull(e.dy * e.dy)
    for axis, (what, total) in enumerate(e.axes):
        if e.dy.shape[axis] < 2:
            continue
        for place, word in ((0, "first"), (-1, "last")):
            only, without = np.zeros_like(e.dy), e.dy.copy()
            index = (slice(None),) * axis + (place,)
            only[index], without[index] = e.dy[index], 0
            yield (
                f"only the {word} {what} counts: d{e.name} equals the right one without the sum over {total}",
                e.pull(only),
            )
            if e.dy.shape[axis] > 2:
                yield f"the {word} {what} is left out", e.pull(without)
        yield f"dy is read backwards along axis {axis} ({total})", e.pull(np.flip(e.dy, axis))
        for shift in (1, -1):
            for wrap in (True, False):
                yield (
                    f"dy is off by one along axis {axis} ({total})",
                    e.pull(shifted(e.dy, axis, shift, wrap)),
                )


def rearranged(e):
    """The right numbers in the wrong places."""
    for a, b in combinations(range(e.right.ndim), 2):
        if e.right.shape[a] == e.right.shape[b] > 1:
            yield f"axes {a} and {b} are swapped (transposed)", e.right.swapaxes(a, b)
    if e.right.ndim > 1:
        yield "it is transposed and then reshaped", e.right.T.reshape(e.right.shape)
    axes = [axis for axis in range(e.right.ndim) if e.right.shape[axis] > 1]
    for axis in axes:
        what = (
            "the last, channels or features"
            if axis == e.right.ndim - 1
            else "the batch"
            if axis == 0
            else "inner"
        )
        yield f"its order is reversed along axis {axis} ({what})", np.flip(e.right, axis)
    for pair in combinations(axes, 2):
        yield (
            f"it is turned round along the axes {pair[0]} and {pair[1]}, as by a flipped kernel",
            np.flip(e.right, pair),
        )
    for axis in axes:
        for shift in (1, -1):
            for wrap in (True, False):
                yield f"it is shifted by one along axis {axis}", shifted(e.right, axis, shift, wrap)
        for place, word in ((0, "first"), (-1, "last")):
            part = e.right.copy()
            part[(slice(None),) * axis + (place,)] = 0
            yield f"the {word} entries along axis {axis} get no gradient", part


def misplaced(e):
    """The right numbers of something else: another array, another gate, the array itself."""
    for name, other in e.others.items():
        if name != e.name and other.shape == e.got.shape:
            yield f"it is the gradient of {name}", other
    for name, array in e.arrays.items():
        if array.shape == e.got.shape:
            yield f"it is {name} itself, no gradient", array
    if e.right.shape and e.right.shape[-1] % 4 == 0:
        blocks = np.split(e.right, 4, axis=-1)
        for a, b in combinations(range(4), 2):
            order = [b if k == a else a if k == b else k for k in range(4)]
            sentence = (
                f"blocks {a + 1} and {b + 1} of 4 are swapped (in an LSTM: the gates {GATES[a]} and"
                f" {GATES[b]})"
            )
            yield sentence, np.concatenate([blocks[k] for k in order], axis=-1)


def factors(e):
    """Number by number: one factor too many or one missing."""
    values = {
        name: a for name, a in {"y": e.y, **e.arrays}.items() if a.shape == e.right.shape and a.size > 1
    }
    for name, a in values.items():
        for what, factor in (
            (name, a),
            (f"(1 − {name})", 1 - a),
            (f"(1 − {name}²)", 1 - a * a),
            (f"{name} (1 − {name})", a * (1 - a)),
        ):
            yield f"a factor {what} too many", e.right * factor
            if (factor != 0).all():
                yield f"a factor {what} is missing", e.right / factor


def repeated(e):
    """Token ids that occur twice: in dW[ids] += dy the last one alone counts."""
    for ids in e.fixed.values():
        if e.dy.shape != (*ids.shape, *e.right.shape[1:]) or e.right.ndim < 2 or ids.max() >= len(e.right):
            continue
        once = np.zeros_like(e.right)
        once[ids] += e.dy
        sentence = "repeated tokens count only once, as in dW[ids] += dy: use np.add.at(dW, ids, dy)"
        yield sentence, once
        yield sentence, once * (e.right != 0)


def shifted(a, axis, shift, wrap):
    """a moved by one along an axis; without ``wrap`` zeros come in."""
    moved = np.roll(a, shift, axis)
    if not wrap:
        moved[(slice(None),) * axis + (0 if shift > 0 else -1,)] = 0
    return moved


MISTAKES = (scaled, upstream, repeated, rearranged, misplaced, factors, constant_times)
