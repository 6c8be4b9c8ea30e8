"""What every layer promises, asked of all of them."""

import numpy as np
import pytest
from numeric import (
    assert_gradients,
    assert_pairs_agree,
    carried,
    central_differences,
    every_place,
    gradients_of,
    normal,
    put,
    scattered,
    snapshot,
)

import tinymm as mm
from tinymm import equations
from tinymm.backend import to_host
from tinymm.layers import averagepool, globalpool, maxpool
from tinymm.layers.batchnorm import batchnorm_backward, batchnorm_forward
from tinymm.layers.concatenate import concatenate_backward, concatenate_forward
from tinymm.layers.conv1d import conv1d_backward, conv1d_forward
from tinymm.layers.conv2d import conv2d_backward, conv2d_forward
from tinymm.layers.dense import dense_backward, dense_forward
from tinymm.layers.dropout import dropout_backward, dropout_forward
from tinymm.layers.embedding import embedding_backward, embedding_forward
from tinymm.layers.flatten import flatten_backward, flatten_forward
from tinymm.layers.layernorm import layernorm_backward, layernorm_forward
from tinymm.layers.lstm import lstm_backward, lstm_forward
from tinymm.layers.relu import relu_backward, relu_forward
from tinymm.layers.rnn import rnn_backward, rnn_forward
from tinymm.layers.sigmoid import sigmoid_backward, sigmoid_forward
from tinymm.layers.softmax import softmax_backward, softmax_forward
from tinymm.layers.tanh import tanh_backward, tanh_forward
from tinymm.layers.timedistributed import timedistributed_backward, timedistributed_forward

MASK = np.array([[True, False, True, False], [False] * 4])
IDS = np.array([[0, 2, 2], [1, 2, 0]])
RECURRENT = [(2, 4, 3), (3, 2), (2, 2), (2,), (2, 2)]
LSTM = [(2, 4, 3), (3, 8), (2, 8), (8,), (2, 2), (2, 2)]
PICTURE, SOUND = [(2, 5, 4, 2)], [(2, 7, 2)]


def frames_backward(dy, cache):
    return timedistributed_backward(dy, cache, lambda dy, cache: (tanh_backward(dy, cache), {}))[0]


# name: (forward, backward, shapes of the arrays that have gradients, options of forward)
PAIRS = {
    "averagepool1d": (averagepool.averagepool1d_forward, averagepool.averagepool1d_backward, SOUND,
                      {"size": 3, "stride": 2, "padding": "same"}),
    "averagepool2d": (averagepool.averagepool2d_forward, averagepool.averagepool2d_backward, PICTURE,
                      {"size": 2, "stride": 1, "padding": 1}),
    "batchnorm": (batchnorm_forward, batchnorm_backward, [(3, 4, 2), (2,), (2,)], {}),
    "batchnorm with constants": (batchnorm_forward, batchnorm_backward, [(3, 4, 2), (2,), (2,)],
                                 {"mean": np.full(2, 0.5), "variance": np.full(2, 1.5)}),
    "concatenate": (lambda *xs: concatenate_forward(list(xs)), concatenate_backward, [(3, 1), (3, 4)], {}),
    "conv1d": (conv1d_forward, conv1d_backward, [(2, 7, 2), (3, 2, 2), (2,)],
               {"stride": 2, "padding": "same"}),
    "conv2d": (conv2d_forward, conv2d_backward, [(2, 5, 4, 2), (3, 2, 2, 2), (2,)],
               {"stride": (2, 1), "padding": ((1, 0), 1)}),
    "dense": (dense_forward, dense_backward, [(2, 3, 4), (4, 2), (2,)], {}),
    "dropout": (dropout_forward, dropout_backward, [(4, 6)], {"rate": 0.4, "seed": 5}),
    "embedding": (lambda W: embedding_forward(IDS, W), embedding_backward, [(4, 3)], {}),
    "flatten": (flatten_forward, flatten_backward, PICTURE, {}),
    "globalaveragepool": (globalpool.globalaveragepool_forward, globalpool.globalaveragepool_backward,
                          PICTURE, {}),
    "globalaveragepool with mask": (globalpool.globalaveragepool_forward,
                                    globalpool.globalaveragepool_backward, [(2, 4, 3)], {"mask": MASK}),
    "globalmaxpool": (globalpool.globalmaxpool_forward, globalpool.globalmaxpool_backward, PICTURE, {}),
    "globalmaxpool with mask": (globalpool.globalmaxpool_forward, globalpool.globalmaxpool_backward,
                                [(2, 4, 3)], {"mask": MASK}),
    "layernorm": (layernorm_forward, layernorm_backward, [(2, 3, 4), (4,), (4,)], {}),
    "lstm": (lstm_forward, lstm_backward, LSTM, {}),
    "lstm with mask": (lstm_forward, lstm_backward, LSTM, {"mask": MASK}),
    "maxpool1d": (maxpool.maxpool1d_forward, maxpool.maxpool1d_backward, SOUND,
                  {"size": 3, "stride": 2, "padding": "same"}),
    "maxpool2d": (maxpool.maxpool2d_forward, maxpool.maxpool2d_backward, PICTURE,
                  {"size": 2, "stride": 1, "padding": 1}),
    "relu": (relu_forward, relu_backward, [(3, 4)], {}),
    "rnn": (rnn_forward, rnn_backward, RECURRENT, {}),
    "rnn with mask": (rnn_forward, rnn_backward, RECURRENT, {"mask": MASK}),
    "sigmoid": (sigmoid_forward, sigmoid_backward, [(3, 4)], {}),
    "softmax": (softmax_forward, softmax_backward, [(2, 3, 4)], {}),
    "tanh": (tanh_forward, tanh_backward, [(3, 4)], {}),
    "timedistributed": (lambda x: timedistributed_forward(x, tanh_forward), frames_backward, [(2, 3, 2)], {}),
}  # fmt: skip
DTYPES = (np.float32, np.float64, np.complex128)
every_pair = pytest.mark.parametrize("name", PAIRS)

