"""Large subjects: each array along random directions, one array at a time.

In one joint direction of all arrays a small bias would hide. Among the entries of one array the large hide the
small as well: so the complex step, which no step is too long for, also takes directions in which every entry
weighs the same. Where there is no complex step, entries with gradients of one size take turns.
"""

from functools import cached_property

import numpy as np

from tinymm.backend import array_module, to_host
from tinymm.gradchecking.comparing import EXACT, central_allowed, compare_or_round, normal, thawed
from tinymm.gradchecking.differences import slopes
from tinymm.gradchecking.methods import EPSILON, complex_step
from tinymm.gradchecking.rounding import (
    GRAIN,
    largest,
    noise_of,
    ordinary_places,
    shaken_complex_step,
    spread,
)

EVEN = 2  # directions in which every entry weighs the same
GROUPS = 12  # of entries with gradients of one size, at most


class Directions:
    """One place: all that the gradients there are held to, along ``directions`` {name: [v, ...]}."""

    def __init__(self, subject, arrays, y, rng, directions, epsilon=EPSILON):
        self.subject, self.arrays, self.y, self.rng = subject, arrays, y, rng
        self.directions, self.epsilon, self.told = directions, epsilon, set()

    def checks(self):
        """The Checks of all arrays."""
        return [check for name in self.arrays for check in self.of(name)]

    def notes(self):
        """What there is to say, after the checks."""
        return sorted(self.told)

    def of(self, name):
        """The worst Check of an array by each method."""
        found, dys = {}, [normal(self.y, self.rng) for _ in self.directions[name]]
        for k, (v, dy) in enumerate(zip(self.directions[name], dys), 1):
            for check in self._along(name, v, dy, k):
                found.setdefault(check.method, []).append(check)
        worst = [_worst(group) for group in found.values()]
        if "complex step" not in found:
            return [*worst, self._of_one_size(name, dys[0])]
        return [*worst, _worst(list(self.even(name)))]

    def exact(self, name):
        """Checks by the complex step alone, along random directions."""
        for k, v in enumerate(self.directions[name], 1):
            v, dy = thawed(self.subject, name, v, v), normal(self.y, self.rng)
            J = complex_step(self.subject.output, self.arrays, name, v)
            yield self._check("complex step", name, v, dy, J, EXACT, k, abs(dy * J).sum(), exact=True)

    def even(self, name):
        """Checks by the complex step along directions in which every entry weighs the same."""
        dys = [normal(self.y, self.rng) for _ in range(EVEN + 1)]
        size = self._sizes(name, dys)
        for k, dy in enumerate(dys[:EVEN], 1):
            v = thawed(self.subject, name, normal(size, self.rng) / size, size)
            J = complex_step(self.subject.output, self.arrays, name, v)
            terms = abs(v * size).sum()
            yield self._check("complex step, even", name, v, dy, J, EXACT, k, terms, exact=True)

    def _check(self, method, name, v, dy, slope, allowed, k, terms, off=0.0, exact=False):
        """The Check of dy·slope against the gradient for dy along v."""
        g = self.subject.gradients(self.arrays, dy)[name]
        size = abs(g * v).sum() if allowed == EXACT else total(g * v)
        terms = float(size) + float(terms) + off / allowed
        got, want = float((g * v).sum()), float((dy * slope).sum())
        floor = lambda: self._noise(name, v, dy if exact else None)  # noqa: E731
        check, _ = compare_or_round(name, method, got, want, allowed, terms, floor)
        check.direction = k
        return check

    def _along(self, name, v, dy, k):
        """Checks along one direction for one dy, by central differences and the complex step."""
        v = thawed(self.subject, name, v, v)
        J = slopes(self.subject.output, self.arrays, name, v, self.epsilon, self.noise)
        self.told |= {J.note} - {""}
        exact, most, off = J.exact is not None, central_allowed(self.epsilon), float((abs(dy) * J.doubt).sum())
        terms = total(dy * J.best)
        yield self._check("central differences", name, v, dy, J.central, most, k, terms, off, exact)
        if exact:
            terms = abs(dy * J.best).sum()
            yield self._check("complex step", name, v, dy, J.exact, EXACT, k, terms, exact=True)

    def _of_one_size(self, name, dy):
        """The Check along directions of entries with gradients of one size each, by central differences."""
        g, allowed, rows = self.subject.gradients(self.arrays, dy)[name], central_allowed(self.epsilon), []
        for k, part in enumerate(sizes_of(g), 1):
            v = thawed(self.subject, name, part * normal(g, self.rng), g)
            J = slopes(self.subject.output, self.arrays, name, v, self.epsilon, self.noise)
            terms, off = total(dy * J.best), float((abs(dy) * J.doubt).sum())
            rows.append(self._check("entries of one size", name, v, dy, J.central, allowed, k, terms, off))
        return _worst(rows)

    def _noise(self, name, v, dy=None):
        """What rounding may do to a gradient's slope along v, and, for a dy, to the complex step's."""
        noise = float((abs(v) * self.spread[name]).sum())
        if dy is None:
            return noise
        at = lambda arrays, _: {  # noqa: E731
            name: shaken_complex_step(self.rng)(self.subject.output, arrays, name, v)
        }
        there = spread(at, self.arrays, dy, self.rng, self.epsilon, self.most * float(abs(v).max()))
        return noise + float((abs(dy) * there[name]).sum())

    def _sizes(self, name, dys):
        """The size of each entry of a gradient, at least what rounding is a 1e-12th part of; never zero."""
        gradients = [abs(self.subject.gradients(self.arrays, dy)[name]) for dy in dys]
        xp = array_module(*gradients)
        floor = self.spread[name]
        for place in ordinary_places(self.arrays, name):
            try:
                there = abs(self.subject.gradients(place, dys[0])[name])
            except Exception:  # a forward may refuse small numbers
                continue
            floor = floor + GRAIN * self.epsilon * xp.where(xp.isfinite(there), there, 0)
        size = xp.maximum(xp.stack(gradients).max(axis=0), floor / EXACT)
        smallest = xp.where(size > 0, size, np.inf).min()
        return xp.where(size > 0, size, smallest if bool(xp.isfinite(smallest)) else 1.0)

    @cached_property
    def noise(self):
        return noise_of(self.subject.output, self.arrays, self.y, self.epsilon)

    @cached_property
    def most(self):
        """The largest number of all gradients."""
        return largest(self.subject.gradients(self.arrays, normal(self.y, self.rng)))

    @cached_property
    def spread(self):
        dy = normal(self.y, self.rng)
        return spread(self.subject.gradients, self.arrays, dy, self.rng, self.epsilon, self.most)


def total(terms):
    """The size of a sum whose terms are off independently of each other: the root of the sum of their squares."""
    return (terms * terms).sum() ** 0.5


def sizes_of(g):
    """Masks of the entries of g that are alike in size, from the smallest on; zeros come first."""
    size = abs(np.asarray(to_host(g)))
    digits = np.floor(np.log10(np.where(size > 0, size, 1)))
    low, high = digits[size > 0].min(initial=0), digits[size > 0].max(initial=0)
    group = np.where(size > 0, (digits - low) // max(np.ceil((high - low + 1) / GROUPS), 1), -1)
    return [array_module(g).asarray(group == n) for n in np.unique(group)]


def _worst(group):
    """The worst of several Checks, which then counts how many of them are wrong."""
    worst = max(group, key=lambda check: check.error / check.allowed)
    worst.wrong, worst.size = sum(not check.passed for check in group), len(group)
    return worst
