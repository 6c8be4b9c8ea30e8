import math

import numpy as np
import pytest
from numeric import every_place, put

import tinymm as mm
from tinymm.backend import to_host
from tinymm.errors import TinymmError
from tinymm.optimizers import OPTIMIZERS, clip_by_global_norm, global_norm

EVERY = [mm.SGD(0.1), mm.Momentum(0.1), mm.Adam(0.1), mm.AdamW(0.1)]
every_optimizer = pytest.mark.parametrize("optimizer", EVERY, ids=lambda o: type(o).__name__)


def fresh(optimizer):
    config = optimizer.config()
    return OPTIMIZERS[config.pop("optimizer")](**config)


def path(optimizer, W, gradients, place="NumPy"):
    """The values that one number takes under a list of gradients."""
    params, seen = {"W": put(place, np.array([W]))}, []
    for dW in gradients:
        optimizer.update(params, {"W": put(place, np.array([dW]))})
        seen.append(float(params["W"][0]))
    return seen


@every_place
def test_sgd_takes_the_articles_step(place):
    assert path(mm.SGD(lr=0.1), 1.0, [2.0, -1.0], place) == pytest.approx([0.8, 0.9], rel=1e-15)


@every_place
def test_momentum_sums_gradients(place):
    # v = 2, then 0.9·2 − 1 = 0.8, then 0.9·0.8 = 0.72
    assert path(mm.Momentum(lr=0.1), 1.0, [2.0, -1.0, 0.0], place) == pytest.approx([0.8, 0.72, 0.648], rel=1e-14)


@every_place
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e6])
def test_the_first_step_of_adam_is_the_learning_rate_whatever_the_gradient(size, place):
    assert path(mm.Adam(lr=0.1), 1.0, [size], place)[0] == pytest.approx(0.9, rel=1e-5)
    assert path(mm.Adam(lr=0.1), 1.0, [-size], place)[0] == pytest.approx(1.1, rel=1e-5)


@every_place
def test_adamw_shrinks_weights_even_without_a_gradient(place):
    wanted = pytest.approx([1.9, 1.805], rel=1e-14)
    assert path(mm.AdamW(lr=0.1, weight_decay=0.5), 2.0, [0.0, 0.0], place) == wanted


@every_place
@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_adam_and_adamw_follow_the_published_algorithm(decay, place):
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=30).tolist()
    W, m, v, want = 1.5, 0.0, 0.0, []
    for t, g in enumerate(
        gradients, start=1
    ):  # Kingma and Ba, algorithm 1; Loshchilov and Hutter, algorithm 2
        m = 0.8 * m + 0.2 * g
        v = 0.95 * v + 0.05 * g**2
        m_hat, v_hat = m / (1 - 0.8**t), v / (1 - 0.95**t)
        W = W - 0.01 * (m_hat / (math.sqrt(v_hat) + 1e-3) + decay * W)
        want.append(W)
    arguments = {"lr": 0.01, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3}
    optimizer = mm.AdamW(**arguments, weight_decay=decay) if decay else mm.Adam(**arguments)
    assert path(optimizer, 1.5, gradients, place) == pytest.approx(want, rel=1e-12)


@every_place
@every_optimizer
@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_parameters_change_in_place_and_keep_their_dtype(optimizer, dtype, place):
    optimizer = fresh(optimizer)
    W, dW = put(place, (np.ones((2, 3), dtype), np.full((2, 3), 0.5, dtype)))
    params = {"W": W}
    kept = dW.copy()
    for _ in range(3):
        optimizer.update(params, {"W": dW})
    assert params["W"] is W and W.dtype == dtype and (W < 1).all()
    assert {a.dtype for a in optimizer.state_arrays().values()} <= {np.dtype(dtype)}
    np.testing.assert_array_equal(*to_host((dW, kept)))


@every_place
@every_optimizer
def test_a_parameter_without_a_gradient_is_left_alone(optimizer, place):
    optimizer, params = fresh(optimizer), put(place, {"W": np.ones(2), "frozen": np.ones(2)})
    optimizer.update(params, put(place, {"W": np.ones(2)}))
    np.testing.assert_array_equal(to_host(params["frozen"]), [1, 1])
    assert (params["W"] != 1).all()


