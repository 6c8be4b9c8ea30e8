"""The GPU engine beside the CPU engine, the textbook on CuPy and PyTorch: one call, under eight minutes, on one GPU.

    pip install -e ".[cuda12]" matplotlib pytest torch && python benchmarks/gpu.py

In this order: what the GPU can do at most (copying, multiplying, transfers), the GPU tests, every kernel against the textbook at
the article's sizes, single layers, whole training steps, and the batch size from which the GPU is worth it. Contestants
take turns in one process, on the same numbers in float32; each figure is the median over rounds, a round as many runs as
fill about 50 ms, with one wait at its end. PyTorch is at its best: cuDNN chooses its algorithms, channels last where
that is faster, fused Adam. Nobody uses TF32 unless its column says so. Batches lie on the GPU; transfers are
measured apart. Writes gpu.json, gpu.md and three plots to benchmarks/results, or to --out.

--small does the same with a few numbers, to prove that the script works where there is no GPU (cupy_on_cpu). Its
figures mean nothing, and are marked so.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cupy
import numpy as np
from gpu_cases import Sizes, adam_contestants, layer_cases, layer_contestants, step_contestants, training_inputs
from gpu_report import draw, markdown

import tinymm as mm
from tinymm.files import atomic_write
from tinymm.models import article

ROOT = Path(__file__).parents[1]
TESTS = ["tests/engines/gpu", "tests/layers/test_on_gpu.py", "tests/gradcheck/test_on_gpu.py"]
GOALS = {  # what is aimed at, as (work, contestant of ours, ratio to PyTorch eager)
    "whole step, batch 32": 0.5, "whole step, batch 512": 0.8, "Conv2D + ReLU + pool": 0.8, "Conv1D + ReLU + pool": 0.8,
    "LSTM 128": 1.2, "LSTM 256": 1.2,
}  # fmt: skip
BANDWIDTH_GOALS = {"Conv2D + ReLU + pool": 0.6, "Conv1D + ReLU + pool": 0.6, "Adam": 0.8}  # share of the copy bandwidth


def wait():
    """Until everything that was launched is done, PyTorch's work included."""
    cupy.cuda.Device().synchronize()


def in_turns(contestants, seconds):
    """Median milliseconds of each contestant, in rounds until the time is up, at least three."""
    counts = {}
    for name, run in contestants.items():
        for _ in range(3):
            run()
        wait()
        start = time.perf_counter()
        run()
        wait()
        counts[name] = int(np.clip(0.05 / (time.perf_counter() - start), 1, 500))
    times, end = {name: [] for name in contestants}, time.perf_counter() + seconds
    while time.perf_counter() < end or len(times[name]) < 3:
        for name, run in contestants.items():
            start = time.perf_counter()
            for _ in range(counts[name]):
                run()
            wait()
            times[name].append(1000 * (time.perf_counter() - start) / counts[name])
    return {name: round(float(np.median(t)), 5) for name, t in times.items()}


def ceilings(sizes):
    """What the GPU does at most: GB/s copying and to and from the host, TFLOP/s of cuBLAS in float32."""
    a, b = cupy.ones(sizes.copy, "f4"), cupy.empty(sizes.copy, "f4")
    m = cupy.ones((sizes.square, sizes.square), "f4")
    pinned = np.frombuffer(cupy.cuda.alloc_pinned_memory(a.nbytes), "f4", a.size)
    pinned[...] = 1
    stream = cupy.cuda.get_current_stream()
    took = in_turns({
        "copy": lambda: cupy.copyto(b, a),
        "multiply": lambda: cupy.matmul(m, m),
        "to the GPU": lambda: a.set(pinned, stream=stream),
        "to the host": lambda: a.get(stream=stream, out=pinned, blocking=False),
    }, sizes.seconds)  # fmt: skip
    return {
        "copy GB/s": 2 * a.nbytes / took["copy"] / 1e6, "float32 TFLOP/s": 2 * sizes.square**3 / took["multiply"] / 1e9,
        "to the GPU GB/s": a.nbytes / took["to the GPU"] / 1e6, "to the host GB/s": a.nbytes / took["to the host"] / 1e6,
    }  # fmt: skip


def run_tests(small):
    """The GPU tests in a process of their own: pytest's last line, and whether all passed."""
    emulated = ["-m", "cupy_on_cpu"] if "cupy_on_cpu" in sys.modules else []
    some = ["tests/engines/gpu/test_plans.py", "-k", "both_dtypes"] if small else TESTS
    command = [sys.executable, *emulated, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *some]
    try:
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    except subprocess.TimeoutExpired:
        return {"passed": False, "summary": "not done after 240 seconds"}
    return {"passed": run.returncode == 0, "summary": run.stdout.strip().splitlines()[-1] if run.stdout.strip() else run.stderr[-300:]}


def equality(cases):
    """The largest difference of each plan from the textbook on the CPU, relative to the largest number of the array."""
    return {name: case.difference() for name, case in cases.items()}


def layers(cases, limits, sizes):
    """Each layer forward and backward: milliseconds of all, and how near to the ceilings the engine comes."""
    table = {}
    for name, case in cases.items():
        row = in_turns(layer_contestants(case), sizes.seconds)
        table[name] = rated(row, case.bytes, case.operations, limits)
        print(name, table[name], flush=True)
    contestants, size = adam_contestants(sizes)
    table["Adam"] = rated(in_turns(contestants, sizes.seconds), 28 * size, 0, limits)
    return table


