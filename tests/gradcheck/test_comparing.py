"""Right layers at numbers where central differences are inaccurate: the complex step stays."""

import numpy as np
import pytest

import tinymm as mm


def normal(*shape):
    return np.random.default_rng(0).normal(size=shape)


def near_the_ends(p):
    return mm.BinaryCrossEntropy(), (np.array([[p, 1 - 1e-4, 0.5]]), np.array([[1.0, 0, 1]])), {}


@pytest.mark.parametrize(
    ("layer", "x", "options"),
    [
        near_the_ends(1e-4),
        near_the_ends(1e-6),
        (mm.Dense(2), 1e-8 * normal(3, 4), {}),
        (mm.Dense(20), 1e-8 * normal(30, 40), {}),
        (mm.BatchNorm(), normal(4, 3) + 1e4, {"training": True}),
        (mm.BatchNorm(), normal(40, 30) + 1e4, {"training": True}),
    ],
)
def test_numbers_near_0_near_1_and_far_from_both_are_no_mistakes(layer, x, options):
    report = mm.gradcheck(layer, x, **options)
    assert report, str(report)
    assert not any("not analytic" in note for note in report.notes)
    arrays = {check.array for check in report.checks}
    assert {check.array for check in report.checks if check.method == "complex step"} == arrays


def test_a_wrong_gradient_there_is_still_wrong():
    class Wrong(mm.BatchNorm):
        def backward(self, dy, cache):
            dx, grads = super().backward(dy, cache)
            return dx * (1 + 1e-6), grads

    report = mm.gradcheck(Wrong(), normal(4, 3) + 1e4, training=True)
    assert {check.array for check in report.failures} == {"x"}


@pytest.mark.parametrize("shape", [(3,), (900,)])
def test_a_forward_that_is_not_analytic_is_checked_by_central_differences_and_told_once(shape):
    report = mm.gradcheck((lambda x: (np.abs(x) * x, x), lambda dy, x: dy * 2 * np.abs(x)), normal(*shape))
    assert report, str(report)
    assert sum("not analytic" in note for note in report.notes) == 1
