"""Exercise 13: Dropout. Which numbers go is the learner's draw; what must hold is checked."""

import numpy as np

from tinymm.exercises.comparing import as_array, require_same
from tinymm.exercises.exercise import Exercise, Failed, Step
from tinymm.exercises.pairs import two
from tinymm.gradchecking.diagnosis import agree
from tinymm.layers.dropout import dropout_backward, dropout_forward

X = np.arange(1.0, 9).reshape(2, 4)


def run(space, x, rate, seed=1):
    """The learner's y and cache, checked to be such."""
    given = x.copy()
    y, cache = two("dropout_forward", space["dropout_forward"](given, rate, seed), "y, cache")
    if not np.array_equal(given, x):
        raise Failed("dropout_forward writes to x: it must compute a new array")
    y = as_array("y", y, x.shape)
    if y.shape != x.shape:
        raise Failed(f"y has the shape {y.shape}, and should have that of x, {x.shape}: a dropped number is 0, not gone")
    return y, cache


def scaled(space, x, rate):
    """Every number is 0 or x / (1 − rate)."""
    y, _ = run(space, x, rate)
    kept = y != 0
    likely = [
        ("the kept numbers are not divided by 1 − rate: then the layer behind meets smaller numbers than when the model is used", x * kept),
        ("they are divided by rate, and should be by 1 − rate", x * kept / rate),
        ("they are multiplied by 1 − rate, and should be divided by it", x * kept * (1 - rate)),
    ]
    return require_same("y", y, x * kept / (1 - rate), looks_like=likely)


def hand(space):
    """Half of the numbers doubled."""
    off = scaled(space, X, 0.5)
    y = run(space, X, 0.0)[0]
    if not agree(y, X):
        likely = [] if y.any() else ["Looks like: keep and drop have changed places: a number stays where its draw is not below rate"]
        raise Failed("with rate 0 nothing may be dropped or scaled", f"y is {y.ravel()[:4]} for x {X.ravel()[:4]}", *likely)
    return off


def share(space):
    """On many numbers the right share is dropped, number by number, and by the seed."""
    x, rate = np.ones((60, 50)), 0.3
    y, _ = run(space, x, rate)
    dropped = float((y == 0).mean())
    if abs(dropped - (1 - rate)) < 0.05:
        raise Failed(f"{dropped:.0%} of the numbers are dropped, and rate is {rate:.0%}", "Looks like: rate is the share to drop, not the share to keep")
    if abs(dropped - rate) > 0.05:
        raise Failed(f"{dropped:.0%} of the numbers are dropped, and rate is {rate:.0%}")
    if (y == y[:1]).all() or (y == y[:, :1]).all():
        raise Failed("all rows or all columns lose the same numbers", "Looks like: the draw has one axis only: draw for every number of x, with x.shape")
    if not np.array_equal(run(space, x, rate)[0], y):
        raise Failed(
            "the same seed drops other numbers the second time",
            "Looks like: the draw does not come from the seed: np.random.default_rng(seed).random(x.shape)",
        )
    if np.array_equal(run(space, x, rate, seed=2)[0], y):
        raise Failed("another seed drops the same numbers", "Looks like: the seed is not used")
    scaled(space, np.random.default_rng(0).normal(size=(6, 5)), rate)
    return f"{dropped:.0%} dropped of 30%"


def gradient(space):
    """dx is dy where y is x / (1 − rate), and 0 where y is 0."""
    rng = np.random.default_rng(3)
    x, dy, rate = rng.normal(size=(5, 4)), rng.normal(size=(5, 4)), 0.4
    y, cache = run(space, x, rate)
    got = space["dropout_backward"](dy.copy(), cache)
    kept = y != 0
    likely = [
        ("this is simply dy: a dropped number had no part in y, and gets no gradient", dy),
        ("dropped numbers get a gradient: where y is 0, dx is 0", dy / (1 - rate)),
        ("the factor 1 / (1 − rate) is missing", dy * kept),
        ("another draw than in forward: keep the one of forward in the cache", np.where(kept, 0, dy / (1 - rate))),
        ("the numbers that were kept get none, and the dropped ones do: keep and drop have changed places", dy * ~kept / (1 - rate)),
        ("it is multiplied by x: the slope of y is keep / (1 − rate)", dy * y),
    ]
    return require_same("dx", got, dy * kept / (1 - rate), looks_like=likely)


HINTS = {
    "hand": (
        "Draw a random number between 0 and 1 for every number of x. With which of them does a number stay, so that it goes with probability rate?",
        "keep = np.random.default_rng(seed).random(x.shape) >= rate is True for the numbers that stay. True counts as 1 in a product.",
        "Divide what stays by 1 − rate, so that the mean is what it was: y = x * keep / (1 − rate). Backward will need keep and rate: put them "
        "into the cache.",
    ),
    "share": (
        "Three things are asked of the draw: the share that goes is rate, every number is drawn for itself, and the same seed gives the same draw.",
        "np.random.default_rng(seed) makes a generator that begins anew for each seed; .random(x.shape) draws one number for every number of x.",
    ),
    "dx": (
        "A number that was dropped had no part in y. A number that stayed was multiplied by 1 / (1 − rate).",
        "So backward does the same as forward, with dy for x and the same keep: take it out of the cache, and do not draw again.",
        "keep, rate = cache, then dx = dy * keep / (1 − rate).",
    ),
}
EXERCISE = Exercise(
    "dropout", 13, "Dropout", {"dropout_forward": "y, cache", "dropout_backward": "dx"},
    steps=(
        Step("forward: eight numbers at rate 1/2, and at rate 0", hand, HINTS["hand"]),
        Step("forward: random numbers, the share and the seed", share, HINTS["share"]),
        Step("backward: dx", gradient, HINTS["dx"]),
    ),
    reference={"dropout_forward": dropout_forward, "dropout_backward": dropout_backward},
)  # fmt: skip