LAYERS = {
    "AveragePool1D": (lambda: mm.AveragePool1D(3, 2, "same"), (7, 2)),
    "AveragePool2D": (lambda: mm.AveragePool2D(2), (5, 4, 2)),
    "BatchNorm": (mm.BatchNorm, (4, 3)),
    "Conv1D": (lambda: mm.Conv1D(3, 2, stride=3, padding=1), (7, 2)),
    "Conv2D": (lambda: mm.Conv2D(3, (2, 3), stride=(1, 2), padding="same"), (5, 4, 2)),
    "Dense": (lambda: mm.Dense(3), (4, 5)),
    "Dropout": (lambda: mm.Dropout(0.5), (4,)),
    "Flatten": (mm.Flatten, (2, 3, 4)),
    "GlobalAveragePool": (mm.GlobalAveragePool, (3, 4, 2)),
    "GlobalMaxPool": (mm.GlobalMaxPool, (3, 2)),
    "LSTM": (lambda: mm.LSTM(3), (4, 2)),
    "LSTM sequences": (lambda: mm.LSTM(3, return_sequences=True), (4, 2)),
    "LayerNorm": (mm.LayerNorm, (4, 3)),
    "MaxPool1D": (lambda: mm.MaxPool1D(2), (7, 2)),
    "MaxPool2D": (lambda: mm.MaxPool2D((2, 3), 1, 1), (5, 4, 2)),
    "RNN": (lambda: mm.RNN(3), (4, 2)),
    "RNN sequences": (lambda: mm.RNN(3, return_sequences=True), (4, 2)),
    "ReLU": (mm.ReLU, (4, 3)),
    "Sequential": (lambda: mm.Sequential(mm.Dense(4), mm.ReLU(), mm.BatchNorm(), mm.Dense(2)), (3,)),
    "Sigmoid": (mm.Sigmoid, (3,)),
    "Softmax": (mm.Softmax, (2, 3)),
    "Tanh": (mm.Tanh, (3,)),
    "TimeDistributed": (lambda: mm.TimeDistributed(mm.Conv2D(2, 2)), (3, 4, 3, 1)),
}
every_layer = pytest.mark.parametrize("name", LAYERS)


