"""A whole benchmark: every work by every contestant, with rates, ratios and shares of the ceilings, as one dict."""

import os
import platform
from pathlib import Path

import numpy as np

from tinymm import __version__
from tinymm.bench import allocator, ceilings, gpu, loops, memory, own, pytorch
from tinymm.bench.timing import ROUNDS, Reference, limited_blas, row, take_turns
from tinymm.engines.cpu.threads import thread_count

SECONDS, STEP_FACTOR = 2.0, 1.5  # for one work; a whole step has longer runs


def measure(works, seconds=SECONDS, rounds=ROUNDS, with_memory=True, progress=lambda done, total: None):
    """-> the dict that ``tinymm bench --json`` prints: machine, ceilings, noise, notes, and one entry a work."""
    absent = {"torch": pytorch.why_absent(), "gpu": gpu.why_absent()}
    kept, reference = allocator.keep_freed_memory(), Reference()
    results = {
        "machine": machine(absent, kept), "notes": [note for note in absent.values() if note],
        "ceilings": {"cpu": ceilings.measure()}, "works": {},
    }  # fmt: skip
    if not absent["gpu"]:
        results["ceilings"]["gpu"] = gpu.ceilings()
    total = len(works) + with_memory
    progress(0, total)
    measured = ["textbook", "cpu"] + ["torch"] * (absent["torch"] is None)
    peaks = memory.peaks([work.name for work in works], measured) if with_memory else {}
    with limited_blas():
        for k, work in enumerate(works):
            progress(k + with_memory, total)
            share = seconds * STEP_FACTOR if work.counted[-1] == "update" else seconds
            taken = take_turns(contestants(work, absent), share, reference, rounds=rounds)
            rows = {"loops": _scaled(loops.measure(work)), **{name: row(laps, work.counted) for name, laps in taken.items()}}
            results["works"][work.name] = entry(work, rows, peaks.get(work.name, {}), results["ceilings"])
    results["noise"] = reference.findings()
    return results


def contestants(work, absent):
    """name -> contestant, of all that can run here and take this work."""
    found = {"textbook": own.textbook(work), "cpu": own.cpu(work)}
    if not absent["gpu"]:
        found |= gpu.contestants(work)
    if not absent["torch"]:
        found |= pytorch.contestants(work)
    return found


def entry(work, rows, peaks, limits):
    """Everything on one work: title, cost on paper, and each contestant's times with what follows from them."""
    torch = best_torch(rows)
    for name, found in rows.items():
        if torch:
            found["ratio"] = found["time"] / rows[torch]["time"]
        parts = [part for part in work.counted if part in work.counts]
        seconds = found["time"] / 1000
        found["gflops"] = sum(work.counts[part].flops for part in parts) / seconds / 1e9
        found["gbytes_per_second"] = sum(work.counts[part].bytes for part in parts) / seconds / 1e9
        least = ceilings.least_milliseconds(work.counts, parts, limits["gpu" if name == "gpu" else "cpu"])
        found["share_of_ceiling"] = least / found["time"]
        if peaks.get(name) is not None:
            found["peak_MiB"] = peaks[name]
    return {
        "title": work.title, "counted": list(work.counted),
        "counts": {part: {"flops": c.flops, "bytes": c.bytes} for part, c in work.counts.items()},
        "contestants": {name: {k: _rounded(v) for k, v in found.items()} for name, found in rows.items()},
    }  # fmt: skip


def best_torch(rows):
    """The name of PyTorch's faster memory format; None without PyTorch."""
    return min((name for name in rows if name.startswith("torch")), key=lambda name: rows[name]["time"], default=None)


def machine(absent, kept):
    """What the figures were taken on."""
    found = {
        "processor": _processor(), "system": f"{platform.system()} {platform.machine()}", "threads": thread_count(),
        "tinymm": __version__, "python": platform.python_version(), "numpy": np.__version__, "blas": _blas(),
        "OPENBLAS_CORETYPE": os.environ.get("OPENBLAS_CORETYPE", "not set"), "allocator": kept,
    }  # fmt: skip
    if not absent["torch"]:
        import torch

        found["torch"] = torch.__version__
    if not absent["gpu"]:
        import cupy

        found["cupy"], device = cupy.__version__, cupy.cuda.runtime.getDeviceProperties(0)
        found["gpu"] = device["name"].decode()
    return found


def _scaled(seconds):
    """A row for the loops, whose time was scaled up: no spread, and two digits are all it is worth."""
    parts = {part: 1000 * value for part, value in seconds.items()}
    return {**parts, "time": sum(parts.values()), "scaled": True}


def _rounded(value):
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _blas():
    from threadpoolctl import threadpool_info

    libs = [lib for lib in threadpool_info() if lib["user_api"] == "blas"]
    return ", ".join(dict.fromkeys(f"{lib['internal_api']} {lib.get('version')} {lib.get('architecture', '')}" for lib in libs))
