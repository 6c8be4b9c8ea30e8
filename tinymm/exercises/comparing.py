"""An array the learner computed beside the right one: which cell is worst, which are right, what it looks like."""

import numpy as np

from tinymm.exercises.exercise import Failed
from tinymm.gradchecking.diagnosis import agree
from tinymm.gradchecking.structure import index_name

EXACT = 1e-9  # relative: two right ways to sum up the same numbers
GATES = "ifgo"


def require_same(name, value, want, allowed=EXACT, looks_like=(), source="should be", axes=()):
    """How far off ``value`` is, in words. Raises Failed with an explanation when it is not ``want``.

    looks_like: pairs (sentence, array), or functions that give them, of typical mistakes; the first that agrees is told.
    axes: what each axis counts, ("sample", "feature"); "gate" for the 4M columns of an LSTM.
    """
    want = np.asarray(want, dtype=np.float64)
    given = as_array(name, value, want.shape)
    got = given.astype(np.float64)
    if got.shape != want.shape:
        looks = first_agreeing(got, looks_like) or other_shape(got, want)
        raise Failed(f"{name} has the shape {got.shape}, and {source} of shape {want.shape}", *looks)
    size = max(float(abs(want).max(initial=0)), 1e-12)
    off = np.where(np.isfinite(got), abs(got - want), np.inf) / size
    if off.max(initial=0) <= allowed:
        return f"max rel. error {off.max(initial=0):.0e}" if off.any() else "exact"
    worst = tuple(int(i) for i in np.unravel_index(off.argmax(), off.shape))
    values = f"{got[worst]:.6g}", f"{want[worst]:.6g}"
    if values[0] == values[1]:
        values = f"{got[worst]:.17g}", f"{want[worst]:.17g}, within {allowed:.0e}"
    raise Failed(
        f"{index_name(name, worst)}{cell_name(axes, worst, want.shape)} = {values[0]}, and {source} {values[1]}",
        *([right_cells(off <= allowed, axes)] if off.size > 1 else []),
        *(first_agreeing(got, looks_like) or other_numbers(given, want, axes)),
    )


def as_array(name, value, shape):
    """The value as an array of numbers. Raises Failed when it is none."""
    if value is None:
        raise Failed(f"{name} is None: the function must return it")
    if isinstance(value, (np.ndarray, np.generic, int, float, complex)) or (hasattr(value, "dtype") and hasattr(value, "shape")):
        array = np.asarray(value)
        if array.dtype.kind in "biuf":
            return array
        if array.dtype.kind == "c":
            raise Failed(f"{name} holds complex numbers, and should be real", "Looks like: abs(), .real or .imag is missing")
    kind = type(value).__name__ if not hasattr(value, "dtype") else f"an array of {value.dtype}"
    article = "" if kind.startswith("an ") else "an " if kind[0] in "aeiou" else "a "
    todo = ": np.array(...) makes one of it" if isinstance(value, (list, tuple)) else ""
    raise Failed(f"{name} is {article}{kind}, and should be {f'an array of shape {shape}' if shape else 'a number'}{todo if shape else ''}")


def cell_name(axes, index, shape):
    """((“sample”, “gate”), (1, 5), (2, 8)) -> " (sample 1, gate g, unit 1)"."""
    if len(axes) != len(index) or (len(axes) < 2 and "gate" not in axes):
        return ""
    words = []
    for axis, place, length in zip(axes, index, shape):
        units = length // len(GATES)
        words.append(f"gate {GATES[place // units]}, unit {place % units}" if axis == "gate" else f"{axis} {place}")
    return f" ({', '.join(words)})"


def right_cells(right, axes=()):
    """Which cells are right: often that says where to look."""
    count = int(right.sum())
    if count == 0:
        return f"Right cells: none of {right.size}"
    for place, axis in enumerate(axes if len(axes) == right.ndim and right.ndim > 1 or "gate" in axes else ()):
        parts = GATES if axis == "gate" else [str(k) for k in range(right.shape[place])]
        fine = np.moveaxis(right, place, 0).reshape(len(parts), -1).all(axis=1)
        if fine.any() and (axis == "gate" or count == fine.sum() * right.size // len(parts)):
            listed = ", ".join(part for part, whole in zip(parts, fine) if whole)
            return f"Right cells: {count} of {right.size}, {'all' if axis == 'gate' else 'and just those'} of {axis} {listed}"
    examples = " ".join(f"[{','.join(map(str, index))}]" for index in np.argwhere(right)[:4])
    return f"Right cells: {count} of {right.size}, e.g. {examples}"


def first_agreeing(got, looks_like):
    """["Looks like: ..."] for the first typical mistake that gives the same array, else nothing."""
    for sentence, array in looks_like:
        try:
            array = np.asarray(array, dtype=np.float64)
        except (TypeError, ValueError):
            continue
        if array.shape == got.shape and alike(array, got):
            return [f"Looks like: {sentence}"]
    return []


def alike(a, b):
    """Both agree, in NaN as well; but NaN alone is no likeness."""
    lost = np.isnan(a)
    return np.array_equal(lost, np.isnan(b)) and not (lost.all() and lost.size) and agree(np.where(lost, 0, a), np.where(lost, 0, b))


def other_shape(got, want):
    """What would bring the right numbers into the right shape."""
    if got.T.shape == want.shape and agree(got.T, want):
        return [f"Looks like: the numbers are right, but transposed: {got.shape} for {want.shape}"]
    if got.size == want.size and agree(got.reshape(want.shape), want):
        return [f"Looks like: the numbers are right, and only their shape is not: reshape them to {want.shape}"]
    if got.ndim == want.ndim and want.ndim > 1:
        short = [k for k in range(want.ndim) if got.shape[k] != want.shape[k]]
        along = " and ".join(f"axis {k}" for k in short)
        if all(got.shape[k] == want.shape[k] - 1 for k in short) and agree(got, want[tuple(map(slice, got.shape))]):
            return [f"Looks like: the last one is missing along {along}: from 0 to n there are n + 1 places"]
        if all(got.shape[k] == want.shape[k] + 1 for k in short) and agree(got[tuple(map(slice, want.shape))], want):
            return [f"Looks like: there is one too many along {along}, behind the others"]
    return []


def other_numbers(given, want, axes=()):
    """Whole or short numbers in the place of float64; the same answer for every sample."""
    if given.ndim > 1 and given.T.shape == want.shape and agree(given.T, want):
        return ["Looks like: the numbers are right, but transposed"]
    if given.dtype.kind in "iu" and np.array_equal(np.trunc(want), given):
        return [f"Looks like: an array of whole numbers ({given.dtype}), which cuts off what stands behind the point: make it with np.zeros(shape)"]
    if given.dtype.itemsize < 8 and given.dtype.kind == "f" and np.allclose(given, want, rtol=1e-2 if given.dtype.itemsize < 4 else 1e-5):
        return [f"Looks like: the numbers are right, but in {given.dtype}, which keeps too few digits: leave out the dtype"]
    if axes and axes[0] in ("sample", "picture", "text") and len(want) > 1 and (given == given[:1]).all() and (want != want[:1]).any():
        return [f"Looks like: every {axes[0]} gets the same answer: the {axes[0]}s are taken together, or only one of them is read"]
    return []
