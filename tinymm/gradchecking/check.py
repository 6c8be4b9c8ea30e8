"""The gradient check: every array by every method that applies, for random normal upstream gradients."""

import inspect
import warnings

import numpy as np

from tinymm.errors import TinymmError
from tinymm.gradchecking import methods
from tinymm.gradchecking.along import Directions
from tinymm.gradchecking.comparing import EXACT, compare, normal, thawed
from tinymm.gradchecking.differences import precision
from tinymm.gradchecking.entries import Entries, zero_upstream
from tinymm.gradchecking.kinks import away_from_kinks
from tinymm.gradchecking.layer_subject import LayerSubject
from tinymm.gradchecking.methods import EPSILON
from tinymm.gradchecking.report import Report
from tinymm.gradchecking.smallest import DIRECTIONS, SMALL, drawn, is_small, smallest
from tinymm.gradchecking.subject import LossSubject, PairSubject, probe


def gradcheck(subject, x, params=None, *, options=None, training=False, mask=None, seed=0, name=None):
    """Check hand-written gradients to the limit of double precision. -> Report, true when all are right

    - subject: a layer or model (anything with ``forward(x) -> (y, cache)`` and
      ``backward(dy, cache) -> (dx, grads)``), two functions ``(dense_forward, dense_backward)``, or a loss.
    - x: its input, NumPy or CuPy: an array, a dict of arrays for a model with branches, a tuple ``(x, W, b)``
      for a pair, ``(pred, target)`` for a loss. Whole numbers are token ids and have no gradient.
    - params: values for a layer's parameters by name, or more arrays of a pair.
    - options: further keyword arguments of a pair's forward.
    - training, mask: go to a layer's forward, together with an rng of the same ``seed`` at every call, so
      that Dropout draws the same numbers.

    Raises TinymmError for what cannot be checked: a pass that fails, wrong shapes, NaN, a forward that is
    different every time or writes to its input.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        problem = as_subject(subject, x, params, options, training, mask, seed, name)
        return report_on(problem, seed)


def as_subject(subject, x, params=None, options=None, training=False, mask=None, seed=0, name=None):
    """Whatever can be checked, as a Subject."""
    if isinstance(subject, (tuple, list)) and len(subject) == 2 and all(map(callable, subject)):
        return PairSubject(subject, x, params, options, name)
    for method in ("forward", "backward"):
        if not callable(getattr(subject, method, None)):
            what = name or type(subject).__name__
            raise TinymmError(
                f"{what} has no {method}: gradcheck wants forward(x) -> (y, cache) and backward(dy, cache)"
            )
    if isinstance(subject, type):
        raise TinymmError(
            f"{subject.__name__} is a class: give gradcheck a layer made of it, {subject.__name__}(...)"
        )
    if len(inspect.signature(subject.backward).parameters) == 1:
        parameters = inspect.signature(subject.forward).parameters.values()
        if [p.kind for p in parameters if p.default is p.empty] == [inspect.Parameter.POSITIONAL_OR_KEYWORD]:
            what = name or type(subject).__name__
            raise TinymmError(f"backward of {what} takes 1 argument: it needs (dy, cache)")
        return LossSubject(subject, x, name)
    return LayerSubject(subject, x, params, training, mask, seed, name)


def report_on(subject, seed=0):
    """The Report on a Subject, with the smallest failing shape when it fails."""
    rng = np.random.default_rng(seed)
    y = probe(subject, rng)
    if not subject.arrays:
        kinds = ", ".join(f"{k} holds {a.dtype}" for k, a in subject.fixed.items())
        raise TinymmError(
            f"{subject.name} has nothing to check: {kinds}; gradients need floating point, x.astype(float)"
        )
    subject.arrays, checks, notes = _run(subject, y, rng)
    report = Report(
        subject.name, {k: tuple(a.shape) for k, a in {**subject.fixed, **subject.arrays}.items()}, checks,
        [*subject.notes, *notes],
    )  # fmt: skip
    if not report:
        report.least = smallest(subject, report.failures, seed)
        report.smallest = {k: tuple(a.shape) for k, a in report.least.items()}
        if any(check.direction for check in report.failures):
            report.entries = _entries(subject, report, seed)
    return report


def _entries(subject, report, seed):
    """The failures on the smallest input, entry by entry, of arrays that failed along directions."""
    least, rng = subject.with_inputs(report.least), np.random.default_rng(seed)
    y, failing = probe(least, rng), {check.array for check in report.failures}
    checks = _run(least, y, rng)[1] if is_small(least, y) else []
    return [check for check in checks if check.array in failing and not check.passed]


def _run(subject, y, rng):
    """All checks at a place without kinks. -> that place, Checks, notes"""
    f, small = subject.output, is_small(subject, y)
    epsilon = precision(f, subject.arrays, y, rng)
    directions = None if small else drawn(subject, rng)
    arrays, notes = away_from_kinks(f, subject.arrays, rng, directions, epsilon=epsilon)
    y = f(arrays)
    if not small:
        notes.append(
            f"more than {SMALL} numbers: not the whole Jacobian, but {DIRECTIONS} random directions for each"
            " array"
        )
    if epsilon > EPSILON:
        notes.append(f"forward computes in {_kind(y)}: three digits are checked; for twelve keep x.dtype")
    held = Entries(subject, arrays, y, rng, epsilon) if small else Directions(
        subject, arrays, y, rng, directions, epsilon
    )  # fmt: skip
    checks = zero_upstream(subject, arrays, y) + held.checks()
    for name in arrays:
        if methods.is_linear(f, arrays, name, rng):
            u = thawed(subject, name, normal(arrays[name], rng), arrays[name])
            left, right, size = methods.adjoint_sides(f, subject.gradients, arrays, name, u, rng)
            checks.append(compare(name, "adjoint identity", right, left, EXACT, size))
    order = list(arrays)
    return arrays, sorted(checks, key=lambda check: order.index(check.array)), notes + held.notes()


def _kind(y):
    return y.dtype if y.dtype.itemsize < 8 else "float32 somewhere"
