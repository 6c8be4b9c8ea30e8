"""The CPU engine as a whole: the textbook's losses and weights, whatever the model, the batch and the optimizer."""

import numpy as np
import pytest

import tinymm as mm
from tinymm.models import article, default

SHAPES = {"text": (7,), "video": (3, 16, 17, 3), "audio": (40, 8)}


def batch(shapes, n, rng, dtype):
    return {k: rng.integers(0, 20, (n, *s)) if k == "text" else rng.normal(size=(n, *s)).astype(dtype) for k, s in shapes.items()}


def trained(engine, definition, dtype, optimizer, steps, batches=(6,)):
    """-> losses, parameters and state after some steps."""
    rng = np.random.default_rng(4)
    model, loss = definition(SHAPES, 20, 4, "classes")
    model.build(SHAPES, np.random.default_rng(1), dtype)
    worker = mm.make_engine(model, loss, optimizer, engine, seed=9)
    losses = []
    for k in range(steps):
        n = batches[k % len(batches)]
        losses.append(worker.step(batch(SHAPES, n, rng, dtype), rng.integers(0, 4, n)))
    return losses, {**model.params, **model.state}, worker


@pytest.mark.parametrize("definition", [article, default])
@pytest.mark.parametrize("optimizer", [
    lambda: mm.SGD(0.01), lambda: mm.Momentum(0.01), lambda: mm.Adam(0.001), lambda: mm.AdamW(0.001, clip_norm=0.1),
])  # fmt: skip
def test_float64_training_gives_the_textbooks_weights_to_1e_10(definition, optimizer):
    results = [trained(engine, definition, np.float64, optimizer(), 4, batches=(6, 6, 5)) for engine in ("textbook", "cpu")]
    np.testing.assert_allclose(results[1][0], results[0][0], rtol=1e-10)
    for name, array in results[0][1].items():
        np.testing.assert_allclose(results[1][1][name], array, rtol=1e-7, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("definition", [article, default])
def test_fifty_steps_in_float32_give_the_textbooks_losses_to_1e_5(definition):
    losses = [trained(engine, definition, np.float32, mm.Adam(0.001), 50)[0] for engine in ("textbook", "cpu")]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)


def test_predictions_are_the_textbooks_and_stay_when_more_is_predicted():
    _, _, worker = trained("cpu", default, np.float64, mm.Adam(0.01), 3)
    rng = np.random.default_rng(0)
    a, b = batch(SHAPES, 5, rng, np.float64), batch(SHAPES, 5, rng, np.float64)
    first = worker.predict(a)
    worker.predict(b)
    np.testing.assert_allclose(first, worker.model.forward(a)[0], rtol=1e-10, atol=1e-12)


def test_the_slots_of_the_optimizer_are_the_textbooks():
    slots = [trained(engine, article, np.float64, mm.Adam(), 3)[2].optimizer for engine in ("textbook", "cpu")]
    assert slots[0].steps == slots[1].steps == 3
    for name, array in slots[0].state_arrays().items():
        np.testing.assert_allclose(slots[1].state_arrays()[name], array, rtol=1e-8, atol=1e-14)


def test_a_layer_in_two_places_other_numbers_and_ones_own_layers_run_as_the_textbook_says(rng):
    class Square(mm.Layer):
        def run(self, x):
            return x * x, x

        def backward(self, dy, cache):
            return 2 * cache * dy, {}

    def two_places():
        shared = mm.Dense(3)
        return mm.Sequential(mm.Concatenate(a=shared, b=shared), mm.Dense(1))

    models = [
        two_places,
        lambda: mm.Sequential(mm.Concatenate(a=mm.Dense(2), b=mm.Sequential(mm.Dense(2), Square())), mm.Dense(1)),
    ]
    for make, dtype in ((models[0], "f8"), (models[1], "f8"), (models[1], "c16"), (models[1], "f2")):
        x = {"a": rng.normal(size=(4, 3)).astype(dtype), "b": rng.normal(size=(4, 3)).astype(dtype)}
        t = rng.normal(size=(4, 1)).astype(dtype)
        weights = []
        for engine in ("textbook", "cpu"):
            model = make()
            model.build({"a": (3,), "b": (3,)}, np.random.default_rng(0), dtype)
            mm.make_engine(model, mm.MeanSquaredError(), mm.SGD(0.1), engine).step(x, t)
            weights.append(model.params)
        for name, array in weights[0].items():
            np.testing.assert_allclose(weights[1][name], array, rtol=1e-9)


def test_a_step_repeats_to_the_last_bit_whatever_the_threads_do():
    runs = [trained("cpu", default, np.float32, mm.AdamW(), 6) for _ in range(3)]
    for losses, arrays, _ in runs[1:]:
        assert losses == runs[0][0]
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, runs[0][1][name])


@pytest.mark.parametrize("definition", [article, default])
def test_any_number_of_threads_gives_the_same_bits(definition, monkeypatch):
    runs = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("TINYMM_THREADS", threads)
        runs.append(trained("cpu", definition, np.float32, mm.Adam(), 4, batches=(33, 20)))
    for losses, arrays, _ in runs[1:]:
        assert losses == runs[0][0]
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, runs[0][1][name], err_msg=name)


@pytest.mark.parametrize("change, message", [
    (lambda x: x | {"audio": x["audio"][..., 0]}, r"layer audio\.0: Conv1D wants inputs"),
    (lambda x: x | {"text": x["text"] + 15}, r"layer text\.0: Embedding has rows"),
    (lambda x: x | {"text": x["text"].astype(float)}, r"layer text\.0: Embedding wants whole numbers"),
    (lambda x: {k: a for k, a in x.items() if k != "video"}, "video is missing"),
    (lambda x: x | {"text": x["text"][:2]}, "as many samples on every branch"),
])  # fmt: skip
def test_errors_are_those_of_the_textbook_also_after_good_steps(change, message):
    _, _, worker = trained("cpu", article, np.float64, mm.SGD(), 1)
    x = batch(SHAPES, 6, np.random.default_rng(0), np.float64)
    with pytest.raises(mm.ShapeError, match=message):
        worker.step(change(x), np.zeros(6, int))
    assert worker.optimizer.steps == 1
