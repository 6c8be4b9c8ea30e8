"""The GPU engine as a contestant, and the GPU's own ceilings. Nothing here runs without CuPy and a device.

A layer is a model of its own here: its step has the update and a squared error too, and no gradient of the input. What
goes to the GPU lies there already; the time to bring it is a part of its own, ``transfer``.
"""

from time import perf_counter

import numpy as np

import tinymm as mm
from tinymm.bench.ceilings import COPIED, SIDE
from tinymm.bench.own import STILL
from tinymm.bench.works import LayerWork, LossWork
from tinymm.errors import TinymmError


def why_absent():
    """A sentence when the GPU engine cannot run here, else None."""
    try:
        mm.make_engine(mm.Dense(1), mm.MeanSquaredError(), mm.SGD(), "gpu")
    except TinymmError as error:
        return f"the GPU engine is left out: {error}"
    return None


def contestants(work):
    """name -> contestant: one, or none for a loss alone, which no engine takes."""
    if isinstance(work, LossWork):
        return {}
    model, loss = (mm.Sequential(work.layer()), mm.MeanSquaredError()) if isinstance(work, LayerWork) else work.model()
    inputs, targets = work.arrays()
    worker = mm.make_engine(model, loss, mm.Adam(STILL), "gpu")

    def run():
        start = perf_counter()
        moved = mm.to_device((inputs, targets))
        _wait()
        there = perf_counter()
        float(worker.step(*moved))
        return {"transfer": there - start, "together": perf_counter() - there}

    return {"gpu": run}


def ceilings(seconds=0.5):
    """The GPU's rate of matrix products and its copy bandwidth, the best of the runs that fit into ``seconds``."""
    a, b = mm.to_device((np.ones((4 * SIDE, 4 * SIDE), np.float32), np.ones(COPIED // 4, np.float32)))
    product, copy = _best(lambda: a @ a, seconds), _best(lambda: b.copy(), seconds)
    return {"gflops": 2e-9 * (4 * SIDE) ** 3 / product, "gbytes_per_second": 2e-9 * COPIED / copy}


def _best(work, seconds):
    work()
    _wait()
    best, end = float("inf"), perf_counter() + seconds
    while perf_counter() < end:
        start = perf_counter()
        work()
        _wait()
        best = min(best, perf_counter() - start)
    return best


def _wait():
    import cupy

    cupy.cuda.runtime.deviceSynchronize()
