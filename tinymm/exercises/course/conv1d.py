"""Exercise 6: Conv1D with a stride."""

import numpy as np

from tinymm.exercises.pairs import Pair
from tinymm.exercises.slips import Slip
from tinymm.layers.conv1d import conv1d_backward, conv1d_forward


def draw(rng):
    return rng.normal(size=(3, 8, 3)), rng.normal(size=(3, 3, 2)), rng.normal(size=2)


OVERWRITTEN = "dx is written where it should be added to: a sample lies under several windows, and gets a gradient from each"
HINTS = {
    "hand": (
        "Lay the kernel over the first k numbers of the sound, multiply pairwise, add up, add b: that is y at p = 0. Then move on by the stride.",
        "One loop over the places p of the output: the window is x[:, p * stride : p * stride + k], of shape (N, k, C).",
        "np.tensordot(window, W, axes=2) sums over k and C and gives (N, O): y[:, p] = that + b. Return y and a cache with x, W and stride.",
    ),
    "random": (
        "By hand there was one sample, one channel, one filter, and the stride was 1. Now there are several of each, and the stride is 2.",
        "There are (T − k) // stride + 1 outputs, and window p begins at p · stride. All channels are summed: np.tensordot(window, W, axes=2).",
    ),
    "runs": (
        "Begin with dx and dW full of zeros, shaped like x and W. Then walk through the same windows as forward.",
        "At every p ask two things: what does dy[:, p] say about the window (that goes into dx), and what about the kernel (that goes into dW)?",
        "Return dx, dW, db in this order. The stride must be in the cache, or backward does not know where the windows were.",
    ),
    "b": (
        "b[o] was added to every output of filter o: in every sample and at every place.",
        "db is dy summed over samples and places: dy.sum(axis=(0, 1)).",
    ),
    "W": (
        "The kernel is the same in every window. So what do the windows do with its gradient?",
        "They add up: dW += (window, dy[:, p]) at every p, with samples summed and k, C, O left over.",
        "dW += np.tensordot(window, dy[:, p], axes=(0, 0)) sums over the samples and gives (k, C, O).",
    ),
    "x": (
        "A number of the sound may lie under several windows. How many of them write to the same place of dx?",
        "Use += on the part of dx under the window, and W as it is, not flipped: place i of the window met W[i].",
        "dx[:, start : start + k] += np.tensordot(dy[:, p], W, axes=(1, 2)), with start = p * stride: it sums over the filters and gives (N, k, C).",
    ),
}
EXERCISE = Pair(
    "conv1d_forward", "conv1d_backward", (conv1d_forward, conv1d_backward),
    gives="y, cache", gives_back="dx, dW, db",
    axes={"y": ("sample", "place", "filter"), "x": ("sample", "place", "channel"), "W": ("tap", "channel", "filter"), "b": ("filter",)},
    hand=(np.array([0.0, 1, 2, 3, 4, 4, 4, 0]).reshape(1, 8, 1), np.array([1.0, 0, -1]).reshape(3, 1, 1), np.array([1.0])),
    draw=draw, order=("b", "W", "x"), options={"stride": 2},
    slips=(
        Slip("axes=2) + b", "axes=2)", "the bias b is missing"),
        Slip("tensordot(windows, W, axes=2)", "tensordot(windows, W[::-1], axes=2)",
             "the kernel is flipped: W[0] goes with the first sample of the window"),
        Slip("tensordot(windows, W, axes=2)", "tensordot(windows[..., :1], W[:, :1], axes=2)", "only the first channel counts: sum over all of them"),
        Slip("windows = sliding_windows(x_padded, size, stride)", "windows = sliding_windows(x_padded, size, (1,))", "the stride is ignored: window p begins at p · stride"),
        Slip("windows = sliding_windows(x_padded, size, stride)", "windows = sliding_windows(x_padded, size, (1,))[:, : (x.shape[1] - size[0]) // stride[0] + 1]",
             "the stride is ignored where a window begins: window p begins at p · stride, and not at p"),
    ),
    backward_slips=(
        Slip("for i in range(W.shape[0]):", "for i in reversed(range(W.shape[0])):", OVERWRITTEN, also=(("dx_padded[cells] += ", "dx_padded[cells] = "),)),
        Slip("dx_padded[cells] += ", "dx_padded[cells] = ", OVERWRITTEN),
        Slip("xp.tensordot(windows, dy, axes=((0, 1), (0, 1)))", "xp.tensordot(windows[:, -1], dy[:, -1], axes=(0, 0))",
             "only the last window counts: the kernel worked in every window, so add up over all of them"),
        Slip("windows = sliding_windows(x_padded, W.shape[:1], stride)", "windows = sliding_windows(x_padded, W.shape[:1], (1,))[:, : dy.shape[1]]",
             "the stride is ignored where a window begins: in forward, window p began at p · stride"),
        Slip("cells = at_offset((i,), stride, dy.shape[1:2])", "cells = at_offset((i,), (1,), dy.shape[1:2])",
             "the stride is ignored: the gradient belongs under the window that forward took, from p · stride on"),
        Slip("dx_padded[cells] += xp.tensordot(dy, W[i], axes=(2, 1))", "dx_padded[cells] = xp.tensordot(dy[..., -1:], W[i][:, -1:], axes=(2, 1))", OVERWRITTEN + ", and from each filter",
             also=(("for i in range(W.shape[0]):", "for i in reversed(range(W.shape[0])):"),)),
        Slip("xp.tensordot(windows, dy, axes=((0, 1), (0, 1)))", "xp.tensordot(windows[-1:, -1], dy[-1:, -1], axes=(0, 0))",
             "only the last window of the last sample counts: the kernel worked in every window of every sample, so add up (+=)"),
        Slip("W[i], axes=(2, 1))", "W[::-1][i], axes=(2, 1))", "the kernel is flipped: the sample at place i of a window met W[i]"),
        Slip("db = dy.sum(axis=(0, 1))", "db = dy.mean(axis=(0, 1))", "the mean in the place of the sum: every output used b once, so its gradient is the sum over all of them"),
    ),
).exercise(
    "conv1d", 6, "Convolution along time",
    HINTS,
    hand="the numbers of lesson 6", view="conv1d",
)  # fmt: skip
