import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric import assert_gradients, assert_pairs_agree, normal, scattered

import tinymm as mm
from tinymm import equations
from tinymm.layers.lstm import lstm_backward, lstm_forward

PAIR = lstm_forward, lstm_backward
LOOPS = equations.lstm_forward, equations.lstm_backward
sizes = st.integers(1, 3)


@given(st.integers(0, 999), sizes, st.integers(1, 5), sizes, sizes, st.booleans())
def test_lstm_equals_its_loops_with_states_and_holes_in_the_mask(seed, N, T, D, M, masked):
    rng = np.random.default_rng(seed)
    shapes = (N, T, D), (D, 4 * M), (M, 4 * M), (4 * M,), (N, M), (N, M)
    arrays = [scattered(normal(rng, *shape)) for shape in shapes]
    mask = rng.random((N, T)) < 0.6 if masked else None
    assert_pairs_agree(PAIR, LOOPS, arrays, rng, mask=mask)


def test_without_initial_states_both_start_at_zero():
    rng = np.random.default_rng(0)
    arrays = [normal(rng, 2, 3, 2), normal(rng, 2, 8), normal(rng, 2, 8), normal(rng, 8)]
    zeros = np.zeros((2, 2))
    np.testing.assert_array_equal(lstm_forward(*arrays)[0], lstm_forward(*arrays, zeros, zeros)[0])
    assert_pairs_agree(PAIR, LOOPS, arrays, rng)


def test_one_step_of_one_unit_done_by_hand():
    def sigma(z):
        return 1 / (1 + math.exp(-z))

    W, U = np.array([[0.1, 0.2, 0.3, 0.4]]), np.array([[1.0, 2.0, 3.0, 4.0]])
    b = np.array([0.5, 0.6, 0.7, 0.8])
    h, _ = lstm_forward(np.array([[[2.0]]]), W, U, b, np.array([[0.1]]), np.array([[-0.5]]))
    i, f, g, o = sigma(0.8), sigma(1.2), math.tanh(1.6), sigma(2.0)
    assert h[0, 0, 0] == pytest.approx(o * math.tanh(f * -0.5 + i * g), rel=1e-14)


def test_a_padded_row_keeps_its_states_and_gets_no_gradient_at_all():
    rng = np.random.default_rng(1)
    shapes = (2, 3, 2), (2, 8), (2, 8), (8,), (2, 2), (2, 2)
    arrays = [normal(rng, *shape) for shape in shapes]
    mask = np.array([[False] * 3, [True] * 3])
    h, cache = lstm_forward(*arrays, mask=mask)
    np.testing.assert_array_equal(h[0], np.tile(arrays[4][0], (3, 1)))
    dh = normal(rng, 2, 3, 2)
    dx, _, _, _, dh0, dc0 = lstm_backward(dh, cache)
    assert not dx[0].any() and not dc0[0].any()
    np.testing.assert_allclose(dh0[0], dh[0].sum(axis=0), rtol=1e-14)


def test_padding_behind_a_text_changes_neither_answer_nor_gradients():
    model = mm.Sequential(mm.Embedding(9, 3, padding_id=0), mm.LSTM(4))
    model.build((3,), np.random.default_rng(0), np.float64)
    plain, padded = np.array([[4, 2, 7]]), np.array([[4, 2, 7, 0, 0]])
    (y, cache), (y_padded, cache_padded) = model.forward(plain), model.forward(padded)
    np.testing.assert_array_equal(y, y_padded)
    dy = normal(np.random.default_rng(1), 1, 4)
    grads, grads_padded = model.backward(dy, cache)[1], model.backward(dy, cache_padded)[1]
    assert list(grads) == ["0.W", "1.W", "1.U", "1.b"]
    for name in grads:
        np.testing.assert_allclose(grads_padded[name], grads[name], rtol=1e-13, atol=1e-16)


def test_padding_in_the_middle_and_a_text_of_padding_alone_are_skipped():
    model = mm.Sequential(mm.Embedding(9, 3, padding_id=0), mm.LSTM(4))
    model.build((4,), np.random.default_rng(0), np.float64)
    y, _ = model.forward(np.array([[4, 0, 7, 0], [0, 0, 0, 0]]))
    np.testing.assert_allclose(y[:1], model.forward(np.array([[4, 7]]))[0], rtol=1e-13)
    np.testing.assert_array_equal(y[1], np.zeros(4))


def test_the_mask_passes_through_layers_that_keep_time_and_stacked_lstms():
    model = mm.Sequential(
        mm.Embedding(9, 3, padding_id=0),
        mm.LayerNorm(),
        mm.LSTM(4, return_sequences=True),
        mm.Tanh(),
        mm.LSTM(2),
    )
    model.build((4,), np.random.default_rng(0), np.float64)
    np.testing.assert_allclose(
        model.forward(np.array([[4, 7, 0, 0]]))[0], model.forward(np.array([[4, 7]]))[0], rtol=1e-14
    )


def test_the_last_state_has_the_gradient_of_central_differences_through_the_mask():
    layer, rng = mm.LSTM(3), np.random.default_rng(2)
    mask = np.array([[True, True, False], [False] * 3])
    layer.build((3, 2), rng, np.float64)
    forward = lambda x: layer.forward(x, mask=mask)  # noqa: E731
    assert_gradients(forward, lambda dy, cache: layer.backward(dy, cache)[0], [normal(rng, 2, 3, 2)], rng)


def test_initial_states_go_in_as_a_tuple_and_their_gradients_come_back():
    layer, rng = mm.LSTM(3, return_sequences=True), np.random.default_rng(3)
    layer.build((4, 2), rng, np.float64)
    forward = lambda x, h0, c0: layer.forward((x, h0, c0))  # noqa: E731
    arrays = [normal(rng, 2, 4, 2), normal(rng, 2, 3), normal(rng, 2, 3)]
    assert_gradients(forward, lambda dy, cache: layer.backward(dy, cache)[0], arrays, rng)


def test_a_fresh_lstm_has_the_forget_bias_one_and_orthogonal_gates():
    layer = mm.LSTM(3)
    layer.build((5, 2), np.random.default_rng(0), np.float64)
    np.testing.assert_array_equal(layer.params["b"], [0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    for gate in np.split(layer.params["U"], 4, axis=1):
        np.testing.assert_allclose(gate.T @ gate, np.eye(3), atol=1e-14)
