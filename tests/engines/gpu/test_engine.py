"""The GPU engine as a whole: the textbook's losses and weights, whatever the model, the batch and the optimizer."""

import numpy as np
import pytest

import tinymm as mm
from tinymm.models import article, default

cupy = pytest.importorskip("cupy")
if not cupy.is_available():
    pytest.skip("no GPU", allow_module_level=True)

SHAPES = {"text": (7,), "video": (3, 16, 17, 3), "audio": (40, 8)}
BOUND = 2e-3  # of a loss, relative, between CPU and GPU after 100 steps in float32


def small(shapes, vocabulary, labels, kind):
    """Every kind of layer that has a plan, with few numbers."""
    frame = mm.Sequential(mm.Conv2D(4, 3), mm.ReLU(), mm.MaxPool2D(2), mm.Conv2D(3, 2), mm.Flatten())
    senses = mm.Concatenate(
        text=mm.Sequential(mm.Embedding(vocabulary, 6, padding_id=0), mm.LSTM(5)),
        video=mm.Sequential(mm.TimeDistributed(frame), mm.LSTM(4)),
        audio=mm.Sequential(mm.Conv1D(4, 3), mm.ReLU(), mm.MaxPool1D(2), mm.Flatten()),
    )
    model = mm.Sequential(senses, mm.Dropout(0.3), mm.Dense(9), mm.Tanh(), mm.Dropout(0.2), mm.Dense(labels))
    return model, mm.CrossEntropy(from_logits=True)


def batch(shapes, n, rng, dtype):
    return {k: rng.integers(0, 20, (n, *s)) if k == "text" else rng.normal(size=(n, *s)).astype(dtype) for k, s in shapes.items()}


def trained(engine, definition, dtype, optimizer, steps, batches=(6,), place=lambda x: x, seed=9, **options):
    """-> losses, parameters and state on the host after some steps, and the engine."""
    rng = np.random.default_rng(4)
    model, loss = definition(SHAPES, 20, 4, "classes")
    model.build(SHAPES, np.random.default_rng(1), dtype)
    worker = mm.make_engine(model, loss, optimizer, engine, seed=seed, **options)
    losses = []
    for k in range(steps):
        n = batches[k % len(batches)]
        losses.append(worker.step(place(batch(SHAPES, n, rng, dtype)), place(rng.integers(0, 4, n))))
    losses = [float(loss) for loss in losses]
    return losses, mm.to_host({**model.params, **model.state}), worker


@pytest.mark.parametrize("definition, optimizer", [
    (small, lambda: mm.SGD(0.01)), (small, lambda: mm.Momentum(0.01)), (small, lambda: mm.AdamW(0.001, clip_norm=0.1)),
    (article, lambda: mm.Adam(0.001)), (default, lambda: mm.AdamW(0.001, clip_norm=0.1)),
])  # fmt: skip
def test_float64_training_gives_the_textbooks_weights_to_1e_10(definition, optimizer):
    wanted = trained("textbook", definition, np.float64, optimizer(), 5, batches=(6, 6, 5))
    got = trained("gpu", definition, np.float64, optimizer(), 5, batches=(6, 6, 5))
    np.testing.assert_allclose(got[0], wanted[0], rtol=1e-10)
    for name, array in wanted[1].items():
        np.testing.assert_allclose(got[1][name], array, rtol=1e-7, atol=1e-10, err_msg=name)


def test_a_hundred_steps_in_float32_agree_with_the_cpu_within_the_stated_bound():
    losses = [trained(engine, small, np.float32, mm.Adam(0.001), 100, (4,))[0] for engine in ("cpu", "gpu")]
    np.testing.assert_allclose(losses[1], losses[0], rtol=BOUND)


def test_the_same_seed_gives_the_same_dropout_on_both_and_another_seed_another():
    losses = {(e, s): trained(e, small, np.float64, mm.SGD(1e-9), 3, seed=s)[0] for e in ("cpu", "gpu") for s in (1, 2)}
    np.testing.assert_allclose(losses["gpu", 1], losses["cpu", 1], rtol=1e-10)
    assert abs(losses["gpu", 1][0] - losses["gpu", 2][0]) > 1e-6


