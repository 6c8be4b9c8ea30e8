"""The gradient check: every array by every method that applies, for random normal upstream gradients."""

import inspect
import warnings

import numpy as np

from tinymm.backend import array_module, to_host
from tinymm.errors import TinymmError
from tinymm.gradchecking import methods
from tinymm.gradchecking.kinks import away_from_kinks
from tinymm.gradchecking.layer_subject import LayerSubject
from tinymm.gradchecking.report import Check, Report
from tinymm.gradchecking.shrinking import shrink
from tinymm.gradchecking.subject import LossSubject, PairSubject, probe

EXACT = 1e-12  # allowed by the complex step and the adjoint identity: rounding alone
CENTRAL = 1e-6  # allowed by central differences; their own error is about 1e-10, more where f bends strongly
SMALL = 800  # numbers in inputs, parameters and outputs, up to which the whole Jacobian is checked
DIRECTIONS = 4  # random directions for each larger array


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
        report.smallest = _smallest(subject, {c.array for c in report.failures}, seed)
    return report


def _run(subject, y, rng):
    small = sum(a.size for a in subject.arrays.values()) + y.size <= SMALL
    f = subject.output
    directions = (
        None
        if small
        else {k: [_normal(a, rng) for _ in range(DIRECTIONS)] for k, a in subject.arrays.items()}
    )
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
            u = _thawed(subject, name, _normal(arrays[name], rng), arrays[name])
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
    xp, dy = array_module(y), _normal(y, rng)
    gradients = subject.gradients(arrays, dy)
    weights = xp.asarray(rng.normal(size=y.size))
    rows = [
        subject.gradients(arrays, (weights[k] * unit).reshape(y.shape))
        for k, unit in enumerate(xp.eye(y.size))
    ]
    checks = []
    for name, a in arrays.items():
        size = _typical(dy, y, a)
        central = methods.jacobian(methods.central_difference, subject.output, arrays, name)
        exact = _analytic(subject, arrays, name, central, y, methods.jacobian, notes)
        central = _thawed(subject, name, central, a)
        want = (dy.ravel() @ central).reshape(a.shape)
        checks.append(compare(name, "central differences", gradients[name], want, CENTRAL, size))
        if exact is not None:
            exact = _thawed(subject, name, exact, a)
            own_error = compare(name, "", want, (dy.ravel() @ exact).reshape(a.shape), 0.0, size).error
            checks[-1].allowed = max(
                CENTRAL, 2 * own_error
            )  # more than CENTRAL only where f bends very strongly
            checks.append(
                compare(
                    name, "complex step", gradients[name], (dy.ravel() @ exact).reshape(a.shape), EXACT, size
                )
            )
        got = xp.stack([row[name].ravel() for row in rows])
        best, allowed = (central, CENTRAL) if exact is None else (exact, EXACT)
        check = compare(name, "full Jacobian", got, weights[:, None] * best, allowed, size)
        row, column = check.index
        check.output = tuple(int(i) for i in np.unravel_index(row, y.shape))
        check.index = tuple(int(i) for i in np.unravel_index(column, a.shape))
        checks.append(check)
    return checks


def _sampled(subject, arrays, y, rng, notes, directions):
    """Random directions, for each array by itself: in one joint direction a small bias would hide."""
    checks = []
    for name in arrays:
        found = {"central differences": [], "complex step": []}
        for v in directions[name]:
            dy = _normal(y, rng)
            v = _thawed(subject, name, v, v)
            g = subject.gradients(arrays, dy)[name]
            got = float((g * v).sum())
            slope = methods.central_difference(subject.output, arrays, name, v)
            exact = _analytic(
                subject, arrays, name, slope, y, lambda step, f, a, n, v=v: step(f, a, n, v), notes
            )
            for method, tolerance, value in (
                ("central differences", CENTRAL, slope),
                ("complex step", EXACT, exact),
            ):
                if value is not None:
                    size = float(abs(g * v).sum() + abs(dy * value).sum())
                    found[method].append(
                        compare(name, method, got, float((dy * value).sum()), tolerance, size)
                    )
        for group in filter(None, found.values()):
            worst = max(group, key=lambda check: check.error)
            worst.wrong, worst.size = sum(not check.passed for check in group), len(group)
            checks.append(worst)
    return checks


def _analytic(subject, arrays, name, central, y, take, notes):
    """What the complex step gives, or None where the forward is not analytic or takes no complex numbers."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            exact = take(methods.complex_step, subject.output, arrays, name)
    except Exception:
        notes.append(f"{name}: no complex step, forward does not take complex numbers")
        return None
    rounding = 1e-8 * float(abs(y).max()) / max(float(abs(arrays[name]).max()), 1e-3)
    if (
        exact.shape != central.shape
        or not float(abs(exact - central).max()) <= 1e-4 * float(abs(central).max()) + rounding
    ):
        notes.append(f"{name}: no complex step, forward is not analytic (a cast to real, an absolute value)")
        return None
    return exact


def _typical(dy, y, a):
    """A size below which a difference is rounding: a hundredth of how much dy·y changes when a doubles."""
    return float(abs(dy).max()) * float(abs(y).max()) / max(1.0, float(abs(a).max())) / 100


def _thawed(subject, name, numbers, a):
    """Derivatives (or a direction) with zeros in a frozen row, which is meant to get no gradient."""
    if name not in subject.frozen:
        return numbers
    free = array_module(a).ones(a.shape)
    free[subject.frozen[name]] = 0
    return numbers * (free if numbers.shape == a.shape else free.ravel())


def _normal(a, rng):
    """Standard normal numbers in the shape of a."""
    return array_module(a).asarray(rng.normal(size=a.shape))


def compare(name, method, got, want, allowed, size):
    """The Check of two arrays; ``size`` is the least that differences are divided by."""
    got, want = (np.asarray(to_host(a)) for a in (got, want))
    difference = np.where(np.isfinite(got), abs(got - want), np.inf)
    size = max(float(abs(want).max()), size, 1e-300)
    index = np.unravel_index(difference.argmax(), difference.shape)
    return Check(
        name, method, float(difference.max() / size), allowed,
        tuple(map(int, index)), float(got[index]), float(want[index]),
        int((difference > allowed * size).sum()), difference.size,
    )  # fmt: skip


def _smallest(subject, failing, seed):
    """The shapes of the smallest inputs for which one of the failing arrays still has a wrong gradient."""
    inputs = {
        k: {**subject.arrays, **subject.fixed}[k]
        for k in subject.inputs
        if k in subject.arrays or k in subject.fixed
    }
    if isinstance(subject, LossSubject):
        inputs["target"] = subject.target
    if getattr(subject, "given", {}).get("mask") is not None and hasattr(subject.given["mask"], "shape"):
        inputs["mask"] = subject.given["mask"]

    def fails(inputs):
        small, rng = subject.with_inputs(inputs), np.random.default_rng(seed)
        y = probe(small, rng)
        arrays, _ = away_from_kinks(small.output, small.arrays, rng, names=failing & set(small.arrays))
        dy = _normal(y, rng)
        gradients = small.gradients(arrays, dy)
        for name in failing & set(arrays):
            slopes = _thawed(
                small,
                name,
                methods.jacobian(methods.central_difference, small.output, arrays, name),
                arrays[name],
            )
            want = (dy.ravel() @ slopes).reshape(arrays[name].shape)
            if not compare(name, "", gradients[name], want, CENTRAL, _typical(dy, y, arrays[name])).passed:
                return True
        return False

    return {k: tuple(a.shape) for k, a in shrink(inputs, fails).items()}
