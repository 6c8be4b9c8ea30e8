"""FLOPs and bytes, held to counts by hand and to loops that count what they do."""

import numpy as np
import pytest

import tinymm as mm
from tinymm import equations
from tinymm.bench import counts
from tinymm.bench.works import StepWork


class Counted:
    """A number that counts the multiplications and additions it takes part in."""

    total = 0

    def __init__(self, value=0.0):
        self.value = value

    def _make(self, value):
        Counted.total += 1
        return Counted(value)

    def __add__(self, other):
        return self._make(self.value + _value(other))

    def __mul__(self, other):
        return self._make(self.value * _value(other))

    __radd__, __rmul__ = __add__, __mul__


def _value(x):
    return x.value if isinstance(x, Counted) else x


def counted(shape):
    array = np.empty(shape, object)
    for index in np.ndindex(shape):
        array[index] = Counted(1.0)
    return array


def loops_of(forward, backward, x, params, **options):
    """What the loops count: forward, backward."""
    Counted.total = 0
    y, cache = forward(counted(x), *(counted(a.shape) for a in params.values()), **options)
    first, Counted.total = Counted.total, 0
    backward(counted(y.shape), cache)
    return first, Counted.total


def built(layer, shape):
    layer.build(shape[1:])
    return layer


@pytest.mark.parametrize(
    "layer, shape, name",
    [
        (mm.Dense(3), (2, 5), "dense"),
        (mm.Conv1D(3, 2), (2, 7, 2), "conv1d"),
        (mm.Conv2D(2, (2, 3), stride=2), (2, 6, 7, 3), "conv2d"),
    ],
)
def test_products_cost_what_their_loops_count(layer, shape, name):
    layer = built(layer, shape)
    options = {"stride": layer.stride} if name != "dense" else {}
    pair = (getattr(equations, f"{name}_{way}") for way in ("forward", "backward"))
    wanted = loops_of(*pair, shape, layer.params, **options)
    cost = counts.of_layer(layer, shape, dx=True)
    assert (cost["forward"].flops, cost["backward"].flops) == wanted


def test_without_dx_a_product_less_is_counted_and_a_write_less():
    layer = built(mm.Dense(3), (2, 5))
    with_dx, without = (counts.of_layer(layer, (2, 5), dx)["backward"] for dx in (True, False))
    assert with_dx.flops - without.flops == 2 * 2 * 5 * 3
    assert with_dx.bytes - without.bytes == 4 * (2 * 5 + 5 * 3 + 3)  # dx is not written, W and b are not read


def test_dense_moves_every_array_once():
    cost = counts.of_layer(built(mm.Dense(3), (2, 5)), (2, 5), dx=True)
    x, W, b, y = 2 * 5, 5 * 3, 3, 2 * 3
    assert cost["forward"].bytes == 4 * (x + W + b + y)
    assert cost["backward"].bytes == 4 * (y + x + W + b + x + W + b)  # reads dy, x, W, b; writes dx, dW, db


def test_an_lstm_by_hand():
    """One sample, two steps, three features, one unit."""
    cost = counts.of_layer(built(mm.LSTM(1), (1, 2, 3)), (1, 2, 3), dx=True)
    gates = 2 * 4 * (2 * 3 + 2 * 1)  # two steps, four gates: x W, h U + b
    assert cost["forward"].flops == gates + 2 * 18
    assert cost["backward"].flops == gates + 2 * 4 * 2 * 1 + 2 * 4 * 2 * 3 + 2 * 27  # dW and dU, dh, dx, the rest
    assert cost["forward"].bytes == 4 * (6 + 12 + 4 + 4 + 1)


def test_pools_embeddings_and_batchnorm_by_hand():
    pool = counts.of_layer(built(mm.MaxPool2D(2), (1, 4, 4, 2)), (1, 4, 4, 2), dx=True)
    assert (pool["forward"].flops, pool["backward"].flops) == (3 * 8, 32)
    assert (pool["forward"].bytes, pool["backward"].bytes) == (4 * (32 + 8), 4 * (8 + 32))
    table = counts.of_layer(built(mm.Embedding(10, 4), (2, 3)), (2, 3), dx=False)
    assert (table["forward"].flops, table["backward"].flops) == (0, 24)
    assert table["forward"].bytes == 8 * 6 + 4 * (24 + 24)  # ids, the rows looked up, the rows written
    assert table["backward"].bytes == 8 * 6 + 4 * (24 + 40)  # ids, dy, the whole table's gradient
    norm = counts.of_layer(built(mm.BatchNorm(), (5, 2)), (5, 2), dx=True)
    assert (norm["forward"].flops, norm["backward"].flops) == (70, 70)


def test_inside_a_model_nothing_in_between_is_moved():
    model = mm.Sequential(mm.Dense(4), mm.ReLU(), mm.Dense(1))
    model.build((3,))
    cost = counts.of_layer(model, (2, 3), dx=False)
    assert cost["forward"].flops == 2 * 2 * 3 * 4 + 8 + 2 * 2 * 4
    assert cost["backward"].flops == (2 * 2 * 3 * 4 + 8) + 8 + (2 * 2 * 4 + 2 + 2 * 2 * 4)  # the second has a dx
    assert cost["forward"].bytes == 4 * (6 + 16 + 5 + 2)
    assert cost["backward"].bytes == 4 * (2 + 21 + 5 + 6)


def test_the_whole_step_is_the_sum_of_its_layers_and_adam():
    work = StepWork(2, text=3, side=6, samples=12, vocabulary=9)
    model, _ = work.model()
    rows = 128 + 2 * 2 * 32 + 5 * 32
    parameters = 9 * 128 + 4 * 128 * (128 + 128 + 1) + 32 * 28 + 32 * 4 + rows + 1
    assert sum(a.size for a in model.params.values()) == parameters
    assert work.counts["update"].flops == 12 * parameters and work.counts["update"].bytes == 28 * parameters
    lstm = 8 * 2 * 3 * 128 * 256 + 18 * 2 * 3 * 128
    conv2d = 2 * 27 * (2 * 16 * 32) + 2 * 16 * 32 + 3 * (2 * 4 * 32)
    conv1d = 2 * 3 * (2 * 10 * 32) + 2 * 10 * 32 + 2 * 5 * 32
    assert work.counts["forward"].flops == lstm + conv2d + conv1d + 2 * 2 * rows + 4 * 2


def test_cross_entropy_costs_five_operations_a_logit():
    cost = counts.of_cross_entropy(3, 7)
    assert (cost["forward"].flops, cost["backward"].flops) == (84, 21)
    assert cost["forward"].bytes + cost["backward"].bytes == 4 * 42 + 8 * 3