@pytest.mark.parametrize("definition", [small, default])
def test_runs_repeat_to_the_last_bit_replayed_or_launched_one_by_one(definition, monkeypatch):
    runs = [trained("gpu", definition, np.float32, mm.AdamW(clip_norm=1.0), 5)]
    runs.append(trained("gpu", definition, np.float32, mm.AdamW(clip_norm=1.0), 5, place=mm.to_device))
    monkeypatch.setattr("tinymm.engines.gpu.GpuEngine.captures", False)
    runs.append(trained("gpu", definition, np.float32, mm.AdamW(clip_norm=1.0), 5))
    for losses, arrays, _ in runs[1:]:
        assert losses == runs[0][0]
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, runs[0][1][name], err_msg=name)


def test_without_the_promise_of_the_same_bits_the_results_are_the_same_up_to_rounding():
    runs = [trained("gpu", small, np.float64, mm.Adam(), 3, deterministic=kept)[0] for kept in (True, False)]
    np.testing.assert_allclose(runs[1], runs[0], rtol=1e-10)


def test_predictions_are_the_textbooks_stay_when_more_is_predicted_and_come_back_to_where_the_question_was():
    _, _, worker = trained("gpu", small, np.float64, mm.Adam(0.01), 3)
    rng = np.random.default_rng(0)
    a, b = batch(SHAPES, 5, rng, np.float64), batch(SHAPES, 5, rng, np.float64)
    first, on_gpu = worker.predict(a), worker.predict(mm.to_device(a))
    worker.predict(b)
    assert isinstance(first, np.ndarray) and isinstance(on_gpu, cupy.ndarray)
    np.testing.assert_array_equal(first, on_gpu.get())
    np.testing.assert_allclose(first, worker.model.to("cpu").forward(a)[0], rtol=1e-10, atol=1e-12)


def test_the_slots_of_the_optimizer_are_the_textbooks_and_may_be_put_back():
    slots = [trained(engine, small, np.float64, mm.Adam(), 3)[2].optimizer for engine in ("textbook", "gpu")]
    assert slots[0].steps == slots[1].steps == 3
    for name, array in slots[0].state_arrays().items():
        np.testing.assert_allclose(slots[1].state_arrays()[name].get(), array, rtol=1e-8, atol=1e-14)


def test_a_model_that_was_moved_or_an_optimizer_that_was_restored_goes_on_where_it_was():
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    weights = []
    for moves in (False, True):
        model = mm.Sequential(mm.Dense(4), mm.ReLU(), mm.Dense(2))
        model.build((3,), np.random.default_rng(0), np.float64)
        worker = mm.make_engine(model, mm.MeanSquaredError(), mm.Adam(0.1), "gpu")
        for _ in range(4):
            worker.step(x, t)
            if moves:
                worker.optimizer.restore(worker.optimizer.steps, mm.to_host(worker.optimizer.state_arrays()))
                model.to("cpu")
        weights.append(mm.to_host(model.params))
    for name, array in weights[0].items():
        np.testing.assert_array_equal(weights[1][name], array)


class Square(mm.Layer):
    def run(self, x):
        return x * x, x

    def backward(self, dy, cache):
        return 2 * cache * dy, {}


def two_places():
    shared = mm.Dense(3)
    return mm.Sequential(mm.Concatenate(a=shared, b=shared), mm.Dense(1))


def with_square():
    return mm.Sequential(mm.Concatenate(a=mm.Dense(2), b=mm.Sequential(mm.Dense(2), Square())), mm.Dense(1))


@pytest.mark.parametrize("make, dtype", [(two_places, "f8"), (with_square, "f8"), (with_square, "c16"), (with_square, "f2")])
def test_a_layer_in_two_places_other_numbers_and_ones_own_layers_run_as_the_textbook_says(make, dtype, rng):
    x = {"a": rng.normal(size=(4, 3)).astype(dtype), "b": rng.normal(size=(4, 3)).astype(dtype)}
    t = rng.normal(size=(4, 1)).astype(dtype)
    weights = []
    for engine in ("textbook", "gpu"):
        model = make()
        model.build({"a": (3,), "b": (3,)}, np.random.default_rng(0), dtype)
        worker = mm.make_engine(model, mm.MeanSquaredError(), mm.SGD(0.1), engine)
        for _ in range(3):
            worker.step(x, t)
        weights.append(mm.to_host(model.params))
    for name, array in weights[0].items():
        np.testing.assert_allclose(weights[1][name], array, rtol=1e-2 if dtype == "f2" else 1e-9)


