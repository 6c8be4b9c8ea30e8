"""Exercise 4: two ways to know a slope."""

import numpy as np

from tinymm.exercises.comparing import EXACT, require_same
from tinymm.exercises.exercise import Exercise, Failed, Step
from tinymm.exercises.learner import in_words
from tinymm.exercises.slips import Slip
from tinymm.gradchecking.diagnosis import agree


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


ONE_SIDE = "one side only: (f(a + h) − f(a)) / h is off by h, both sides are off by h²"
CENTRAL_SLIPS = (
    Slip("(f(up) - f(down)) / (2 * h)", "(f(up) - f(a)) / h", ONE_SIDE),
    Slip("(f(up) - f(down)) / (2 * h)", "(f(a) - f(down)) / h", ONE_SIDE),
    Slip("/ (2 * h)", "/ 2 * h", "a bracket is missing: / 2 * h divides by 2 and then multiplies by h. Write / (2 * h)"),
    Slip("/ (2 * h)", "/ h", "divided by h: from a − h to a + h it is 2h"),
    Slip("/ (2 * h)", "/ 2", "divided by 2, and not by h: from a − h to a + h it is 2h"),
    Slip(" / (2 * h)", "", "the difference alone: divide it by 2h, the way from a − h to a + h"),
    Slip("/ (2 * h)", "/ (2 + h)", "divided by 2 + h: from a − h to a + h it is 2 · h"),
    Slip("/ (2 * h)", "/ h**2", "divided by h²: from a − h to a + h it is 2h"),
    Slip("(f(up) - f(down))", "(f(up) + f(down))", "plus in the place of minus: the slope is a difference"),
    Slip("(f(up) - f(down))", "(f(down) - f(up))", "the sign is turned round: up minus down"),
    Slip("(f(up) - f(down)) / (2 * h)", "f(up) - f(down) / (2 * h)", "a bracket is missing: only f(a − h) is divided. Write (f(up) - f(down)) / (2 * h)"),
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
        self.f, self.a, self.kept, self.moves, self.itself = f, a, a.copy(), [], False

    def __call__(self, moved):
        if np.shape(moved) != self.a.shape:
            given = "a single number" if np.shape(moved) == () else in_words(moved)
            raise Failed(f"f is given {given}: it takes an array of the shape of a, {self.a.shape}, in which one entry is moved")
        self.moves.append(np.asarray(moved) - self.kept)
        self.itself = self.itself or (np.may_share_memory(moved, self.a) and self.moves[-1].any())
        return self.f(np.asarray(moved))

    @property
    def h(self):
        """The longest step that was taken."""
        return max((float(abs(move).max()) for move in self.moves), default=0.0)

    def looks_like(self, h):
        """What is wrong with the places at which f was asked; "" when nothing is. h of central differences, or None."""
        moved = [move for move in self.moves if move.any()]
        counts = [np.count_nonzero(move) for move in moved]
        if not self.moves:
            return "f is never asked: call f with a moved a, and read off how much it changed"
        if h is None and not any(np.iscomplexobj(move) and move.imag.any() for move in moved):
            return "the step is real: walk sideways, by 1j * h, from a.astype(complex); a real array drops the i without a word"
        if not moved:
            return "f is only asked at a itself: move an entry before you call it"
        if counts[0] == 1 < max(counts):
            return "an entry that was moved is not put back before the next one is moved: begin with a fresh copy of a for every entry"
        if counts[0] == self.kept.size > 1:
            return "all entries are moved at once: move one, and leave the others where they are"
        if max(counts) > 1:
            return "a whole row is moved at once: range(len(a)) counts rows, and a[k] is a row. np.ndindex(a.shape) gives the index of every entry"
        if h is None:
            return ""
        sides = {np.sign(float(move.real.sum())) for move in moved}
        if sides != {1, -1}:
            if self.itself:
                return "what you move is a itself, so that the way back ends at a: `moved = a` makes no copy, a.copy() does"
            return f"f is never asked at {'a − h' if 1 in sides else 'a + h'}: {ONE_SIDE}"
        return "" if np.isclose(self.h, h, rtol=1e-3) else f"with h = {h:g} f is asked {self.h:g} away from a: walk h to both sides"


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
    raise Failed("the array a is not what it was: work on a copy, or put every entry back", "Looks like: b = a, which is a under a second name: write into b and a changes, too. b = a.copy() copies it")


def slope_is_right(space, name, f, a, allowed, *steps):
    """The learner's gradients of f at a. steps: every h for central differences; none for the complex step."""
    reference, slips = (central_difference, CENTRAL_SLIPS) if steps else (complex_step, COMPLEX_SLIPS)
    off, runs = "", []
    for h in steps or (None,):
        given = a.copy()
        watched = Watched(f, given)
        got = space[name](watched, given, *([h] if steps else []))
        require_untouched(given, a)
        taken = h or watched.h or 1e-30
        runs.append((got, reference(f, a, taken) if steps else reference(f, a), watched, taken))
    places = next((sentence for sentence in (run[2].looks_like(h) for run, h in zip(runs, steps or (None,))) if sentence), "")
    axes = ("row", "column")[: a.ndim] if a.ndim > 1 else ()
    for got, want, watched, _ in runs:
        try:
            off = require_same("slope", got, want, allowed, axes=axes)
        except Failed as failure:
            known = any(line.startswith("Looks like") for line in failure.lines)
            sentence = places or ("" if known else formula(runs, reference, slips, f, a))
            raise Failed(*failure.lines, *([f"Looks like: {sentence}"] if sentence else [])) from None
        if not watched.moves:
            raise Failed("the slope is right, but f was never called: find it with f alone, as for a function you do not know")
    return off


def formula(runs, reference, slips, f, a):
    """The slip that explains every run, or a factor that all slopes share; "" for none."""
    for slip in slips:
        made = slip.made_in(reference)
        if all(np.shape(got) == a.shape and agree(made(f, a, taken), got) for got, _, _, taken in runs):
            return slip.sentence
    ratios = np.concatenate([np.ravel(got) / np.ravel(want) for got, want, _, _ in runs if np.shape(got) == a.shape] or [[]])
    if ratios.size > 1 and np.isfinite(ratios).all() and np.allclose(ratios, ratios[0], rtol=1e-4) and abs(ratios[0] - 1) > 1e-3:
        return f"every slope is {ratios[0]:.3g} times the right one: divide by the way you went"
    if reference is complex_step and runs[0][2].h > LONG:
        return f"the step is too long: with h = {runs[0][2].h:g} an error of h² is left; with 1e-30 nothing is"
    return ""


def central_by_hand(space):
    return slope_is_right(space, "central_difference", cube, np.array([2.0]), EXACT, 1.0, 0.1)


def central_random(space):
    return slope_is_right(space, "central_difference", wavy, np.random.default_rng(0).normal(size=(2, 3)), 1e-7, 0.5, 1e-2, 1e-5)


def complex_by_hand(space):
    return slope_is_right(space, "complex_step", cube, np.array([2.0, 3.0]), 1e-14)


def complex_random(space):
    return slope_is_right(space, "complex_step", wavy, np.random.default_rng(1).normal(size=(3, 2)), 1e-13)


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
        Step("complex_step: x³ at 2 and at 3, which is 12 and 27", complex_by_hand, HINTS["sideways"]),
        Step("complex_step: six numbers, to thirteen digits", complex_random, HINTS["digits"]),
    ),
    reference={"central_difference": central_difference, "complex_step": complex_step},
    slips={"central_difference": CENTRAL_SLIPS, "complex_step": COMPLEX_SLIPS},
)  # fmt: skip
