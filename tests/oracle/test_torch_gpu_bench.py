"""PyTorch's contestants of the GPU benchmark, on the CPU: they do the work that tinymm does, and give its numbers."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

import tinymm as mm
from tinymm.bench.works import LayerWork, StepWork, conv2d_work, lstm_work

torch = pytest.importorskip("torch")


@pytest.fixture
def contestants(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    yield importlib.import_module("gpu_torch")
    del sys.modules["gpu_torch"]


def deep():
    return mm.Sequential(mm.Conv2D(5, 3, padding="same"), mm.ReLU(), mm.MaxPool2D(2))


@pytest.mark.parametrize("work", [
    conv2d_work(2, 8), LayerWork("deep", "", deep, (2, 6, 6, 4), None), lstm_work(3, 2, 4),
    LayerWork("embedding", "", lambda: mm.Embedding(50, 3), (2, 4), None, dx=False),
    LayerWork("dense", "", lambda: mm.Sequential(mm.Dense(4), mm.ReLU()), (3, 5), None),
], ids=lambda work: work.name)  # fmt: skip
def test_a_layers_passes(work, contestants):
    layer, (x, dy) = work.layer(), work.arrays()
    _, cache = layer.forward(x, training=True)
    dx, _ = layer.backward(dy, cache)
    passes = contestants.layer_passes(work, "cpu")
    assert len(passes) == (2 if len(work.shape) == 4 else 1)
    for run in passes.values():
        got = run()
        if work.dx:
            got = got.movedim(1, -1) if len(work.shape) == 4 else got
            np.testing.assert_allclose(got, dx, rtol=1e-3, atol=1e-5)
        else:
            assert got is None


@pytest.mark.parametrize("channels_last", [False, True])
def test_the_articles_step_begins_with_our_loss_and_learns(channels_last, contestants):
    work = StepWork(3, text=4, side=10, samples=40, vocabulary=9)
    model, loss = work.model()
    model.params["1.W"][...] = 0.02  # behind Flatten PyTorch's features stand in another order
    inputs, targets = work.arrays()
    step = contestants.eager(model, inputs, targets, channels_last, "cpu")
    losses = [step().item() for _ in range(4)]
    wanted, _ = loss.forward(model.forward(inputs)[0], targets)
    assert losses[0] == pytest.approx(float(wanted), rel=1e-5)
    assert losses[-1] < losses[0]


def test_adams_step_moves_every_parameter(contestants):
    assert contestants.adam_step([(2, 3), (4,)], "cpu")() is None


def test_without_cuda_a_sentence_says_so(contestants):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    assert contestants.torch_on_gpu() == (None, f"PyTorch {torch.__version__} finds no GPU")
