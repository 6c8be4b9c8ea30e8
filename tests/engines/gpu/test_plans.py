"""Every plan of the GPU engine gives what the textbook gives on the CPU: outputs, gradients, averages, over drawn shapes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinymm as mm

cupy = pytest.importorskip("cupy")
if not cupy.is_available():
    pytest.skip("no GPU", allow_module_level=True)

from tinymm.engines.gpu import dense, embedding, product, recurrent  # noqa: E402
from tinymm.engines.gpu import plan as planning  # noqa: E402
from tinymm.engines.gpu.containers import make_plan  # noqa: E402
from tinymm.engines.gpu.plan import Surroundings  # noqa: E402

counts = st.integers(1, 3)
few = settings(max_examples=8)  # a new kernel size, stride or number of channels is a new compilation


def assert_plan_is_textbook(layer, x, dtype=np.float64, mask=None, seed=0, deterministic=True):
    """Two steps on different numbers: outputs, dx and gradients of the plan equal the textbook's, and x is left alone."""
    rng = np.random.default_rng(seed)
    layer.build(x.shape[1:], rng, dtype)
    on_cpu = {name: a.copy() for name, a in layer.params.items()}
    tolerance = {"rtol": 1e-10, "atol": 1e-10} if dtype == np.float64 else {"rtol": 2e-4, "atol": 2e-4}
    steps = []
    for _ in range(2):
        x = rng.permuted(x) if x.dtype.kind == "f" else x
        y, cache = layer.forward(x, training=True, mask=mask)
        dy = rng.normal(size=y.shape).astype(dtype)
        steps.append((x, y, dy, *layer.backward(dy, cache), layer.forward(x, mask=mask)[0]))
    wanted = layer.next_state(cache)
    layer.to("gpu")
    try:
        grads = {name: cupy.full_like(a, np.nan) for name, a in layer.params.items()}
        homes = {id(a): grads[name] for name, a in layer.params.items()}
        plan = make_plan(layer, x.shape, Surroundings(np.dtype(dtype), True, dx=True, deterministic=deterministic, grads=homes))
        quiet = make_plan(layer, x.shape, Surroundings(np.dtype(dtype), False, dx=False))
        on_gpu = None if mask is None else cupy.asarray(mask)
        for x, y, dy, dx, own, predicted in steps:
            given_x, given_dy = cupy.asarray(x), cupy.asarray(dy)
            np.testing.assert_allclose(plan.forward(given_x, on_gpu).get(), y, **tolerance)
            got = plan.backward(given_dy)
            if dx is not None:
                np.testing.assert_allclose(got.get(), dx, **tolerance)
            for name, grad in own.items():
                np.testing.assert_allclose(grads[name].get(), grad, **tolerance, err_msg=name)
            np.testing.assert_array_equal(given_x.get(), x)
            np.testing.assert_array_equal(given_dy.get(), dy)
            np.testing.assert_allclose(quiet.forward(given_x, on_gpu).get(), predicted, **tolerance)
        plan.commit(cupy.asarray(True))
        for name, array in wanted.items():
            np.testing.assert_allclose(layer.state[name].get(), array, **tolerance)
        for name, a in on_cpu.items():
            np.testing.assert_array_equal(layer.params[name].get(), a)
    finally:
        layer.to("cpu")


def ties(rng, *shape):
    """Normal numbers, many of them equal."""
    return np.round(rng.normal(size=shape), 1)


@few
@given(n=st.integers(1, 9), c=counts, o=counts, k=st.tuples(counts, counts), s=st.tuples(counts, counts),
       padding=st.sampled_from(["valid", "same", 1, ((1, 0), (0, 2))]),
       pool=st.sampled_from([None, 2, 3, (2, 1)]), relu=st.booleans())  # fmt: skip
def test_conv2d_with_what_is_fused_behind_it(n, c, o, k, s, padding, pool, relu):
    layers = [mm.Conv2D(o, k, s, padding)] + ([mm.ReLU()] if relu else []) + ([mm.MaxPool2D(pool)] if pool else [])
    assert_plan_is_textbook(mm.Sequential(*layers), ties(np.random.default_rng(n), n, 10, 9, c))


