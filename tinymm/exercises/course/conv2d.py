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
EXERCISE = Pair(
    "conv2d_forward", "conv2d_backward", (conv2d_forward, conv2d_backward),
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
        Slip("W[i, j], axes=(3, 1))", "W[::-1, ::-1][i, j], axes=(3, 1))", "the kernel is flipped: the cell at place i, j of a window met W[i, j]"),
        Slip("db = dy.sum(axis=(0, 1, 2))", "db = dy[0].sum(axis=(0, 1))", "only the first picture of the batch counts: sum over all of them"),
        Slip("db = dy.sum(axis=(0, 1, 2))", "db = dy.mean(axis=(0, 1, 2))",
             "the mean in the place of the sum: every output used b once, so its gradient is the sum over all of them"),
    ),
).exercise(
    "conv2d", 7, "Conv2D",
    hints=(
        "A cell of x lies under several windows. How many of them write to dx?",
        "Look at `tinymm view conv2d`, Backward, and click the centre of x: count the terms.",
        "For every place p, q of the output: window = x[:, p:p+kh, q:q+kw]; y[:, p, q] = np.tensordot(window, W, axes=3) + b; and backward "
        "dx[:, p:p+kh, q:q+kw] += np.tensordot(dy[:, p, q], W, axes=(1, 3)), dW += np.tensordot(window, dy[:, p, q], axes=(0, 0)).",
    ),
    hand="the 3×3 example of lesson 7", view="conv2d",
)  # fmt: skip
