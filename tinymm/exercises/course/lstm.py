"""Exercise 12: the LSTM."""

import numpy as np

from tinymm.exercises.pairs import Pair
from tinymm.exercises.slips import Slip
from tinymm.layers.lstm import lstm_backward, lstm_forward


def draw(rng):
    return rng.normal(size=(2, 3, 3)), rng.normal(size=(3, 8)), rng.normal(size=(2, 8)), rng.normal(size=8)


HINTS = {
    "hand": (
        "Two things go from step to step, h and the memory c, and both begin as zeros of shape (N, M). M is U.shape[0].",
        "z has 4M columns: cut it into z_i = z[:, :M], z_f = z[:, M : 2*M], z_g and z_o likewise, or np.split(z, 4, axis=1). σ bends i, f, o; "
        "tanh bends g.",
        "c = f * c + i * g, then h = o * tanh(c), and h goes into the output at [:, t]. Keep of every step what it computed, and h and c from "
        "before it: backward needs it all.",
    ),
    "random": (
        "By hand U was zero, and there was one unit. Now the state before counts, h @ U, and each of the four parts has two columns.",
        "The order of the parts is i, f, g, o. h and c must be those of the step before when z and c are computed.",
    ),
    "runs": (
        "As in the RNN, go through time backwards. But two things come back from the next step: which?",
        "dh_next and dc_next, both zeros at the end. Begin with dh_t = dh[:, t] + dh_next, then do from h = o · tanh(c), then dc.",
        "In the order of the equations, backwards: do, dc, then di, df, dg, dc_next; the slope of each bend; the four joined to dz (N, 4M); from "
        "there on as in the RNN. Return dx, dW, dU, db.",
    ),
    "b": (
        "db is dz summed over texts and steps, so its four parts tell which gate is wrong. Look at the gate of the worst cell, and at the ones that "
        "are right.",
        "h = o · tanh(c) gives do = dh_t · tanh(c) and dc = dc_next + dh_t · o · (1 − tanh²(c)). c = f · c_before + i · g gives di = dc · g, "
        "df = dc · c_before, dg = dc · i, and dc_next = dc · f.",
        "Through the bends: di · i (1 − i), df · f (1 − f), dg · (1 − g²), do · o (1 − o). Join with np.concatenate([...], axis=1) in the order "
        "i, f, g, o; db += dz.sum(axis=0); dh_next = dz @ U.T.",
    ),
    "W": (
        "From dz on it is the RNN: W worked at every step and met x[:, t].",
        "dW += x[:, t].T @ dz, of shape (D, 4M).",
    ),
    "x": (
        "x[:, t] was used at step t alone, by all four gates at once.",
        "dx[:, t] = dz @ W.T sums over all 4M columns.",
    ),
    "U": (
        "U met the answer from before the step. Did you keep h_before, or the h that came out of the step?",
        "dU += h_before.T @ dz at every step; h_before is zero at the first.",
    ),
}
EXERCISE = Pair(
    "lstm_forward", "lstm_backward", (lstm_forward, lstm_backward),
    gives="h, cache", gives_back="dx, dW, dU, db",
    axes={"y": ("text", "step", "unit"), "x": ("text", "step", "input"), "W": ("input", "gate"), "U": ("unit before", "gate"), "b": ("gate",)},
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
        *(Slip(f"d{v} * {v} * (1 - {v})", f"d{v} * {v}", f"half of the slope of the valve {v} is missing: it is {v} (1 − {v})") for v in "ifo"),
        *(Slip(f"d{v} * {v} * (1 - {v})", f"d{v} * (1 - {v} * {v})", f"1 − {v}² is the slope of tanh; the valve {v} is a σ, with the slope {v} (1 − {v})") for v in "ifo"),
        Slip("dg * (1 - g * g)", "dg", "the slope of g, 1 − g², is missing"),
        Slip("df * f * (1 - f)", "df * i * (1 - i)", "the gradient of the valve f was computed with the slope of i"),
        Slip("dU += h_before.T @ dz", "dU += (steps[t - 1][5] * steps[t - 1][6]).T @ dz",
             "at the first step h[:, t - 1] is h[:, -1], the last answer, since Python counts −1 from the end: before the first step h is 0"),
        Slip("for t in reversed(range(x.shape[1])):", "for t in range(x.shape[1]):", "time is gone through forwards: the gradient comes from the end, so begin with the last step, reversed(range(T))"),
        Slip("[di * i * (1 - i), df * f * (1 - f), dg * (1 - g * g), do * o * (1 - o)]", "[df * f * (1 - f), di * i * (1 - i), dg * (1 - g * g), do * o * (1 - o)]",
             "the parts of dz are joined in another order than forward cut them: i, f, g, o"),
        Slip("[di * i * (1 - i), df * f * (1 - f), dg * (1 - g * g), do * o * (1 - o)]", "[di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g * g)]",
             "the parts of dz are joined in another order than forward cut them: i, f, g, o"),
        Slip("dc = dc_next + dh_t * o", "dc = dc_next + dh_t", "h = o · tanh(c): on the way from h to c the gradient is multiplied by o"),
        Slip("do = dh_t * tanh_c", "do = dh_t * np.arctanh(tanh_c)", "do is dh_t · tanh(c), and not dh_t · c: h = o · tanh(c)"),
        Slip("dU += h_before.T @ dz", "dU = h_before.T @ dz", "only one step counts: U worked at every step, and its gradient is the sum"),
    ),
).exercise(
    "lstm", 12, "LSTM",
    HINTS,
    hand="one unit, two steps", view="lstm",
)  # fmt: skip
