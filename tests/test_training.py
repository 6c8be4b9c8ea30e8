"""The Trainer: what it measures, when it stops, and that an interrupted run ends like one that was not."""

import csv
import os
import signal
import threading

import numpy as np
import pytest
from numeric import has_gpu

import tinymm as mm
from tinymm.engines.pending import PendingLoss

EPOCHS = 4
every_engine = pytest.mark.parametrize("engine", ["cpu", "gpu"] if has_gpu() else ["cpu"])


def data(samples=70):
    rng = np.random.default_rng(3)
    inputs = {
        "text": rng.integers(0, 12, (samples, 4)),
        "image": rng.normal(size=(samples, 6, 6, 2)).astype("f"),
    }
    targets = (inputs["image"].mean(axis=(1, 2, 3)) > 0).astype("f")[:, None]
    return inputs, targets


def trainer(seed=5, lr=0.01, engine="cpu", optimizer=None):
    text = mm.Sequential(mm.Embedding(12, 4, padding_id=0), mm.LSTM(3))
    image = mm.Sequential(mm.Conv2D(3, 3), mm.BatchNorm(), mm.ReLU(), mm.Dropout(0.2), mm.Flatten())
    model = mm.Sequential(mm.Concatenate(text=text, image=image), mm.Dense(1))
    model.build({"text": (4,), "image": (6, 6, 2)}, np.random.default_rng(0))
    return mm.Trainer(model, mm.BinaryCrossEntropy(from_logits=True), optimizer or mm.Adam(lr, clip_norm=1.0), engine, seed)


def jitter(inputs, rng):
    return {**inputs, "image": inputs["image"] + 0.1 * rng.standard_normal(inputs["image"].shape, np.float32)}


class InterruptAfter:
    """An observer that presses Ctrl-C after so many batches."""

    def __init__(self, batches):
        self.left = batches

    def batch(self, position, batches, loss):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGINT)

    def epoch(self, row):
        pass


def arrays_of(t):
    return mm.to_host({**t.model.params, **t.model.state, **t.optimizer.state_arrays()})


def without_time(history):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in history]


@every_engine
@pytest.mark.parametrize("interrupt_after", [1, 3, 4, 5, 11])
def test_an_interrupted_and_resumed_run_is_bit_for_bit_one_that_was_not(tmp_path, interrupt_after, engine):
    (x, t), val = data(), data(20)
    choice = {"epochs": EPOCHS, "batch_size": 20, "validation": val, "augment": jitter}
    straight = trainer(engine=engine)
    straight.fit(x, t, **choice)

    stopped = trainer(engine=engine)
    with pytest.raises(KeyboardInterrupt):
        stopped.fit(x, t, **choice, folder=tmp_path, observer=InterruptAfter(interrupt_after))
    assert stopped.optimizer.steps == interrupt_after

    resumed = trainer(engine=engine)
    resumed.resume(tmp_path)
    resumed.fit(x, t, **choice, folder=tmp_path)
    for name, array in arrays_of(straight).items():
        np.testing.assert_array_equal(arrays_of(resumed)[name], array, err_msg=name)
    assert without_time(resumed.position.history) == without_time(straight.position.history)
    straight.restore_best()
    resumed.restore_best()
    best = mm.load(tmp_path / "best.safetensors")
    for name, array in mm.to_host(straight.model.params).items():
        np.testing.assert_array_equal(mm.to_host(resumed.model.params)[name], array)
        np.testing.assert_array_equal(best.params[name], array)


@every_engine
def test_the_seed_decides_the_whole_run_and_another_seed_another(engine):
    x, t = data()
    losses = {}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        losses[name] = [row["loss"] for row in trainer(seed, engine=engine).fit(x, t, epochs=2, augment=jitter)]
    assert losses["a"] == losses["b"] != losses["c"]


