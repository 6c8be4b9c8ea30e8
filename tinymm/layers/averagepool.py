"""Average pooling: the mean of every window.

Forward   y[n,p,c] = Σ_k x[n, p·s + k, c] / count[p]      p and k run over one axis or two
Backward  dx[n, p·s + k, c] += dy[n,p,c] / count[p]

count[p] is the number of real cells in window p: padding is not averaged in (Keras's rule; PyTorch
needs count_include_pad=False for it).
"""

from tinymm.backend import array_module
from tinymm.layers.pool import Pool
from tinymm.layers.windows import at_offset, offsets, output_lengths, pad, per_axis, resolve_padding, unpad


def averagepool_forward(x, size, stride, padding="valid"):
    """x (N, *lengths, C), size and stride with one number an axis -> y (N, *out, C), cache."""
    xp = array_module(x)
    lengths = x.shape[1:-1]
    pads = resolve_padding(padding, lengths, size, stride)
    out = output_lengths(lengths, size, stride, pads)
    x_padded = pad(x, pads)
    real = pad(xp.ones((1, *lengths, 1), dtype=x.real.dtype), pads)
    total, count = 0, 0
    for offset in offsets(size):
        cells = at_offset(offset, stride, out)
        total, count = total + x_padded[cells], count + real[cells]
    count = xp.maximum(count, 1)  # a window of nothing but padding has the mean 0
    return total / count, (count, x_padded.shape, size, stride, pads)


def averagepool_backward(dy, cache):
    """dy (N, *out, C) -> dx (N, *lengths, C)."""
    count, padded_shape, size, stride, pads = cache
    dx_padded = array_module(dy).zeros(padded_shape, dtype=dy.dtype)
    for offset in offsets(size):
        dx_padded[at_offset(offset, stride, dy.shape[1:-1])] += dy / count  # forward: y used x with weight 1/count
    return unpad(dx_padded, pads)


def averagepool1d_forward(x, size, stride=None, padding="valid"):
    """x (N, T, C) -> y (N, T', C), cache. stride defaults to size."""
    size = per_axis(size, 1, "size")
    return averagepool_forward(x, size, per_axis(size if stride is None else stride, 1, "stride"), padding)


def averagepool2d_forward(x, size, stride=None, padding="valid"):
    """x (N, H, W, C) -> y (N, H', W', C), cache. stride defaults to size."""
    size = per_axis(size, 2, "size")
    return averagepool_forward(x, size, per_axis(size if stride is None else stride, 2, "stride"), padding)


averagepool1d_backward = averagepool_backward
averagepool2d_backward = averagepool_backward


class AveragePool1D(Pool):
    """The mean of each window along time: (N, T, C) -> (N, T', C)."""

    axes = ("time", "channels")

    def run(self, x):
        return averagepool1d_forward(x, self.pool_size, self.stride, self.padding)

    def backward(self, dy, cache):
        return averagepool1d_backward(dy, cache), {}


class AveragePool2D(Pool):
    """The mean of each window over a picture: (N, H, W, C) -> (N, H', W', C)."""

    axes = ("height", "width", "channels")

    def run(self, x):
        return averagepool2d_forward(x, self.pool_size, self.stride, self.padding)

    def backward(self, dy, cache):
        return averagepool2d_backward(dy, cache), {}
