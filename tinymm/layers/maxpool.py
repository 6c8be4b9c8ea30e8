"""Max pooling: keep the strongest cell of every window.

Forward  (article 4.1)   y[n,p,c] = max_k x[n, p·s + k, c]          p and k run over one axis or two
Backward                 dx[n, p·s + k*, c] += dy[n,p,c]            k* is where the maximum stood, the first on ties

Padding cells are −∞ and so never win. Windows that overlap may share a winner: its gradients add up.
"""

import math

from tinymm.backend import array_module
from tinymm.errors import ShapeError
from tinymm.layers.pool import Pool
from tinymm.layers.windows import (
    at_offset,
    offsets,
    output_lengths,
    pad,
    per_axis,
    resolve_padding,
    sliding_windows,
    unpad,
)  # fmt: skip


def maxpool_forward(x, size, stride, padding="valid"):
    """x (N, *lengths, C), size and stride with one number an axis -> y (N, *out, C), cache.

    A complex x is judged by its real part.
    """
    xp = array_module(x)
    lengths = x.shape[1:-1]
    pads = resolve_padding(padding, lengths, size, stride)
    _check_smaller(pads, size)
    out = output_lengths(lengths, size, stride, pads)
    x_padded = pad(x, pads, value=-math.inf)
    windows = sliding_windows(x_padded, size, stride)                                # (N, *out, *size, C)
    windows = windows.reshape(len(x), *out, math.prod(size), x.shape[-1])            # (N, *out, K, C)
    winner = windows.real.argmax(axis=-2)                                            # (N, *out, C), the first on ties
    y = xp.take_along_axis(windows, xp.expand_dims(winner, -2), axis=-2).squeeze(-2)
    return y, (winner, x_padded.shape, size, stride, pads)


def maxpool_backward(dy, cache):
    """dy (N, *out, C) -> dx (N, *lengths, C)."""
    winner, padded_shape, size, stride, pads = cache
    dx_padded = array_module(dy).zeros(padded_shape, dtype=dy.dtype)
    for k, offset in enumerate(offsets(size)):
        dx_padded[at_offset(offset, stride, dy.shape[1:-1])] += dy * (winner == k)   # forward: y was x at offset k
    return unpad(dx_padded, pads)


def maxpool1d_forward(x, size, stride=None, padding="valid"):
    """x (N, T, C) -> y (N, T', C), cache. stride defaults to size."""
    size = per_axis(size, 1, "size")
    return maxpool_forward(x, size, per_axis(size if stride is None else stride, 1, "stride"), padding)


def maxpool2d_forward(x, size, stride=None, padding="valid"):
    """x (N, H, W, C) -> y (N, H', W', C), cache. stride defaults to size."""
    size = per_axis(size, 2, "size")
    return maxpool_forward(x, size, per_axis(size if stride is None else stride, 2, "stride"), padding)


maxpool1d_backward = maxpool_backward
maxpool2d_backward = maxpool_backward


def _check_smaller(pads, size):
    """Raise ShapeError when a window could lie in the padding as a whole: its maximum would be −∞."""
    for cells, k in zip(pads, size):
        if max(cells) >= k:
            raise ShapeError(f"a max pool's padding {cells} must be smaller than the window of {k}")


class MaxPool1D(Pool):
    """The largest number of each window along time: (N, T, C) -> (N, T', C)."""

    axes = ("time", "channels")

    def run(self, x):
        return maxpool1d_forward(x, self.pool_size, self.stride, self.padding)

    def backward(self, dy, cache):
        return maxpool1d_backward(dy, cache), {}


class MaxPool2D(Pool):
    """The largest number of each window over a picture: (N, H, W, C) -> (N, H', W', C)."""

    axes = ("height", "width", "channels")

    def run(self, x):
        return maxpool2d_forward(x, self.pool_size, self.stride, self.padding)

    def backward(self, dy, cache):
        return maxpool2d_backward(dy, cache), {}
