"""Exercise 2: Dense."""

import numpy as np

from tinymm.exercises.pairs import Pair
from tinymm.exercises.slips import Slip
from tinymm.layers.dense import dense_backward, dense_forward


def draw(rng):
    return rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)


HINTS = {
    "hand": (
        "It is one matrix product and a sum, and no loop.",
        "x is (N, D) and W is (D, M): x @ W is (N, M). NumPy adds b to every row by itself.",
        "Return two things: y, and a cache of what backward needs, (x, W).",
    ),
    "random": (
        "The example by hand has one unit. Now there are two, and y must be (N, M): one column a unit.",
        "y = x @ W + b. If you sum, reshape or loop, look whether the number of units is written into your code.",
    ),
    "runs": (
        "Begin with x, W = cache. Each of the three gradients is one line.",
        "Look at shapes: dW must be (D, M), and you have x (N, D) and dy (N, M). There is only one product that fits.",
        "dx is (N, D), dW is (D, M), db is (M,), returned in this order. Compute new arrays; never write to x, W or dy.",
    ),
    "b": (
        "b[m] was added to y[n, m] of every sample n. So how many terms has the gradient of b[m]?",
        "N terms, each with the weight 1: db is dy summed over the samples, axis 0.",
    ),
    "W": (
        "W[d, m] met x[n, d] in every sample n, and moved y[n, m]: the gradient is Σₙ x[n, d] dy[n, m].",
        "A sum over n of products is a matrix product with n inside: (D, N) @ (N, M).",
        "dW = x.T @ dy.",
    ),
    "x": (
        "x[n, d] went into all units of its sample: dx[n, d] = Σₘ dy[n, m] W[d, m]. Which index is summed?",
        "m stands inside: (N, M) @ (M, D). Which of W and its transpose is (M, D)?",
        "dx = dy @ W.T.",
    ),
}
EXERCISE = Pair(
    "dense_forward", "dense_backward", (dense_forward, dense_backward),
    gives="y, cache", gives_back="dx, dW, db",
    axes={"y": ("sample", "unit"), "x": ("sample", "input"), "W": ("input", "unit"), "b": ("unit",)},
    hand=(np.array([[1.0, 2.0], [3.0, 0.0]]), np.array([[2.0], [-1.0]]), np.array([1.0])),
    draw=draw, order=("b", "W", "x"),
    slips=(
        Slip("x @ W + b", "x @ W", "the bias b is missing"),
        Slip("x @ W + b", "x @ W - b", "the bias is subtracted"),
        Slip("x @ W + b", "(x @ W + b) / x.shape[-1]", "it is divided by the number of inputs"),
        Slip("y = x @ W + b", "y = 1 / (1 + np.exp(-(x @ W + b)))",
             "there is a σ in it: Dense is the sum alone, the bend is a layer of its own"),
    ),
    backward_slips=(
        Slip("dW = x_rows.T @ dy_rows", "dW = x_rows.T @ dy_rows / len(x_rows)",
             "the mean over the batch in the place of the sum: the mean belongs into the loss, which has taken it already"),
        Slip("db = dy_rows.sum(axis=0)", "db = dy_rows.mean(axis=0)",
             "the mean over the batch in the place of the sum: the mean belongs into the loss, which has taken it already"),
        Slip("dx = dy @ W.T", "dx = np.ones_like(dy) @ W.T", "dx forgets dy: the slope is W, and it is multiplied by what arrives"),
    ),
).exercise(
    "dense", 2, "Dense",
    HINTS,
    hand="the numbers of lesson 2", view="dense",
)  # fmt: skip
