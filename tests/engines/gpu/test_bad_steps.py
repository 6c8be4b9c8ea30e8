"""Losses that nobody has looked at yet, steps that go bad, and memory that does not suffice."""

import gc

import numpy as np
import pytest

import tinymm as mm

cupy = pytest.importorskip("cupy")
if not cupy.is_available():
    pytest.skip("no GPU", allow_module_level=True)

from tinymm.engines.gpu import memory  # noqa: E402


def worker_and_batch(rng, optimizer=None, n=4):
    branch = mm.Sequential(mm.Dense(4), mm.BatchNorm(), mm.Dense(2))
    model = mm.Sequential(mm.Concatenate(image=branch, text=mm.Sequential(mm.Dense(2))), mm.Dense(1))
    model.build({"image": (3,), "text": (3,)}, np.random.default_rng(0), np.float64)
    worker = mm.make_engine(model, mm.MeanSquaredError(), optimizer or mm.Adam(), "gpu")
    return worker, {"image": rng.normal(size=(n, 3)), "text": rng.normal(size=(n, 3))}, rng.normal(size=(n, 1))


def everything(worker):
    """Parameters, averages and slots, on the host."""
    model = worker.model
    return {k: a.get() for k, a in {**model.params, **model.state, **worker.optimizer.state_arrays()}.items()}


@pytest.mark.parametrize("steps_before", [0, 3])
def test_the_layer_that_went_bad_is_named_and_nothing_changes_from_then_on(steps_before, rng):
    worker, x, t = worker_and_batch(rng)
    for _ in range(steps_before):
        worker.step(x, t)
    worker.model.to("gpu")
    worker.model.params["image.2.W"][0, 0] = np.inf
    before = everything(worker) if steps_before else None
    losses = [worker.step(x, t) for _ in range(4)]
    assert worker.optimizer.steps == steps_before + 4
    with pytest.raises(mm.NonFiniteError, match=r"layer image\.2: the output of Dense went bad"):
        float(losses[0])
    assert worker.optimizer.steps == steps_before
    for name, array in (before or {}).items():
        np.testing.assert_array_equal(everything(worker)[name], array, err_msg=name)
    with pytest.raises(mm.NonFiniteError):
        float(losses[2])
    worker.model.params["image.2.W"][0, 0] = 0
    assert np.isfinite(float(worker.step(x, t)))


def test_losses_of_good_steps_before_a_bad_one_can_still_be_read(rng):
    worker, x, t = worker_and_batch(rng)
    good = [worker.step(x, t) for _ in range(3)]
    bad = worker.step({**x, "text": x["text"] * np.nan}, t)
    assert all(np.isfinite(float(loss)) for loss in good)
    unread = worker.step(x, t)
    with pytest.raises(mm.NonFiniteError, match="the input text holds NaN"):
        bad.number()
    assert float(good[0]) > 0
    with pytest.raises(mm.NonFiniteError, match="step 5 changed nothing, since step 4 before it went bad"):
        float(unread)


def test_a_step_too_long_ago_is_reported_without_its_layer(rng):
    worker, x, t = worker_and_batch(rng)
    worker.step({**x, "text": x["text"] * np.inf}, t)
    for _ in range(9):
        loss = worker.step(x, t)
    with pytest.raises(mm.NonFiniteError, match="of step 1 was NaN or infinite, and nothing has changed since"):
        float(loss)
    assert worker.optimizer.steps == 0


def test_a_token_on_the_gpu_that_has_no_row_ends_in_the_error_that_the_cpu_gives_at_once(rng):
    model = mm.Sequential(mm.Embedding(5, 3), mm.LSTM(2), mm.Dense(1))
    model.build((4,))
    worker = mm.make_engine(model, mm.MeanSquaredError(), mm.SGD(), "gpu")
    loss = worker.step(cupy.full((2, 4), 5), cupy.ones((2, 1)))
    with pytest.raises(mm.ShapeError, match="rows for the token ids 0 to 4 and got 5"):
        float(loss)


