"""Small subjects: every entry of every gradient by itself, and the Jacobian row by row."""

from functools import cached_property

import numpy as np

from tinymm.backend import array_module
from tinymm.gradchecking.comparing import (
    EXACT,
    central_allowed,
    compare,
    compare_or_round,
    normal,
    thawed,
)
from tinymm.gradchecking.differences import slopes
from tinymm.gradchecking.methods import EPSILON, jacobian
from tinymm.gradchecking.rounding import (
    GRAIN,
    largest,
    noise_of,
    shaken_complex_step,
    slopes_elsewhere,
    spread,
)


class Entries:
    """One place and one random dy: all that the gradients there are held to."""

    def __init__(self, subject, arrays, y, rng, epsilon=EPSILON):
        self.subject, self.arrays, self.y, self.rng, self.epsilon = subject, arrays, y, rng, epsilon
        self.dy = normal(y, rng)
        self.gradients = subject.gradients(arrays, self.dy)
        self.found, self.elsewhere, self.rescued = {}, {}, {}

    def checks(self):
        """The Checks of all arrays."""
        return [check for name in self.arrays for check in (*self.by_entry(name), self.by_row(name))]

    def notes(self):
        """What there is to say, after the checks."""
        told = [found.note for found in self.found.values() if found.note]
        return told + [
            f"{count} of {self.arrays[name].size} entries of {name} have a gradient so small that rounding"
            " shows (saturation, or terms that cancel): as far as float64 can tell they are right"
            for name, count in self.rescued.items()
            if count
        ]

    def slopes(self, name):
        """The Slopes in an array, once computed."""
        if name not in self.found:
            self.found[name] = slopes(self.subject.output, self.arrays, name, None, self.epsilon, self.noise)
        return self.found[name]

    def by_entry(self, name, central=True):
        """Checks of the gradient by central differences, and by the complex step where there is one."""
        a, dy, J = self.arrays[name], self.dy.ravel(), self.slopes(name)
        best, doubt = (thawed(self.subject, name, part, a) for part in (J.best, J.doubt))
        terms, allowed = abs(dy) @ abs(best), central_allowed(self.epsilon)
        rows = [("complex step", EXACT, J.exact, terms)] if J.exact is not None else []
        if central or J.exact is None:
            rows.insert(0, ("central differences", allowed, J.central, terms + abs(dy) @ doubt / allowed))
        for method, most, slope, size in rows:
            want = (dy @ thawed(self.subject, name, slope, a)).reshape(a.shape)
            floor = lambda: self.floor(name)  # noqa: E731
            yield self._judged(name, method, self.gradients[name], want, most, size.reshape(a.shape), floor)

    def by_row(self, name):
        """The Check of all ∂y/∂a, each output with a dy of its own."""
        xp, a, J = array_module(self.y), self.arrays[name], self.slopes(name)
        best, doubt = (thawed(self.subject, name, part, a) for part in (J.best, J.doubt))
        weights = self.weights[:, None]
        allowed = EXACT if J.exact is not None else central_allowed(self.epsilon)
        size = abs(weights) * (abs(best) if J.exact is not None else abs(best) + doubt / allowed)
        got = xp.stack([row[name].ravel() for row in self.rows])
        floor = lambda: self.row_floor(name)  # noqa: E731
        check = self._judged(name, "full Jacobian", got, weights * best, allowed, size, floor)
        row, column = check.index
        check.output = tuple(int(i) for i in np.unravel_index(row, self.y.shape))
        check.index = tuple(int(i) for i in np.unravel_index(column, a.shape))
        return check

    def _judged(self, name, *arguments):
        check, rescued = compare_or_round(name, *arguments)
        if arguments[0] != "full Jacobian":
            self.rescued[name] = max(self.rescued.get(name, 0), rescued)
        return check

    @cached_property
    def noise(self):
        return noise_of(self.subject.output, self.arrays, self.y, self.epsilon)

    @cached_property
    def weights(self):
        return array_module(self.y).asarray(self.rng.normal(size=self.y.size))

    @cached_property
    def rows(self):
        return self._rows(self.arrays, self.weights)

    def _rows(self, arrays, weights):
        """The gradients for a dy that is zero but for one output, one dict for each output."""
        y, cache = self.subject.forward(arrays)
        unit = array_module(y).eye(y.size)
        return [self.subject.backward((w * row).reshape(y.shape), cache) for w, row in zip(weights, unit)]

    def floor(self, name):
        """What rounding may do to the gradient for dy, and to what it is held to."""
        by_slopes = abs(self.dy).ravel() @ self.rounding_of_slopes(name)
        return by_slopes.reshape(self.arrays[name].shape) + self.spread_of_gradients[name]

    def row_floor(self, name):
        """The same for every row of the Jacobian."""
        return abs(self.weights)[:, None] * self.rounding_of_slopes(name) + self.spread_of_rows[name]

    def rounding_of_slopes(self, name):
        """What rounding may do to each ∂y/∂a: some ε of what it is at ordinary places, and its own spread."""
        return GRAIN * self.epsilon * self.elsewhere_of(name) + self.spread_of_slopes(name)

    def spread_of_slopes(self, name):
        """How the complex step's own numbers change by rounding. Central differences have their doubt."""
        if self.slopes(name).exact is None:
            return 0.0
        at = lambda arrays, _: {  # noqa: E731
            name: jacobian(shaken_complex_step(self.rng), self.subject.output, arrays, name)
        }
        return spread(at, self.arrays, self.dy, self.rng, self.epsilon, largest(self.gradients))[name]

    def elsewhere_of(self, name):
        """The largest |∂y/∂a| at ordinary places, without frozen rows."""
        if name not in self.elsewhere:
            at = lambda place: slopes(self.subject.output, place, name, None, self.epsilon).best  # noqa: E731
            here = self.slopes(name).best
            there = slopes_elsewhere(at, self.arrays, name, here)
            self.elsewhere[name] = thawed(self.subject, name, there, self.arrays[name])
        return self.elsewhere[name]

    @cached_property
    def spread_of_gradients(self):
        return spread(
            self.subject.gradients, self.arrays, self.dy, self.rng, self.epsilon, largest(self.gradients)
        )

    @cached_property
    def spread_of_rows(self):
        def stacked(arrays, weights):
            rows, xp = self._rows(arrays, weights), array_module(self.y)
            return {name: xp.stack([row[name].ravel() for row in rows]) for name in arrays}

        return spread(
            stacked, self.arrays, self.weights, self.rng, self.epsilon, largest(self.gradients)
        )


def zero_upstream(subject, arrays, y):
    """dy = 0 must give exact zeros."""
    gradients = subject.gradients(arrays, array_module(y).zeros(y.shape))
    return [compare(k, "dy = 0", g, array_module(g).zeros(g.shape), 0.0, 1.0) for k, g in gradients.items()]
