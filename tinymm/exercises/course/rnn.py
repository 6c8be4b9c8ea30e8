"""Exercise 11: a recurrent layer through time."""

import numpy as np

from tinymm.exercises.pairs import Pair
from tinymm.exercises.slips import Slip
from tinymm.layers.rnn import rnn_backward, rnn_forward


def draw(rng):
    return rng.normal(size=(2, 4, 3)), rng.normal(size=(3, 2)), rng.normal(size=(2, 2)), rng.normal(size=2)


EXERCISE = Pair(
    "rnn_forward", "rnn_backward", (rnn_forward, rnn_backward),
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
        Slip("dh_next = dz @ U.T", "dh_next = dz @ U", "on the way back to the state before, U is transposed: dz @ U.T"),
    ),
).exercise(
    "rnn", 11, "Through time",
    hints=(
        "Keep all states, h_0 = 0 among them: backward needs at every step the state before and the state after.",
        "Go through time backwards. What reaches h_t is dh[:, t] and what the step after it handed back.",
        "dz = (dh[:, t] + dh_next) · (1 − h_t²); dx[:, t] = dz @ W.T; dW, dU, db add up over t; dh_next = dz @ U.T.",
    ),
    hand="one unit, three steps", view="rnn",
)  # fmt: skip
