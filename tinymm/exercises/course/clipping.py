"""Exercise 5: clip gradients by their global norm."""

import numpy as np

from tinymm.exercises.comparing import require_same
from tinymm.exercises.exercise import Exercise, Failed, Step
from tinymm.exercises.learner import in_words
from tinymm.exercises.pairs import two
from tinymm.optimizers import clip_by_global_norm, global_norm

NAME = "clip_by_global_norm"
GIVES = "clipped, norm"
HAND = {"W": np.array([2.0, 4.0]), "b": np.array([4.0])}  # the norm is 6, and 3 makes 1, 2 and 2 of them


def draw():
    rng = np.random.default_rng(0)
    return {"W": rng.normal(size=(3, 2)), "b": 5 * rng.normal(size=2)}


def slips(grads, bound):
    """(sentence, clipped gradients) of typical mistakes."""
    norm, norms = float(global_norm(grads)), {k: float(global_norm({k: g})) for k, g in grads.items()}
    yield "every array is clipped by its own norm: then the direction changes; one factor for all keeps it", {
        k: g * min(1, bound / norms[k]) for k, g in grads.items()
    }
    yield "every number is cut off at the bound: then the direction changes; one factor for all keeps it", {
        k: np.clip(g, -bound, bound) for k, g in grads.items()
    }
    yield "they are divided by the norm, but not multiplied by the bound", {k: g / norm for k, g in grads.items()}
    yield "they are returned as they were", grads
    total = sum(norms.values())
    yield "the norms of the arrays are added up: add up the squares of all numbers, and take one root at the end", {
        k: g * min(1, bound / total) for k, g in grads.items()
    }
    yield "the root is missing: the norm is √ Σ g²", {k: g * min(1, bound / norm**2) for k, g in grads.items()}
    yield "gradients shorter than the bound are made longer: leave them as they are", {k: g * bound / norm for k, g in grads.items()}


def clipped(space, grads, bound):
    """The learner's gradients and norm are right, and the given ones are left alone."""
    given = {k: g.copy() for k, g in grads.items()}
    result = two(NAME, space[NAME](given, bound), GIVES)
    if not isinstance(result[0], dict):
        raise Failed(f"{NAME} returns {in_words(result[0]) or type(result[0]).__name__} first: it must return a dict of arrays with the keys of grads")
    if any(not np.array_equal(given[k], grads[k]) for k in grads):
        raise Failed("the gradients that came in were written to: return new arrays", "Looks like: g *= factor, which changes g itself; g * factor makes a new array")
    want, norm = clip_by_global_norm(grads, bound)
    if set(result[0]) != set(grads):
        raise Failed(f"the dict has {'the keys ' + ', '.join(map(str, result[0])) if result[0] else 'no keys'}, and should have {', '.join(grads)}")
    for key in grads:
        likely = ((sentence, wrong[key]) for sentence, wrong in slips(grads, bound) if all(
            np.allclose(wrong[k], result[0][k]) for k in grads if np.shape(result[0][k]) == wrong[k].shape and result[0][k] is not None))  # fmt: skip
        off = require_same(f"grads[{key!r}]", result[0][key], want[key], looks_like=likely)
    likely = [
        ("this is the norm after clipping: return the one before, so that one can see how large the gradient was", min(norm, bound)),
        ("the root is missing: the norm is √ Σ g²", norm**2),
    ]
    require_same("norm", result[1], norm, looks_like=likely)
    return off


HINTS = {
    "hand": (
        "2, 4 and 4 have the norm √(4 + 16 + 16) = 6; clipped to 3 they are 1, 2 and 2. The global norm treats all arrays as one long vector: √ of the sum of all squares.",
        "Go through grads.values(), add up (g**2).sum() of each, and take one root at the end.",
        "If the norm is larger than max_norm, multiply every array by max_norm / norm. Return two things: a new dict with the same keys, and the "
        "norm from before.",
    ),
    "random": (
        "Now there is a matrix beside a vector. Is one norm taken of everything, or one for each array?",
        "norm = sum((g**2).sum() for g in grads.values()) ** 0.5, and the same factor for every array: only then the direction stays.",
    ),
    "short": (
        "Here the norm is below max_norm. What should happen to gradients that are short enough?",
        "Nothing: the factor is never larger than 1. factor = min(1, max_norm / norm).",
    ),
}
EXERCISE = Exercise(
    "clipping", 5, "Clip by the global norm", {NAME: GIVES},
    steps=(
        Step("2, 4 and 4, whose norm is 6, clipped to 3", lambda space: clipped(space, HAND, 3.0), HINTS["hand"]),
        Step("random gradients, clipped to 2", lambda space: clipped(space, draw(), 2.0), HINTS["random"]),
        Step("short gradients are left as they are", lambda space: clipped(space, draw(), 1e3), HINTS["short"]),
    ),
    reference={NAME: clip_by_global_norm},
)  # fmt: skip
