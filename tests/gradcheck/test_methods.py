"""The ways to know a derivative, held to functions whose derivative is known."""

import numpy as np
import pytest

from tinymm.gradchecking import methods


def cubes(arrays):
    return arrays["x"] ** 3


X = {"x": np.array([0.5, -2.0, 1e-4, 30.0])}
DERIVATIVE = 3 * X["x"] ** 2


def test_the_complex_step_is_exact_to_rounding():
    J = methods.jacobian(methods.complex_step, cubes, X, "x")
    np.testing.assert_allclose(np.diag(J), DERIVATIVE, rtol=1e-15)
    assert np.count_nonzero(J) == 4


def test_central_differences_are_good_to_nine_digits_of_the_largest():
    J = methods.jacobian(methods.central_difference, cubes, X, "x")
    assert abs(np.diag(J) - DERIVATIVE).max() < 1e-9 * DERIVATIVE.max()
    assert np.count_nonzero(J) == 4


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_the_step_of_central_differences_follows_the_size_of_the_array(size):
    arrays = {"x": size * np.array([1.0, -2.0])}
    slope = methods.central_difference(lambda a: np.sin(a["x"] / size), arrays, "x", np.array([1.0, 0.0]))
    assert slope[0] * size == pytest.approx(np.cos(1.0), rel=1e-9)


def test_zeros_are_stepped_away_from_as_well():
    slope = methods.central_difference(
        lambda a: np.exp(a["x"]), {"x": np.zeros(2)}, "x", np.array([0.0, 2.0])
    )
    np.testing.assert_allclose(slope, [0, 2], rtol=1e-9)


def test_units_move_one_entry_each():
    assert [v.tolist() for v in methods.units(np.zeros((1, 2)))] == [[[1, 0]], [[0, 1]]]


@pytest.mark.parametrize(
    ("f", "linear"),
    [
        (lambda x: 3 * x + 1, True),
        (lambda x: x[::-1].cumsum(), True),
        (lambda x: x * 0, True),
        (lambda x: np.maximum(x, 0), False),
        (lambda x: np.maximum(x, 0.99 * x), False),
        (lambda x: np.maximum(x + 20, 0), False),
        (lambda x: np.minimum(x - 20, 0), False),
        (np.abs, False),
        (lambda x: x.max(keepdims=True), False),
        (lambda x: np.clip(x, -50, 50), False),
        (lambda x: x + 1e-6 * x * x, False),
        (np.tanh, False),
        (lambda x: 1 / x, False),
    ],
)
@pytest.mark.parametrize("size", [1, 5])
def test_linearity_is_told_from_bends_and_corners(f, linear, size):
    linear = linear or (size == 1 and f(np.array([2.0, 3.0])).shape == (1,))  # the maximum of one number
    rng = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        assert methods.is_linear(lambda a: f(a["x"]), {"x": rng.normal(size=size)}, "x", rng) is linear


def test_a_forward_that_refuses_zeros_is_not_linear():
    def f(arrays):
        if not arrays["x"].all():
            raise ValueError("zero")
        return arrays["x"]

    assert not methods.is_linear(f, {"x": np.ones(3)}, "x", np.random.default_rng(0))


def test_the_two_sides_of_the_adjoint_identity_agree_for_the_transposed_matrix_alone():
    rng = np.random.default_rng(1)
    A, u = rng.normal(size=(4, 3)), rng.normal(size=3)
    f = lambda arrays: A @ arrays["x"] + 7  # noqa: E731
    for B, same in ((A.T, True), (A.T * (1 + 1e-9), False), (A[::-1].T, False)):
        left, right, size = methods.adjoint_sides(
            f, lambda arrays, v, B=B: {"x": B @ v}, {"x": u}, "x", u, rng
        )
        assert (abs(left - right) <= 1e-12 * size) is same
