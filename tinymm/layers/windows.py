"""Sliding windows over space or time, for convolution and pooling.

Arrays are (N, *lengths, C), with one length for sound and two for pictures. A window of ``size``
moves by ``stride``; output position p reads input positions p*stride + offset - padding.
"""

import itertools
from numbers import Integral

import numpy as np

from tinymm.backend import array_module, is_cupy
from tinymm.errors import ShapeError


def per_axis(value, axes, name):
    """One number for all axes, or one for each, as a tuple of ``axes`` positive integers."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes
    if len(values) != axes or not all(isinstance(v, Integral) and v > 0 for v in values):
        raise ShapeError(f"{name} is {value!r}: give one positive whole number, or {axes} of them")
    return tuple(int(v) for v in values)


def resolve_padding(padding, lengths, size, stride):
    """The cells to add (before, after) on each axis.

    ``"valid"`` adds none. ``"same"`` adds as many as make ceil(length / stride) windows fit, the odd one
    behind, as Keras does. A number adds that many on both sides of every axis; a tuple gives one entry
    an axis, each a number or (before, after).
    """
    axes = len(lengths)
    if padding == "valid":
        return ((0, 0),) * axes
    if padding == "same":
        missing = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(lengths, size, stride)]
        return tuple((m // 2, m - m // 2) for m in missing)
    entries = (padding,) * axes if isinstance(padding, Integral) else padding
    try:
        pads = tuple((int(e), int(e)) if isinstance(e, Integral) else (int(e[0]), int(e[1])) for e in entries)
    except (TypeError, IndexError, ValueError):
        pads = ()
    if len(pads) != axes or min(map(min, pads)) < 0:
        raise ShapeError(
            f'padding is {padding!r}: choose "valid", "same", a number, or one number or (before, after) an axis'
        )
    return pads


def output_lengths(lengths, size, stride, pads):
    """How many windows fit on each axis. Raises ShapeError when none does."""
    padded = [n + before + after for n, (before, after) in zip(lengths, pads)]
    if any(n < k for n, k in zip(padded, size)):
        raise ShapeError(
            f"a window of {_times(size)} does not fit into {_times(padded)} cells: "
            'make the window smaller, the input larger, or use padding="same"'
        )
    return tuple((n - k) // s + 1 for n, k, s in zip(padded, size, stride))


def pad(x, pads, value=0):
    """x (N, *lengths, C) with ``value`` around it. Without padding it is x itself."""
    if not any(before or after for before, after in pads):
        return x
    xp = array_module(x)
    return xp.pad(x, ((0, 0), *pads, (0, 0)), constant_values=value)


def unpad(x, pads):
    """The part of x that ``pad`` did not add."""
    return x[(slice(None), *(slice(before, n - after) for n, (before, after) in zip(x.shape[1:], pads)))]


def sliding_windows(x, size, stride):
    """x (N, *lengths, C) -> a view (N, *out, *size, C): all windows; nothing is copied, so do not write to it."""
    if is_cupy(x):
        return _windows_on_gpu(x, size, stride)
    windows = np.lib.stride_tricks.sliding_window_view(x, size, tuple(range(1, x.ndim - 1)))  # (N, *starts, C, *size)
    windows = windows[(slice(None), *(slice(None, None, s) for s in stride))]
    return np.moveaxis(windows, 1 + len(size), -1)


def _windows_on_gpu(x, size, stride):
    """The same view. CuPy's own sliding_window_view would wait for the GPU once an axis."""
    out = output_lengths(x.shape[1:-1], size, stride, ((0, 0),) * len(size))
    batch, *cells, channel = x.strides
    strides = (batch, *(step * s for step, s in zip(cells, stride)), *cells, channel)
    return array_module(x).lib.stride_tricks.as_strided(x, (len(x), *out, *size, x.shape[-1]), strides)


def offsets(size):
    """Every place inside a window, row by row: (0, 0), (0, 1), ..."""
    return itertools.product(*(range(k) for k in size))


def at_offset(offset, stride, out):
    """The index of the cells that lie at ``offset`` in each of the ``out`` windows."""
    return (slice(None), *(slice(i, i + s * (n - 1) + 1, s) for i, s, n in zip(offset, stride, out)))


def _times(numbers):
    return "×".join(map(str, numbers))