def arrays_of(name, rng, dtype=np.float64):
    return [normal(rng, *shape, dtype=dtype) for shape in PAIRS[name][2]]


def options_of(name, dtype):
    moments = ("mean", "variance")
    return {k: v.astype(dtype) if k in moments else v for k, v in PAIRS[name][3].items()}


@every_place
@every_pair
@pytest.mark.parametrize("dtype", (np.float64, np.complex128))
def test_gradients_are_central_differences(name, dtype, place):
    refuse_what_cupy_lacks(name, dtype, place)
    forward, backward, _, options = PAIRS[name]
    rng = np.random.default_rng(1)
    passes = carried(place, forward), carried(place, backward)
    assert_gradients(*passes, arrays_of(name, rng, dtype), rng, **options)


def refuse_what_cupy_lacks(name, dtype, place):
    if place == "CuPy" and name == "embedding" and dtype is np.complex128:
        pytest.skip("cupy.add.at takes no complex numbers")


PLAIN = [name for name in PAIRS if PAIRS[name][0].__name__ != "<lambda>"]


@pytest.mark.parametrize("name", PLAIN)
def test_complex_numbers_go_through_as_through_the_loops(name):
    forward, backward, _, _ = PAIRS[name]
    loops = [getattr(equations, f"{name.split()[0]}_{way}") for way in ("forward", "backward")]
    rng = np.random.default_rng(8)
    arrays = arrays_of(name, rng, np.complex128)
    assert_pairs_agree((forward, backward), loops, arrays, rng, **options_of(name, np.complex128))


@every_place
@every_pair
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_dtype_that_goes_in_comes_out(name, dtype, place):
    refuse_what_cupy_lacks(name, dtype, place)
    forward, backward = (carried(place, function) for function in PAIRS[name][:2])
    rng = np.random.default_rng(2)
    y, cache = forward(*arrays_of(name, rng, dtype), **options_of(name, dtype))
    gradients = gradients_of(backward, normal(rng, *y.shape, dtype=dtype), cache)
    assert [y.dtype, *(g.dtype for g in gradients)] == [dtype] * (1 + len(gradients))


@every_place
@every_pair
def test_gradients_have_the_shapes_of_what_they_belong_to(name, place):
    forward, backward, shapes, options = PAIRS[name]
    forward, backward = carried(place, forward), carried(place, backward)
    y, cache = forward(*arrays_of(name, np.random.default_rng(2)), **options)
    assert [g.shape for g in gradients_of(backward, np.ones_like(y), cache)] == shapes


@every_place
@every_pair
def test_passes_write_to_nothing_they_are_given_and_repeat_themselves(name, place):
    if (place, name) == ("CuPy", "embedding"):
        pytest.skip("cupy.add.at adds in whatever order the GPU comes to it")
    forward, backward, _, _ = PAIRS[name]
    rng = np.random.default_rng(3)
    arrays, options = put(place, (arrays_of(name, rng), PAIRS[name][3]))
    before = snapshot((arrays, options))
    y, cache = forward(*arrays, **options)
    assert snapshot((arrays, options)) == before
    dy = put(place, normal(rng, *y.shape))
    kept = snapshot((dy, cache, y))
    first = snapshot(gradients_of(backward, dy, cache))
    assert snapshot(gradients_of(backward, dy, cache)) == first
    assert snapshot((arrays, options)) == before
    assert snapshot((dy, cache, y)) == kept
    assert snapshot(forward(*arrays, **options)[0]) == snapshot(y)


@every_place
@every_pair
def test_scattered_memory_changes_no_number(name, place):
    forward, backward, _, _ = PAIRS[name]
    rng = np.random.default_rng(4)
    arrays, options = put(place, (arrays_of(name, rng), PAIRS[name][3]))
    y, cache = forward(*arrays, **options)
    y_scattered, cache_scattered = forward(*map(scattered, arrays), **options)
    np.testing.assert_allclose(*to_host((y_scattered, y)), rtol=1e-12, atol=1e-14)
    dy = put(place, normal(rng, *y.shape))
    results = gradients_of(backward, dy, cache), gradients_of(backward, scattered(dy), cache_scattered)
    for want, got in zip(*to_host(results), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-13)


