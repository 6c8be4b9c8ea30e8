"""Exercise 15: one update of Adam."""

from itertools import permutations

import numpy as np

from tinymm.exercises.comparing import first_agreeing, require_same
from tinymm.exercises.exercise import Exercise, Failed, Step
from tinymm.exercises.learner import in_words
from tinymm.exercises.slips import Slip, results
from tinymm.optimizers import adam_update

RATES = {"lr": 0.1, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
SLIPS = (
    Slip("sqrt(v_hat) + epsilon), m, v", "sqrt(v_hat) + epsilon), m_hat, v_hat", "m and v are returned with their hats: keep m and v themselves, and give the hats names of their own"),
    Slip("m / (1 - beta1**t), v / (1 - beta2**t)", "m / 1 - beta1**t, v / 1 - beta2**t", "a bracket is missing: m / 1 - beta1**t is m − β₁ᵗ. Write m / (1 - beta1**t)"),
    Slip("m / (1 - beta1**t), v / (1 - beta2**t)", "m / (1 - beta1 * t), v / (1 - beta2 * t)", "β₁ᵗ is beta1**t, and not beta1 * t"),
    Slip("/ (array_module(W).sqrt(v_hat) + epsilon)", "/ array_module(W).sqrt(v_hat) + epsilon", "a bracket is missing: ε is added to the root, and not to W"),
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
        own = space["adam_update"](*given, t, **rates)
        if not isinstance(own, (tuple, list)) or len(own) != 3:
            raise Failed(f"adam_update returns {in_words(own) or type(own).__name__}: it must return three arrays, the new W, m and v")
        if any(not np.array_equal(a, b) for a, b in zip(given, (right[0], dW, *right[1:]))):
            raise Failed("an array that came in was written to", "Looks like: W -= ... or m *= ..., which changes the array itself; W = W - ... makes a new one")
        before, right = right, adam_update(right[0], dW, *right[1:], t, **rates)
        wrong = list(results(SLIPS, adam_update, before[0], dW, *before[1:], t, **rates))
        wrong = [("the three come in another order: return W, m, v", [right[k] for k in order]) for order in permutations(range(3)) if order != (0, 1, 2)] + wrong
        wrong.sort(key=lambda slip: not all(first_agreeing(np.asarray(a), [("", b)]) for a, b in zip(own, slip[1])))  # that explain all come first
        for place, name in ((1, "m"), (2, "v"), (0, "W")):
            try:
                off = require_same(name, own[place], right[place], looks_like=[(sentence, arrays[place]) for sentence, arrays in wrong])
            except Failed as failure:
                root = ["Looks like: the root of a negative number: look at the powers and brackets in 1 - beta2**t"] if name == "W" and np.isnan(own[0]).all() else []
                raise Failed(f"after update {t}: {failure.lines[0]}", *failure.lines[1:], *root) from None
    return off


def draw(updates):
    rng = np.random.default_rng(0)
    return [rng.normal(size=(3, 2)) for _ in range(updates)]


HINTS = {
    "hand": (
        "Four lines, in the order of the formulas: the new m, the new v, both hats, the new W. dW² means every number squared.",
        "m = beta1 * m + (1 - beta1) * dW, and v likewise with dW**2. Do not write m *= beta1: that changes the array that came in.",
        "The hats are m / (1 - beta1**t) and v / (1 - beta2**t); they are used in this step and not kept. Return W, m, v.",
    ),
    "five": (
        "The first update was right, and a later one is not. What differs between t = 1 and t = 2?",
        "m and v are no longer zero, and the hats divide by 1 − β to the power of t: 1 − β is right for t = 1 alone.",
        "The m and v you return must be those without hats: otherwise the next update begins from the wrong ones.",
    ),
    "epsilon": (
        "With the usual ε of 1e-8 nobody sees where it stands. Here it is 0.1.",
        "W − lr · m̂ / (√v̂ + ε): the root is of v̂ alone, and ε is added behind it.",
    ),
}
EXERCISE = Exercise(
    "adam", 15, "Adam", {"adam_update": "W, m, v"},
    steps=(
        Step("gradients of 1000 and 0.001, as in lesson 15", lambda space: follows(space, [np.array([1000.0, 0.001])]), HINTS["hand"]),
        Step("five updates with random gradients", lambda space: follows(space, draw(5)), HINTS["five"]),
        Step("with an ε that can be seen", lambda space: follows(space, draw(2), epsilon=0.1), HINTS["epsilon"]),
    ),
    reference={"adam_update": adam_update}, slips={"adam_update": SLIPS},
)  # fmt: skip
