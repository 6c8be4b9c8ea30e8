"""The GPU's contestant, with the textbook engine in the place of a GPU: its parts, and what is said without one."""

import sys

import numpy as np
import pytest

import tinymm as mm
from tinymm.bench import gpu, measuring
from tinymm.engines import make_engine


@pytest.fixture
def pretended(monkeypatch):
    made = []

    def textbook(model, loss, optimizer, engine="auto", seed=0):
        made.append((model, loss))
        return make_engine(model, loss, optimizer, "textbook" if engine == "gpu" else engine, seed)

    monkeypatch.setattr(mm, "make_engine", textbook)
    monkeypatch.setattr(mm, "to_device", lambda arrays: arrays)
    monkeypatch.setattr(gpu, "_wait", lambda: None)
    return made


def test_without_cupy_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    told = gpu.why_absent()
    assert told.startswith("the GPU engine is left out: ") and "pip install" in told


def test_the_transfer_is_timed_apart_from_the_step(pretended, tiny_works):
    dense, _, loss, *_, step = tiny_works
    assert gpu.why_absent() is None
    for work, kind in ((dense, mm.MeanSquaredError), (step, mm.BinaryCrossEntropy)):
        (run,) = gpu.contestants(work).values()
        assert isinstance(pretended[-1][1], kind)
        assert set(run()) == {"transfer", "together"}
    assert gpu.contestants(loss) == {}


def test_the_gpus_share_is_that_of_its_own_ceilings(tiny_works):
    rows = {"cpu": {"time": 2.0}, "gpu": {"time": 2.0}}
    limits = {"cpu": {"gflops": 1.0, "gbytes_per_second": 1.0}, "gpu": {"gflops": 10.0, "gbytes_per_second": 10.0}}
    there = measuring.entry(tiny_works[0], rows, {}, limits)["contestants"]
    assert there["cpu"]["share_of_ceiling"] == pytest.approx(10 * there["gpu"]["share_of_ceiling"], rel=1e-3)
    assert there["gpu"]["gflops"] == there["cpu"]["gflops"]


def test_its_ceilings_are_measured_on_arrays_that_lie_there(pretended, monkeypatch):
    monkeypatch.setattr(gpu, "SIDE", 4)
    monkeypatch.setattr(gpu, "COPIED", 64)
    assert all(np.isfinite(value) and value > 0 for value in gpu.ceilings(0.001).values())
