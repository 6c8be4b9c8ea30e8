import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric import assert_gradients, assert_pairs_agree, carried, every_place, normal, put, snapshot

import tinymm as mm
from tinymm import equations, losses
from tinymm.backend import is_cupy, to_device, to_host
from tinymm.errors import ShapeError
from tinymm.losses import LOSSES

NAMES = (
    "binary_cross_entropy",
    "binary_cross_entropy_logits",
    "cross_entropy",
    "cross_entropy_logits",
    "mean_squared_error",
)
every_loss = pytest.mark.parametrize("name", NAMES)
CLASSES = {
    "binary_cross_entropy": mm.BinaryCrossEntropy(),
    "binary_cross_entropy_logits": mm.BinaryCrossEntropy(from_logits=True),
    "cross_entropy": mm.CrossEntropy(),
    "cross_entropy_logits": mm.CrossEntropy(from_logits=True),
    "mean_squared_error": mm.MeanSquaredError(),
}


def pair_of(module, name, t):
    """The loss as a pair whose backward takes the gradient of J, like a layer's. The target goes to where p is."""
    forward, backward = (getattr(module, f"{name}_{way}") for way in ("forward", "backward"))
    return lambda p: forward(p, to_device(t) if is_cupy(p) else t), lambda dJ, cache: dJ * backward(cache)


def prediction_and_target(name, rng, shape, dtype=np.float64):
    z = normal(rng, *shape, dtype=dtype)
    if name == "mean_squared_error":
        return z, normal(rng, *shape, dtype=dtype)
    t = rng.random(shape)
    if name.startswith("cross"):
        t = t / t.sum(axis=-1, keepdims=True)
    if name.endswith("logits"):
        return z, t.astype(dtype)
    imaginary = 0.1 * z.imag * 1j if np.dtype(dtype).kind == "c" else 0
    return (rng.uniform(0.1, 0.9, shape) + imaginary).astype(dtype), t.astype(dtype)


