"""The gradient check: every array by every method that applies, for random normal upstream gradients."""

import inspect
import warnings

import numpy as np

from tinymm.backend import array_module
from tinymm.errors import TinymmError
from tinymm.gradchecking import methods
from tinymm.gradchecking.comparing import CENTRAL, EXACT, compare, normal, slopes, thawed, typical
from tinymm.gradchecking.kinks import away_from_kinks
from tinymm.gradchecking.layer_subject import LayerSubject
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
    if y.dtype.itemsize < 8:
        notes.append(f"forward computes in {y.dtype}: keep x.dtype")
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
    f, small = subject.output, is_small(subject, y)
    directions = None if small else drawn(subject, rng)
    arrays, notes = away_from_kinks(f, subject.arrays, rng, directions)
    if not small:
        notes.append(
            f"more than {SMALL} numbers: not the whole Jacobian, but {DIRECTIONS} random directions for each"
            " array"
        )
    checks = _zero_upstream(subject, arrays, y) + (_whole if small else _sampled)(
        subject, arrays, y, rng, notes, directions
    )
    for name in arrays:
        if methods.is_linear(f, arrays, name, rng):
            u = thawed(subject, name, normal(arrays[name], rng), arrays[name])
            left, right, size = methods.adjoint_sides(f, subject.gradients, arrays, name, u, rng)
            checks.append(compare(name, "adjoint identity", right, left, EXACT, size))
    order = list(arrays)
    return arrays, sorted(checks, key=lambda check: order.index(check.array)), notes


def _zero_upstream(subject, arrays, y):
    """dy = 0 must give exact zeros."""
    gradients = subject.gradients(arrays, array_module(y).zeros(y.shape))
    return [compare(k, "dy = 0", g, array_module(g).zeros(g.shape), 0.0, 1.0) for k, g in gradients.items()]


def _whole(subject, arrays, y, rng, notes, _):
    """Every entry of every array by central differences and complex step, and the Jacobian row by row."""
    xp, dy = array_module(y), normal(y, rng)
    gradients = subject.gradients(arrays, dy)
    weights = xp.asarray(rng.normal(size=y.size))
    rows = [
        subject.gradients(arrays, (weights[k] * unit).reshape(y.shape))
        for k, unit in enumerate(xp.eye(y.size))
    ]
    checks = []
    for name, a in arrays.items():
        size = typical(dy, y, a)
        central, exact, note = slopes(subject, arrays, name, methods.jacobian, y)
        notes += [note] if note else []
        best, allowed = central, CENTRAL
        central = thawed(subject, name, central, a)
        want = (dy.ravel() @ central).reshape(a.shape)
        checks.append(compare(name, "central differences", gradients[name], want, CENTRAL, size))
        if exact is not None:
            best, allowed = thawed(subject, name, exact, a), EXACT
            true = (dy.ravel() @ best).reshape(a.shape)
            # more than CENTRAL only where f bends very strongly
            checks[-1].allowed = max(CENTRAL, 2 * compare(name, "", want, true, 0.0, size).error)
            checks.append(compare(name, "complex step", gradients[name], true, EXACT, size))
        got = xp.stack([row[name].ravel() for row in rows])
        check = compare(name, "full Jacobian", got, weights[:, None] * best, allowed, size)
        row, column = check.index
        check.output = tuple(int(i) for i in np.unravel_index(row, y.shape))
        check.index = tuple(int(i) for i in np.unravel_index(column, a.shape))
        checks.append(check)
    return checks


def _sampled(subject, arrays, y, rng, notes, directions):
    """Random directions, for each array by itself: in one joint direction a small bias would hide."""
    checks, told = [], set()
    for name in arrays:
        found = {"central differences": [], "complex step": []}
        for k, v in enumerate(directions[name], 1):
            dy = normal(y, rng)
            v = thawed(subject, name, v, v)
            g = subject.gradients(arrays, dy)[name]
            take = lambda slope, f, a, n, v=v: slope(f, a, n, v)  # noqa: E731
            central, exact, note = slopes(subject, arrays, name, take, y)
            told |= {note} - {""}
            got, size = float((g * v).sum()), float(abs(g * v).sum() + abs(dy * central).sum())
            want = float((dy * central).sum())
            check = compare(name, "central differences", got, want, CENTRAL, size, direction=k)
            found[check.method].append(check)
            if exact is not None:
                true = float((dy * exact).sum())
                check.allowed = max(CENTRAL, 2 * compare(name, "", want, true, 0.0, size).error)
                check = compare(name, "complex step", got, true, EXACT, size, direction=k)
                found[check.method].append(check)
        for group in filter(None, found.values()):
            worst = max(group, key=lambda check: check.error / check.allowed)
            worst.wrong, worst.size = sum(not check.passed for check in group), len(group)
            checks.append(worst)
    notes += sorted(told)
    return checks
