"""The gradient check on CuPy arrays: every layer and loss, right ones pass and a wrong one does not."""

import numpy as np
import pytest

import tinymm as mm

cupy = pytest.importorskip("cupy")
if not cupy.is_available():
    pytest.skip("no GPU", allow_module_level=True)

rng = np.random.default_rng(0)
LAYERS = {
    "Dense": (mm.Dense(2), rng.normal(size=(2, 3))),
    "Conv1D": (mm.Conv1D(2, 2), rng.normal(size=(1, 4, 1))),
    "Conv2D": (mm.Conv2D(1, 2), rng.normal(size=(1, 3, 3, 1))),
    "MaxPool2D": (mm.MaxPool2D(2), rng.normal(size=(1, 4, 4, 1))),
    "AveragePool1D": (mm.AveragePool1D(2), rng.normal(size=(1, 4, 1))),
    "GlobalAveragePool": (mm.GlobalAveragePool(), rng.normal(size=(2, 3, 1))),
    "GlobalMaxPool": (mm.GlobalMaxPool(), rng.normal(size=(2, 3, 1))),
    "BatchNorm": (mm.BatchNorm(), rng.normal(size=(3, 2))),
    "LayerNorm": (mm.LayerNorm(), rng.normal(size=(2, 3))),
    "Embedding": (mm.Embedding(4, 2), rng.integers(0, 4, (2, 3))),
    "LSTM": (mm.LSTM(1), rng.normal(size=(1, 2, 1))),
    "RNN": (mm.RNN(1), rng.normal(size=(1, 2, 1))),
    "ReLU": (mm.ReLU(), rng.normal(size=(2, 2))),
    "Sigmoid": (mm.Sigmoid(), rng.normal(size=(2, 2))),
    "Tanh": (mm.Tanh(), rng.normal(size=(2, 2))),
    "Softmax": (mm.Softmax(), rng.normal(size=(2, 3))),
    "Dropout": (mm.Dropout(0.5), rng.normal(size=(2, 3))),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer(name):
    layer, x = LAYERS[name]
    report = mm.gradcheck(layer, mm.to_device(x), training=True)
    assert report, str(report)


def test_a_loss():
    pred, target = rng.uniform(0.2, 0.8, (2, 3)), rng.integers(0, 2, (2, 3)).astype(float)
    assert mm.gradcheck(mm.BinaryCrossEntropy(), mm.to_device((pred, target)))


class Wrong(mm.Tanh):
    """Tanh whose smallest gradient is wrong."""

    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        dx[0, 0] *= 1.001
        return dx, grads


@pytest.mark.parametrize("shape", [(2, 3), (30, 40)])
def test_a_wrong_entry_is_found_however_small_it_is(shape):
    x = rng.normal(size=shape)
    x[0, 0] = 8
    assert mm.gradcheck(mm.Tanh(), mm.to_device(x))
    report = mm.gradcheck(Wrong(), mm.to_device(x))
    assert {check.array for check in report.failures} == {"x"}


def test_models_branches_class_losses_pairs_and_kinks():
    model = mm.Sequential(mm.Conv2D(2, 2), mm.BatchNorm(), mm.ReLU(), mm.MaxPool2D(2, 1), mm.Flatten(), mm.Dense(2))
    assert mm.gradcheck(model, mm.to_device(rng.normal(size=(2, 4, 4, 2))), training=True)
    join = mm.Concatenate(text=mm.Sequential(mm.Embedding(4, 2), mm.LSTM(2)), sound=mm.Dense(2))
    assert mm.gradcheck(join, mm.to_device({"text": rng.integers(0, 4, (2, 3)), "sound": rng.normal(size=(2, 3))}))
    assert mm.gradcheck(mm.CrossEntropy(from_logits=True), mm.to_device((rng.normal(size=(3, 4)), rng.integers(0, 4, 3))))
    pair = lambda x: (cupy.maximum(x.real, 0), x), lambda dy, x: dy * (x > 0)  # noqa: E731
    assert mm.gradcheck(pair, mm.to_device(np.array([[0.0, 1.0, -1.0]])))
