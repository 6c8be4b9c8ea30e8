"""Exercise 12: the LSTM."""

import numpy as np

from tinymm.exercises.pairs import Pair
from tinymm.exercises.slips import Slip
from tinymm.layers.lstm import lstm_backward, lstm_forward


def draw(rng):
    return rng.normal(size=(2, 3, 3)), rng.normal(size=(3, 8)), rng.normal(size=(2, 8)), rng.normal(size=8)


EXERCISE = Pair(
    "lstm_forward", "lstm_backward", (lstm_forward, lstm_backward),
    hand=(np.array([1.0, -1]).reshape(1, 2, 1), np.array([[2.0, 0, 1, 0]]), np.zeros((1, 4)), np.array([0.0, 2, 0, 1])),
    draw=draw, order=("b", "W", "x", "U"),
    slips=(
        Slip("h_new = o * tanh_c", "h_new = o * c_new", "the tanh on the memory is missing: h = o · tanh(c)"),
        Slip("c_new = f * c + i * g", "c_new = i * c + f * g", "i and f have changed places: f keeps the old, i lets in the new, and i comes first in z"),
        Slip("c_new = f * c + i * g", "c_new = i * g", "the old memory is missing: c = f · c + i · g"),
        Slip("g = xp.tanh(z[:, 2 * M : 3 * M])", "g = sigmoid_forward(z[:, 2 * M : 3 * M])[0]", "g is bent by tanh, the three valves by σ"),
        Slip("+ h @ U", "", "the state before is missing: h_{t−1} U belongs into z"),
        Slip("h @ U + b", "h @ U", "the bias b is missing in z"),
        Slip("for k in (0, 1, 3))", "for k in (0, 1, 2))", "the four parts of z stand in the order i, f, g, o: g is the third, o the fourth",
             also=(("2 * M : 3 * M", "3 * M : 4 * M"),)),
        Slip("for k in (0, 1, 3))", "for k in (0, 1, 2))", "the four parts of z stand in the order i, f, g, o: the fourth part is o"),
    ),
    backward_slips=(
        Slip("dh_t = dh[:, t] + dh_next", "dh_t = dh[:, t]", "the gradient of h from the next step is missing: h_t went out as an answer, and into step t + 1"),
        Slip("dc = dc_next + dh_t", "dc = dh_t", "the gradient of c from the next step is missing: along the memory it comes back multiplied by f"),
        Slip("dc_before = dc * f", "dc_before = dc", "on the way to the memory before, dc is multiplied by f: c = f · c_before + ..."),
        Slip("* (1 - tanh_c * tanh_c)", "", "the slope of the tanh on the memory, 1 − tanh²(c), is missing"),
        Slip("dc * g, dc * c_before, dc * i", "dc * g, dc * f, dc * i", "f met the memory before the step: df = dc · c_before"),
        Slip("dg * (1 - g * g)", "dg * g * (1 - g)", "g came out of a tanh: its slope is 1 − g²"),
        Slip("di * i * (1 - i)", "di", "the slope of the valve i, i (1 − i), is missing"),
        Slip("df * f * (1 - f)", "df", "the slope of the valve f, f (1 − f), is missing"),
        Slip("dc * g, dc * c_before, dc * i", "dc * i, dc * c_before, dc * g", "di and dg have changed places: i met g in c = f · c_before + i · g"),
        Slip("tanh_c = steps[t]", "tanh_c = steps[t]; c_before = f * c_before + i * g", "the memory after the step was kept: df needs the one before it"),
        Slip("tanh_c = steps[t]", "tanh_c = steps[t]; h_before = o * tanh_c", "the answer after the step was kept: dU needs the one before it"),
        Slip("do * o * (1 - o)", "do", "the slope of the valve o, o (1 − o), is missing"),
        Slip("df * f * (1 - f)", "df * i * (1 - i)", "the gradient of the valve f was computed with the slope of i"),
        Slip("dU += h_before.T @ dz", "dU = h_before.T @ dz", "only one step counts: U worked at every step, and its gradient is the sum"),
    ),
).exercise(
    "lstm", 12, "LSTM",
    hints=(
        "z has 4M columns: cut it into i, f, g, o. Keep everything a step computed; backward needs it all.",
        "Two things come back from the next step: dh_next and dc_next. Begin with dh_t = dh[:, t] + dh_next, then do, then dc.",
        "dc = dc_next + dh_t · o · (1 − tanh²c); di = dc·g, df = dc·c_before, dg = dc·i, dc_next = dc·f; multiply each by the slope of its bend, "
        "join them in the order i, f, g, o to dz, and go on as in the RNN.",
    ),
    hand="one unit, two steps", view="lstm",
)  # fmt: skip
