import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric import assert_pairs_agree, normal

import tinymm as mm
from tinymm import equations
from tinymm.errors import ShapeError
from tinymm.layers.dense import dense_backward, dense_forward

sizes = st.integers(1, 4)


@given(st.integers(0, 999), st.lists(sizes, min_size=1, max_size=3), sizes, sizes)
def test_dense_equals_its_loops(seed, rows, D, M):
    rng = np.random.default_rng(seed)
    arrays = [normal(rng, *shape) for shape in ((*rows, D), (D, M), (M,))]
    loops = equations.dense_forward, equations.dense_backward
    assert_pairs_agree((dense_forward, dense_backward), loops, arrays, rng)


def test_dense_of_numbers_done_by_hand():
    x, W, b = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0]]), np.array([10.0, 20.0])
    y, cache = dense_forward(x, W, b)
    dx, dW, db = dense_backward(np.array([[1.0, -1.0]]), cache)
    np.testing.assert_array_equal(y, [[23, 36]])
    np.testing.assert_array_equal(dx, [[-1, -1]])
    np.testing.assert_array_equal(dW, [[1, -1], [2, -2]])
    np.testing.assert_array_equal(db, [1, -1])


def test_dense_starts_with_glorot_weights_and_a_bias_of_zero():
    layer = mm.Dense(50)
    layer.build((100,), np.random.default_rng(0))
    assert np.abs(layer.params["W"]).max() <= (6 / 150) ** 0.5
    assert np.abs(layer.params["W"]).max() > 0.95 * (6 / 150) ** 0.5
    assert not layer.params["b"].any()


def test_an_initializer_is_chosen_by_name():
    layer = mm.Dense(400, initializer="he_normal")
    layer.build((200,), np.random.default_rng(0))
    assert layer.params["W"].std() == pytest.approx((2 / 200) ** 0.5, rel=0.02)


def test_dense_refuses_another_number_of_features_and_says_which():
    layer = mm.Dense(3)
    layer.build((5,))
    with pytest.raises(ShapeError) as error:
        layer.forward(np.zeros((2, 7), "float32"))
    assert str(error.value) == (
        "Dense wants inputs (N, ..., features=5) and got (N, 7): "
        "was the data prepared with other settings than the model was built for?"
    )


def test_multiply_adds_of_dense_counts_every_row():
    assert mm.Dense(3).multiply_adds((4, 5)) == 4 * 5 * 3
