"""Global pooling: one number a channel, wherever in the picture or the sound it came from.

                forward                                 backward
average         y[n,c] = Σ_p x[n,p,c] / count[n]        dx[n,p,c] = dy[n,c] / count[n]
max             y[n,c] = max_p x[n,p,c]                 dx[n,p*,c] = dy[n,c], p* the first place of the maximum

p runs over all places: time steps, or the pixels of a picture. With a mask (N, T) only real time steps
count and can win; a row without any gives 0. A network that pools globally knows an object on the
right when it has only seen it on the left, which Flatten cannot.
"""

import math

from tinymm.backend import array_module
from tinymm.errors import ShapeError
from tinymm.layers.base import Layer


def globalaveragepool_forward(x, mask=None):
    """x (N, *lengths, C), mask (N, T) for x (N, T, C) or None -> y (N, C), cache."""
    xp = array_module(x)
    rows = x.reshape(len(x), -1, x.shape[-1])
    if mask is None:
        return rows.mean(axis=1), (None, rows.shape[1], x.shape)
    real = mask[:, :, None]
    count = xp.maximum(real.sum(axis=1), 1).astype(x.real.dtype)
    return xp.where(real, rows, 0).sum(axis=1) / count, (real, count, x.shape)


def globalaveragepool_backward(dy, cache):
    """dy (N, C) -> dx (N, *lengths, C)."""
    real, count, shape = cache
    xp = array_module(dy)
    share = xp.broadcast_to((dy / count)[:, None], (len(dy), math.prod(shape[1:-1]), shape[-1]))
    dx = share if real is None else xp.where(real, share, 0)  # forward: y used each real x with weight 1/count
    return dx.reshape(shape)


def globalmaxpool_forward(x, mask=None):
    """x (N, *lengths, C), mask (N, T) for x (N, T, C) or None -> y (N, C), cache."""
    xp = array_module(x)
    rows = x.reshape(len(x), -1, x.shape[-1])
    any_real = None
    if mask is not None:
        any_real = mask.any(axis=1)[:, None]
        rows = xp.where(mask[:, :, None], rows, -math.inf)
    winner = rows.real.argmax(axis=1)[:, None]                        # (N, 1, C)
    y = xp.take_along_axis(rows, winner, axis=1)[:, 0]
    y = y if mask is None else xp.where(any_real, y, 0)
    return y, (winner, any_real, x.shape)


def globalmaxpool_backward(dy, cache):
    """dy (N, C) -> dx (N, *lengths, C)."""
    winner, any_real, shape = cache
    xp = array_module(dy)
    places = xp.arange(math.prod(shape[1:-1]))[:, None]
    dy = dy if any_real is None else dy * any_real
    dx = dy[:, None] * (places == winner)                             # forward: y was x at the winner's place
    return dx.reshape(shape)


class GlobalPool(Layer):
    """What the global pooling layers share: (N, *lengths, C) -> (N, C)."""

    axes = ("...", "places", "channels")
    needs = ("mask",)
    keeps_time = False

    def output_shape(self, input_shape):
        return (input_shape[-1],)

    def _time_mask(self, x, mask):
        """A mask speaks of time steps, so it means something for (N, T, C) alone."""
        if mask is None or x.ndim != 3:
            return None
        if mask.shape != x.shape[:2]:
            raise ShapeError(f"{type(self).__name__} wants a mask (N, time) = {x.shape[:2]} and got {mask.shape}")
        return mask


class GlobalAveragePool(GlobalPool):
    """The mean over all places: (N, *lengths, C) -> (N, C)."""

    def run(self, x, mask):
        return globalaveragepool_forward(x, self._time_mask(x, mask))

    def backward(self, dy, cache):
        return globalaveragepool_backward(dy, cache), {}


class GlobalMaxPool(GlobalPool):
    """The largest over all places: (N, *lengths, C) -> (N, C)."""

    def run(self, x, mask):
        return globalmaxpool_forward(x, self._time_mask(x, mask))

    def backward(self, dy, cache):
        return globalmaxpool_backward(dy, cache), {}
