import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric import assert_gradients, assert_pairs_agree, normal, scattered

import tinymm as mm
from tinymm import equations
from tinymm.layers.rnn import rnn_backward, rnn_forward

PAIR = rnn_forward, rnn_backward
LOOPS = equations.rnn_forward, equations.rnn_backward
sizes = st.integers(1, 3)


@given(st.integers(0, 999), sizes, st.integers(1, 5), sizes, sizes, st.booleans(), st.booleans())
def test_rnn_equals_its_loops_with_states_and_holes_in_the_mask(seed, N, T, D, M, masked, with_state):
    rng = np.random.default_rng(seed)
    shapes = (N, T, D), (D, M), (M, M), (M,), (N, M)
    arrays = [scattered(normal(rng, *shape)) for shape in shapes][: 5 if with_state else 4]
    mask = rng.random((N, T)) < 0.6 if masked else None
    assert_pairs_agree(PAIR, LOOPS, arrays, rng, mask=mask)


def test_two_steps_of_one_unit_done_by_hand():
    x, W, U, b = np.array([[[1.0], [2.0]]]), np.array([[0.5]]), np.array([[3.0]]), np.array([0.1])
    h, _ = rnn_forward(x, W, U, b)
    first = math.tanh(0.6)
    np.testing.assert_allclose(h.ravel(), [first, math.tanh(1.1 + 3 * first)], rtol=1e-15)


def test_an_initial_state_goes_in_as_a_tuple_and_its_gradient_comes_back():
    layer, rng = mm.RNN(3), np.random.default_rng(3)
    layer.build((4, 2), rng, np.float64)
    forward = lambda x, h0: layer.forward((x, h0))  # noqa: E731
    arrays = [normal(rng, 2, 4, 2), normal(rng, 2, 3)]
    assert_gradients(forward, lambda dy, cache: layer.backward(dy, cache)[0], arrays, rng)


@pytest.mark.parametrize("padding", [0, 3])
def test_padding_behind_a_text_changes_nothing(padding):
    model = mm.Sequential(mm.Embedding(9, 3, padding_id=0), mm.RNN(4))
    model.build((3,), np.random.default_rng(0), np.float64)
    text = np.array([[4, 2, 7]])
    longer = np.pad(text, ((0, 0), (0, padding)))
    np.testing.assert_array_equal(model.forward(longer)[0], model.forward(text)[0])