@every_loss
@given(st.integers(0, 999), st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_every_loss_equals_its_loops(name, seed, shape):
    rng = np.random.default_rng(seed)
    p, t = prediction_and_target(name, rng, shape)
    assert_pairs_agree(pair_of(losses, name, t), pair_of(equations, name, t), [p], rng)


@every_place
@every_loss
@pytest.mark.parametrize("dtype", (np.float64, np.complex128))
def test_gradients_are_central_differences(name, dtype, place):
    rng = np.random.default_rng(0)
    p, t = prediction_and_target(name, rng, (3, 4), dtype)
    assert_gradients(*(carried(place, function) for function in pair_of(losses, name, t)), [p], rng)


@pytest.mark.parametrize("name", ("cross_entropy", "cross_entropy_logits"))
def test_rows_that_count_twice_or_not_at_all_have_the_gradient_of_central_differences(name):
    rng = np.random.default_rng(1)
    p, t = prediction_and_target(name, rng, (3, 4))
    assert_gradients(*pair_of(losses, name, t * np.array([[2.0], [0.0], [1.0]])), [p], rng)


@every_place
@every_loss
@pytest.mark.parametrize("dtype", (np.float32, np.float64, np.complex128))
def test_the_dtype_of_the_prediction_is_that_of_loss_and_gradient(name, dtype, place):
    p, t = put(place, prediction_and_target(name, np.random.default_rng(0), (3, 4), dtype))
    J, cache = CLASSES[name].forward(p, t.real.astype(np.float64))
    assert J.shape == () and J.dtype == CLASSES[name].backward(cache).dtype == dtype


@every_place
@every_loss
def test_passes_write_to_nothing_they_are_given_and_repeat_themselves(name, place):
    p, t = put(place, prediction_and_target(name, np.random.default_rng(0), (3, 4)))
    before = snapshot((p, t))
    J, cache = CLASSES[name].forward(p, t)
    kept = snapshot(cache)
    assert snapshot(CLASSES[name].backward(cache)) == snapshot(CLASSES[name].backward(cache))
    assert snapshot((p, t)) == before and snapshot(cache) == kept
    assert CLASSES[name].forward(p, t)[0] == J


@every_place
@every_loss
def test_the_loss_is_a_mean_so_that_a_doubled_batch_changes_nothing(name, place):
    p, t = prediction_and_target(name, np.random.default_rng(0), (3, 4))
    once, _ = CLASSES[name].forward(*put(place, (p, t)))
    twice, _ = CLASSES[name].forward(*put(place, (np.concatenate([p, p]), np.concatenate([t, t]))))
    assert float(twice) == pytest.approx(float(once), rel=1e-14)


def test_losses_of_numbers_done_by_hand():
    p, t = np.array([[0.8], [0.4]]), np.array([[1.0], [0.0]])
    J, cache = mm.BinaryCrossEntropy().forward(p, t)
    assert J == pytest.approx(-(math.log(0.8) + math.log(0.6)) / 2, rel=1e-14)
    np.testing.assert_allclose(mm.BinaryCrossEntropy().backward(cache), [[-1 / 0.8 / 2], [1 / 0.6 / 2]])
    J, cache = mm.CrossEntropy().forward(np.array([[0.2, 0.8], [0.5, 0.5]]), np.array([1, 0]))
    assert J == pytest.approx(-(math.log(0.8) + math.log(0.5)) / 2, rel=1e-14)
    np.testing.assert_allclose(mm.CrossEntropy().backward(cache), [[0, -0.625], [-1, 0]])
    J, cache = mm.MeanSquaredError().forward(np.array([[1.0, 5.0]]), np.array([[2.0, 2.0]]))
    assert J == 5
    np.testing.assert_array_equal(mm.MeanSquaredError().backward(cache), [[-1, 3]])


@pytest.mark.parametrize("name", ("binary_cross_entropy", "cross_entropy"))
def test_from_logits_is_the_loss_of_the_probabilities(name):
    z, t = prediction_and_target(f"{name}_logits", np.random.default_rng(0), (3, 4))
    loss = CLASSES[f"{name}_logits"]
    J, _ = CLASSES[name].forward(loss.probabilities(z), t)
    assert loss.forward(z, t)[0] == pytest.approx(J, rel=1e-13)


@every_place
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_binary_logits_of_a_thousand_are_exact(dtype, place):
    z, t = put(place, (np.array([1000, -1000, 1000, -1000], dtype), np.array([1, 0, 0, 1], dtype)))
    J, cache = mm.BinaryCrossEntropy(from_logits=True).forward(z, t)
    assert J == 500
    np.testing.assert_array_equal(to_host(losses.binary_cross_entropy_logits_backward(cache)), [0, 0, 0.25, -0.25])


@every_place
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_class_logits_of_a_thousand_are_exact(dtype, place):
    z = np.array([[1000, -1000, 0], [-1000, -1000, -1000]], dtype)
    J, cache = mm.CrossEntropy(from_logits=True).forward(*put(place, (z, np.array([1, 2]))))
    assert float(J) == pytest.approx((2000 + math.log(3)) / 2, rel=1e-6)
    gradient = to_host(losses.cross_entropy_logits_backward(cache))
    np.testing.assert_allclose(gradient, [[0.5, -0.5, 0], [1 / 6, 1 / 6, -1 / 3]], rtol=1e-6)


@every_place
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ("binary_cross_entropy", "cross_entropy"))
@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_probabilities_of_zero_and_one_stay_finite_and_pull_the_right_way(name, dtype, place):
    p, t = put(place, (np.array([[0, 1], [0, 1]], dtype), np.array([[1, 0], [0, 1]], dtype)))
    J, cache = CLASSES[name].forward(p, t)
    J, gradient = to_host((J, CLASSES[name].backward(cache)))
    assert np.isfinite(J) and J > 1 and np.isfinite(gradient).all()
    assert gradient[0, 0] < -1e5
    assert gradient[0, 1] > 1e5 or name == "cross_entropy"
    J, _ = CLASSES[name].forward(t, t)
    assert 0 <= J < 1e-5