@few
@given(n=st.integers(1, 9), c=counts, o=counts, k=counts, s=counts, padding=st.sampled_from(["valid", "same", 2]),
       pool=st.sampled_from([None, 2, 3]), flat=st.booleans())  # fmt: skip
def test_conv1d_with_what_is_fused_behind_it(n, c, o, k, s, padding, pool, flat):
    layers = [mm.Conv1D(o, k, s, padding), mm.ReLU()] + ([mm.MaxPool1D(pool)] if pool else []) + ([mm.Flatten()] if flat else [])
    assert_plan_is_textbook(mm.Sequential(*layers), ties(np.random.default_rng(n), n, 14, c))


@pytest.mark.parametrize("channels, filters", [(9, 3), (20, 40), (17, 70), (40, 33)])
def test_convolutions_whose_kernels_have_more_numbers_than_a_thread_has_registers(channels, filters, rng):
    layer = mm.Sequential(mm.Conv2D(filters, 3, padding="same"), mm.ReLU(), mm.MaxPool2D(2))
    assert_plan_is_textbook(layer, rng.normal(size=(3, 5, 6, channels)))


def test_pools_too_large_for_the_convolutions_kernel_or_that_overlap(rng):
    for pool in (mm.MaxPool2D(5), mm.MaxPool2D(3, stride=2), mm.MaxPool2D(2, padding="same")):
        assert_plan_is_textbook(mm.Sequential(mm.Conv2D(2, 2), mm.ReLU(), pool), ties(rng, 2, 11, 11, 2))


@pytest.mark.parametrize("units", [3, 8, 9, 70])
@pytest.mark.parametrize("activation", [None, mm.ReLU, mm.Sigmoid, mm.Tanh])
@pytest.mark.parametrize("shape", [(6, 4), (3, 5, 4), (2, 3, 1, 4), (70, 300)])
def test_dense_with_what_is_fused_behind_it(shape, activation, units, rng):
    layers = [mm.Dense(units)] + ([activation()] if activation else [])
    assert_plan_is_textbook(mm.Sequential(*layers), rng.normal(size=shape))


@pytest.mark.parametrize("processors", [1, 1000])
@pytest.mark.parametrize("units", [5, 150])
def test_products_cut_into_any_number_of_parts(units, processors, rng, monkeypatch):
    monkeypatch.setattr(planning, "attribute", lambda name: processors)
    for dtype in (np.float32, np.float64):
        assert_plan_is_textbook(mm.Sequential(mm.Dense(units), mm.ReLU()), rng.normal(size=(300, 257)).astype(dtype), dtype)


@pytest.mark.parametrize("full", [1, 1 << 30])
def test_parts_added_up_by_one_thread_a_number_or_by_many(full, rng, monkeypatch):
    monkeypatch.setattr(product, "FULL", full)
    monkeypatch.setattr(planning, "attribute", lambda name: 100)
    assert_plan_is_textbook(mm.Sequential(mm.Dense(150), mm.ReLU()), rng.normal(size=(90, 1100)))


def test_more_rows_than_the_narrow_kernels_take(rng, monkeypatch):
    monkeypatch.setattr(dense, "MANY", 5)
    assert_plan_is_textbook(mm.Dense(2), rng.normal(size=(7, 4)))


@few
@given(n=st.integers(1, 5), t=st.integers(1, 6), d=counts, m=st.sampled_from([1, 2, 3, 9, 33]), sequences=st.booleans(), masked=st.booleans())
def test_lstm_with_masks(n, t, d, m, sequences, masked):
    rng = np.random.default_rng(n + 10 * t)
    mask = rng.random((n, t)) < 0.6 if masked else None
    if masked:
        mask[0] = False
    assert_plan_is_textbook(mm.LSTM(m, return_sequences=sequences), rng.normal(size=(n, t, d)), mask=mask)


@few
@given(n=st.integers(1, 5), t=st.integers(1, 6), d=counts, m=st.sampled_from([1, 3, 33]), sequences=st.booleans(), masked=st.booleans(),
       processors=st.sampled_from([1, 2, 132]))  # fmt: skip
def test_rnn_with_masks(n, t, d, m, sequences, masked, processors):
    rng = np.random.default_rng(n + 10 * t)
    mask = rng.random((n, t)) < 0.6 if masked else None
    if masked:
        mask[0] = False
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "attribute", lambda name: processors)
        assert_plan_is_textbook(mm.RNN(m, return_sequences=sequences), rng.normal(size=(n, t, d)), mask=mask)


