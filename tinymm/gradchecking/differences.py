"""Derivatives of one array, each with its doubt: how far it may be off by itself.

The error of a central difference is curvature times h², and rounding divided by h. No single h is good for
every output: near a kink it must be short, where y is large beside what moves it must be long. So a ladder of
steps is tried, and each output keeps the step that agrees best with the next shorter one. The doubt is that
disagreement, plus the rounding of y over h. Source: Ridders, Advances in Engineering Software 4, 1982; Press
et al., Numerical Recipes, 3rd ed., section 5.7.
"""

import contextlib
import warnings
from dataclasses import dataclass
from functools import partial

import numpy as np

from tinymm.backend import array_module
from tinymm.gradchecking import methods
from tinymm.gradchecking.methods import EPSILON, central_difference, complex_step, step, units
from tinymm.gradchecking.rounding import noise_of

LADDER = (1e5, 1e4, 1e3, 1e2, 10.0, 1.0, 0.1, 1e-2, 1e-3, 1e-4)  # times h
SINGLE = float(np.finfo(np.float32).eps)
ALIKE = 1e-4  # the most by which the complex step and a good central difference differ
NOT_ANALYTIC = "{}: no complex step, forward is not analytic (a cast to real, an absolute value)"


@dataclass
class Slopes:
    """Derivatives by central differences, their doubt, and by the complex step, None where there is none.

    All have the shape that ``take`` in ``slopes`` gives; ``note`` says why ``exact`` is None.
    """

    central: np.ndarray
    doubt: np.ndarray
    exact: np.ndarray | None = None
    note: str = ""

    @property
    def best(self):
        return self.central if self.exact is None else self.exact


def careful_difference(f, arrays, name, v, noise, epsilon=EPSILON):
    """The derivative along v and its doubt, both shaped like y and its noise; each output by its own step.

    Two steps will do where they agree, or where an output moves neither then nor by the longest step.
    """
    xp, found = array_module(noise), (None, None)
    for ladder in ((LADDER[0], 1.0, 0.1), LADDER):
        rungs = list(_rungs(f, arrays, name, v, noise.shape, ladder, epsilon))
        still = xp.ones(noise.shape, dtype=bool)
        for _, slope in rungs:
            still &= slope == 0
        slope, doubt = _best_rung(rungs if ladder is LADDER else rungs[-2:], noise)
        found = slope, xp.where(still, 0, doubt)
        if bool((still | (doubt <= 1e-7 * abs(slope))).all()):
            break
    return found


def _rungs(f, arrays, name, v, shape, ladder, epsilon):
    """(h, slope) for each step of a ladder that forward does not refuse."""
    for times in ladder:
        with contextlib.suppress(Exception):
            slope = central_difference(f, arrays, name, v, times, epsilon).astype(np.float64)
            if slope.shape == shape:
                yield step(arrays[name], v, times, epsilon), slope


def _best_rung(rungs, noise):
    """For each output the slope that agrees best with the next one, and the doubt: NaN, infinity without any.

    Good agreement is a share of the slope (slopes of several steps may differ by magnitudes), poor agreement
    an amount.
    """
    xp, shape = array_module(noise), noise.shape
    best, doubt, least = xp.full(shape, np.nan), xp.full(shape, np.inf), xp.full(shape, np.inf)
    largest = xp.full(shape, 1e-300)
    for _, slope in rungs:
        largest = xp.fmax(largest, xp.where(xp.isfinite(slope), abs(slope), 0))
    for (h, slope), (_, shorter) in zip(rungs, rungs[1:]):
        off = 1.2 * abs(slope - shorter) + noise / h
        share = off / xp.where(slope == 0, largest, abs(slope))
        score = xp.where(share < 0.1, share, 1 + off / largest)
        better = score < least  # never for NaN
        best, doubt, least = (
            xp.where(better, new, old) for new, old in ((slope, best), (off, doubt), (score, least))
        )
    return best, doubt


def careful_jacobian(f, arrays, name, noise, epsilon=EPSILON):
    """All derivatives and their doubts, one column for each entry of the array: two of (y.size, a.size)."""
    found = [careful_difference(f, arrays, name, v, noise, epsilon) for v in units(arrays[name])]
    return tuple(array_module(noise).stack([pair[k].ravel() for pair in found], axis=1) for k in (0, 1))


def exact_slopes(f, arrays, name, take):
    """Derivatives by the complex step, or None where forward takes no complex numbers."""
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        return take(complex_step, f, arrays, name)


def slopes(f, arrays, name, v=None, epsilon=EPSILON, noise=None):
    """The Slopes of f, arrays -> y, in one array: along v, or, without v, the whole Jacobian.

    noise is that of ``noise_of``, if it is known already.

    Where complex step and central differences disagree, the careful ones decide: if those agree, forward is
    analytic and h was no good; if not, the complex step is dropped.
    """
    noise = noise_of(f, arrays, f(arrays), epsilon) if noise is None else noise
    if v is None:
        take, careful = methods.jacobian, partial(careful_jacobian, f, arrays, name, noise, epsilon)
    else:
        take, careful = partial(_along, v), partial(careful_difference, f, arrays, name, v, noise, epsilon)
    if epsilon > EPSILON:
        return Slopes(*careful(), None, f"{name}: no complex step, forward computes in too few digits for it")
    exact = exact_slopes(f, arrays, name, take)
    if exact is None:
        return Slopes(*careful(), None, f"{name}: no complex step, forward does not take complex numbers")
    if not bool(array_module(exact).isfinite(exact).all()):
        return Slopes(*careful(), None, f"{name}: no complex step, it overflows here")
    central = take(central_difference, f, arrays, name)
    rounding = _over_h(noise, arrays[name], v)
    if exact.shape != central.shape:
        return Slopes(*careful(), None, NOT_ANALYTIC.format(name))
    if bool((abs(exact - central) > ALIKE * abs(exact) + rounding).any()):
        central, doubt = careful()
        allowed = ALIKE * (abs(exact) + abs(central)) + 4 * doubt + rounding / LADDER[0]
        if bool((abs(exact - central) > allowed).any()):
            return Slopes(central, doubt, None, NOT_ANALYTIC.format(name))
    return Slopes(central, 2 * abs(exact - central), exact)


def _along(v, slope, f, arrays, name):
    return slope(f, arrays, name, v)


def _over_h(noise, a, v):
    """noise / h, shaped like the Slopes along v, or like those of the whole Jacobian."""
    if v is not None:
        return noise / step(a, v)
    return noise.ravel()[:, None] / array_module(noise).asarray([step(a, unit) for unit in units(a)])


def precision(f, arrays, y, rng):
    """ε of the numbers that forward computes with: that of float32 where it falls to those on the way.

    Then an array rounded to float32 gives the same y, bit for bit, at every place, and other places give another.
    """
    own = float(np.finfo(y.dtype).eps)
    if own > EPSILON:
        return own
    for name, a in arrays.items():
        push = 1e-5 * a * array_module(a).asarray(rng.uniform(1, 2, a.shape))
        with contextlib.suppress(Exception):  # a forward that refuses numbers nearby tells nothing
            if all(_deaf(f, arrays, name, a + n * push) for n in range(1, 5)):
                moved = abs(f(methods.changed(arrays, name, a + push)) - y)
                if bool((moved > 1e-11 * abs(y)).any()):
                    return SINGLE
    return own


def _deaf(f, arrays, name, a):
    """True when float32 is as good as float64 for the array ``name`` at a."""
    places = (a, a.astype(np.float32).astype(np.float64))
    one, other = (f(methods.changed(arrays, name, place)) for place in places)
    return bool((one == other).all())
