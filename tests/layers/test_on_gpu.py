"""The textbook in float32 on CuPy arrays gives what it gives on NumPy arrays. Runs where there is a GPU; much else that is
asked of layers is asked of both kinds of arrays where it stands."""

import numpy as np
import pytest

import tinymm as mm
from tinymm.models import article

cupy = pytest.importorskip("cupy")
if not cupy.is_available():
    pytest.skip("no GPU", allow_module_level=True)

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.standard_normal(shape, np.float32)


LAYERS = {
    "Dense": (mm.Dense(3), normal(4, 2, 5)),
    "Conv1D": (mm.Conv1D(3, 3, 2, "same"), normal(2, 9, 2)),
    "Conv2D": (mm.Conv2D(3, (3, 2), (2, 1), ((1, 0), 1)), normal(2, 7, 6, 2)),
    "MaxPool1D": (mm.MaxPool1D(2), normal(2, 9, 2).round()),
    "MaxPool2D": (mm.MaxPool2D(3, 2, "same"), normal(2, 7, 6, 2).round()),
    "AveragePool1D": (mm.AveragePool1D(2), normal(2, 9, 2)),
    "AveragePool2D": (mm.AveragePool2D(3, 2, 1), normal(2, 7, 6, 2)),
    "GlobalAveragePool": (mm.GlobalAveragePool(), normal(2, 4, 5, 3)),
    "GlobalMaxPool": (mm.GlobalMaxPool(), normal(2, 4, 5, 3).round()),
    "BatchNorm": (mm.BatchNorm(), normal(5, 3)),
    "LayerNorm": (mm.LayerNorm(), normal(5, 3)),
    "Embedding": (mm.Embedding(7, 3, padding_id=0), rng.integers(0, 7, (3, 4))),
    "LSTM": (mm.LSTM(3), normal(2, 4, 3)),
    "RNN": (mm.RNN(3, return_sequences=True), normal(2, 4, 3)),
    "Flatten": (mm.Flatten(), normal(2, 3, 4)),
    "ReLU": (mm.ReLU(), normal(3, 4)),
    "Sigmoid": (mm.Sigmoid(), normal(3, 4)),
    "Tanh": (mm.Tanh(), normal(3, 4)),
    "Softmax": (mm.Softmax(), normal(3, 4)),
    "Dropout": (mm.Dropout(0.5), normal(30, 4)),
    "TimeDistributed": (mm.TimeDistributed(mm.Conv2D(2, 2)), normal(2, 3, 4, 4, 1)),
}


def assert_same(on_gpu, on_cpu):
    assert isinstance(on_gpu, cupy.ndarray) and on_gpu.dtype == on_cpu.dtype
    np.testing.assert_allclose(on_gpu.get(), on_cpu, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer(name, training):
    layer, x = LAYERS[name]
    layer.build(x.shape[1:])
    mask = np.array([[True, True, False, True], [False] * 4]) if name in ("LSTM", "RNN") else None
    y, cache = layer.forward(x, training, mask, np.random.default_rng(1))
    dy = normal(*y.shape)
    dx, grads = layer.backward(dy, cache)
    state = layer.next_state(cache)
    layer.to("gpu")
    try:
        given = mm.to_device({"x": x, "mask": mask, "dy": dy})
        y_gpu, cache = layer.forward(given["x"], training, given["mask"], np.random.default_rng(1))
        dx_gpu, grads_gpu = layer.backward(given["dy"], cache)
        state_gpu = layer.next_state(cache)
    finally:
        layer.to("cpu")
    assert_same(y_gpu, y)
    assert dx is None or assert_same(dx_gpu, dx) is None
    for key, gradient in {**grads, **state}.items():
        assert_same({**grads_gpu, **state_gpu}[key], gradient)


def test_every_layer_of_tinymm_is_among_them():
    kinds = {name for name in mm.layers.__all__ if isinstance(getattr(mm, name), type)}
    assert kinds - set(LAYERS) == {"Concatenate", "Container", "Layer", "Sequential"}


def test_the_articles_model_trains():
    x = {"text": rng.integers(0, 30, (5, 7)), "image": normal(5, 8, 8, 3), "audio": normal(5, 30, 1)}
    t, shapes = rng.integers(0, 2, (5, 1)), {k: a.shape[1:] for k, a in x.items()}
    losses = {}
    for device in ("cpu", "gpu"):
        model, loss = article(shapes, 30, 2, "binary")
        model.build(shapes)
        model.to(device)
        engine = mm.make_engine(model, loss, mm.Adam())
        inputs, targets = mm.to_device((x, t)) if device == "gpu" else (x, t)
        losses[device] = [float(engine.step(inputs, targets)) for _ in range(3)]
    np.testing.assert_allclose(losses["gpu"], losses["cpu"], rtol=1e-4)


def test_arrays_of_two_kinds_are_refused():
    layer = mm.Concatenate(a=mm.Dense(1), b=mm.Dense(1))
    with pytest.raises(mm.TinymmError, match="mixed"):
        layer.forward({"a": normal(2, 3), "b": cupy.asarray(normal(2, 3))})
