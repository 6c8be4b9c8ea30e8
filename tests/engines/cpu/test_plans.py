"""Every plan of the CPU engine gives what the textbook gives: outputs, gradients, averages, over drawn shapes."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import tinymm as mm
from tinymm.engines.cpu.containers import make_plan
from tinymm.engines.cpu.plan import Surroundings
from tinymm.engines.cpu.threads import Crew

counts = st.integers(1, 3)


def assert_plan_is_textbook(layer, x, dtype=np.float64, mask=None, seed=0):
    """Two steps on different numbers: outputs, dx and grads of the plan equal the textbook's."""
    rng = np.random.default_rng(seed)
    layer.build(x.shape[1:], rng, dtype)
    crew = Crew(2)
    plan = make_plan(layer, x.shape, Surroundings(crew, np.dtype(dtype), True, dx=True))
    quiet = make_plan(layer, x.shape, Surroundings(crew, np.dtype(dtype), False, dx=False))
    tolerance = {"rtol": 1e-10, "atol": 1e-10} if dtype == np.float64 else {"rtol": 2e-4, "atol": 2e-4}
    with crew.at_work():
        for _ in range(2):
            if x.dtype.kind == "f":
                x = rng.permuted(x)
            before = x.copy()
            y, cache = layer.forward(x, training=True, mask=mask)
            dy = rng.normal(size=y.shape).astype(dtype)
            dx, grads = layer.backward(dy, cache)
            np.testing.assert_allclose(plan.forward(x, mask, rng), y, **tolerance)
            got = plan.backward(dy)
            if dx is not None:
                np.testing.assert_allclose(got, dx, **tolerance)
            assert plan.grads.keys() == grads.keys()
            for name, grad in grads.items():
                np.testing.assert_allclose(plan.grads[name], grad, **tolerance, err_msg=name)
            np.testing.assert_array_equal(x, before)
            np.testing.assert_allclose(quiet.forward(x, mask, None), layer.forward(x, mask=mask)[0], **tolerance)
        wanted = layer.next_state(cache)
        plan.commit()
        for name, array in wanted.items():
            np.testing.assert_allclose(layer.state[name], array, **tolerance)


def ties(rng, *shape):
    """Normal numbers, many of them equal."""
    return np.round(rng.normal(size=shape), 1)


pads = st.sampled_from(["valid", "same", 1])


@given(n=st.integers(1, 9), c=counts, o=counts, k=st.tuples(counts, counts), s=st.tuples(counts, counts),
       padding=st.sampled_from(["valid", "same", 1, ((1, 0), (0, 2))]), pool=st.sampled_from([None, 2, 3, (2, 1)]),
       hop=st.sampled_from([None, 1, (2, 3)]), pool_padding=pads, relu=st.booleans())  # fmt: skip
def test_conv2d_with_what_is_fused_behind_it(n, c, o, k, s, padding, pool, hop, pool_padding, relu):
    assume(pool != (2, 1) or pool_padding != 1)  # a window of padding alone has no maximum
    behind = [mm.MaxPool2D(pool, hop, pool_padding)] if pool else []
    layers = [mm.Conv2D(o, k, s, padding), *([mm.ReLU()] if relu else []), *behind]
    assert_plan_is_textbook(mm.Sequential(*layers), ties(np.random.default_rng(n), n, 10, 9, c))


@given(n=st.integers(1, 9), c=counts, o=counts, k=counts, s=counts, padding=st.sampled_from(["valid", "same", 2]),
       pool=st.sampled_from([None, 2, 3]), hop=st.sampled_from([None, 1, 2, 4]), pool_padding=pads,
       flat=st.booleans())  # fmt: skip
def test_conv1d_with_what_is_fused_behind_it(n, c, o, k, s, padding, pool, hop, pool_padding, flat):
    behind = [mm.MaxPool1D(pool, hop, pool_padding)] if pool else []
    layers = [mm.Conv1D(o, k, s, padding), mm.ReLU(), *behind] + ([mm.Flatten()] if flat else [])
    assert_plan_is_textbook(mm.Sequential(*layers), ties(np.random.default_rng(n), n, 14, c))


@pytest.mark.parametrize("pool", [mm.MaxPool2D(2), mm.MaxPool2D(3, stride=2)])
def test_a_picture_too_large_for_the_cache_is_convolved_in_strips(pool, rng, monkeypatch):
    from tinymm.engines.cpu import conv

    monkeypatch.setattr(conv, "CACHE", 1 << 12)
    layer = mm.Sequential(mm.Conv2D(3, 3, padding="same"), mm.ReLU(), pool)
    assert_plan_is_textbook(layer, ties(rng, 3, 21, 13, 2))


def test_black_pictures_and_a_bias_of_zero_give_no_gradient_to_anybody():
    layer = mm.Sequential(mm.Conv2D(4, 3), mm.ReLU(), mm.MaxPool2D(2))
    assert_plan_is_textbook(layer, np.zeros((5, 8, 8, 3)))