def test_every_sample_is_seen_once_an_epoch_and_the_last_batch_may_be_smaller():
    seen = []

    class Recording(mm.Layer):
        def run(self, x):
            seen.append(x[:, 0].copy())
            return x, None

        def backward(self, dy, cache):
            return dy, {}

    model = mm.Sequential(Recording(), mm.Dense(1))
    x = np.arange(10.0)[:, None]
    mm.Trainer(model, mm.MeanSquaredError(), mm.SGD(1e-9), "textbook").fit(x, x, epochs=2, batch_size=4)
    assert [len(batch) for batch in seen] == [4, 4, 2, 4, 4, 2]
    first, second = np.concatenate(seen[:3]), np.concatenate(seen[3:])
    assert sorted(first) == sorted(second) == list(range(10))
    assert list(first) != list(second)


def test_the_history_is_the_mean_loss_over_samples_and_is_kept_as_csv(tmp_path):
    x = np.ones((3, 1))
    t = np.array([[0.0], [0.0], [6.0]])
    model = mm.Sequential(mm.Dense(1))
    model.build((1,), dtype=np.float64)
    model.params["0.W"][...] = 0
    history = mm.Trainer(model, mm.MeanSquaredError(), mm.SGD(1e-12)).fit(x, t, epochs=2, batch_size=2, folder=tmp_path)
    assert history[0]["loss"] == pytest.approx(36 / 3)
    with open(tmp_path / "history.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert float(rows[0]["loss"]) == history[0]["loss"]


def test_progress_is_a_plain_line_an_epoch_where_there_is_no_terminal(capsys):
    x, t = data(20)
    trainer().fit(x, t, epochs=2, validation=(x, t), progress=True)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("epoch   1/2   loss ") and "validation loss" in first and "accuracy" in first
    assert second.startswith("epoch   2/2") and "\x1b" not in first + second
    trainer().fit(x, t, epochs=1)
    assert capsys.readouterr().out == ""


@every_engine
def test_training_learns_what_can_be_learned(engine):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2))
    t = (x[:, 0] * x[:, 1] > 0).astype(np.int64)
    model = mm.Sequential(mm.Dense(16), mm.Tanh(), mm.Dense(2))
    fitted = mm.Trainer(model, mm.CrossEntropy(from_logits=True), mm.Adam(0.03), engine)
    fitted.fit(x, t, epochs=60)
    assert fitted.evaluate(x, t)["accuracy"] > 0.95
    assert fitted.predict(x).shape == (200, 2)
    np.testing.assert_allclose(fitted.predict(x).sum(axis=1), 1)


@every_engine
def test_patience_stops_and_the_best_epoch_can_be_restored(engine):
    x, t = data()
    worse = 1 - t
    fitted = trainer(lr=0.05, engine=engine)
    history = fitted.fit(x, t, epochs=50, validation=(x, worse), patience=3)
    best = fitted.position.best_epoch
    assert len(history) == best + 3 < 50
    fitted.restore_best()
    assert fitted.evaluate(x, worse)["loss"] == pytest.approx(history[best - 1]["validation_loss"])


@every_engine
def test_evaluating_in_small_batches_changes_nothing(engine):
    x, t = data()
    fitted = trainer(engine=engine)
    fitted.fit(x, t, epochs=1)
    assert fitted.evaluate(x, t, batch_size=1)["loss"] == pytest.approx(fitted.evaluate(x, t, batch_size=70)["loss"], rel=1e-5)


@every_engine
def test_a_loss_that_goes_bad_names_the_layer_and_leaves_the_files_good(tmp_path, engine):
    x, t = data()
    fitted = trainer(engine=engine)
    fitted.fit(x, t, epochs=1, folder=tmp_path)
    good = (tmp_path / "last.safetensors").read_bytes()
    fitted.model.params["image.0.W"][...] = 1e38
    with pytest.raises(mm.NonFiniteError, match=r"layer image\.0: the output of Conv2D"):
        fitted.fit(x, t, epochs=3, folder=tmp_path)
    assert (tmp_path / "last.safetensors").read_bytes() == good


@every_engine
def test_targets_must_match_the_inputs_in_number(engine):
    x, t = data()
    with pytest.raises(mm.TinymmError, match="text 70, image 70, targets 69"):
        trainer(engine=engine).fit(x, t[:-1])
    with pytest.raises(mm.TinymmError, match="no samples"):
        trainer(engine=engine).fit({k: a[:0] for k, a in x.items()}, t[:0])


