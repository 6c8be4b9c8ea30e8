"""Exercise 11: a recurrent layer through time."""

import numpy as np

from tinymm.exercises.pairs import Pair
from tinymm.exercises.slips import Slip
from tinymm.layers.rnn import rnn_backward, rnn_forward


def draw(rng):
    return rng.normal(size=(2, 4, 3)), rng.normal(size=(3, 2)), rng.normal(size=(2, 2)), rng.normal(size=2)


HINTS = {
    "hand": (
        "Go through the steps from first to last. What does each step need besides its own x[:, t]?",
        "The state of the step before, which is zero before the first: state = np.zeros((N, M)). Then state = tanh(x[:, t] @ W + state @ U + b).",
        "Write every state into h[:, t]. Keep x, W, U and all states in the cache, the zero before the first step too.",
    ),
    "random": (
        "By hand there was one unit. Now there are two that hear each other: each row of `state` is multiplied by the matrix U, state @ U.",
        "Every step reads its own x[:, t], and b is added at each. h must be (N, T, M).",
    ),
    "runs": (
        "Go through time backwards, from the last step to the first. From how many sides does a gradient reach h_t?",
        "From two: dh[:, t] from above, and what step t + 1 handed back. Begin with dh_next = np.zeros((N, M)), since nothing comes after the end.",
        "At every step: dz = (dh[:, t] + dh_next) * (1 − h_t²), then the parts of dx, dW, dU and db, then dh_next for the step before. "
        "Return dx, dW, dU, db.",
    ),
    "b": (
        "If db is wrong, dz is usually wrong, or only one step counts. What must dz contain?",
        "dz = (dh[:, t] + dh_next) * (1 − h_t²), with h_t the state after the step; db += dz.sum(axis=0) at every step.",
        "dh_next = dz @ U.T: on the way back the matrix is transposed.",
    ),
    "W": (
        "W worked at every step. So dW gets something at every step.",
        "At step t, W met x[:, t]: dW += x[:, t].T @ dz.",
    ),
    "x": (
        "x[:, t] was used at step t alone, so nothing is added up. It was multiplied by W.",
        "dx[:, t] = dz @ W.T.",
    ),
    "U": (
        "U worked at every step, and met a state. Which one: that before the step, or that after it?",
        "The one before, h_{t−1}: dU += h_before.T @ dz. At the first step it is zero.",
    ),
}
EXERCISE = Pair(
    "rnn_forward", "rnn_backward", (rnn_forward, rnn_backward),
    gives="h, cache", gives_back="dx, dW, dU, db",
    axes={"y": ("text", "step", "unit"), "x": ("text", "step", "input"), "W": ("input", "unit"), "U": ("unit before", "unit"), "b": ("unit",)},
    hand=(np.array([1.0, 0, 3]).reshape(1, 3, 1), np.array([[0.5]]), np.array([[2.0]]), np.array([0.0])),
    draw=draw, order=("b", "W", "x", "U"),
    slips=(
        Slip("xp.tanh(x[:, t] @ W + h @ U + b)", "x[:, t] @ W + h @ U + b", "tanh is missing"),
        Slip("+ h @ U", "", "the state before is missing: h_{t−1} U belongs into the sum"),
        Slip("h @ U + b", "h @ U.T + b", "U is transposed: it is h @ U"),
        Slip("h @ U + b", "h @ U", "the bias b is missing"),
        Slip("xp.tanh(x[:, t] @ W", "xp.tanh(x[:, 0] @ W", "every step reads the first word: step t reads x[:, t]"),
    ),
    backward_slips=(
        Slip("dh_t = dh[:, t] + dh_next", "dh_t = dh[:, t]", "the gradient from the next step is missing: h_t went out as an answer, and into step t + 1"),
        Slip("dz = dh_t * (1 - new[t] * new[t])", "dz = dh_t", "the slope of tanh, 1 − h², is missing"),
        Slip("dU += before[t].T @ dz", "dU += new[t].T @ dz", "U met the state before the step, h_{t−1}, and not h_t"),
        Slip("dU += before[t].T @ dz", "dU = before[t].T @ dz", "only one step counts: U worked at every step, and its gradient is the sum"),
        Slip("dW += x[:, t].T @ dz", "dW = x[:, t].T @ dz", "only one step counts: W worked at every step, and its gradient is the sum"),
        Slip("db += dz.sum(axis=0)", "db = dz.sum(axis=0)", "only one step counts: b worked at every step, and its gradient is the sum"),
        Slip("dU += before[t].T @ dz", "dU += new[t - 1].T @ dz",
             "at the first step h[:, t - 1] is h[:, -1], the last state, since Python counts −1 from the end: before the first step the state is 0"),
        Slip("for t in reversed(range(x.shape[1])):", "for t in range(x.shape[1]):", "time is gone through forwards: the gradient comes from the end, so begin with the last step, reversed(range(T))"),
        Slip("* (1 - new[t] * new[t])", "* (1 - before[t] * before[t])", "the slope was taken at the state before the step: it belongs to the state after it, which came out of tanh"),
        Slip("dh_next = dz @ U.T", "dh_next = dh_t @ U.T", "what goes back to the state before comes from dz, behind the tanh: dz @ U.T"),
        Slip("dh_next = dz @ U.T", "dh_next = dz @ U", "on the way back to the state before, U is transposed: dz @ U.T"),
    ),
).exercise(
    "rnn", 11, "Through time",
    HINTS,
    hand="one unit, three steps", view="rnn",
)  # fmt: skip
