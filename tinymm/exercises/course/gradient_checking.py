"""Exercise 4: two ways to know a slope."""

import numpy as np

from tinymm.exercises.comparing import require_same
from tinymm.exercises.exercise import Exercise, Failed, Step
from tinymm.exercises.slips import Slip, results
from tinymm.gradchecking.subject import calling


def central_difference(f, a, h):
    """The gradient of f, array -> number, at a, by walking h to both sides of every entry."""
    slope = np.zeros(a.shape)
    for index in np.ndindex(a.shape):
        up, down = a.copy(), a.copy()
        up[index] += h
        down[index] -= h
        slope[index] = (f(up) - f(down)) / (2 * h)
    return slope


def complex_step(f, a, h=1e-30):
    """The same by walking ih, sideways."""
    slope = np.zeros(a.shape)
    for index in np.ndindex(a.shape):
        moved = a.astype(complex)
        moved[index] += 1j * h
        slope[index] = f(moved).imag / h
    return slope


CENTRAL_SLIPS = (
    Slip("(f(up) - f(down)) / (2 * h)", "(f(up) - f(a)) / h", "one side only: (f(a + h) − f(a)) / h is off by h, both sides are off by h²"),
    Slip("/ (2 * h)", "/ h", "divided by h: from a − h to a + h it is 2h"),
    Slip("(f(up) - f(down))", "(f(down) - f(up))", "the sign is turned round: up minus down"),
    Slip("(f(up) - f(down))", "(f(up) - f(a))", "the step down ended at a, and not at a − h: is what you move a copy of a?"),
    Slip("up[index] += h", "up += h", "all entries are moved at once: move one, and leave the others where they are",
         also=(("down[index] -= h", "down -= h"),)),
    Slip("up, down = a.copy(), a.copy()", "up, down = a, a", "up, down and a are the same array: work on copies"),
)
COMPLEX_SLIPS = (
    Slip(".imag / h", ".real / h", "the real part is f(a) itself: the slope is in the imaginary part"),
    Slip(".imag / h", ".imag", "it is not divided by h"),
    Slip(".imag / h", ".imag / (2 * h)", "divided by 2h: only one step was taken"),
    Slip("1j * h", "1e-3j", "the step is too long: with 1e-30 nothing of its own error is left",
         also=((".imag / h", ".imag / 1e-3"),)),
    Slip("1j * h", "h", "the step is real: walk sideways, by 1j · h"),
)


def cube(a):
    return (a**3).sum()


def wavy(a):
    """Every entry has a slope of its own, and all of them hang together."""
    weights = np.arange(1, a.size + 1).reshape(a.shape)
    return (np.sin(weights * a) * np.exp(a)).sum() + a.sum() ** 2


def slope_is_right(space, name, slips, f, a, want, allowed, *h):
    """The learner's gradient of f at a, which must leave a as it is."""
    kept = a.copy()
    with calling(name):
        got = space[name](f, a, *h)
    if not np.array_equal(a, kept):
        raise Failed("the array a is not what it was: work on a copy, or put every entry back")
    reference = central_difference if name == "central_difference" else complex_step
    return require_same("slope", got, want, allowed, results(slips, reference, f, kept, *h))


def central_random(space):
    a = np.random.default_rng(0).normal(size=(2, 3))
    return slope_is_right(space, "central_difference", CENTRAL_SLIPS, wavy, a, complex_step(wavy, a), 1e-7, 1e-5)


def complex_random(space):
    a = np.random.default_rng(1).normal(size=(3, 2))
    return slope_is_right(space, "complex_step", COMPLEX_SLIPS, wavy, a, complex_step(wavy, a), 1e-13)


TWO = np.array([2.0])
EXERCISE = Exercise(
    "gradient_checking", 4, "Two ways to know a slope", ("central_difference", "complex_step"),
    steps=(
        Step("central_difference: x³ at 2 with h = 1, by hand",
             lambda space: slope_is_right(space, "central_difference", CENTRAL_SLIPS, cube, TWO.copy(), [13.0], 1e-9, 1.0)),
        Step("central_difference: a function of six numbers", central_random),
        Step("complex_step: x³ at 2, which is 12",
             lambda space: slope_is_right(space, "complex_step", COMPLEX_SLIPS, cube, TWO.copy(), [12.0], 1e-14)),
        Step("complex_step: six numbers, to thirteen digits", complex_random),
    ),
    hints=(
        "np.ndindex(a.shape) gives every index of an array. Change one entry of a copy, call f, and read off the change.",
        "Central: (f(up) − f(down)) / (2h), where up and down differ from a in one entry only.",
        "Complex: moved = a.astype(complex); moved[index] += 1e-30j; the slope is f(moved).imag / 1e-30.",
    ),
    reference={"central_difference": central_difference, "complex_step": complex_step},
    slips={"central_difference": CENTRAL_SLIPS, "complex_step": COMPLEX_SLIPS},
)  # fmt: skip
