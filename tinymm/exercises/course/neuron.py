"""Exercise 1: a neuron over a batch."""

import numpy as np

from tinymm.exercises.pairs import Pair
from tinymm.exercises.slips import Slip
from tinymm.layers.dense import dense_backward, dense_forward
from tinymm.layers.sigmoid import sigmoid_backward, sigmoid_forward


def neuron_forward(x, w, b):
    """x (N, D), w (D,), b () -> h (N,), cache. A Dense layer of one unit with a Sigmoid behind it."""
    z, dense = dense_forward(x, w[:, None], b)
    h, bend = sigmoid_forward(z)
    return h[:, 0], (dense, bend)


def neuron_backward(dh, cache):
    """dh (N,) -> dx (N, D), dw (D,), db ()."""
    dense, bend = cache
    dz = sigmoid_backward(dh[:, None], bend)
    dx, dw, db = dense_backward(dz, dense)
    return dx, dw[:, 0], db[0]


def draw(rng):
    return rng.normal(size=(4, 3)), rng.normal(size=3), np.asarray(rng.normal())


HINTS = {
    "hand": (
        "The equation stands at the top of your file. x has one row for each sample: which product of x and w gives one number a row?",
        "z = x @ w + b has one number for each sample, and h = 1 / (1 + np.exp(-z)) bends each of them. np.exp takes whole arrays.",
        "Two things go out: `return h, cache`. Put x, w and h into the cache, as (x, w, h): backward will need them.",
    ),
    "random": (
        "The example by hand has two samples of two inputs; now there are four samples of three. Is a number or a place written into your code?",
        "Multiply by the whole of w, and bend every sample: h must have the shape (N,), one answer a sample.",
    ),
    "runs": (
        "Take out of the cache what forward put in: x, w, h = cache. Then ask: through what does the gradient pass first on its way back?",
        "Through σ, which came last. Its slope is h (1 − h), so dz = dh * h * (1 − h). Everything else follows from dz.",
        "Return three gradients, dx, dw, db, each in the shape of what it belongs to: (N, D), (D,), and a single number.",
    ),
    "b": (
        "b was added to z of every sample. What does each sample say about b, and what becomes of that?",
        "z moves as much as b does, so every sample contributes its dz. Add them up: db = dz.sum().",
    ),
    "w": (
        "w[d] met x[n, d] in every sample n: its gradient is dz[n] · x[n, d], added up over the samples.",
        "As one product: dw = x.T @ dz, of shape (D, N) times (N,).",
    ),
    "x": (
        "x[n, d] is used in one sample only, so there is nothing to add up. What was it multiplied by?",
        "By w[d]: a row of dx is dz of its sample times w. dx = dz[:, None] * w, or np.outer(dz, w).",
    ),
}
EXERCISE = Pair(
    "neuron_forward", "neuron_backward", (neuron_forward, neuron_backward),
    gives="h, cache", gives_back="dx, dw, db", axes={"y": ("sample",), "x": ("sample", "input"), "w": ("input",)},
    hand=(np.array([[1.0, 2.0], [2.0, 2.0]]), np.array([3.0, -1.0]), np.asarray(-1.0)),
    draw=draw, order=("b", "w", "x"),
    slips=(
        Slip("dense_forward(x, w[:, None], b)", "dense_forward(x, w[:, None], 0 * b)", "the bias b is missing"),
        Slip("h, bend = sigmoid_forward(z)", "h, bend = z, z", "the bend is missing: this is z, and h is σ(z)"),
        Slip("sigmoid_forward(z)", "(1 + np.exp(-z), z)", "a bracket is missing: 1 / 1 + exp(−z) is 1 + exp(−z). Write 1 / (1 + np.exp(-z))"),
        Slip("sigmoid_forward(z)", "sigmoid_forward(-z)", "a sign inside σ is turned round: it is 1 / (1 + exp(−z))"),
        Slip("sigmoid_forward(z)", "(np.tanh(z), z)", "this is tanh(z), and the bend asked for is σ(z)"),
    ),
    backward_slips=(
        Slip("dz = sigmoid_backward(dh[:, None], bend)", "dz = dh[:, None]",
             "σ′ is missing, as in the article's formula for b: between b and h stands the bend, with the slope h (1 − h)"),
        Slip("sigmoid_backward(dh[:, None], bend)", "dh[:, None] * (1 - bend * bend)", "1 − h² is the slope of tanh; that of σ is h (1 − h)"),
        Slip("sigmoid_backward(dh[:, None], bend)", "dh[:, None] * bend", "half of the slope of σ is missing: it is h (1 − h)"),
        Slip("return dx, dw[:, 0], db[0]", "return dx, dense[0][0] * dz[0, 0], dz[0, 0]", "only the first sample counts: every sample used w and b, so add up over all of them"),
    ),
).exercise(
    "neuron", 1, "One neuron",
    HINTS,
    hand="the numbers of lesson 1",
)  # fmt: skip
