"""Exercise 8: MaxPool2D with any window and stride, and ties."""

import numpy as np

from tinymm.exercises.comparing import require_same
from tinymm.exercises.exercise import Step
from tinymm.exercises.pairs import Pair
from tinymm.exercises.slips import Slip
from tinymm.layers.maxpool import maxpool_backward, maxpool_forward


def maxpool2d_forward(x, size, stride):
    """x (N, H, W, C), windows of size × size -> y (N, H', W', C), cache."""
    return maxpool_forward(x, (size, size), (stride, stride))


def maxpool2d_backward(dy, cache):
    """dy (N, H', W', C) -> dx (N, H, W, C)."""
    return maxpool_backward(dy, cache)


def draw(rng):
    return (rng.permutation(2 * 5 * 6 * 2).reshape(2, 5, 6, 2) / 10.0,)  # no two are equal


def ties(space):
    """In windows of nothing but zeros the gradient may go to any cell, but its sum is dy."""
    x, dy = np.zeros((1, 4, 4, 1)), np.arange(1.0, 5).reshape(1, 2, 2, 1)
    dx = space["maxpool2d_backward"](dy, space["maxpool2d_forward"](x, 2, 2)[1])
    sums = dx.reshape(1, 2, 2, 2, 2, 1).sum(axis=(2, 4))
    likely = [("every cell that shares the maximum gets the whole gradient, so that it is counted four times: give it to one of them", 4 * dy)]
    return require_same("the sum of dx over each window", sums, dy, looks_like=likely)


HAND = np.array([[1.0, 3, 2, 0], [4, 2, 1, 1], [0, 0, 5, 6], [0, 0, 7, 2]]).reshape(1, 4, 4, 1)
OVERWRITTEN = "dx is written where it should be added to: windows overlap, and one cell may win several of them"
SAME = "maxpool_forward(x, (size, size), (stride, stride))"
HINTS = {
    "hand": (
        "Cut the picture into windows and keep the largest number of each. How many windows are there down and across?",
        "Four loops are fine: over picture n, row p, column q, channel c. Rows p * stride to "
        "p * stride + size and columns q * stride to q * stride + size of x[n, :, :, c] are the window.",
        "y[n, p, q, c] = window.max(). Remember where it stood, window.argmax(), in an array shaped like y: put that and x.shape, size, "
        "stride into the cache.",
    ),
    "random": (
        "By hand, stride and size were both 2. Now the windows are 3×3 and move by 2, so they overlap: where does window p begin?",
        "At p * stride, and it ends at p * stride + size. Every picture and every channel is pooled by itself.",
    ),
    "runs": (
        "There are no weights: backward returns one array, dx, in the shape x had. Which numbers of x had a part in y?",
        "Only the winners. Begin with zeros in the shape of x, and hand dy[n, p, q, c] to the cell that won window p, q.",
        "argmax counts along the flattened window: i, j = divmod(winner, size) gives row and column inside of it.",
    ),
    "x": (
        "Windows may overlap: a cell may win two of them. Then how much gradient does it get?",
        "The sum of both: use += where you hand dy over, and give nothing to the cells that lost.",
        "dx[n, p * stride + i, q * stride + j, c] += dy[n, p, q, c], where i, j = divmod(winner, size).",
    ),
}
TIES = (
    "In this picture all numbers are equal. If every cell that equals the maximum gets the gradient, it is handed out four times.",
    "One winner a window: argmax takes the first of several. `x == y` finds all of them, and is the wrong question.",
)
EXERCISE = Pair(
    "maxpool2d_forward", "maxpool2d_backward", (maxpool2d_forward, maxpool2d_backward),
    gives="y, cache", gives_back="dx", axes={"y": ("picture", "row", "column", "channel"), "x": ("picture", "row", "column", "channel")},
    hand=(HAND,), hand_options={"size": 2, "stride": 2}, draw=draw, order=("x",), options={"size": 3, "stride": 2},
    slips=(
        Slip(SAME, "(-maxpool_forward(-x, (size, size), (stride, stride))[0], None)", "this is the smallest of each window"),
        Slip(SAME, "__import__('tinymm').layers.averagepool.averagepool_forward(x, (size, size), (stride, stride))", "this is the mean of each window"),
        Slip(SAME, "(maxpool_forward(x, (size, size), (1, 1))[0][:, : (x.shape[1] - size) // stride + 1, : (x.shape[2] - size) // stride + 1], None)",
             "the stride is ignored where a window begins: window p begins at p · stride, and not at p"),
        Slip(SAME, "maxpool_forward(x, (size, size), (size, size))", "the stride is taken to be the size of the window: they may differ"),
        Slip(SAME, "(maxpool_forward(x, (size, size), (stride, stride))[0].max(axis=3, keepdims=True) + 0 * x[:, :1, :1], None)",
             "the maximum is taken over the channels as well: every channel is pooled by itself"),
    ),
    backward_slips=(
        Slip("return maxpool_backward(dy, cache)",
             "last = np.zeros(cache[1]); (_, _, size, (down, across), _), parts = cache, np.zeros((*dy.shape[1:3], *dy.shape)); "
             "[parts.__setitem__((p, q, slice(None), p, q), dy[:, p, q]) for p, q in np.ndindex(dy.shape[1:3])]; "
             "[last.__setitem__(at, maxpool_backward(parts[p, q], cache)[at]) for p, q in np.ndindex(dy.shape[1:3]) "
             "for at in [(slice(None), slice(p * down, p * down + size[0]), slice(q * across, q * across + size[1]))]]; return last", OVERWRITTEN),
        Slip("return maxpool_backward(dy, cache)",
             "dx = maxpool_backward(dy, cache); hits = maxpool_backward(np.ones_like(dy), cache); last = np.zeros_like(dx); "
             "[last.__setitem__((n, *where, c), dy[n, p, q, c]) for n, p, q, c in np.ndindex(dy.shape) "
             "for where in [(p * cache[3][0] + cache[0][n, p, q, c] // cache[2][1], q * cache[3][1] + cache[0][n, p, q, c] % cache[2][1])]]; return last",
             OVERWRITTEN),
        Slip("return maxpool_backward(dy, cache)",
             "from tinymm.layers.averagepool import averagepool_forward, averagepool_backward; "
             "x = np.zeros((cache[1])); return averagepool_backward(dy, averagepool_forward(x, cache[2], cache[3])[1])",
             "the gradient is spread evenly over the window, as for a mean: only the winner moved the output"),
        Slip("return maxpool_backward(dy, cache)",
             "from tinymm.layers.averagepool import averagepool_forward, averagepool_backward; "
             "x = np.zeros((cache[1])); return averagepool_backward(dy, averagepool_forward(x, cache[2], cache[3])[1]) * np.prod(cache[2])",
             "every cell of a window gets the whole gradient: only the winner moved the output"),
    ),
).exercise(
    "maxpool", 8, "MaxPool2D",
    HINTS,
    hand="four windows of lesson 8", after=(Step("backward: ties keep the sum", ties, TIES),),
    shown={"maxpool2d_forward": maxpool_forward, "maxpool2d_backward": maxpool_backward}, view="maxpool2d",
)  # fmt: skip
