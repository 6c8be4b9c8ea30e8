"""Exercise 2: Dense."""

import numpy as np

from tinymm.exercises.pairs import Pair
from tinymm.exercises.slips import Slip
from tinymm.layers.dense import dense_backward, dense_forward


def draw(rng):
    return rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)


EXERCISE = Pair(
    "dense_forward", "dense_backward", (dense_forward, dense_backward),
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
    hints=(
        "Forward is one product and a sum. NumPy adds b to every row by itself.",
        "Look at shapes: dW must be (D, M), and you have x (N, D) and dy (N, M). There is only one product that fits.",
        "dx = dy @ W.T, dW = x.T @ dy, and db is dy summed over the samples.",
    ),
    hand="the numbers of lesson 2", view="dense",
)  # fmt: skip
