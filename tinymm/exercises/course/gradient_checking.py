"""Exercise 4: two ways to know a slope."""

import contextlib
from itertools import chain

import numpy as np

from tinymm.exercises.comparing import EXACT, require_same
from tinymm.exercises.exercise import Exercise, Failed, Step
from tinymm.exercises.learner import in_words
from tinymm.exercises.slips import Slip, results


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
    Slip("(f(up) - f(down)) / (2 * h)", "(f(a) - f(down)) / h", "one side only: (f(a) − f(a − h)) / h is off by h, both sides are off by h²"),
    Slip("/ (2 * h)", "/ 2 * h", "a bracket is missing: / 2 * h divides by 2 and then multiplies by h. Write / (2 * h)"),
    Slip("/ (2 * h)", "/ h", "divided by h: from a − h to a + h it is 2h"),
    Slip("/ (2 * h)", "/ 2", "divided by 2, and not by h: from a − h to a + h it is 2h"),
    Slip(" / (2 * h)", "", "the difference alone: divide it by 2h, the way from a − h to a + h"),
    Slip("(f(up) - f(down))", "(f(up) + f(down))", "plus in the place of minus: the slope is a difference"),
    Slip("(f(up) - f(down))", "(f(down) - f(up))", "the sign is turned round: up minus down"),
    Slip("(f(up) - f(down))", "(f(up) - f(a))", "the step down ended at a, and not at a − h: is what you move a copy of a?"),
    Slip("up, down = a.copy(), a.copy()", "up, down = a, a", "up, down and a are the same array: a.copy() makes another one"),
)
COMPLEX_SLIPS = (
    Slip(".imag / h", ".real / h", "the real part is f(a) itself: the slope is in the imaginary part"),
    Slip(".imag / h", ".real", "the real part is f(a) itself: the slope is in the imaginary part"),
    Slip(".imag / h", ".imag", "it is not divided by h"),
    Slip(".imag / h", ".imag / (2 * h)", "divided by 2h: only one step was taken"),
    Slip(".imag / h", ".imag * h", "multiplied by h: divide by it"),
    Slip(".imag / h", ".imag / -h", "the sign is turned round: Im f(a + ih) / h"),
)  # fmt: skip
LONG = 1e-7  # from here on the error of the complex step, h², is seen in thirteen digits


class Watched:
    """f, remembering how far from a it was asked. So a mistake is recognised whatever h the learner chose."""

    def __init__(self, f, a):
        self.f, self.a, self.moves = f, a.copy(), []

    def __call__(self, moved):
        if np.shape(moved) != self.a.shape:
            given = in_words(moved) or f"a {type(moved).__name__}"
            raise Failed(f"f is given {given}: it takes an array of the shape of a, {self.a.shape}, in which one entry is moved")
        self.moves.append(np.asarray(moved) - self.a)
        return self.f(np.asarray(moved))

    @property
    def h(self):
        """The longest step that was taken."""
        return max((float(abs(move).max()) for move in self.moves), default=0.0)

    def looks_like(self, sideways):
        """What is wrong with the places at which f was asked; "" when nothing is."""
        moved = [move for move in self.moves if move.any()]
        counts = [np.count_nonzero(move) for move in moved]
        if not self.moves:
            return "f is never asked: call f with a moved a, and read off how much it changed"
        if not moved:
            return "f is only asked at a itself: move an entry before you call it"
        if counts[0] == 1 < max(counts):
            return "an entry that was moved is not put back before the next one is moved: begin with a fresh copy of a for every entry"
        if counts[0] == self.a.size > 1:
            return "all entries are moved at once: move one, and leave the others where they are"
        if max(counts) > 1:
            return "a whole row is moved at once: range(len(a)) counts rows, and a[k] is a row. np.ndindex(a.shape) gives the index of every entry"
        if sideways and not any(np.iscomplexobj(move) and move.imag.any() for move in moved):
            return "the step is real: walk sideways, by 1j * h"
        if sideways and self.h > LONG:
            return f"the step is too long: with h = {self.h:g} an error of h² is left; with 1e-30 nothing is"
        return ""


def cube(a):
    return (a**3).sum()


def wavy(a):
    """Every entry has a slope of its own, and all of them hang together."""
    weights = np.arange(1, a.size + 1).reshape(a.shape)
    return (np.sin(weights * a) * np.exp(a)).sum() + a.sum() ** 2


def require_untouched(a, kept):
    """a is what it was, to the last digit."""
    if np.array_equal(a, kept):
        return
    if np.allclose(a, kept, rtol=1e-12):
        raise Failed("the array a is not quite what it was: adding h and taking it away again rounds", "Looks like: a[k] += h ... a[k] -= h: work on a copy")
    raise Failed("the array a is not what it was: work on a copy, or put every entry back", "Looks like: `moved = a` gives a a second name; a.copy() copies it")


