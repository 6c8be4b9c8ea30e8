"""What a training step asks of the GPU: how many launches, and never to wait. Counted by cupy_on_cpu, where there is no GPU."""

import numpy as np
import pytest

import tinymm as mm
from tinymm.models import article

cupy = pytest.importorskip("cupy")
counters = pytest.importorskip("cupy_on_cpu").counters

SHAPES = {"text": (4,), "image": (8, 8, 3), "audio": (40, 1)}
KERNELS = 28  # of a step of the article's model, whatever the batch; PyTorch eager needs about 110
COPIES = 5  # a batch from the host: three inputs, the targets, and a row of numbers such as the learning rate


def steps(count, place=lambda x: x, **options):
    """The counters of each of some steps of the article's model on float32 batches."""
    rng = np.random.default_rng(0)
    model, loss = article(SHAPES, 20, 2, "binary")
    model.build(SHAPES)
    worker = mm.make_engine(model, loss, mm.Adam(clip_norm=1.0), "gpu", **options)
    seen = []
    for _ in range(count):
        x = {"text": rng.integers(0, 20, (3, 4)), "image": rng.random((3, 8, 8, 3), "f4"), "audio": rng.random((3, 40, 1), "f4")}
        x, t = place(x), place(rng.integers(0, 2, (3, 1)))
        with counters() as c:
            worker.step(x, t)
        seen.append(c)
    return seen, worker


def test_a_step_is_one_launch_of_a_graph_and_the_copies_of_its_batch():
    seen, worker = steps(4)
    assert worker.why_plain() == ""
    for c in seen[2:]:
        assert c.syncs == c.d2h == 0
        assert c.graph_launches == 1 and c.graph_kernels <= KERNELS
        assert c.launches <= COPIES and c.h2d <= COPIES
        assert c.cublas == c.sorts == c.device_mallocs == 0


def test_a_step_that_is_not_recorded_waits_no_more_than_one_that_is(monkeypatch):
    monkeypatch.setattr("tinymm.engines.gpu.GpuEngine.captures", False)
    for c in steps(3)[0][1:]:
        assert c.syncs == c.d2h == c.graph_launches == 0
        assert c.launches <= KERNELS + COPIES


def test_batches_that_are_on_the_gpu_already_are_not_copied_from_the_host():
    for c in steps(4, mm.to_device)[0][2:]:
        assert c.h2d == 1 and c.syncs == c.d2h == 0  # the row of numbers


PICTURE, SOUND = (6, 7, 2), (8, 3)
FOR_EVERY_LAYER = {
    "Conv1D": (mm.Conv1D(3, 3, 2, "same"), SOUND), "Conv2D": (mm.Conv2D(3, 3, padding=1), PICTURE),
    "MaxPool1D": (mm.MaxPool1D(3, 2, "same"), SOUND), "MaxPool2D": (mm.MaxPool2D(3, 2, 1), PICTURE),
    "AveragePool1D": (mm.AveragePool1D(2), SOUND), "AveragePool2D": (mm.AveragePool2D(3, 2, "same"), PICTURE),
    "GlobalAveragePool": (mm.GlobalAveragePool(), PICTURE), "GlobalMaxPool": (mm.GlobalMaxPool(), PICTURE),
    "BatchNorm": (mm.BatchNorm(), PICTURE), "LayerNorm": (mm.LayerNorm(), SOUND), "Softmax": (mm.Softmax(), SOUND),
    "LSTM": (mm.LSTM(3, return_sequences=True), SOUND), "RNN": (mm.RNN(3, return_sequences=True), SOUND),
    "TimeDistributed": (mm.TimeDistributed(mm.MaxPool2D(2, 1)), (3, *PICTURE)), "Dropout": (mm.Dropout(0.3), SOUND),
    "ReLU": (mm.ReLU(), SOUND), "Sigmoid": (mm.Sigmoid(), SOUND), "Tanh": (mm.Tanh(), SOUND), "Dense": (mm.Dense(3), SOUND),
    "Concatenate": (mm.Concatenate(a=mm.Dense(2), b=mm.GlobalMaxPool()), {"a": (3,), "b": SOUND}),
    "Sequential": (mm.Sequential(mm.Conv2D(3, 2), mm.BatchNorm(), mm.ReLU(), mm.MaxPool2D(3, 1)), PICTURE),
}  # fmt: skip
MASKED = {
    "Embedding": mm.LSTM(3), "masked RNN": mm.RNN(3), "masked average": mm.GlobalAveragePool(), "masked max": mm.GlobalMaxPool(),
}  # fmt: skip