@pytest.mark.parametrize("change, message", [
    ({"seed": 6}, "seed 5, this run asks for 6"),
    ({"lr": 0.5}, "optimizer .*0.01.*0.5"),
])  # fmt: skip
def test_a_run_is_only_resumed_by_a_trainer_of_the_same_settings(tmp_path, change, message):
    x, t = data()
    trainer().fit(x, t, epochs=1, folder=tmp_path)
    with pytest.raises(mm.TinymmError, match=message):
        trainer(**change).resume(tmp_path)


def test_a_run_is_only_resumed_with_the_same_model(tmp_path):
    x, t = data()
    trainer().fit(x, t, epochs=1, folder=tmp_path)
    other = trainer()
    other.model.params.clear()
    other.model.children["1"] = mm.Dense(2)
    other.model.children["1"].build((51,))
    with pytest.raises(mm.TinymmError, match="another model"):
        other.resume(tmp_path)


def test_without_a_checkpoint_there_is_nothing_to_resume(tmp_path):
    with pytest.raises(mm.TinymmError, match="no model file"):
        trainer().resume(tmp_path)
    fitted = trainer()
    mm.save(fitted.model, tmp_path / "last.safetensors")
    with pytest.raises(mm.TinymmError, match="no training state"):
        fitted.resume(tmp_path)


def test_ctrl_c_behaves_as_before_once_training_is_over():
    before = signal.getsignal(signal.SIGINT)
    x, t = data()
    trainer().fit(x, t, epochs=1)
    assert signal.getsignal(signal.SIGINT) is before


@every_engine
def test_training_works_in_another_thread(engine):
    x, t = data()
    histories = []
    thread = threading.Thread(target=lambda: histories.append(trainer(engine=engine).fit(x, t, epochs=1)))
    thread.start()
    thread.join()
    assert len(histories[0]) == 1


class Ahead:
    """Stands for an engine whose losses come later, as on a GPU."""

    def __init__(self, losses):
        self.losses, self.read = iter(losses), 0

    def step(self, inputs, targets):
        loss = next(self.losses)
        return PendingLoss(lambda: self.look(loss))

    def look(self, loss):
        self.read += 1
        if loss is None:
            raise mm.NonFiniteError("went bad")
        return np.float32(loss)


def test_losses_that_come_later_are_looked_at_a_few_at_a_time_and_all_counted():
    t, (x, targets), seen = trainer(), data(44), []
    t.engine = Ahead(range(11))

    class Watching:
        def batch(self, position, batches, loss):
            seen.append(t.engine.read)

        def epoch(self, row):
            assert row["loss"] == sum(range(11)) / 11

    t.fit(x, targets, epochs=1, batch_size=4, observer=Watching())
    assert seen == [0] * 8 + [8] * 3 and t.engine.read == 11


def test_batches_behind_a_bad_one_are_not_counted_as_done():
    t, (x, targets) = trainer(), data(44)
    t.engine = Ahead([0, 1, 2, None, *[None] * 9])
    with pytest.raises(mm.NonFiniteError):
        t.fit(x, targets, epochs=1, batch_size=4)
    assert t.position.batch == 3 and t.position.loss_sum == 4 * (0 + 1 + 2)


@pytest.mark.skipif(not has_gpu(), reason="no GPU")
def test_a_run_on_the_gpu_is_that_on_the_cpu_up_to_rounding_wherever_the_data_lie():
    (x, t), val = data(), data(20)
    # not Adam: it makes full steps out of the rounding in the gradient of the bias in front of BatchNorm, which is truly 0
    runs = [trainer(engine=engine, optimizer=mm.Momentum(0.05, clip_norm=1.0)) for engine in ("cpu", "gpu", "gpu")]
    given = [(x, t), (x, t), mm.to_device((x, t))]
    for run, (inputs, targets) in zip(runs, given):
        run.fit(inputs, targets, epochs=3, batch_size=20, validation=val)
    for row, on_gpu, from_gpu in zip(*(without_time(run.position.history) for run in runs)):
        assert on_gpu == from_gpu
        assert on_gpu == pytest.approx(row, rel=1e-4)
    np.testing.assert_allclose(runs[1].predict(x), runs[0].predict(x), atol=1e-4)