def rated(row, count, operations, limits):
    """The row with ratios to PyTorch and with what was achieved, from the quicker of ours."""
    ours = min(row[name] for name in ("gpu", "gpu, replayed") if name in row)
    theirs = [row[name] for name in row if name.startswith("PyTorch")]
    extra = {"GB/s": count / ours / 1e6, "share of copy": count / ours / 1e6 / limits["copy GB/s"]}
    if operations:
        extra |= {"TFLOP/s": operations / ours / 1e9, "share of float32": operations / ours / 1e9 / limits["float32 TFLOP/s"]}
    if theirs:
        extra["ratio"] = ours / min(theirs)
    return {**row, **{k: round(float(v), 4) for k, v in extra.items()}}


def steps(sizes):
    """Whole training steps of the article's model, by batch size and contestant."""
    table = {}
    for batch in sizes.ladder:
        contestants, remarks = step_contestants(sizes, batch)
        row = in_turns(contestants, 3 * sizes.seconds)
        if "PyTorch eager" in row:
            row["ratio"] = round(row["gpu, replayed"] / row["PyTorch eager"], 4)
        table[f"whole step, batch {batch}"] = {**row, **remarks}
        print(f"whole step, batch {batch}", table[f"whole step, batch {batch}"], flush=True)
    return table


def crossover(sizes):
    """Milliseconds of a step on CPU and GPU by batch size, batches coming from the host, as a Trainer gives them."""
    table = {}
    for batch in sizes.batches:
        contestants, _ = step_contestants(sizes, batch, only=("cpu", "gpu, from the host"))
        table[batch] = in_turns(contestants, sizes.seconds)
        if table[batch]["cpu"] > sizes.slowest:
            break
    return table


def agreement(sizes, count):
    """The largest relative difference of a loss between CPU and GPU in ``count`` steps, and whether the GPU repeats itself."""
    losses = {}
    for name, engine in (("cpu", "cpu"), ("gpu", "gpu"), ("again", "gpu")):
        model, loss = article(sizes.shapes, sizes.vocabulary, 2, "binary")
        model.build(sizes.shapes)
        worker = mm.make_engine(model, loss, mm.Adam(), engine)
        batches = [training_inputs(sizes, sizes.ladder[0], seed) for seed in range(4)]
        losses[name] = np.array([float(worker.step(*batches[k % 4])) for k in range(count)])
    return {
        "steps": count, "largest relative difference": float((abs(losses["gpu"] - losses["cpu"]) / abs(losses["cpu"])).max()),
        "repeats bit for bit": bool((losses["gpu"] == losses["again"]).all()),
    }  # fmt: skip


def goals(results):
    """Each goal with what was measured: "met", "missed", or "not measured"."""
    table = {}
    for work, most in GOALS.items():
        row = {**results["layers"], **results["steps"]}.get(work, {})
        table[f"{work}: ratio to PyTorch at most {most}"] = row.get("ratio"), "ratio" in row and row["ratio"] <= most
    for work, least in BANDWIDTH_GOALS.items():
        share = results["layers"][work]["share of copy"]
        table[f"{work}: share of copy bandwidth at least {least}"] = share, share >= least
    return {goal: {"measured": value, "met": None if value is None else bool(met)} for goal, (value, met) in table.items()}


def machine():
    """The GPU and the versions that the figures belong to."""
    about = cupy.cuda.runtime.getDeviceProperties(0)
    found = {
        "GPU": about["name"].decode(), "compute capability": f"{about['major']}.{about['minor']}",
        "driver": cupy.cuda.runtime.driverGetVersion(), "CUDA": cupy.cuda.runtime.runtimeGetVersion(),
        "CuPy": cupy.__version__, "NumPy": np.__version__, "emulated": "cupy_on_cpu" in sys.modules,
    }  # fmt: skip
    try:
        import torch
    except ImportError:
        return {**found, "PyTorch": "not installed"}
    return {**found, "PyTorch": torch.__version__, "cuDNN": torch.backends.cudnn.version()}


def main():
    """Measure everything, write results, table and plots."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="a few numbers, to try the script without a GPU")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where results go (benchmarks/results; --small: a new folder)")
    args = parser.parse_args()
    out = args.out or (Path(tempfile.mkdtemp()) if args.small else ROOT / "benchmarks" / "results")
    out.mkdir(parents=True, exist_ok=True)
    mm.backend.require_gpu()
    sizes, started = Sizes.small() if args.small else Sizes(), time.perf_counter()
    results = {"machine": machine(), "small": args.small, "ceilings": ceilings(sizes)}
    cases = layer_cases(sizes)
    for name, measure in {
        "tests": lambda: run_tests(args.small),
        "equality": lambda: equality(cases),
        "agreement": lambda: agreement(sizes, sizes.steps),
        "layers": lambda: layers(cases, results["ceilings"], sizes),
        "steps": lambda: steps(sizes),
        "crossover": lambda: crossover(sizes),
    }.items():
        results[name] = measure()
        print(f"{time.perf_counter() - started:6.1f} s  {name} {results[name]}", flush=True)
    results["goals"], results["seconds"] = goals(results), round(time.perf_counter() - started, 1)
    with atomic_write(out / "gpu.json", "w") as file:
        json.dump(results, file, indent=2)
        file.write("\n")
    with atomic_write(out / "gpu.md", "w") as file:
        file.write(markdown(results))
    draw(results, out)
    print(markdown(results), f"\nwritten to {out}")


if __name__ == "__main__":
    main()
