"""Exercise 15: one update of Adam."""

import numpy as np

from tinymm.exercises.comparing import require_same
from tinymm.exercises.exercise import Exercise, Failed, Step
from tinymm.exercises.slips import Slip, results
from tinymm.gradchecking.subject import calling
from tinymm.optimizers import adam_update

RATES = {"lr": 0.1, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
SLIPS = (
    Slip("m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)", "m_hat, v_hat = m, v", "the hats are missing: m and v began at zero, divide them by 1 − βᵗ"),
    Slip("m / (1 - beta1**t), v / (1 - beta2**t)", "m / (1 - beta1), v / (1 - beta2)", "the hats forget t: divide by 1 − β to the power of t"),
    Slip("sqrt(v_hat) + epsilon)", "sqrt(v_hat + epsilon))", "ε is under the root: it stands outside"),
    Slip("(1 - beta2) * dW * dW", "(1 - beta2) * dW", "v is the mean of the squared gradient: dW · dW"),
    Slip("/ (array_module(W).sqrt(v_hat) + epsilon)", "/ (v_hat + epsilon)", "the root of v̂ is missing"),
    Slip("beta1 * m + (1 - beta1) * dW", "beta1 * m + dW", "m is a mean, as heavy as one gradient: the new one counts 1 − β₁"),
    Slip("W - lr * m_hat", "W + lr * m_hat", "the sign is turned round: this walks uphill"),
    Slip("lr * m_hat /", "lr * dW /", "the step takes this gradient alone, and not its running mean m̂"),
)  # fmt: skip


def follows(space, dWs, epsilon=1e-8):
    """Several updates in a row are those of tinymm. What is remembered of each is handed to the next."""
    rates = {**RATES, "epsilon": epsilon}
    W = np.linspace(-1, 1, dWs[0].size).reshape(dWs[0].shape)
    own = right = (W, np.zeros_like(W), np.zeros_like(W))
    off = ""
    for t, dW in enumerate(dWs, start=1):
        given = [a.copy() for a in (right[0], dW, *right[1:])]
        with calling("adam_update"):
            own = space["adam_update"](*given, t, **rates)
        if not isinstance(own, tuple) or len(own) != 3:
            raise Failed("adam_update must return three arrays: the new W, m and v")
        if any(not np.array_equal(a, b) for a, b in zip(given, (right[0], dW, *right[1:]))):
            raise Failed("an array that came in was written to: compute new ones")
        before, right = right, adam_update(right[0], dW, *right[1:], t, **rates)
        for place, name in ((1, "m"), (2, "v"), (0, "W")):
            wrong = results(SLIPS, adam_update, before[0], dW, *before[1:], t, **rates)
            likely = ((sentence, arrays[place]) for sentence, arrays in wrong)
            off = require_same(f"{name} after update {t}", own[place], right[place], looks_like=likely)
    return off


def draw(updates):
    rng = np.random.default_rng(0)
    return [rng.normal(size=(3, 2)) for _ in range(updates)]


EXERCISE = Exercise(
    "adam", 15, "Adam", ("adam_update",),
    steps=(
        Step("gradients of 1000 and 0.001, as in lesson 15", lambda space: follows(space, [np.array([1000.0, 0.001])])),
        Step("five updates with random gradients", lambda space: follows(space, draw(5))),
        Step("with an ε that can be seen", lambda space: follows(space, draw(2), epsilon=0.1)),
    ),
    hints=(
        "Four lines: the new m, the new v, both hats, the new W. t counts from 1.",
        "m := β₁ m + (1 − β₁) dW, and v likewise with dW². The hats divide by 1 − β₁ᵗ and 1 − β₂ᵗ.",
        "W := W − α m̂ / (√v̂ + ε), with ε outside of the root. Return W, m and v; the hats are not kept.",
    ),
    reference={"adam_update": adam_update}, slips={"adam_update": SLIPS},
)  # fmt: skip
