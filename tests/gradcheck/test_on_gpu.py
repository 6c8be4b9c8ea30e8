"""The gradient check on CuPy arrays: a wrong entry is found, models and pairs pass. Every layer and loss: test_every_layer.py."""

import numpy as np
import pytest

import tinymm as mm

cupy = pytest.importorskip("cupy")
if not cupy.is_available():
    pytest.skip("no GPU", allow_module_level=True)

rng = np.random.default_rng(0)


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