@pytest.mark.parametrize("memory, processors", [(1 << 17, 132), (40_000, 132), (40_000, 2), (12_000, 1)])
@pytest.mark.parametrize("units", [64, 128])
def test_lstm_with_weights_in_registers_in_shared_memory_and_beyond(units, memory, processors, rng, monkeypatch):
    monkeypatch.setattr(recurrent, "attribute", lambda name: memory)
    monkeypatch.setattr(planning, "attribute", lambda name: processors)
    x = rng.normal(size=(5, 3, 7))
    assert_plan_is_textbook(mm.LSTM(units), x, mask=rng.random((5, 3)) < 0.7)
    assert_plan_is_textbook(mm.LSTM(units, return_sequences=True), x.astype("f4"), np.float32)


@pytest.mark.parametrize("deterministic", [True, False])
@pytest.mark.parametrize("padding_id", [None, 0])
@pytest.mark.parametrize("tile", [4, 1024])
def test_embedding_with_repeated_tokens_in_front_of_an_lstm(tile, padding_id, deterministic, rng, monkeypatch):
    monkeypatch.setattr(embedding, "TILE", tile)
    layer = mm.Sequential(mm.Embedding(6, 40, padding_id), mm.LSTM(3))
    assert_plan_is_textbook(layer, rng.integers(0, 6, (5, 7)), deterministic=deterministic)


def test_an_embedding_with_more_tiles_than_a_block_has_threads(rng, monkeypatch):
    monkeypatch.setattr(embedding, "TILE", 2)
    assert_plan_is_textbook(mm.Embedding(5, 40), rng.integers(0, 5, (3, 190)))


def test_gradients_of_an_embedding_are_the_same_bits_every_time(rng):
    layer, ids, dy = mm.Embedding(9, 5), rng.integers(0, 9, (40, 60)), rng.normal(size=(40, 60, 5)).astype("f4")
    layer.build((60,))
    layer.to("gpu")
    grads = [cupy.empty_like(layer.params["W"]) for _ in range(2)]
    for grad in grads:
        plan = make_plan(layer, ids.shape, Surroundings(np.dtype("f4"), True, dx=False, grads={id(layer.params["W"]): grad}))
        plan.forward(cupy.asarray(ids), None)
        plan.backward(cupy.asarray(dy))
    np.testing.assert_array_equal(grads[0].get(), grads[1].get())


@pytest.mark.parametrize("layer, shape", [
    (mm.BatchNorm(0.7), (8, 3)), (mm.LayerNorm(), (4, 5, 3)), (mm.GlobalMaxPool(), (3, 4, 5, 2)), (mm.Softmax(), (4, 3)),
    (mm.GlobalAveragePool(), (3, 4, 2)), (mm.AveragePool2D(2), (2, 5, 4, 3)), (mm.Flatten(), (2, 3, 4)),
    (mm.MaxPool1D(2), (2, 9, 3)), (mm.Sequential(), (2, 3)),
], ids=lambda case: type(case).__name__)  # fmt: skip
def test_layers_without_a_plan_run_their_textbook_code(layer, shape, rng):
    assert_plan_is_textbook(mm.Sequential(mm.Tanh(), layer), rng.normal(size=shape))


def test_frames_of_a_video(rng):
    frame = mm.Sequential(mm.Conv2D(3, 3, padding="same"), mm.BatchNorm(), mm.ReLU(), mm.MaxPool2D(2), mm.GlobalMaxPool())
    layer = mm.Sequential(mm.TimeDistributed(frame), mm.LSTM(4), mm.LayerNorm(), mm.Dense(2))
    assert_plan_is_textbook(layer, rng.normal(size=(3, 4, 6, 7, 2)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_both_dtypes(dtype, rng):
    layer = mm.Sequential(mm.Conv2D(4, 3), mm.ReLU(), mm.MaxPool2D(2), mm.Conv2D(3, 2), mm.BatchNorm(), mm.ReLU(), mm.Flatten(), mm.Dense(3))
    assert_plan_is_textbook(layer, rng.normal(size=(4, 9, 9, 2)).astype(dtype), dtype)
