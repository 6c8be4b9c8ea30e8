"""An array the learner computed beside the right one: which cell is worst, which are right, what it looks like."""

import numpy as np

from tinymm.exercises.exercise import Failed
from tinymm.gradchecking.diagnosis import agree
from tinymm.gradchecking.structure import index_name

EXACT = 1e-9  # relative: two right ways to sum up the same numbers


def require_same(name, got, want, allowed=EXACT, looks_like=(), source="should be"):
    """How far off ``got`` is, in words. Raises Failed with an explanation when it is not ``want``.

    looks_like: pairs (sentence, array), or functions that give them, of typical mistakes; the first that agrees is told.
    """
    want = np.asarray(want, dtype=np.float64)
    got = as_array(name, got, want.shape)
    if got.shape != want.shape:
        raise Failed(
            f"{name} has the shape {got.shape}, and {source} of shape {want.shape}",
            *first_agreeing(got, looks_like),
        )
    size = max(float(abs(want).max(initial=0)), 1e-12)
    off = np.where(np.isfinite(got), abs(got - want), np.inf) / size
    if off.max(initial=0) <= allowed:
        return f"{off.max(initial=0):.0e}"
    worst = tuple(int(i) for i in np.unravel_index(off.argmax(), off.shape))
    values = f"{got[worst]:.6g}", f"{want[worst]:.6g}"
    if values[0] == values[1]:
        values = f"{got[worst]:.17g}", f"{want[worst]:.17g}, within {allowed:.0e}"
    raise Failed(
        f"{index_name(name, worst)} = {values[0]}, and {source} {values[1]}",
        right_cells(off <= allowed),
        *first_agreeing(got, looks_like),
    )


def as_array(name, value, shape):
    """The value as a float64 array. Raises Failed when it cannot be one."""
    if value is None:
        raise Failed(f"{name} is None: the function must return it")
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise Failed(f"{name} is {type(value).__name__}, and should be an array of shape {shape}") from None


def right_cells(right):
    """Which cells are right: often that says where to look."""
    count = int(right.sum())
    if count == 0:
        return f"Right cells: none of {right.size}"
    examples = " ".join(f"[{','.join(map(str, index))}]" for index in np.argwhere(right)[:4])
    return f"Right cells: {count} of {right.size}, e.g. {examples}"


def first_agreeing(got, looks_like):
    """["Looks like: ..."] for the first typical mistake that gives the same array, else nothing."""
    for sentence, array in looks_like:
        array = np.asarray(array)
        if array.shape == got.shape and agree(array, got):
            return [f"Looks like: {sentence}"]
    return []
