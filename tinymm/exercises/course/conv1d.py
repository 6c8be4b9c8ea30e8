"""Exercise 6: Conv1D with a stride."""

import numpy as np

from tinymm.exercises.pairs import Pair
from tinymm.exercises.slips import Slip
from tinymm.layers.conv1d import conv1d_backward, conv1d_forward


def draw(rng):
    return rng.normal(size=(3, 8, 3)), rng.normal(size=(3, 3, 2)), rng.normal(size=2)


OVERWRITTEN = "dx is written where it should be added to: a sample lies under several windows, and gets a gradient from each"
EXERCISE = Pair(
    "conv1d_forward", "conv1d_backward", (conv1d_forward, conv1d_backward),
    hand=(np.array([0.0, 1, 2, 3, 4, 4, 4, 0]).reshape(1, 8, 1), np.array([1.0, 0, -1]).reshape(3, 1, 1), np.array([1.0])),
    draw=draw, order=("b", "W", "x"), options={"stride": 2},
    slips=(
        Slip("axes=2) + b", "axes=2)", "the bias b is missing"),
        Slip("tensordot(windows, W, axes=2)", "tensordot(windows, W[::-1], axes=2)",
             "the kernel is flipped: W[0] goes with the first sample of the window"),
        Slip("tensordot(windows, W, axes=2)", "tensordot(windows[..., :1], W[:, :1], axes=2)", "only the first channel counts: sum over all of them"),
        Slip("windows = sliding_windows(x_padded, size, stride)", "windows = sliding_windows(x_padded, size, (1,))", "the stride is ignored: window p begins at p · stride"),
    ),
    backward_slips=(
        Slip("for i in range(W.shape[0]):", "for i in reversed(range(W.shape[0])):", OVERWRITTEN, also=(("dx_padded[cells] += ", "dx_padded[cells] = "),)),
        Slip("dx_padded[cells] += ", "dx_padded[cells] = ", OVERWRITTEN),
        Slip("xp.tensordot(windows, dy, axes=((0, 1), (0, 1)))", "xp.tensordot(windows[:, -1], dy[:, -1], axes=(0, 0))",
             "only the last window counts: the kernel worked in every window, so add up over all of them"),
        Slip("W[i], axes=(2, 1))", "W[::-1][i], axes=(2, 1))", "the kernel is flipped: the sample at place i of a window met W[i]"),
        Slip("db = dy.sum(axis=(0, 1))", "db = dy.mean(axis=(0, 1))", "the mean in the place of the sum: every output used b once, so its gradient is the sum over all of them"),
    ),
).exercise(
    "conv1d", 6, "Convolution along time",
    hints=(
        "One loop over the output's places p: the window is x[:, p·stride : p·stride + k], of shape (N, k, C).",
        "np.tensordot(window, W, axes=2) sums over k and C and gives (N, O). In backward go through the same windows, and add.",
        "dx[:, start : start + k] += np.tensordot(dy[:, p], W, axes=(1, 2)), dW += np.tensordot(window, dy[:, p], axes=(0, 0)), db sums dy over samples and time.",
    ),
    hand="the numbers of lesson 6", view="conv1d",
)  # fmt: skip
