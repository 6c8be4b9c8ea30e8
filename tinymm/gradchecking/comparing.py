"""Two gradients held against each other, entry by entry.

The error of an entry is its difference divided by the size of the terms it is a sum of, Σ|dy·∂y/∂a|. No other
entry counts: a wrong gradient of 1e-20 among right ones of 1e+20 is as wrong as any.
"""

import numpy as np

from tinymm.backend import array_module, to_host
from tinymm.gradchecking.methods import EPSILON
from tinymm.gradchecking.report import Check

EXACT = 1e-12  # allowed by the complex step and the adjoint identity: rounding alone
CENTRAL = 1e-6  # allowed by central differences, on top of their own doubt
CENTRAL_SINGLE = 1e-3  # the same where forward computes in float32


def central_allowed(epsilon):
    """The error that central differences allow, for numbers with this ε."""
    return CENTRAL if epsilon <= EPSILON else CENTRAL_SINGLE


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
    """The Check of two arrays; ``size``, one number for each entry or for all, is what differences are
    divided by."""
    got, want, size = (np.asarray(to_host(a)) for a in (got, want, size))
    difference = np.where(np.isfinite(got), abs(got - want), np.inf)
    size = np.where(np.isfinite(size), np.maximum(size, 1e-300), 1e-300)
    error = np.where(difference == 0, 0.0, difference / size)
    index = np.unravel_index(error.argmax(), error.shape)
    return Check(
        name, method, float(error[index]), allowed,
        tuple(map(int, index)), float(got[index]), float(want[index]),
        int((error > allowed).sum()), difference.size, direction=direction,
    )  # fmt: skip


def compare_or_round(name, method, got, want, allowed, terms, floor):
    """The Check of two arrays, for which rounding counts only if they are not alike without. -> it, rescued

    terms is the size of each entry's terms, floor() what float64 cannot tell of it; rescued is the number of
    entries that are right thanks to the floor alone.
    """
    strict = compare(name, method, got, want, allowed, terms)
    if strict.passed:
        return strict, 0
    check = compare(name, method, got, want, allowed, terms + floor() / allowed)
    return check, strict.wrong - check.wrong
