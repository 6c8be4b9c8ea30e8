"""Two gradients held against each other, and what that needs: sizes, frozen rows, two derivatives."""

import warnings
from functools import partial

import numpy as np

from tinymm.backend import array_module, to_host
from tinymm.gradchecking import methods
from tinymm.gradchecking.report import Check

EXACT = 1e-12  # allowed by the complex step and the adjoint identity: rounding alone
CENTRAL = 1e-6  # allowed by central differences; their own error is about 1e-10, more where f bends strongly
STEPS = (0.1, 0.01, 10.0, 1e3, 1e5)  # times h: shorter where f bends strongly, longer where y rounds a away


def slopes(subject, arrays, name, take, y):
    """Derivatives by central differences and by the complex step. -> central, exact, note

    ``take(slope, f, arrays, name)`` collects them. exact is None, and the note says why, where forward takes
    no complex numbers or is not analytic. Where the two differ, central differences are tried with other
    steps: if one of them agrees with the complex step, forward is analytic, and h was no good there.
    """
    central = take(methods.central_difference, subject.output, arrays, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            exact = take(methods.complex_step, subject.output, arrays, name)
    except Exception:
        return central, None, f"{name}: no complex step, forward does not take complex numbers"
    rounding = 1e-8 * float(abs(y).max()) / max(float(abs(arrays[name]).max()), 1e-3)
    for step in (1.0, *STEPS) if exact.shape == central.shape else ():
        slope = partial(methods.central_difference, times=step)
        other = central if step == 1.0 else take(slope, subject.output, arrays, name)
        if float(abs(exact - other).max()) <= 1e-4 * float(abs(other).max()) + rounding:
            return other, exact, ""
    note = f"{name}: no complex step, forward is not analytic (a cast to real, an absolute value)"
    return central, None, note


def typical(dy, y, a):
    """A size below which a difference is rounding: a hundredth of how much dy·y changes when a doubles."""
    return float(abs(dy).max()) * float(abs(y).max()) / max(1.0, float(abs(a).max())) / 100


def thawed(subject, name, numbers, a):
    """Derivatives (or a direction) with zeros in a frozen row, which is meant to get no gradient."""
    if name not in subject.frozen:
        return numbers
    free = array_module(a).ones(a.shape)
    free[subject.frozen[name]] = 0
    return numbers * (free if numbers.shape == a.shape else free.ravel())


def normal(a, rng):
    """Standard normal numbers in the shape of a."""
    return array_module(a).asarray(rng.normal(size=a.shape))


def compare(name, method, got, want, allowed, size, direction=None):
    """The Check of two arrays; ``size`` is the least that differences are divided by."""
    got, want = (np.asarray(to_host(a)) for a in (got, want))
    difference = np.where(np.isfinite(got), abs(got - want), np.inf)
    size = max(float(abs(want).max()), size, 1e-300)
    index = np.unravel_index(difference.argmax(), difference.shape)
    return Check(
        name, method, float(difference.max() / size), allowed,
        tuple(map(int, index)), float(got[index]), float(want[index]),
        int((difference > allowed * size).sum()), difference.size, direction=direction,
    )  # fmt: skip
