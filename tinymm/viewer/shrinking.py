"""Refusing traces that a page cannot hold, with an input that it could."""

import numpy as np

from tinymm.errors import TinymmError
from tinymm.losses import Loss
from tinymm.viewer.nodes import TooLarge
from tinymm.viewer.trace import LIMIT, trace


def trace_that_fits(layer, x, dy=None, loss=None, target=None, **options):
    """The Trace of a layer on x. Raises TinymmError with the shape that would fit when it is too large."""
    try:
        return trace(layer, x, dy=dy, loss=loss, target=target, **options)
    except TooLarge:
        raise TinymmError(_advice(layer, x, loss, target, options)) from None


def _advice(layer, x, loss, target, options):
    """One sentence with the largest input, cut from x, whose trace a page can hold."""
    told = f"a page holds {LIMIT:,} numbers and {type(layer).__name__} on {_shapes(x)} computes more"
    options = {**options, "mask": None}
    arrays = {"x": x, "target": target}
    while (smaller := _cut(arrays, isinstance(layer, Loss))) is not None:
        arrays = smaller
        try:
            trace(layer, arrays["x"], loss=loss, target=arrays["target"], **options)
        except TooLarge:
            continue
        except TinymmError:
            break
        return f"{told}: {_shapes(arrays['x'])} would fit"
    return f"{told}, even for one small sample: make the layer smaller, with fewer units or filters"


def _cut(arrays, is_loss):
    """The same input with fewer samples, then with smaller other axes; None when nothing is left to cut.

    The last axis stays, since the weights belong to it.
    """
    x = arrays["x"]
    parts = list(x.values()) if isinstance(x, dict) else list(x) if isinstance(x, (tuple, list)) else [x]
    parts = [np.asarray(part) for part in parts]
    samples = max(len(part) for part in parts)
    if samples > 1:
        keep = max(1, samples // 4)
        cut = lambda a: np.asarray(a)[:keep]  # noqa: E731
        target = None if arrays["target"] is None else cut(arrays["target"])
        return {"x": _map(x, cut), "target": target}
    if is_loss:
        return None
    longest = max((n for part in parts for n in part.shape[1:-1] or part.shape[1:]), default=1)
    if longest < 2:
        return None
    keep = max(1, longest * 3 // 4)

    def shorten(a):
        a = np.asarray(a)
        axes = range(1, a.ndim - 1) if a.ndim > 2 else range(1, a.ndim) if a.dtype.kind in "iu" else ()
        return a[(slice(None), *(slice(keep) if k in axes else slice(None) for k in range(1, a.ndim)))]

    shorter = _map(x, shorten)
    return None if _shapes(shorter) == _shapes(x) else {**arrays, "x": shorter}


def _map(x, change):
    if isinstance(x, dict):
        return {name: change(part) for name, part in x.items()}
    return type(x)(change(part) for part in x) if isinstance(x, (tuple, list)) else change(x)


def _shapes(x):
    if isinstance(x, dict):
        return ", ".join(f"{name} {np.shape(part)}" for name, part in x.items())
    return " and ".join(str(np.shape(part)) for part in x) if isinstance(x, (tuple, list)) else str(np.shape(x))