def last_of_three(model, loss, optimizer, inputs, targets):
    """The counters of a step after two others, and the engine."""
    worker = mm.make_engine(model, loss, optimizer, "gpu")
    for _ in range(3):
        with counters() as c:
            worker.step(inputs, targets)
    return c, worker


@pytest.mark.parametrize("name", [*FOR_EVERY_LAYER, *MASKED])
def test_a_step_through_any_layer_waits_for_nothing_and_is_recorded(name, rng):
    if name in MASKED:
        model, x = mm.Sequential(mm.Embedding(9, 3, padding_id=0), MASKED[name], mm.Dense(2)), rng.integers(0, 9, (4, 5))
        model.build((5,))
    else:
        layer, shape = FOR_EVERY_LAYER[name]
        flat = [] if isinstance(shape, dict) or len(layer.output_shape(shape)) == 1 else [mm.Flatten()]
        model = mm.Sequential(layer, *flat, mm.Dense(2))
        model.build(shape)
        x = {k: rng.random((4, *s), "f4") for k, s in shape.items()} if isinstance(shape, dict) else rng.random((4, *shape), "f4")
    c, worker = last_of_three(model, mm.MeanSquaredError(), mm.Adam(clip_norm=1.0), x, rng.random((4, 2), "f4"))
    assert c.syncs == c.d2h == 0
    assert worker.why_plain() == "" and c.graph_launches == 1


def test_every_layer_of_tinymm_is_among_those_that_wait_for_nothing():
    kinds = {name for name in mm.layers.__all__ if isinstance(getattr(mm, name), type)}
    assert kinds - {*FOR_EVERY_LAYER, *MASKED} == {"Container", "Flatten", "Layer"}


@pytest.mark.parametrize("loss, targets", [
    (mm.MeanSquaredError(), np.ones((4, 2))), (mm.BinaryCrossEntropy(), np.ones((4, 2))), (mm.CrossEntropy(), np.ones(4, int)),
    (mm.BinaryCrossEntropy(from_logits=True), np.ones((4, 2))), (mm.CrossEntropy(from_logits=True), np.ones((4, 2)) / 2),
])  # fmt: skip
@pytest.mark.parametrize("optimizer", [mm.SGD, mm.Momentum, mm.AdamW])
def test_a_step_with_any_loss_and_any_optimizer_waits_for_nothing_and_is_recorded(loss, targets, optimizer, rng):
    model = mm.Sequential(mm.Dense(2), *([] if getattr(loss, "from_logits", True) else [mm.Softmax()]))
    model.build((3,))
    c, _ = last_of_three(model, loss, optimizer(), rng.random((4, 3), "f4"), targets)
    assert c.syncs == c.d2h == 0 and c.graph_launches == 1


def test_looking_at_a_loss_is_what_waits():
    _, worker = steps(2)
    x = {"text": np.zeros((3, 4), int), "image": np.ones((3, 8, 8, 3), "f4"), "audio": np.ones((3, 40, 1), "f4")}
    loss = worker.step(x, np.ones((3, 1)))
    with counters() as c:
        assert float(loss) == float(loss) > 0
    assert c.syncs >= 1 and c.d2h == 2


def test_a_step_whose_recording_fails_is_launched_one_by_one_and_says_why(rng, monkeypatch):
    monkeypatch.setattr("tinymm.engines.gpu.containers.MOST_UNITS", 2)
    model = mm.Sequential(mm.RNN(3), mm.Dense(1))  # too many units for a kernel: the textbook's code calls cuBLAS
    model.build((4, 2))
    worker = mm.make_engine(model, mm.MeanSquaredError(), mm.SGD(), "gpu")
    losses = [float(worker.step(np.ones((2, 4, 2), "f4"), np.ones((2, 1), "f4"))) for _ in range(4)]
    assert "cannot be recorded" in worker.why_plain()
    assert losses == sorted(losses, reverse=True) and losses[0] > losses[-1]


def test_a_layer_of_ones_own_is_never_recorded(rng):
    class Counting(mm.Layer):
        calls = 0

        def run(self, x):
            Counting.calls += 1
            return x, None

        def backward(self, dy, cache):
            return dy, {}

    model = mm.Sequential(mm.Dense(2), Counting(), mm.Dense(1))
    model.build((3,))
    worker = mm.make_engine(model, mm.MeanSquaredError(), mm.SGD(), "gpu")
    for _ in range(4):
        worker.step(np.ones((2, 3), "f4"), np.ones((2, 1), "f4"))
    assert Counting.calls == 5  # one to check the shapes
    assert "your own" in worker.why_plain()
