import numpy as np
import pytest

import tinymm as mm
from tinymm.errors import LayerError, ShapeError, TinymmError
from tinymm.layers.base import Layer


class Scale(Layer):
    """A layer as a reader would write it: y = a x."""

    axes = ("...", "features")

    def __init__(self, start=2.0):
        super().__init__()
        self.start = start

    def parameters(self, input_shape, rng):
        return {"a": np.full(input_shape[-1], self.start)}

    def run(self, x):
        return x * self.params["a"], x

    def backward(self, dy, cache):
        return dy * self.params["a"], {"a": (dy * cache).sum(axis=0)}


def test_a_layer_of_ones_own_builds_itself_and_takes_part_in_a_model():
    model = mm.Sequential(Scale(3.0), mm.Dense(2))
    x = np.array([[1.0, 2.0]])
    y, cache = model.forward(x)
    np.testing.assert_array_equal(y, (3 * x) @ model.params["1.W"])
    dx, grads = model.backward(np.ones_like(y), cache)
    np.testing.assert_array_equal(grads["0.a"], dx[0] / 3 * x[0])


def test_a_layer_without_passes_says_which_are_missing():
    class Empty(Layer):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty has no run\(x\)"):
        Empty().forward(np.zeros((1, 2)))
    with pytest.raises(NotImplementedError, match=r"Empty has no backward\(dy, cache\)"):
        Empty().backward(np.zeros((1, 2)), None)


def test_the_config_and_the_repr_are_the_constructor_arguments():
    layer = Scale(4.0)
    assert layer.config() == {"layer": "Scale", "start": 4.0}
    assert repr(layer) == "Scale(start=4.0)"
    assert repr(mm.Conv2D(3, 2)) == (
        "Conv2D(filters=3, kernel_size=(2, 2), stride=(1, 1), padding='valid', initializer='glorot_uniform')"
    )


def test_parameters_are_float32_unless_asked_otherwise():
    layer, ids = mm.Dense(2), mm.Embedding(5, 2)
    layer.build((3,))
    ids.forward(np.array([[1]]))
    assert layer.params["W"].dtype == ids.params["W"].dtype == np.float32


def test_without_an_rng_the_weights_are_those_of_seed_zero():
    first, second = mm.Dense(2), mm.Dense(2)
    first.build((3,))
    second.build((3,), np.random.default_rng(0))
    np.testing.assert_array_equal(first.params["W"], second.params["W"])


def test_a_refused_shape_leaves_the_layer_unbuilt():
    layer = mm.Conv1D(2, 5)
    with pytest.raises(ShapeError):
        layer.build((3, 1))
    assert layer.forward(np.zeros((1, 8, 2), "float32"))[0].shape == (1, 4, 2)


@pytest.mark.parametrize(
    ("shape", "cause"),
    [
        ((2, 8, 4), "was the data prepared with other settings than the model was built for?"),
        ((2, 3, 8), "the channels axis comes last; move it with np.moveaxis(x, 1, -1)"),
        ((8, 3), "is the batch axis missing? A single sample goes in as x[None]"),
        ((2, 8), "is the channels axis missing? One channel goes in as x[..., None]"),
        ((2, 8, 3, 1), "it needs 2 axes after the batch axis, here are 3"),
    ],
)
def test_a_wrong_shape_is_told_with_its_likely_cause(shape, cause):
    layer = mm.Conv1D(2, 2)
    layer.build((8, 3))
    with pytest.raises(ShapeError) as error:
        layer.forward(np.zeros(shape, "float32"))
    got = ", ".join(map(str, ("N", *shape[1:])))
    assert str(error.value) == f"Conv1D wants inputs (N, time, channels=3) and got ({got}): {cause}"


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool"])
def test_layers_of_numbers_refuse_integers(dtype):
    with pytest.raises(ShapeError, match=f"Dense wants floating-point numbers and got {dtype}"):
        mm.Dense(2).forward(np.zeros((1, 3), dtype))


@pytest.mark.parametrize("x", [[[1.0, 2.0]], {"a": np.zeros((1, 2))}, None])
def test_what_is_no_array_is_refused(x):
    with pytest.raises(ShapeError, match=f"Dense wants an array and got a {type(x).__name__}"):
        mm.Dense(2).forward(x)


def test_a_dict_in_front_of_a_plain_layer_is_refused():
    with pytest.raises(
        ShapeError, match="layer 0: Dense wants one input and got a dict: a dict is for Concatenate"
    ):
        mm.Sequential(mm.Dense(2)).forward({"a": np.zeros((1, 2))})


def test_a_shape_error_is_a_value_error_and_carries_its_path():
    error = ShapeError("too small").within("0").within("image").within("")
    assert isinstance(error, (TinymmError, LayerError)) and isinstance(error, ValueError)
    assert error.path == "image.0"
    assert str(error) == "layer image.0: too small"


def test_a_device_is_the_cpu_or_the_gpu():
    layer = mm.Dense(2)
    layer.build((3,))
    assert layer.to("cpu") is layer
    with pytest.raises(TinymmError, match='unknown device \'tpu\': choose "cpu" or "gpu"'):
        layer.to("tpu")
