"""Exercise 7: Conv2D."""

import numpy as np

from tinymm.exercises.pairs import Pair
from tinymm.exercises.slips import Slip
from tinymm.layers.conv2d import conv2d_backward, conv2d_forward


def draw(rng):
    return rng.normal(size=(2, 5, 4, 2)), rng.normal(size=(3, 2, 2, 3)), rng.normal(size=3)


OVERWRITTEN = (
    "dx is written where it should be added to: a cell lies under several windows, and gets a gradient from each "
    "(the corners are right, since they lie under one)"
)
PICTURE = np.array([[1.0, 2, 0], [0, 1, 3], [2, 1, 0]]).reshape(1, 3, 3, 1)
KERNEL = np.array([[1.0, 0], [-1, 2]]).reshape(2, 2, 1, 1)
HINTS = {
    "hand": (
        "Lay the 2×2 kernel over the upper left corner of the picture, multiply pairwise, add up, add b: that is y at p = q = 0. How many "
        "places are there for the kernel, down and across?",
        "For every place p, q of the output the window is x[:, p : p + kh, q : q + kw], of shape (N, kh, kw, C). Begin with y full of zeros.",
        "np.tensordot(window, W, axes=3) sums over kh, kw and C and gives (N, O): y[:, p, q] = that + b. Return y and a cache with x and W.",
    ),
    "random": (
        "By hand there was one picture with one channel and one filter. Now the picture is 5×4, the kernel 3×2, with two channels and three filters.",
        "Rows go with kh and columns with kw: there are rows − kh + 1 places down and columns − kw + 1 across.",
        "Sum over all channels and keep the filters apart: np.tensordot(window, W, axes=3) has the shape (N, O).",
    ),
    "runs": (
        "Begin with dx and dW full of zeros, shaped like x and W. Then walk through the same windows as forward.",
        "At every p, q ask two things: what does dy[:, p, q] say about the cells of the window (that goes into dx), and what about the kernel "
        "(that goes into dW)?",
        "Return dx, dW, db in this order, each in the shape of what it belongs to.",
    ),
    "b": (
        "b[o] was added to every output of filter o: in every picture, every row, every column. What becomes of all these gradients?",
        "They add up: db = dy.sum(axis=(0, 1, 2)) leaves the filters over.",
    ),
    "W": (
        "The kernel is the same in every window. So what do the windows do with its gradient?",
        "They add up: at every p, q each cell of the window, times dy[:, p, q], is added to dW; the pictures are summed as well.",
        "dW += np.tensordot(window, dy[:, p, q], axes=(0, 0)) sums over the pictures and gives (kh, kw, C, O).",
    ),
    "x": (
        "A cell of x lies under several windows. How many of them write to dx?",
        "Look at `tinymm view conv2d`, Backward, and click the centre of x: count the terms. Then look whether you add (+=) or overwrite (=).",
        "dx[:, p : p + kh, q : q + kw] += np.tensordot(dy[:, p, q], W, axes=(1, 3)): it sums over the filters and gives (N, kh, kw, C).",
    ),
}
EXERCISE = Pair(
    "conv2d_forward", "conv2d_backward", (conv2d_forward, conv2d_backward),
    gives="y, cache", gives_back="dx, dW, db",
    axes={"y": ("picture", "row", "column", "filter"), "x": ("picture", "row", "column", "channel"),
          "W": ("row", "column", "channel", "filter"), "b": ("filter",)},
    hand=(PICTURE, KERNEL, np.array([1.0])), draw=draw, order=("b", "W", "x"),
    slips=(
        Slip("axes=3) + b", "axes=3)", "the bias b is missing"),
        Slip("tensordot(windows, W, axes=3)", "tensordot(windows, W[::-1, ::-1], axes=3)",
             "the kernel is flipped, as for the convolution of mathematics: here W[0, 0] goes with the upper left cell of the window"),
        Slip("tensordot(windows, W, axes=3)", "tensordot(windows, W.swapaxes(0, 1), axes=3)", "rows and columns of the kernel have changed places"),
        Slip("tensordot(windows, W, axes=3)", "tensordot(windows[..., :1], W[:, :, :1], axes=3)", "only the first channel counts: sum over all of them"),
    ),
    backward_slips=(
        Slip("for i, j in offsets(W.shape[:2]):", "for i, j in reversed(list(offsets(W.shape[:2]))):", OVERWRITTEN,
             also=(("dx_padded[cells] += ", "dx_padded[cells] = "),)),
        Slip("dx_padded[cells] += ", "dx_padded[cells] = ", OVERWRITTEN),
        Slip("xp.tensordot(windows, dy, axes=((0, 1, 2), (0, 1, 2)))", "xp.tensordot(windows[:, -1, -1], dy[:, -1, -1], axes=(0, 0))",
             "only the last window counts: the kernel worked in every window, so add up over all of them"),
        Slip("dx_padded[cells] += xp.tensordot(dy, W[i, j], axes=(3, 1))", "dx_padded[cells] = xp.tensordot(dy[..., -1:], W[i, j][:, -1:], axes=(3, 1))",
             "dx is written where it should be added to: a cell gets a gradient from every window it lies under, and from each filter",
             also=(("for i, j in offsets(W.shape[:2]):", "for i, j in reversed(list(offsets(W.shape[:2]))):"),)),
        Slip("xp.tensordot(windows, dy, axes=((0, 1, 2), (0, 1, 2)))", "xp.tensordot(windows[-1:, -1, -1], dy[-1:, -1, -1], axes=(0, 0))",
             "only the last window of the last picture counts: the kernel worked in every window of every picture, so add up (+=)"),
        Slip("W[i, j], axes=(3, 1))", "W[::-1, ::-1][i, j], axes=(3, 1))", "the kernel is flipped: the cell at place i, j of a window met W[i, j]"),
        Slip("db = dy.sum(axis=(0, 1, 2))", "db = dy[0].sum(axis=(0, 1))", "only the first picture of the batch counts: sum over all of them"),
        Slip("db = dy.sum(axis=(0, 1, 2))", "db = dy.mean(axis=(0, 1, 2))",
             "the mean in the place of the sum: every output used b once, so its gradient is the sum over all of them"),
    ),
).exercise(
    "conv2d", 7, "Conv2D",
    HINTS,
    hand="the 3×3 example of lesson 7", view="conv2d",
)  # fmt: skip