@every_place
@every_layer
@pytest.mark.parametrize("training", (False, True))
def test_a_layer_gives_every_parameter_and_its_input_the_gradient_of_central_differences(name, training, place):
    make, shape = LAYERS[name]
    layer, rng = make(), np.random.default_rng(9)
    layer.build(shape, dtype=np.float64)
    layer.to("gpu" if place == "CuPy" else "cpu")
    names = ["x", *layer.params]

    def on_place(x, *values):
        for array, value in zip(layer.params.values(), values):
            array[...] = value
        return layer.forward(x, training=training, rng=np.random.default_rng(1))

    forward, backward = carried(place, on_place), carried(place, layer.backward)

    arrays = [normal(rng, 3, *shape), *(normal(rng, *p.shape) for p in layer.params.values())]
    y, cache = forward(*arrays)
    dy = normal(rng, *y.shape)
    dx, grads = backward(dy, cache)
    assert list(grads) == names[1:]
    wanted = central_differences(lambda *values: forward(*values)[0], arrays, dy)
    for key, got, want in zip(names, (dx, *grads.values()), wanted):
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-7, err_msg=key)


@every_layer
@pytest.mark.parametrize("batch", (1, 3))
@pytest.mark.parametrize("training", (False, True))
def test_build_and_output_shape_foretell_the_real_output(name, batch, training):
    make, shape = LAYERS[name]
    layer, x = make(), normal(np.random.default_rng(5), batch, *shape)
    promised = layer.build(shape, dtype=np.float64)
    y, cache = layer.forward(x, training=training)
    assert promised == layer.output_shape(shape) == y.shape[1:]
    assert len(y) == batch
    dx, grads = layer.backward(np.ones_like(y), cache)
    assert dx.shape == x.shape
    assert {k: g.shape for k, g in grads.items()} == {k: p.shape for k, p in layer.params.items()}


@every_place
@every_layer
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_layer_builds_itself_where_its_first_input_is_and_in_its_dtype(name, dtype, place):
    make, shape = LAYERS[name]
    layer, built = make(), make()
    x = put(place, normal(np.random.default_rng(6), 2, *shape, dtype=dtype))
    y, cache = layer.forward(x, training=True, rng=np.random.default_rng(0))
    built.build(shape, dtype=dtype)
    built.to("gpu" if place == "CuPy" else "cpu")
    wanted, _ = built.forward(x, training=True, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(*to_host((y, wanted)))
    dx, grads = layer.backward(put(place, np.ones(y.shape, dtype)), cache)
    seen = [
        y,
        dx,
        *layer.params.values(),
        *layer.state.values(),
        *grads.values(),
        *layer.next_state(cache).values(),
    ]
    assert {a.dtype for a in seen} == {np.dtype(dtype)} and {type(a) for a in seen} == {type(x)}


@every_place
@every_layer
def test_a_forward_and_a_backward_leave_no_trace_on_the_layer(name, place):
    make, shape = LAYERS[name]
    layer = make()
    layer.build(shape)
    layer.to("gpu" if place == "CuPy" else "cpu")
    before = snapshot((layer.params, layer.state)), repr(layer), set(vars(layer))
    x = put(place, normal(np.random.default_rng(7), 2, *shape, dtype=np.float32))
    y, cache = layer.forward(x, training=True)
    layer.backward(put(place, np.ones(y.shape, np.float32)), cache)
    assert (snapshot((layer.params, layer.state)), repr(layer), set(vars(layer))) == before


@every_layer
def test_building_again_keeps_the_parameters(name):
    make, shape = LAYERS[name]
    layer = make()
    layer.build(shape, np.random.default_rng(1))
    before = snapshot(layer.params)
    assert layer.build(shape, np.random.default_rng(2)) == layer.output_shape(shape)
    assert snapshot(layer.params) == before


@every_layer
def test_multiply_adds_is_a_whole_number_of_at_least_one_a_weight(name):
    make, shape = LAYERS[name]
    layer = make()
    layer.build(shape)
    matrices = sum(p.size for p in layer.params.values() if p.ndim > 1)
    assert isinstance(layer.multiply_adds(shape), int)
    assert layer.multiply_adds(shape) >= matrices