@pytest.mark.parametrize("pool", [
    mm.MaxPool2D(2), mm.MaxPool2D((3, 2)), mm.MaxPool2D(3, stride=2), mm.MaxPool2D(2, padding="same"),
    mm.MaxPool2D(2, stride=3), mm.MaxPool2D(3, padding=1), mm.AveragePool2D(2), mm.GlobalMaxPool(), mm.GlobalAveragePool(),
])  # fmt: skip
def test_pools_of_any_kind_with_ties(pool, rng):
    assert_plan_is_textbook(mm.Sequential(mm.Tanh(), pool), ties(rng, 5, 7, 9, 2))


@pytest.mark.parametrize("shape", [(1, 4), (6, 4), (3, 5, 4), (2, 3, 1, 4)])
def test_dense_on_any_number_of_axes(shape, rng):
    assert_plan_is_textbook(mm.Sequential(mm.Dense(3), mm.Sigmoid()), rng.normal(size=shape))


def test_dense_wide_enough_to_be_cut_into_blocks(rng):
    assert_plan_is_textbook(mm.Sequential(mm.Dense(500)), rng.normal(size=(7, 601)))


@pytest.mark.parametrize("units", [1, 3])
def test_dense_whose_sums_are_so_long_that_they_are_cut_into_terms(units, rng):
    assert_plan_is_textbook(mm.Dense(units), rng.normal(size=(3, 400_007)))


@pytest.mark.parametrize("before", [mm.Dense, lambda n: mm.Sequential(mm.Dense(n), mm.Sigmoid()), lambda n: mm.Sequential(mm.Dense(n), mm.BatchNorm(), mm.ReLU())])  # fmt: skip
@pytest.mark.parametrize("units", [1, 2])
def test_dense_puts_dx_only_where_nobody_reads_any_more(before, units, rng):
    assert_plan_is_textbook(mm.Sequential(before(5), mm.Dense(units)), rng.normal(size=(6, 4)))


@given(n=counts, t=st.integers(1, 6), d=counts, m=counts, sequences=st.booleans(), masked=st.booleans())
def test_lstm_with_masks(n, t, d, m, sequences, masked):
    rng = np.random.default_rng(n + 10 * t)
    mask = rng.random((n, t)) < 0.6 if masked else None
    if masked:
        mask[0] = False
    assert_plan_is_textbook(mm.LSTM(m, return_sequences=sequences), rng.normal(size=(n, t, d)), mask=mask)


@pytest.mark.parametrize("padding_id", [None, 0])
def test_embedding_with_repeated_tokens_in_front_of_an_lstm(padding_id, rng):
    layer = mm.Sequential(mm.Embedding(6, 4, padding_id), mm.LSTM(3))
    assert_plan_is_textbook(layer, rng.integers(0, 6, (5, 7)))


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("shape", [(1, 3), (8, 3), (4, 5, 3), (3, 4, 5, 3), (50, 40, 20, 8)])
def test_batchnorm(shape, relu, rng):
    layers = [mm.BatchNorm(0.7)] + ([mm.ReLU()] if relu else [])
    assert_plan_is_textbook(mm.Sequential(*layers, mm.Dense(2)), rng.normal(1, 3, size=shape))


@pytest.mark.parametrize("branch", [mm.Flatten(), mm.Sequential(mm.Flatten()), mm.Sequential()])
def test_branches_that_only_reshape_or_do_nothing(branch, rng):
    model = mm.Sequential(mm.Concatenate(a=branch, b=mm.Dense(2)), mm.Dense(1))
    model.build({"a": (6,), "b": (6,)}, rng, np.float64)
    worker = mm.make_engine(model, mm.MeanSquaredError(), mm.SGD(), "cpu")
    for _ in range(2):
        inputs = {"a": rng.normal(size=(4, 6)), "b": rng.normal(size=(4, 6))}
        np.testing.assert_allclose(worker.predict(inputs), model.forward(inputs)[0], rtol=1e-12)


def test_frames_of_a_video(rng):
    frame = mm.Sequential(mm.Conv2D(3, 3, padding="same"), mm.BatchNorm(), mm.ReLU(), mm.MaxPool2D(2), mm.GlobalMaxPool())
    layer = mm.Sequential(mm.TimeDistributed(frame), mm.LSTM(4), mm.LayerNorm(), mm.Dense(2))
    assert_plan_is_textbook(layer, rng.normal(size=(3, 4, 6, 7, 2)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_both_dtypes(dtype, rng):
    layer = mm.Sequential(mm.Conv2D(4, 3), mm.ReLU(), mm.MaxPool2D(2), mm.Conv2D(3, 2), mm.BatchNorm(), mm.ReLU(), mm.Flatten(), mm.Dense(3))
    assert_plan_is_textbook(layer, rng.normal(size=(4, 9, 9, 2)).astype(dtype), dtype)