@pytest.mark.parametrize(
    ("loss", "pred", "target", "message"),
    [
        (mm.BinaryCrossEntropy(), (4, 1), (4,),
         "BinaryCrossEntropy wants a target of the prediction's shape (4, 1) and got (4,)"),
        (mm.MeanSquaredError(), (4, 2), (4, 1),
         "MeanSquaredError wants a target of the prediction's shape (4, 2) and got (4, 1)"),
        (mm.CrossEntropy(), (4, 3), (4, 1),
         "CrossEntropy wants class numbers of shape (4,) for predictions (4, 3) and got (4, 1)"),
    ],
)  # fmt: skip
def test_a_target_of_another_shape_is_refused(loss, pred, target, message):
    with pytest.raises(ShapeError) as error:
        loss.forward(np.full(pred, 0.5), np.zeros(target, int))
    assert str(error.value) == message


@pytest.mark.parametrize(("classes", "found"), [([0, 3], "0 to 3"), ([-1, 2], "-1 to 2")])
def test_class_numbers_without_a_unit_are_refused(classes, found):
    with pytest.raises(ShapeError) as error:
        mm.CrossEntropy().forward(np.full((2, 3), 1 / 3), np.array(classes))
    assert str(error.value) == (
        f"CrossEntropy wants class numbers from 0 to 2 and got {found}: give the last Dense one unit a class"
    )


@pytest.mark.parametrize("from_logits", (False, True))
@pytest.mark.parametrize(
    ("answers", "found"), [([1, 2], "1 to 2"), ([-1, 1], "-1 to 1"), ([0, np.nan], "nan to nan")]
)
def test_answers_other_than_no_and_yes_are_refused(from_logits, answers, found):
    with pytest.raises(ShapeError) as error:
        mm.BinaryCrossEntropy(from_logits).forward(np.full(2, 0.5), np.array(answers))
    assert str(error.value) == (
        f"BinaryCrossEntropy wants targets from 0 to 1 and got {found}: write no as 0 and yes as 1"
    )


@every_place
@pytest.mark.parametrize("from_logits", (False, True))
def test_class_numbers_and_one_hot_rows_are_the_same_target(from_logits, place):
    pred = put(place, np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]]))
    loss = mm.CrossEntropy(from_logits)
    for target in (np.array([2, 0], "int32"), np.eye(3, dtype=int)[[2, 0]], np.eye(3)[[2, 0]]):
        J, cache = loss.forward(pred, put(place, target))
        assert J == loss.forward(pred, put(place, np.array([2, 0])))[0]
        assert loss.backward(cache).shape == (2, 3)


def test_every_time_step_may_have_its_own_class():
    rng = np.random.default_rng(0)
    z, t = normal(rng, 2, 5, 3), rng.integers(0, 3, (2, 5))
    loss = mm.CrossEntropy(from_logits=True)
    J, cache = loss.forward(z, t)
    flat, flat_cache = loss.forward(z.reshape(10, 3), t.reshape(10))
    assert J == pytest.approx(flat, rel=1e-14)
    np.testing.assert_allclose(loss.backward(cache).reshape(10, 3), loss.backward(flat_cache), rtol=1e-13)


def test_yes_and_no_may_be_integers_or_booleans():
    p = np.array([[0.8], [0.4]])
    for target in (np.array([[1], [0]]), np.array([[True], [False]])):
        assert mm.BinaryCrossEntropy().forward(p, target)[0] == pytest.approx(-math.log(0.48) / 2)


def test_a_loss_is_rebuilt_from_its_config():
    for loss in CLASSES.values():
        config = loss.config()
        again = LOSSES[config.pop("loss")](**config)
        assert again.config() == loss.config()
