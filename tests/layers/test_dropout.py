import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric import assert_pairs_agree, normal

import tinymm as mm
from tinymm import equations
from tinymm.errors import TinymmError
from tinymm.layers.dropout import dropout_backward, dropout_forward


@given(
    st.integers(0, 999), st.lists(st.integers(1, 5), min_size=1, max_size=4), st.floats(0, 0.99),
    st.integers(0, 2**63 - 1),
)  # fmt: skip
def test_dropout_equals_its_loops_draw_for_draw(values, shape, rate, seed):
    rng = np.random.default_rng(values)
    loops = equations.dropout_forward, equations.dropout_backward
    assert_pairs_agree(
        (dropout_forward, dropout_backward), loops, [normal(rng, *shape)], rng, rate=rate, seed=seed
    )


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_mean_is_kept_and_the_share_is_dropped(rate):
    y, _ = dropout_forward(np.ones((400, 500)), rate, seed=1)
    assert (y == 0).mean() == pytest.approx(rate, abs=0.005)
    assert y.mean() == pytest.approx(1, abs=0.02)


def test_the_gradient_meets_the_same_mask_as_the_input():
    y, cache = dropout_forward(np.ones((10, 10)), 0.5, seed=2)
    np.testing.assert_array_equal(dropout_backward(np.ones((10, 10)), cache), y)
    assert set(np.unique(y)) == {0.0, 2.0}


def test_prediction_passes_everything_through():
    x = np.random.default_rng(0).normal(size=(3, 4))
    y, cache = mm.Dropout(0.9).forward(x)
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(mm.Dropout(0.9).backward(x, cache)[0], x)


def test_the_same_rng_repeats_the_draw_and_moves_on():
    layer, x = mm.Dropout(0.5), np.ones((8, 8))
    rng, again = np.random.default_rng(3), np.random.default_rng(3)
    first, second = (layer.forward(x, training=True, rng=rng)[0] for _ in range(2))
    np.testing.assert_array_equal(layer.forward(x, training=True, rng=again)[0], first)
    np.testing.assert_array_equal(layer.forward(x, training=True, rng=again)[0], second)
    assert (first != second).any()


def test_without_an_rng_every_call_draws_afresh():
    layer, x = mm.Dropout(0.5), np.ones((8, 8))
    assert (layer.forward(x, training=True)[0] != layer.forward(x, training=True)[0]).any()


def test_a_rate_of_zero_drops_nothing_in_training():
    x = np.ones((3, 3))
    np.testing.assert_array_equal(mm.Dropout(0).forward(x, training=True)[0], x)


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5])
def test_a_rate_outside_zero_to_one_is_refused(rate):
    with pytest.raises(
        TinymmError, match=f"Dropout's rate is the share to drop, from 0 up to but not 1: got {rate}"
    ):
        mm.Dropout(rate)
