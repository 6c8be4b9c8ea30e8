"""One training step, by either engine: loss, gradients, update, averages, and what it refuses."""

import numpy as np
import pytest

import tinymm as mm

engines = pytest.mark.parametrize("engine", ["textbook", "cpu"])


def small_model(rng, dropout=0.0):
    model = mm.Sequential(mm.Dense(5), mm.BatchNorm(), mm.ReLU(), mm.Dropout(dropout), mm.Dense(1))
    model.build((3,), rng, np.float64)
    return model


def test_a_step_is_forward_loss_backward_update(rng):
    model = small_model(rng)
    x, t = rng.normal(size=(7, 3)), rng.normal(size=(7, 1))
    loss = mm.MeanSquaredError()
    pred, cache = model.forward(x, training=True)
    wanted_loss, loss_cache = loss.forward(pred, t)
    _, grads = model.backward(loss.backward(loss_cache), cache)
    wanted = {name: W - 0.1 * grads[name] for name, W in model.params.items()}
    got_loss = mm.make_engine(model, loss, mm.SGD(0.1), "textbook").step(x, t)
    assert got_loss == wanted_loss
    for name, W in model.params.items():
        np.testing.assert_array_equal(W, wanted[name])


@engines
def test_a_step_moves_the_averages_of_batchnorm_and_predict_uses_them(engine, rng):
    model = small_model(rng)
    x, t = rng.normal(3, 2, size=(50, 3)), rng.normal(size=(50, 1))
    worker = mm.make_engine(model, mm.MeanSquaredError(), mm.SGD(1e-9), engine)
    before = worker.predict(x)
    for _ in range(3):
        worker.step(x, t)
    hidden = x @ model.params["0.W"] + model.params["0.b"]
    share = 1 - 0.9**3
    np.testing.assert_allclose(model.state["1.mean"], share * hidden.mean(axis=0), rtol=1e-6)
    assert not np.allclose(worker.predict(x), before)


@engines
def test_predict_draws_no_dropout_and_steps_draw_from_the_seed(engine, rng):
    x, t = rng.normal(size=(8, 3)), rng.normal(size=(8, 1))
    losses = {}
    for seed in (1, 1, 2):
        model = small_model(np.random.default_rng(0), 0.5)
        worker = mm.make_engine(model, mm.MeanSquaredError(), mm.SGD(0.1), engine, seed)
        np.testing.assert_array_equal(worker.predict(x), worker.predict(x))
        losses.setdefault(seed, []).append([worker.step(x, t) for _ in range(3)])
    assert losses[1][0] == losses[1][1] != losses[2][0]
    assert len(set(losses[1][0])) == 3


def test_an_unknown_engine_is_refused_with_the_names_there_are(rng):
    with pytest.raises(mm.TinymmError, match="choose auto, textbook, cpu or gpu"):
        mm.make_engine(small_model(rng), mm.MeanSquaredError(), mm.SGD(), engine="warp")


class Poison(mm.Layer):
    """Passes through; its output or its gradient becomes NaN on demand."""

    def __init__(self, where):
        super().__init__()
        self.where = where

    def run(self, x):
        return (x * np.nan if self.where == "output" else x), None

    def backward(self, dy, cache):
        return (dy * np.inf if self.where == "gradient" else dy), {}


@pytest.mark.parametrize("where, wanted", [("output", "output of Poison"), ("gradient", "gradient of its input of Poison")])
@engines
def test_the_first_layer_that_goes_bad_is_named_and_nothing_is_updated(engine, where, wanted, rng):
    branch = mm.Sequential(mm.Dense(4), Poison(where), mm.Dense(2))
    model = mm.Sequential(mm.Concatenate(image=branch, text=mm.Sequential(mm.Dense(2))), mm.Dense(1))
    x = {"image": rng.normal(size=(5, 3)), "text": rng.normal(size=(5, 3))}
    model.build({"image": (3,), "text": (3,)}, rng, np.float64)
    before = {name: W.copy() for name, W in model.params.items()}
    worker = mm.make_engine(model, mm.MeanSquaredError(), mm.Adam(), engine)
    with pytest.raises(mm.NonFiniteError, match=f"layer image.1: the {wanted}"):
        worker.step(x, rng.normal(size=(5, 1)))
    for name, W in model.params.items():
        np.testing.assert_array_equal(W, before[name])
    assert worker.optimizer.steps == 0


@engines
def test_a_bad_input_is_told_apart_from_a_bad_layer(engine, rng):
    model = small_model(rng)
    x = rng.normal(size=(4, 3))
    x[2, 1] = np.nan
    with pytest.raises(mm.NonFiniteError, match="the input x holds NaN"):
        mm.make_engine(model, mm.MeanSquaredError(), mm.SGD(), engine).step(x, np.zeros((4, 1)))


@engines
def test_a_bad_target_is_told_apart_from_a_bad_layer(engine, rng):
    worker = mm.make_engine(small_model(rng), mm.MeanSquaredError(), mm.SGD(), engine)
    with pytest.raises(mm.NonFiniteError, match="the loss MeanSquaredError is nan"):
        worker.step(rng.normal(size=(4, 3)), np.full((4, 1), np.nan))
