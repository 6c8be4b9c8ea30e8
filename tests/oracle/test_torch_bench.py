"""The benchmark's PyTorch twins do what tinymm's layers do, with the same weights: the same outputs and gradients."""

import numpy as np
import pytest

import tinymm as mm
from tinymm.bench.works import WORKS, LayerWork, StepWork

torch = pytest.importorskip("torch")

from tinymm.bench import pytorch  # noqa: E402

TINY = {work.name: work.tiny for work in WORKS if isinstance(work, LayerWork)}


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("name", TINY)
def test_twins_agree(name, channels_last):
    layer, (x, dy) = TINY[name].layer(), TINY[name].arrays()
    net, ends = pytorch.twin(layer), pytorch.ends(layer)
    into = pytorch.tensor(x, ends[0], channels_last).requires_grad_(TINY[name].dx)
    y, cache = layer.forward(x, training=True)
    dx, grads = layer.backward(dy, cache)
    got = net(into)
    got.backward(pytorch.tensor(dy, ends[1], channels_last))
    np.testing.assert_allclose(as_ours(got, ends[1]), y, rtol=1e-4, atol=1e-5)
    if TINY[name].dx:
        np.testing.assert_allclose(as_ours(into.grad, ends[0]), dx, rtol=1e-3, atol=1e-5)
    if "b" in grads and not isinstance(layer, mm.LSTM):
        np.testing.assert_allclose(list(net.parameters())[1].grad, grads["b"], rtol=1e-3, atol=1e-5)


def as_ours(tensor, layer):
    array = tensor.detach()
    return array.movedim(1, -1) if isinstance(layer, pytorch.PLACES) else array


def test_the_twin_of_the_article_model_has_as_many_weights_and_trains():
    work = StepWork(2, text=3, side=8, samples=20, vocabulary=9)
    model, _ = work.model()
    lstm_biases = 4 * 128  # PyTorch keeps two
    assert sum(p.numel() for p in pytorch.twin(model).parameters()) == sum(a.size for a in model.params.values()) + lstm_biases
    for run in pytorch.contestants(work).values():
        assert set(run()) == {"forward", "backward", "update"}
