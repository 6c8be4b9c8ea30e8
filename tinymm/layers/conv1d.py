"""Conv1D: a short kernel slides along time.

Forward  (article 4.1)    y[n,t,o] = Σᵢ Σ_c x[n, t·s + i − p, c] W[i,c,o] + b[o]
Backward                  dx[n, t·s + i − p, c] += Σ_o dy[n,t,o] W[i,c,o]
                          dW[i,c,o] = Σₙ Σ_t dy[n,t,o] x[n, t·s + i − p, c]      db[o] = Σₙ Σ_t dy[n,t,o]

s is the stride, p the padding before. As in all deep-learning libraries the kernel is not flipped: what
the article writes as ∗ is, strictly, cross-correlation. Its listing gives this layer a two-dimensional
kernel and no channel axis; a sound of L samples goes in as (N, L, 1).
"""

from tinymm.backend import array_module
from tinymm.layers.convolution import Convolution
from tinymm.layers.windows import (
    at_offset,
    output_lengths,
    pad,
    per_axis,
    resolve_padding,
    sliding_windows,
    unpad,
)  # fmt: skip


def conv1d_forward(x, W, b, stride=1, padding="valid"):
    """x (N, T, C), W (k, C, O), b (O,) -> y (N, T', O), cache."""
    size, stride = W.shape[:1], per_axis(stride, 1, "stride")
    pads = resolve_padding(padding, x.shape[1:2], size, stride)
    output_lengths(x.shape[1:2], size, stride, pads)
    x_padded = pad(x, pads)
    windows = sliding_windows(x_padded, size, stride)        # (N, T', k, C)
    y = array_module(x).tensordot(windows, W, axes=2) + b    # sum over i and c
    return y, (x_padded, W, stride, pads)


def conv1d_backward(dy, cache):
    """dy (N, T', O) -> dx (N, T, C), dW (k, C, O), db (O,)."""
    x_padded, W, stride, pads = cache
    xp = array_module(dy)
    windows = sliding_windows(x_padded, W.shape[:1], stride)
    dW = xp.tensordot(windows, dy, axes=((0, 1), (0, 1)))    # forward: y[n,t,o] used W[i,c,o] with windows[n,t,i,c]
    db = dy.sum(axis=(0, 1))                                 # forward: y[n,t,o] used b[o] with weight 1
    dx_padded = xp.zeros(x_padded.shape, dtype=dy.dtype)
    for i in range(W.shape[0]):
        cells = at_offset((i,), stride, dy.shape[1:2])       # forward: y[n,t,o] used x[n,t·s+i,c] with W[i,c,o]
        dx_padded[cells] += xp.tensordot(dy, W[i], axes=(2, 1))
    return unpad(dx_padded, pads), dW, db


class Conv1D(Convolution):
    """``filters`` kernels of length ``kernel_size`` along time: (N, T, C) -> (N, T', filters).

    Arguments as in Convolution; parameters W (kernel_size, C, filters) and b (filters,).
    """

    axes = ("time", "channels")

    def run(self, x):
        return conv1d_forward(x, **self.params, stride=self.stride, padding=self.padding)

    def backward(self, dy, cache):
        dx, dW, db = conv1d_backward(dy, cache)
        return dx, {"W": dW, "b": db}
