"""A whole benchmark of tiny works: its shape, its notes, and what follows from the times."""

import json
import sys

import numpy as np
import pytest

from tinymm.bench import ceilings, measuring, memory, own, timing
from tinymm.bench.works import WORKS, works_named


@pytest.fixture
def hurry(monkeypatch):
    """No pauses, small ceilings, and neither PyTorch nor CuPy, whether they are installed or not."""
    monkeypatch.setattr(timing.take_turns, "__defaults__", (1, 0))
    monkeypatch.setattr(ceilings.measure, "__defaults__", (0.001, 32, 1 << 12))
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setitem(sys.modules, "cupy", None)


def test_without_torch_and_gpu_a_benchmark_says_so_and_measures_the_rest(hurry, tiny_works):
    seen = []
    found = measuring.measure([tiny_works[0], *tiny_works[2:4]], 0, 1, with_memory=False, progress=lambda *a: seen.append(a))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["notes"][0] == "PyTorch is not installed: pip install torch" and "GPU" in found["notes"][1]
    assert set(found) == {"machine", "notes", "ceilings", "works", "noise"}
    assert set(found["machine"]) >= {"processor", "threads", "numpy", "blas", "OPENBLAS_CORETYPE", "allocator"}
    assert seen == [(0, 3), (0, 3), (1, 3), (2, 3)]
    dense, loss, step = found["works"].values()
    assert list(dense["contestants"]) == ["loops", "textbook", "cpu"]
    assert set(dense["contestants"]["cpu"]) == {
        "forward", "backward", "update", "time", "spread", "runs", "gflops", "gbytes_per_second", "share_of_ceiling",
    }  # fmt: skip
    assert "together" in loss["contestants"]["cpu"] and loss["counts"]["forward"]["flops"] == 48
    assert step["counted"] == ["forward", "backward", "update"]
    assert {"forward", "backward", "update"} <= set(step["contestants"]["textbook"])


def test_ratios_rates_and_shares_follow_from_the_times(results):
    dense = results["works"]["dense"]["contestants"]
    assert dense["cpu"]["ratio"] == 0.5 and dense["torch channels last"]["ratio"] == 1.25
    flops = 2 * 3 * 6 * 4 + (2 * 3 * 6 * 4 + 12 + 2 * 3 * 6 * 4)
    assert dense["cpu"]["gflops"] == pytest.approx(flops / 0.002 / 1e9, rel=1e-3)
    least = sum(4 * n for n in (18 + 28 + 12, 12 + 18 + 28 + 18 + 28)) / 10e9 * 1000  # bytes decide here
    assert dense["cpu"]["share_of_ceiling"] == pytest.approx(least / 2, rel=1e-3)
    assert dense["cpu"]["peak_MiB"] == 10 and "peak_MiB" not in dense["loops"]


@pytest.mark.parametrize("work", [work for work in WORKS if work.tiny.name == "tiny"], ids=lambda work: work.name)
def test_every_work_runs_on_the_textbook_and_the_cpu_engine(work):
    for contestant in (own.textbook, own.cpu):
        laps = contestant(work.tiny)()
        assert min(laps.values()) > 0 and set(laps) <= {"forward", "backward", "update", "together"}


def test_a_steps_parts_add_up_to_the_engines_own_step_and_the_weights_hardly_move(tiny_works):
    step = tiny_works[-1]
    before = step.model()[0].params
    model, loss = step.model()
    worker = own.mm.make_engine(model, loss, own.mm.Adam(own.STILL), "cpu")
    worker.step(*step.arrays())
    assert any((model.params[k] != before[k]).any() for k in before)
    for name in before:
        np.testing.assert_allclose(model.params[name], before[name], atol=2 * own.STILL)
    for engine in (own.textbook, own.cpu):
        assert list(engine(step)()) == ["forward", "backward", "update"]


@pytest.mark.skipif(not memory.STATUS.exists(), reason="only Linux tells the peak")
def test_memory_is_measured_in_processes_of_their_own():
    found = memory.peaks(["maxpool"], ["textbook", "cpu"])
    arrays = (works_named(["maxpool"])[0].counts["forward"].bytes) / 2**20
    assert set(found) == {"maxpool"} and min(found["maxpool"].values()) > arrays
