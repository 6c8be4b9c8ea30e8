"""Works of a few numbers, and a benchmark of them with figures that a test can foresee."""

import pytest

import tinymm as mm
from tinymm.bench.measuring import entry
from tinymm.bench.works import LayerWork, LossWork, StepWork

DENSE = LayerWork("dense", "Dense 6→4, 3", lambda: mm.Dense(4), (3, 6), LayerWork("t", "t", lambda: mm.Dense(2), (1, 3), None))
POOL = LayerWork("maxpool", "MaxPool 2, 1×4×4×2", lambda: mm.MaxPool2D(2), (1, 4, 4, 2), None)
LOSS = LossWork("cross-entropy", "softmax cross-entropy 4×3", 4, 3, LossWork("t", "t", 1, 3, None))
STEPS = [StepWork(batch, text=2, side=6, samples=12, vocabulary=9) for batch in (1, 2)]
LIMITS = {"cpu": {"gflops": 100.0, "gbytes_per_second": 10.0, "threads": 1}}


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """Threads of a busy machine would make the tests wait for each other."""
    monkeypatch.setenv("TINYMM_THREADS", "1")


@pytest.fixture
def tiny_works():
    return [DENSE, POOL, LOSS, *STEPS]


@pytest.fixture
def results():
    """What a benchmark of three works gives, made up: the CPU engine takes 2 ms of everything, PyTorch 4."""
    works = {}
    for work in (DENSE, *STEPS):
        rows = {
            "loops": {"forward": 5e5, "backward": 1e6, "time": 1.5e6, "scaled": True},
            "textbook": {"forward": 3.0, "backward": 5.0, "update": 1.0, "time": 8.0, "spread": 0.02, "runs": 9},
            "cpu": {"forward": 0.5, "backward": 1.5, "update": 0.25, "time": 2.0, "spread": 0.03, "runs": 9},
            "torch": {"forward": 1.5, "backward": 2.5, "update": 0.5, "time": 4.0, "spread": 0.01, "runs": 9},
            "torch channels last": {"forward": 2.0, "backward": 3.0, "update": 0.5, "time": 5.0, "spread": 0.01, "runs": 9},
        }
        works[work.name] = entry(work, rows, {"textbook": 30.0, "cpu": 10.0, "torch": 40.0}, LIMITS)
    machine = {"processor": "Abacus", "threads": 1, "numpy": "2.0", "torch": "2.4", "OPENBLAS_CORETYPE": "not set"}
    noise = {"spread": 0.05, "noisy": False, "samples": 9}
    return {"machine": machine, "notes": ["no GPU here"], "ceilings": LIMITS, "works": works, "noise": noise}


@pytest.fixture
def scaling_results():
    """A family of three sizes, made up: the CPU engine's time a sample grows in proportion, the textbook's as its square."""
    family = {
        "title": "Conv2D", "axis": "filters", "sizes": [1, 10, 100],
        "milliseconds_per_sample": {"textbook": [0.1, 10.0, 1000.0], "cpu": [0.1, 1.0, 10.0]},
        "flops_per_sample": [10**6, 10**7, 10**8], "growth": {"textbook": 2.0, "cpu": 1.0, "flops": 1.0},
    }  # fmt: skip
    machine = {"processor": "Abacus", "threads": 1, "numpy": "2.0", "OPENBLAS_CORETYPE": "Haswell"}
    return {"machine": machine, "notes": [], "scaling": {"filters": family}, "noise": {"spread": 0.5, "noisy": True}}
