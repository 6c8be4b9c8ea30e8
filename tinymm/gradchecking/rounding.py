"""How well float64 can tell a gradient: below that, a difference is rounding and no mistake.

An entry of a gradient is a sum of terms dy·∂y/∂a, and is right to a few ε of what these terms are in size:
that is the first measure, and most gradients meet it. Two kinds of right code do not:

- formulas like 1 − y² or p − t near saturation. They subtract numbers of order one and leave almost nothing,
  rounded as the large numbers were. So an entry may be off by GRAIN ε of its terms at ordinary places, where
  the layer is not saturated; and by GRAIN ε² of the largest there, as behind two saturations.
- sums that cancel inside, as for a bias in front of BatchNorm, whose gradient is zero. They change when all
  that goes in changes by a few ε: an entry may be off by some times that change, which is measured.
"""

import contextlib

import numpy as np

from tinymm.backend import array_module
from tinymm.gradchecking.methods import COMPLEX_STEP, EPSILON, changed, complex_step

GRAIN = 64  # in ε
NUDGES = 4
SPREAD = 8  # times the largest change
CHAOS = 1e-9  # of the largest gradient: what changes by more than this is not rounding


def ordinary_places(arrays, name):
    """Places where a layer is hardly ever saturated: numbers within ±1, the array small, or all small."""
    within = {k: a.clip(-1, 1) for k, a in arrays.items()}
    yield within
    yield changed(arrays, name, 0.01 * within[name])
    yield changed(within, name, 0.01 * within[name])
    yield {k: 0.01 * a for k, a in within.items()}


def slopes_elsewhere(slopes_at, arrays, name, like):
    """The largest |slope| at the ordinary places, by ``slopes_at(arrays)``; shaped like ``like``."""
    xp, found = array_module(like), 0 * abs(like)
    for place in ordinary_places(arrays, name):
        with contextlib.suppress(Exception):  # a forward may refuse small numbers
            there = abs(slopes_at(place))
            if there.shape == like.shape:
                found = xp.maximum(found, xp.where(xp.isfinite(there), there, 0))
    return found + EPSILON * found.max()


def largest(gradients):
    """The largest number in all gradients of a dict."""
    return max((float(abs(g).max()) for g in gradients.values()), default=0.0)


def spread(results_at, arrays, dy, rng, epsilon, most):
    """{name: change of every result} when arrays and dy change by a few ε; results_at(arrays, dy).

    ``most`` is the largest gradient: a result that changes by more than CHAOS of it does not do so by rounding.
    """
    here = results_at(arrays, dy)
    widest = {k: 0 * abs(g) for k, g in here.items()}
    for _ in range(NUDGES):
        nudged = {k: _nudged(a, rng, epsilon) for k, a in arrays.items()}
        for k, g in results_at(nudged, _nudged(dy, rng, epsilon)).items():
            xp = array_module(g)
            widest[k] = xp.fmax(widest[k], xp.fmin(SPREAD * abs(g - here[k]), CHAOS * most))
    return widest


def noise_of(f, arrays, y, epsilon):
    """How far rounding may move each output: by a few ε of it here or at ordinary places, or by what it does
    when arrays change so. A sure cross-entropy of 1e-14 is log(1 + 1e-14), and rounded as the 1 is."""
    xp, rng, size, change = array_module(y), np.random.default_rng(0), abs(y), 0 * abs(y)
    within = {k: a.clip(-1, 1) for k, a in arrays.items()}
    for place in (within, {k: 0.01 * a for k, a in within.items()}):
        with contextlib.suppress(Exception):  # a forward may refuse small numbers
            there = abs(f(place))
            size = xp.maximum(size, xp.where(xp.isfinite(there), there, 0))
    for _ in range(NUDGES):
        with contextlib.suppress(Exception):  # or numbers next to its own
            nudged = f({k: _nudged(a, rng, epsilon) for k, a in arrays.items()})
            change = xp.fmax(change, 2 * abs(nudged - y))
    return xp.maximum(4 * epsilon * size, change)


def shaken_complex_step(rng):
    """The complex step with another h each time, which changes how the imaginary parts round."""
    return lambda *arguments: complex_step(*arguments, h=COMPLEX_STEP * rng.uniform(0.5, 1.5))


def _nudged(a, rng, epsilon):
    return a * (1 + 2 * epsilon * array_module(a).asarray(np.clip(rng.normal(size=a.shape), -2, 2)))
