import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric import assert_pairs_agree, normal, scattered

import tinymm as mm
from tinymm import equations
from tinymm.layers.batchnorm import batchnorm_backward, batchnorm_forward

PAIR = batchnorm_forward, batchnorm_backward
LOOPS = equations.batchnorm_forward, equations.batchnorm_backward


@given(st.integers(0, 999), st.lists(st.integers(1, 4), min_size=2, max_size=4), st.booleans())
def test_batchnorm_equals_its_loops_with_its_own_moments_and_with_given_ones(seed, shape, given_moments):
    rng = np.random.default_rng(seed)
    C = shape[-1]
    arrays = [scattered(normal(rng, *shape)), normal(rng, C), normal(rng, C)]
    moments = {"mean": normal(rng, C), "variance": rng.uniform(0.5, 2, C)} if given_moments else {}
    assert_pairs_agree(PAIR, LOOPS, arrays, rng, epsilon=1e-2, **moments)


def test_every_channel_leaves_with_mean_beta_and_deviation_gamma():
    x = np.random.default_rng(0).normal(7, 3, (50, 4, 2))
    y, _ = batchnorm_forward(x, np.array([2.0, 3.0]), np.array([-1.0, 5.0]), epsilon=0)
    np.testing.assert_allclose(y.mean(axis=(0, 1)), [-1, 5], rtol=1e-13)
    np.testing.assert_allclose(y.std(axis=(0, 1)), [2, 3], rtol=1e-13)


def test_a_batch_of_one_row_gives_beta_and_no_gradient_to_x():
    y, cache = batchnorm_forward(np.array([[3.0, -8.0]]), np.ones(2), np.array([0.5, 1.5]))
    np.testing.assert_array_equal(y, [[0.5, 1.5]])
    np.testing.assert_array_equal(batchnorm_backward(np.ones((1, 2)), cache)[0], [[0, 0]])


def test_next_state_moves_the_averages_by_one_minus_momentum():
    layer = mm.BatchNorm(momentum=0.9)
    x = np.array([[1.0], [3.0]])
    _, cache = layer.forward(x, training=True)
    state = layer.next_state(cache)
    assert state["mean"] == pytest.approx(0.9 * 0 + 0.1 * 2)
    assert state["variance"] == pytest.approx(0.9 * 1 + 0.1 * 2)  # unbiased: ((1-2)² + (3-2)²) / (2 - 1) = 2
    np.testing.assert_array_equal(layer.state["mean"], [0])


def test_the_kept_variance_is_the_unbiased_one_over_batch_and_places():
    layer = mm.BatchNorm(momentum=0.75)
    x = np.random.default_rng(0).normal(3, 2, (5, 2, 3))
    _, cache = layer.forward(x, training=True)
    state, rows = layer.next_state(cache), x.reshape(10, 3)
    np.testing.assert_allclose(state["mean"], 0.25 * rows.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(state["variance"], 0.75 + 0.25 * rows.var(axis=0, ddof=1), rtol=1e-13)


def test_prediction_uses_the_kept_averages_and_does_not_move_them():
    layer = mm.BatchNorm(epsilon=0)
    x = np.random.default_rng(0).normal(size=(5, 3))
    layer.build((3,), dtype=np.float64)
    layer.state = {"mean": np.full(3, 2.0), "variance": np.full(3, 4.0)}
    y, cache = layer.forward(x)
    np.testing.assert_allclose(y, (x - 2) / 2)
    assert layer.next_state(cache) == {}


def test_at_prediction_a_row_does_not_depend_on_the_others():
    layer = mm.BatchNorm()
    x = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_array_equal(layer.forward(x)[0][:1], layer.forward(x[:1])[0])


def test_the_averages_of_a_batch_of_one_row_stay_finite():
    layer = mm.BatchNorm()
    _, cache = layer.forward(np.array([[4.0]]), training=True)
    np.testing.assert_allclose(layer.next_state(cache)["variance"], [0.9])