@every_place
@every_optimizer
def test_every_method_finds_the_bottom_of_a_bowl(optimizer, place):
    optimizer, params, slopes = fresh(optimizer), *put(place, ({"W": np.array([3.0, -2.0])}, np.array([1.0, 0.3])))
    for _ in range(300):
        optimizer.update(params, {"W": params["W"] * slopes})
    np.testing.assert_allclose(to_host(params["W"]), 0, atol=1e-2)


@every_place
@every_optimizer
def test_a_restored_run_goes_on_bit_for_bit(optimizer, place):
    gradients = put(place, [{"a/b.0.W": g, "b": g[:1]} for g in np.random.default_rng(0).normal(size=(6, 3))])
    whole, first, second = fresh(optimizer), fresh(optimizer), fresh(optimizer)
    params, halves = (put(place, {"a/b.0.W": np.ones(3), "b": np.ones(1)}) for _ in range(2))
    for g in gradients:
        whole.update(params, g)
    for g in gradients[:3]:
        first.update(halves, g)
    arrays = to_host(first.state_arrays())  # as a file keeps them
    second.restore(first.steps, dict(reversed(arrays.items())))
    for g in gradients[3:]:
        second.update(halves, g)
    for name in params:
        np.testing.assert_array_equal(*to_host((halves[name], params[name])))
    assert set(arrays) == {f"{name}/{slot}" for name in params for slot in optimizer.slot_names}


@every_place
def test_clipping_scales_all_gradients_by_one_factor(place):
    grads = put(place, {"W": np.array([3.0, 0.0]), "b": np.array([4.0])})
    clipped, norm = clip_by_global_norm(grads, 1.0)
    grads, clipped = to_host((grads, clipped))
    assert norm == 5
    np.testing.assert_allclose(clipped["W"], [0.6, 0], rtol=1e-15)
    np.testing.assert_allclose(clipped["b"], [0.8], rtol=1e-15)
    np.testing.assert_array_equal(grads["W"], [3, 0])
    assert global_norm(clipped) == pytest.approx(1, rel=1e-15)


@every_place
@pytest.mark.parametrize("max_norm", [5.0, 5, 100.0])
def test_gradients_within_the_bound_are_not_touched(max_norm, place):
    grads = put(place, {"W": np.array([3.0, 0.0]), "b": np.array([4.0])})
    assert clip_by_global_norm(grads, max_norm)[0] is grads


def test_no_gradient_at_all_has_the_norm_zero():
    assert clip_by_global_norm({}, 1.0) == ({}, 0)
    assert global_norm({"W": np.zeros(3)}) == 0


@every_place
def test_clipping_keeps_float32_and_measures_complex_numbers(place):
    clipped, _ = clip_by_global_norm(put(place, {"W": np.full(4, 10, np.float32)}), 1.0)
    assert clipped["W"].dtype == np.float32
    assert global_norm(put(place, {"W": np.array([3 + 4j])})) == 5


@every_place
@every_optimizer
def test_clip_norm_bounds_the_gradient_before_the_update(optimizer, place):
    clipping, plain = fresh(optimizer), fresh(optimizer)
    clipping.clip_norm = 1.0
    a, b = (put(place, {"W": np.array([1.0, 1.0])}) for _ in range(2))
    clipping.update(a, put(place, {"W": np.array([30.0, 40.0])}))
    plain.update(b, put(place, {"W": np.array([0.6, 0.8])}))
    np.testing.assert_allclose(*to_host((a["W"], b["W"])), rtol=1e-12)


@pytest.mark.parametrize("lr", [0, -0.1, float("nan")])
@pytest.mark.parametrize("kind", [mm.SGD, mm.Momentum, mm.Adam, mm.AdamW])
def test_a_learning_rate_that_is_not_positive_is_refused(kind, lr):
    with pytest.raises(TinymmError, match=f"the learning rate is {lr}: give a positive number"):
        kind(lr)


@every_optimizer
def test_the_config_rebuilds_the_optimizer(optimizer):
    assert fresh(optimizer).config() == optimizer.config()
    assert optimizer.config()["lr"] == 0.1
