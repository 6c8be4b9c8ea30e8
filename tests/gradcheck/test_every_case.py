"""Every case of the command line: other numbers, purity, a layer in front, two uses at once, float32."""

import numpy as np
import pytest
from numeric import normal, snapshot

import tinymm as mm
from tinymm import losses
from tinymm.gradchecking.cases import CASES

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@every_case
def test_the_cases_of_the_command_line_are_right_at_other_numbers_too(case):
    report = case.check(seed=11)
    assert report, str(report)
    assert report.worst("complex step") <= 1e-12


LINEAR = (
    "AveragePool1D",
    "AveragePool2D",
    "Conv1D",
    "Conv2D",
    "Dense",
    "Embedding",
    "Flatten",
    "GlobalAveragePool",
)


@pytest.mark.parametrize("case", [c for c in CASES if c.layer in LINEAR], ids=lambda case: case.name)
def test_linear_layers_are_found_linear_and_fulfil_the_adjoint_identity(case):
    report = case.check()
    assert {c.array for c in report.checks if c.method == "adjoint identity"} == {
        c.array for c in report.checks
    }


@every_case
def test_a_second_backward_gives_the_same_bits_and_nothing_that_was_given_changes(case):
    x = case.x()
    if case.layer in losses.LOSSES:
        loss, before = case.make(), snapshot(x)
        cache = loss.forward(*x)[1]
        first = snapshot(loss.backward(cache))
        assert snapshot(loss.backward(cache)) == first and snapshot(x) == before
        return
    layer = case.make()
    y, cache = layer.forward(x, rng=np.random.default_rng(3), **case.options)
    dy = normal(np.random.default_rng(1), *y.shape)
    before = snapshot((x, dy, cache, layer.params))
    first = snapshot(layer.backward(dy, cache))
    assert snapshot(layer.backward(dy, cache)) == first
    assert snapshot((x, dy, cache, layer.params)) == before


def behind(case):
    """The case's layer behind a Dense, which has to learn through it."""
    return mm.Sequential(mm.Dense(case.x().shape[-1]), case.make())


PLAIN = [
    c
    for c in CASES
    if c.layer not in (*losses.LOSSES, "Embedding", "Concatenate")
    and isinstance(c.x(), np.ndarray)
    and c.x().dtype.kind == "f"
]


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case.name)
def test_a_trainable_layer_in_front_gets_the_right_gradient(case):
    report = mm.gradcheck(behind(case), case.x(), **case.options)
    assert report, str(report)
    assert {"0.W", "0.b"} <= {check.array for check in report.checks if check.method == "complex step"}


@pytest.mark.parametrize("case", [c for c in PLAIN if "mask" not in c.options], ids=lambda case: case.name)
def test_a_layer_used_in_two_branches_gets_the_sum(case):
    twice, x = case.make(), case.x()
    flat_of = lambda layer: mm.Sequential(layer, mm.Flatten())  # noqa: E731
    model = mm.Concatenate(a=flat_of(twice), b=flat_of(twice))
    report = mm.gradcheck(model, {"a": x, "b": x[::-1] + 0.5}, **case.options)
    assert report, str(report)


ERROR32 = 2e-5  # about 200 rounding units of float32, of the largest number in the array


@every_case
def test_float32_stays_within_2e_5_of_float64(case):
    x = case.x(seed=4)
    if case.layer in losses.LOSSES:
        p, t = x
        for wide, narrow in zip(
            *(loss_and_gradient(case.make(), p.astype(d), t) for d in (np.float64, np.float32))
        ):
            assert narrow.dtype == np.float32
            assert_near(narrow, wide)
        return
    layer = case.make()
    layer.forward(retyped(x, np.float32), rng=np.random.default_rng(3), **case.options)  # builds
    results = []
    for dtype in (np.float64, np.float32):
        layer.astype(dtype)
        y, cache = layer.forward(retyped(x, np.float32, dtype), rng=np.random.default_rng(3), **case.options)
        dy = normal(np.random.default_rng(5), *y.shape).astype(np.float32).astype(dtype)
        results.append([y, *flat(layer.backward(dy, cache))])
    for wide, narrow in zip(*results, strict=True):
        assert narrow.dtype == np.float32
        assert_near(narrow, wide)


def loss_and_gradient(loss, pred, target):
    J, cache = loss.forward(pred, target)
    return J, loss.backward(cache)


def retyped(x, *dtypes):
    """x in the first dtype and then the next; whole numbers as they are."""
    if isinstance(x, dict):
        return {k: retyped(a, *dtypes) for k, a in x.items()}
    if isinstance(x, tuple):
        return tuple(retyped(a, *dtypes) for a in x)
    for dtype in dtypes:
        x = x.astype(dtype) if x.dtype.kind == "f" else x
    return x


def assert_near(narrow, wide):
    assert abs(narrow - wide).max() <= ERROR32 * max(abs(wide).max(), 1)


def flat(result):
    """(dx, grads) as a list of arrays in a fixed order."""
    dx, grads = result
    parts = [dx[k] for k in sorted(dx)] if isinstance(dx, dict) else [*dx] if isinstance(dx, tuple) else [dx]
    return [g for g in (*parts, *(grads[k] for k in sorted(grads))) if g is not None]
