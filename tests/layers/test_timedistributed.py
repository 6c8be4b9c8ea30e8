import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric import assert_gradients, normal, scattered

import tinymm as mm
from tinymm import equations
from tinymm.errors import ShapeError
from tinymm.layers.timedistributed import timedistributed_backward, timedistributed_forward

sizes = st.integers(1, 3)


@given(st.integers(0, 999), sizes, sizes, st.integers(2, 4), st.integers(2, 4))
def test_timedistributed_equals_one_frame_after_the_other(seed, N, T, H, W):
    rng = np.random.default_rng(seed)
    layer, x = mm.Conv2D(2, 2), scattered(normal(rng, N, T, H, W, 2))
    layer.build((H, W, 2), rng, np.float64)
    y, cache = timedistributed_forward(x, layer.forward)
    y_loops, cache_loops = equations.timedistributed_forward(x, layer.forward)
    np.testing.assert_allclose(y, y_loops, rtol=1e-12)
    dy = normal(rng, *y.shape)
    dx, grads = timedistributed_backward(dy, cache, layer.backward)
    dx_loops, grads_loops = equations.timedistributed_backward(dy, cache_loops, layer.backward)
    np.testing.assert_allclose(dx, dx_loops, rtol=1e-11, atol=1e-12)
    for name in layer.params:
        np.testing.assert_allclose(grads[name], grads_loops[name], rtol=1e-11, atol=1e-12)


def test_token_ids_of_every_frame_have_no_gradient():
    layer = mm.TimeDistributed(mm.Embedding(5, 2))
    y, cache = layer.forward(np.array([[[1, 2], [2, 3]]]))
    assert y.shape == (1, 2, 2, 2)
    dx, grads = layer.backward(np.ones_like(y), cache)
    assert dx is None
    np.testing.assert_array_equal(grads["layer.W"][:, 0], [0, 1, 2, 1, 0])


def test_a_video_through_a_picture_network_has_the_gradient_of_central_differences():
    rng = np.random.default_rng(0)
    model = mm.Sequential(
        mm.TimeDistributed(mm.Sequential(mm.Conv2D(2, 2), mm.Tanh(), mm.Flatten())), mm.LSTM(2)
    )
    model.build((2, 3, 3, 1), rng, np.float64)
    assert list(model.params) == ["0.layer.0.W", "0.layer.0.b", "1.W", "1.U", "1.b"]
    backward = lambda dy, cache: model.backward(dy, cache)[0]  # noqa: E731
    assert_gradients(model.forward, backward, [normal(rng, 1, 2, 3, 3, 1)], rng)


def test_the_batch_norm_inside_keeps_its_averages_under_its_path():
    layer = mm.TimeDistributed(mm.BatchNorm())
    x = np.random.default_rng(0).normal(5, 1, (2, 3, 4))
    _, cache = layer.forward(x, training=True)
    state = layer.next_state(cache)
    assert list(state) == list(layer.state) == ["layer.mean", "layer.variance"]
    np.testing.assert_allclose(state["layer.mean"], 0.1 * x.mean(axis=(0, 1)))


def test_an_error_inside_is_told_with_the_path():
    with pytest.raises(ShapeError) as error:
        mm.TimeDistributed(mm.Conv2D(2, 2)).forward(np.zeros((1, 2, 8, 8), "float32"))
    assert str(error.value).startswith("layer layer: Conv2D wants inputs (N, height, width, channels)")


def test_inputs_without_a_frame_are_refused():
    with pytest.raises(
        ShapeError, match=r"TimeDistributed wants inputs \(N, time, \.\.\.\) and got \(N, 4\)"
    ):
        mm.TimeDistributed(mm.Dense(2)).forward(np.zeros((3, 4), "float32"))


def test_multiply_adds_count_every_frame():
    assert mm.TimeDistributed(mm.Dense(2)).multiply_adds((5, 3)) == 5 * 3 * 2