def test_an_optimizer_of_ones_own_updates_by_its_own_code(rng):
    class Signs(mm.SGD):
        def rule(self, W, dW):
            return (W - self.lr * (dW > 0) + self.lr * (dW < 0),)

    x, t = rng.normal(size=(4, 3)), rng.normal(size=(4, 1))
    weights = []
    for engine in ("textbook", "gpu"):
        model = mm.Sequential(mm.Dense(1))
        model.build((3,), np.random.default_rng(0), np.float64)
        mm.make_engine(model, mm.MeanSquaredError(), Signs(0.1), engine).step(x, t)
        weights.append(mm.to_host(model.params))
    np.testing.assert_allclose(weights[1]["0.W"], weights[0]["0.W"], rtol=1e-12)


@pytest.mark.parametrize("change, message", [
    (lambda x: x | {"audio": x["audio"][..., 0]}, r"layer audio\.0: Conv1D wants inputs"),
    (lambda x: x | {"text": x["text"] + 15}, r"layer text\.0: Embedding has rows"),
    (lambda x: x | {"text": x["text"].astype(float)}, r"layer text\.0: Embedding wants whole numbers"),
    (lambda x: {k: a for k, a in x.items() if k != "video"}, "video is missing"),
    (lambda x: x | {"text": x["text"][:2]}, "as many samples on every branch"),
    (lambda x: x | {"text": mm.to_device(x["text"])}, "text on the GPU, video and audio on the CPU"),
])  # fmt: skip
def test_errors_are_those_of_the_textbook_also_after_good_steps(change, message):
    _, _, worker = trained("gpu", small, np.float64, mm.SGD(), 2)
    x = batch(SHAPES, 6, np.random.default_rng(0), np.float64)
    with pytest.raises(mm.TinymmError, match=message):
        worker.step(change(x), np.zeros(6, int))
    assert worker.optimizer.steps == 2


@pytest.mark.parametrize("targets, message", [
    (np.full(6, 4), "class numbers from 0 to 3 and got 4 to 4"), (np.zeros((6, 3)), "wants a target of the prediction's shape"),
])  # fmt: skip
def test_targets_that_cannot_be_are_refused_before_anything_is_launched(targets, message):
    _, _, worker = trained("gpu", small, np.float64, mm.SGD(), 2)
    with pytest.raises(mm.ShapeError, match=message):
        worker.step(batch(SHAPES, 6, np.random.default_rng(0), np.float64), targets)
    assert worker.optimizer.steps == 2


def test_the_model_decides_what_auto_means(rng):
    model = mm.Sequential(mm.Dense(1))
    model.build((3,))
    assert type(mm.make_engine(model, mm.MeanSquaredError(), mm.SGD())).__name__ == "CpuEngine"
    model.to("gpu")
    assert type(mm.make_engine(model, mm.MeanSquaredError(), mm.SGD())).__name__ == "GpuEngine"


def test_a_model_that_nobody_built_is_built_by_its_first_batch(rng):
    model = mm.Sequential(mm.Dense(2), mm.ReLU(), mm.Dense(1))
    worker = mm.make_engine(model, mm.MeanSquaredError(), mm.SGD(), "gpu")
    assert float(worker.step(rng.normal(size=(4, 3)), np.zeros((4, 1)))) >= 0
    assert isinstance(model.params["0.W"], cupy.ndarray)


def test_a_saved_model_knows_nothing_of_where_it_was_trained(tmp_path):
    _, _, worker = trained("gpu", default, np.float32, mm.Adam(), 2)
    mm.save(worker.model, tmp_path / "gpu.safetensors")
    mm.save(worker.model.to("cpu"), tmp_path / "cpu.safetensors")
    assert (tmp_path / "gpu.safetensors").read_bytes() == (tmp_path / "cpu.safetensors").read_bytes()
    x = batch(SHAPES, 3, np.random.default_rng(0), np.float32)
    np.testing.assert_array_equal(mm.load(tmp_path / "gpu.safetensors").forward(x)[0], worker.model.forward(x)[0])