def slope_is_right(space, name, f, a, allowed, *h):
    """The learner's gradient of f at a. h is given for central differences, and the learner's own for the complex step."""
    central = bool(h)
    given, watched = a.copy(), Watched(f, a)
    got = space[name](watched, given, *h)
    require_untouched(given, a)
    want = central_difference(f, a, *h) if central else complex_step(f, a)
    step = h or (watched.h or 1e-30,)
    reference, slips = (central_difference, CENTRAL_SLIPS) if central else (complex_step, COMPLEX_SLIPS)
    sentence = watched.looks_like(sideways=not central)
    likely = () if sentence else chain(results(slips, reference, f, a, *step), scaled(got, want))
    try:
        off = require_same("slope", got, want, allowed, likely, axes=("row", "column")[: a.ndim] if a.size > 1 else ())
    except Failed as failure:
        raise Failed(*failure.lines, *([f"Looks like: {sentence}"] if sentence else [])) from None
    if not watched.moves:
        raise Failed("the slope is right, but f was never called: find it with f alone, as for a function you do not know")
    return off


def scaled(got, want):
    """The right slopes, all times one number."""
    with contextlib.suppress(TypeError, ValueError):
        factor = float(np.ravel(got)[0] / np.ravel(want)[0])
        yield f"every slope is {factor:.3g} times the right one: divide by the h by which you moved", factor * want


def central_by_hand(space):
    slope_is_right(space, "central_difference", cube, TWO, EXACT, 1.0)
    return slope_is_right(space, "central_difference", cube, TWO, EXACT, 0.1)


def central_random(space):
    a = np.random.default_rng(0).normal(size=(2, 3))
    for h in (0.5, 1e-2):
        slope_is_right(space, "central_difference", wavy, a, EXACT, h)
    return slope_is_right(space, "central_difference", wavy, a, 1e-7, 1e-5)


def complex_random(space):
    return slope_is_right(space, "complex_step", wavy, np.random.default_rng(1).normal(size=(3, 2)), 1e-13)


TWO = np.array([2.0])
HINTS = {
    "hand": (
        "x³ at 2 with h = 1: (3³ − 1³) / 2 = 13. With h = 0.1: (2.1³ − 1.9³) / 0.2 = 12.01. Both come from the same formula.",
        "Make a copy of a with one entry moved up, another with it moved down, and call f with each. Mind the brackets: / (2 * h).",
        "up, down = a.copy(), a.copy(); up[k] += h; down[k] -= h; and (f(up) - f(down)) / (2 * h) goes into the slope at k.",
    ),
    "six": (
        "Now a has two rows of three. How does your loop reach every single number of it?",
        "range(len(a)) counts rows. np.ndindex(a.shape) gives the index of every number: (0, 0), (0, 1), ...; a copy can be moved at such an index.",
        "slope = np.zeros(a.shape), then `for k in np.ndindex(a.shape):` with up and down made anew inside of the loop, and slope[k] = ...",
    ),
    "sideways": (
        "f(a + ih) ≈ f(a) + ih f′(a): the slope sits in the imaginary part alone. What must be done to that part?",
        "A real array cannot hold i: moved = a.astype(complex), then moved[k] += 1j * h.",
        "f(moved).imag / h, with h = 1e-30: no difference is taken, so nothing is lost by rounding.",
    ),
    "digits": (
        "Thirteen digits are asked for, of each of six numbers in three rows. Is your h small enough, and does your loop reach every number?",
        "The error is about h²: 1e-3 leaves an error in the sixth digit, 1e-30 leaves none. np.ndindex(a.shape) gives every index.",
    ),
}
EXERCISE = Exercise(
    "gradient_checking", 4, "Two ways to know a slope", {"central_difference": "slope", "complex_step": "slope"},
    steps=(
        Step("central_difference: x³ at 2 with h = 1 and h = 0.1, by hand", central_by_hand, HINTS["hand"]),
        Step("central_difference: a function of six numbers", central_random, HINTS["six"]),
        Step("complex_step: x³ at 2, which is 12", lambda space: slope_is_right(space, "complex_step", cube, TWO, 1e-14), HINTS["sideways"]),
        Step("complex_step: six numbers, to thirteen digits", complex_random, HINTS["digits"]),
    ),
    reference={"central_difference": central_difference, "complex_step": complex_step},
    slips={"central_difference": CENTRAL_SLIPS, "complex_step": COMPLEX_SLIPS},
)  # fmt: skip
