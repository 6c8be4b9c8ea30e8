import numpy as np
import pytest

from tinymm import initializers


@pytest.mark.parametrize(
    ("shape", "expected"), [((10, 20), (10, 20)), ((3, 3, 4, 8), (36, 72)), ((5, 2, 6), (10, 30))]
)
def test_fans_of_a_kernel_count_its_cells(shape, expected):
    assert initializers.fans(shape) == expected


def test_glorot_uniform_fills_its_range_evenly():
    W = initializers.glorot_uniform((300, 100), np.random.default_rng(0))
    limit = (6 / 400) ** 0.5
    assert np.abs(W).max() <= limit
    assert W.var() == pytest.approx(2 / 400, rel=0.02)
    assert W.mean() == pytest.approx(0, abs=limit / 50)


def test_he_normal_has_the_variance_two_over_fan_in():
    W = initializers.he_normal((3, 3, 40, 100), np.random.default_rng(0))
    assert W.var() == pytest.approx(2 / 360, rel=0.02)


def test_he_normal_keeps_the_size_of_a_signal_through_relus():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 256))
    for _ in range(10):
        x = np.maximum(x @ initializers.he_normal((256, 256), rng), 0)
    assert 0.3 < (x * x).mean() < 3


@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6), (1, 5)])
def test_orthogonal_has_orthonormal_rows_or_columns(shape):
    W = initializers.orthogonal(shape, np.random.default_rng(0))
    assert W.shape == shape
    product = W.T @ W if shape[0] >= shape[1] else W @ W.T
    np.testing.assert_allclose(product, np.eye(min(shape)), atol=1e-14)


def test_orthogonal_favours_no_sign():
    rng = np.random.default_rng(0)
    draws = np.array([initializers.orthogonal((2, 2), rng) for _ in range(2000)])
    np.testing.assert_allclose(draws.mean(axis=0), 0, atol=0.06)


def test_uniform_stays_within_a_twentieth():
    W = initializers.uniform((100, 50), np.random.default_rng(0))
    assert 0.049 < np.abs(W).max() <= 0.05


def test_zeros_and_ones_need_no_generator():
    np.testing.assert_array_equal(initializers.zeros(3), [0, 0, 0])
    np.testing.assert_array_equal(initializers.ones((1, 2)), [[1, 1]])


@pytest.mark.parametrize("name", initializers.INITIALIZERS)
def test_the_same_seed_draws_the_same_float64_numbers(name):
    draw = initializers.INITIALIZERS[name]
    first, again = (draw((4, 3), np.random.default_rng(5)) for _ in range(2))
    assert first.dtype == np.float64 and first.shape == (4, 3)
    np.testing.assert_array_equal(first, again)
