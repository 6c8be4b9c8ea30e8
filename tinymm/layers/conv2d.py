"""Conv2D: a small kernel slides over a picture.

Forward  (article 4.1)    y[n,p,q,o] = Σᵢⱼ Σ_c x[n, p·s + i, q·s + j, c] W[i,j,c,o] + b[o]
Backward                  dx[n, p·s + i, q·s + j, c] += Σ_o dy[n,p,q,o] W[i,j,c,o]
                          dW[i,j,c,o] = Σₙ Σ_pq dy[n,p,q,o] x[n, p·s + i, q·s + j, c]      db[o] = Σₙ Σ_pq dy[n,p,q,o]

s is the stride; x stands for the picture with its padding. The article's h⁽ˡ⁾ᵢ = Σⱼ W⁽ˡ⁾ᵢⱼ ∗ h⁽ˡ⁻¹⁾ⱼ + b⁽ˡ⁾ᵢ says the
same with i for the output channel o and j for the input channel c; its ∗ is cross-correlation here.
"""

from tinymm.backend import array_module
from tinymm.layers.convolution import Convolution
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


def conv2d_forward(x, W, b, stride=1, padding="valid"):
    """x (N, H, W, C), W (kh, kw, C, O), b (O,) -> y (N, H', W', O), cache."""
    size, stride = W.shape[:2], per_axis(stride, 2, "stride")
    pads = resolve_padding(padding, x.shape[1:3], size, stride)
    output_lengths(x.shape[1:3], size, stride, pads)
    x_padded = pad(x, pads)
    windows = sliding_windows(x_padded, size, stride)            # (N, H', W', kh, kw, C)
    y = array_module(x).tensordot(windows, W, axes=3) + b        # sum over i, j and c
    return y, (x_padded, W, stride, pads)


def conv2d_backward(dy, cache):
    """dy (N, H', W', O) -> dx (N, H, W, C), dW (kh, kw, C, O), db (O,)."""
    x_padded, W, stride, pads = cache
    xp = array_module(dy)
    windows = sliding_windows(x_padded, W.shape[:2], stride)
    dW = xp.tensordot(windows, dy, axes=((0, 1, 2), (0, 1, 2)))  # forward: y[n,p,q,o] used W[i,j,c,o] with windows[n,p,q,i,j,c]
    db = dy.sum(axis=(0, 1, 2))                                  # forward: y[n,p,q,o] used b[o] with weight 1
    dx_padded = xp.zeros(x_padded.shape, dtype=dy.dtype)
    for i, j in offsets(W.shape[:2]):
        cells = at_offset((i, j), stride, dy.shape[1:3])         # forward: y[n,p,q,o] used x[n,p·s+i,q·s+j,c] with W[i,j,c,o]
        dx_padded[cells] += xp.tensordot(dy, W[i, j], axes=(3, 1))
    return unpad(dx_padded, pads), dW, db


class Conv2D(Convolution):
    """``filters`` kernels over height and width: (N, H, W, C) -> (N, H', W', filters).

    Arguments as in Convolution; parameters W (kh, kw, C, filters) and b (filters,).
    """

    axes = ("height", "width", "channels")

    def run(self, x):
        return conv2d_forward(x, **self.params, stride=self.stride, padding=self.padding)

    def backward(self, dy, cache):
        dx, dW, db = conv2d_backward(dy, cache)
        return dx, {"W": dW, "b": db}