def test_a_pending_loss_computes_and_compares_like_a_number(rng):
    worker, x, t = worker_and_batch(rng)
    a, b = worker.step(x, t), worker.step(x, t)
    assert "..." in repr(a)
    assert a > b and a + b == float(a) + float(b) and f"{a:.3f}" == f"{float(a):.3f}" and 2 * a / 2 == a
    np.testing.assert_array_equal(np.array([a, b]), [float(a), float(b)])
    assert sum([a, b]) == float(a) + float(b) and repr(a) == f"PendingLoss({float(a)})"


def test_losses_that_wait_for_long_are_read_before_their_place_is_needed(rng, monkeypatch):
    from tinymm.engines import gpu
    from tinymm.engines.gpu import update

    monkeypatch.setattr(gpu, "LOSSES", 3)
    monkeypatch.setattr(update, "LOSSES", 3)
    worker, x, t = worker_and_batch(rng)
    kept = [worker.step(x, t) for _ in range(8)]
    other, *_ = worker_and_batch(rng)
    wanted = [float(other.step(x, t)) for _ in range(8)]
    assert [float(loss) for loss in kept] == wanted
    del kept
    gc.collect()
    assert not worker.unread


def test_memory_that_does_not_suffice_is_explained_by_layer_and_by_a_batch_that_fits(rng, monkeypatch):
    model = mm.Sequential(mm.Concatenate(a=mm.Sequential(mm.Dense(64), mm.ReLU(), mm.Dense(2000), mm.ReLU(), mm.Dense(3))), mm.Dense(1))
    model.build({"a": (10,)})
    worker = mm.make_engine(model, mm.MeanSquaredError(), mm.SGD(), "gpu")
    real, budget = cupy.cuda.MemoryPool, 20 << 20

    def limited():
        pool = real()
        pool.set_limit(size=budget)
        return pool

    monkeypatch.setattr(cupy.cuda, "MemoryPool", limited)
    x, t = {"a": rng.random((3000, 10), "f4")}, rng.random((3000, 1), "f4")
    with pytest.raises(memory.GpuMemoryError, match=r"layer a\.2: .* 22\.89 MiB more .* batch of 3000; a batch of (\d+) fits") as caught:
        worker.step(x, t)
    fits = int(str(caught.value).split("a batch of ")[2].split()[0])
    assert 200 < fits < 1500
    assert np.isfinite(float(worker.step({"a": x["a"][:fits]}, t[:fits])))
    assert worker.optimizer.steps == 1
    budget = 1 << 10
    with pytest.raises(memory.GpuMemoryError, match="not even one sample fits"):
        worker.step(x, t)


def test_memory_that_does_not_suffice_for_a_model_without_a_plan_is_explained_too(rng):
    shared = mm.Dense(500)
    model = mm.Sequential(mm.Concatenate(a=shared, b=shared), mm.Dense(1))
    model.build({"a": (10,), "b": (10,)})
    worker = mm.make_engine(model, mm.MeanSquaredError(), mm.SGD(), "gpu")
    x = {k: rng.random((2000, 10), "f4") for k in "ab"}
    pool = cupy.cuda.MemoryPool()
    pool.set_limit(size=8 << 20)
    with cupy.cuda.using_allocator(pool.malloc):
        with pytest.raises(memory.GpuMemoryError, match=r"more were wanted for a batch of 2000; a batch of (\d+) fits") as caught:
            worker.step(x, rng.random((2000, 1), "f4"))
        fits = int(str(caught.value).split("a batch of ")[2].split()[0])
        assert 50 < fits < 1500
        with pytest.raises(memory.GpuMemoryError, match="a batch of .* fits"):
            worker.predict(x)


def test_sizes_are_told_in_units_that_a_person_reads():
    assert [memory.size(n) for n in (12, 1536, 5 << 20, 3 << 30)] == ["12 bytes", "1.5 KiB", "5 MiB", "3 GiB"]
