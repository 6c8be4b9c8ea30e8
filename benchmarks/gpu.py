"""The GPU engine beside the CPU engine, the textbook on CuPy and PyTorch: one call, under eight minutes, on one GPU.

    pip install -e ".[cuda12,test]" matplotlib torch && python benchmarks/gpu.py

In this order: what the GPU can do at most (copying, multiplying, transfers), every kernel against the textbook at the
article's sizes, single layers, whole training steps, the batch size from which the GPU is worth it, and the GPU tests in
the time that is left. Contestants take turns in one process, on the same numbers in float32; each figure is the median
over rounds, a round as many runs as fill about 50 ms, with one wait at its end. PyTorch is at its best: cuDNN chooses its
algorithms, channels last where that is faster, fused Adam. Nobody uses TF32. Batches lie on the GPU; transfers are
measured apart. Writes gpu.json, gpu.md and three plots to benchmarks/results, or to --out; after every part, so that what
fails later (and is listed) takes nothing away.

--small does the same with a few numbers, to prove that the script works where there is no GPU (cupy_on_cpu). Its
figures mean nothing, and are marked so.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import numpy as np
from gpu_report import draw, markdown
from gpu_torch import first_line, torch_on_gpu

import tinymm as mm
from tinymm.backend import require_gpu
from tinymm.files import atomic_write

ROOT = Path(__file__).parents[1]
TESTS = [
    "tests/engines/gpu", "tests/engines/test_containers.py", "tests/test_losses.py", "tests/test_optimizers.py",
    "tests/test_training.py", "tests/test_backend.py", "tests/layers", "tests/gradcheck/test_on_gpu.py", "tests/gradcheck/test_every_layer.py",
]  # fmt: skip
AT_MOST = 450  # seconds; the tests get what the rest leaves of them
GOALS = {  # the ratio to PyTorch eager that is aimed at
    "whole step, batch 32": 0.5, "whole step, batch 512": 0.8, "Conv2D + ReLU + pool": 0.8, "Conv1D + ReLU + pool": 0.8,
    "LSTM 128": 1.2, "LSTM 256": 1.2,
}  # fmt: skip
BANDWIDTH_GOALS = {"Conv2D + ReLU + pool": 0.6, "Conv1D + ReLU + pool": 0.6, "Adam": 0.8}  # share of the copy bandwidth


class Results(dict):
    """The results by part, and under "failed" what could not be measured and why."""

    def __init__(self, **known):
        super().__init__(**known, failed={})

    def attempt(self, what, work, *arguments):
        """What ``work`` gives; None, and a line among the failures, when it fails."""
        try:
            return work(*arguments)
        except Exception as error:  # whatever it is, a rented GPU's other figures are not to be lost
            traceback.print_exc()
            self["failed"][what] = first_line(error)
            return None

    def table(self, part, works, measure):
        """name -> what ``measure`` gives for the work of this name, where it gives something."""
        rows = {name: self.attempt(f"{part}, {name}", measure, work) for name, work in works.items()}
        return {name: row for name, row in rows.items() if row is not None}

    def in_turns(self, what, contestants, seconds):
        """Median milliseconds of each contestant, in rounds until the time is up, at least three."""
        counts = {name: self.attempt(f"{what}, {name}", runs_in_50_ms, run) for name, run in contestants.items()}
        running = {name: run for name, run in contestants.items() if counts[name]}
        times, end, rounds = {name: [] for name in running}, time.perf_counter() + seconds, 0
        while time.perf_counter() < end or rounds < 3:
            for name, run in running.items():
                start = time.perf_counter()
                for _ in range(counts[name]):
                    run()
                wait()
                times[name].append(1000 * (time.perf_counter() - start) / counts[name])
            rounds += 1
        return {name: round(float(np.median(t)), 5) for name, t in times.items()}


def runs_in_50_ms(run):
    """How many runs fill about 50 ms, after three that load and compile."""
    for _ in range(3):
        run()
    wait()
    start = time.perf_counter()
    run()
    wait()
    return int(np.clip(0.05 / (time.perf_counter() - start), 1, 500))


def wait():
    """Until everything that was launched is done, PyTorch's work included."""
    import cupy

    cupy.cuda.Device().synchronize()


def ceilings(results, sizes):
    """What the GPU does at most: GB/s copying and to and from the host, TFLOP/s of cuBLAS in float32."""
    import cupy

    a, b = cupy.ones(sizes.copy, "f4"), cupy.empty(sizes.copy, "f4")
    m = cupy.ones((sizes.square, sizes.square), "f4")
    pinned = np.frombuffer(cupy.cuda.alloc_pinned_memory(a.nbytes), "f4", a.size)
    pinned[...] = 1
    stream = cupy.cuda.get_current_stream()
    took = results.in_turns("ceilings", {
        "copy": lambda: cupy.copyto(b, a),
        "multiply": lambda: cupy.matmul(m, m),
        "to the GPU": lambda: a.set(pinned, stream=stream),
        "to the host": lambda: a.get(stream=stream, out=pinned, blocking=False),
    }, sizes.seconds)  # fmt: skip
    rates = {
        "copy GB/s": ("copy", 2 * a.nbytes / 1e6), "float32 TFLOP/s": ("multiply", 2 * sizes.square**3 / 1e9),
        "to the GPU GB/s": ("to the GPU", a.nbytes / 1e6), "to the host GB/s": ("to the host", a.nbytes / 1e6),
    }  # fmt: skip
    return {name: count / took[run] for name, (run, count) in rates.items() if run in took}


def layers(results, works, sizes):
    """Each layer forward and backward: milliseconds of all, and how near to the ceilings the engine comes."""
    from gpu_cases import adam_contestants, layer_contestants

    def layer(item):
        name, work = item
        row = results.in_turns(name, layer_contestants(work), sizes.seconds)
        cost = [work.counts[part] for part in work.counted]
        return rated(row, sum(c.bytes for c in cost), sum(c.flops for c in cost), results.get("ceilings") or {})

    def adam(_):
        contestants, size = adam_contestants(sizes)
        row = results.in_turns("Adam", contestants, sizes.seconds)
        return rated(row, 28 * size, 0, results.get("ceilings") or {})

    table = results.table("layers", {name: (name, work) for name, work in works.items()}, layer)
    return table | results.table("layers", {"Adam": None}, adam)


def rated(row, count, operations, limits):
    """The row with its ratio to PyTorch and with what was achieved, from the quicker of ours."""
    ours = min(row[name] for name in ("gpu", "gpu, replayed") if name in row)
    theirs = [row[name] for name in row if name.startswith("PyTorch")]
    found = {"GB/s": count / ours / 1e6}
    if "copy GB/s" in limits:
        found["share of copy"] = found["GB/s"] / limits["copy GB/s"]
    if operations:
        found["TFLOP/s"] = operations / ours / 1e9
    if operations and "float32 TFLOP/s" in limits:
        found["share of float32"] = found["TFLOP/s"] / limits["float32 TFLOP/s"]
    if theirs:
        found["ratio"] = ours / min(theirs)
    return {**row, **{k: round(float(v), 4) for k, v in found.items()}}


def steps(results, sizes):
    """Whole training steps of the article's model, by batch size and contestant."""
    from gpu_cases import step_contestants

    def step(batch):
        contestants, remarks = step_contestants(sizes.step(batch))
        row = results.in_turns(f"batch {batch}", contestants, 3 * sizes.seconds)
        if "PyTorch eager" in row and "gpu, replayed" in row:
            row["ratio"] = round(row["gpu, replayed"] / row["PyTorch eager"], 4)
        return {**row, **remarks}

    return results.table("steps", {f"whole step, batch {batch}": batch for batch in sizes.ladder}, step)


def crossover(results, sizes):
    """Milliseconds of a step on CPU and GPU by batch size, batches coming from the host, as a Trainer gives them."""
    from gpu_cases import step_contestants

    table = {}
    for batch in sizes.batches:
        contestants, _ = step_contestants(sizes.step(batch), only=("cpu", "gpu, from the host"))
        table[batch] = results.in_turns(f"crossover, batch {batch}", contestants, sizes.seconds)
        if table[batch].get("cpu", 0) > sizes.slowest:
            break
    return table


def agreement(sizes):
    """The largest relative difference of a loss between CPU and GPU, and whether the GPU repeats itself."""
    work, losses = sizes.step(sizes.ladder[0]), {}
    inputs, targets = work.arrays()
    for name, engine in (("cpu", "cpu"), ("gpu", "gpu"), ("again", "gpu")):
        model, loss = work.model()
        worker = mm.make_engine(model, loss, mm.SGD(0.001), engine)
        losses[name] = np.array([float(worker.step(inputs, targets)) for _ in range(sizes.steps)])
    return {
        "steps": sizes.steps, "largest relative difference": float((abs(losses["gpu"] / losses["cpu"] - 1)).max()),
        "repeats bit for bit": bool((losses["gpu"] == losses["again"]).all()),
    }  # fmt: skip


def run_tests(small, seconds):
    """The GPU tests in a process of their own: pytest's last lines, and whether all passed."""
    emulated = ["-m", "cupy_on_cpu"] if "cupy_on_cpu" in sys.modules else []
    some = ["tests/engines/gpu/test_plans.py", "-k", "both_dtypes"] if small else TESTS
    command = [sys.executable, *emulated, "-m", "pytest", "-q", "-rf", "--tb=short", "-p", "no:cacheprovider", *some]
    try:
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        dots = (error.stdout or b"").decode(errors="replace").strip().splitlines()
        return {"passed": False, "summary": f"not done after {seconds:.0f} seconds{': ' + dots[-1] if dots else ''}"}
    lines = (run.stdout.strip() or run.stderr.strip() or "no output").splitlines()
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return {"passed": run.returncode == 0, "summary": "; ".join([lines[-1][:300], *failed[:20]])}


def goals(results):
    """Each goal with what was measured, and whether it is met; None for what was not measured."""
    rows, table = {**(results.get("layers") or {}), **(results.get("steps") or {})}, {}
    for work, most in GOALS.items():
        ratio = rows.get(work, {}).get("ratio")
        table[f"{work}: ratio to PyTorch at most {most}"] = {"measured": ratio, "met": None if ratio is None else ratio <= most}
    for work, least in BANDWIDTH_GOALS.items():
        share = rows.get(work, {}).get("share of copy")
        met = None if share is None else share >= least
        table[f"{work}: share of copy bandwidth at least {least}"] = {"measured": share, "met": met}
    return table


def machine():
    """The GPU and the versions that the figures belong to."""
    import cupy

    about = cupy.cuda.runtime.getDeviceProperties(0)
    return {
        "GPU": about["name"].decode(), "compute capability": f"{about['major']}.{about['minor']}",
        "driver": cupy.cuda.runtime.driverGetVersion(), "CUDA": cupy.cuda.runtime.runtimeGetVersion(),
        "CuPy": cupy.__version__, "NumPy": np.__version__, "emulated": "cupy_on_cpu" in sys.modules,
        "PyTorch": torch_on_gpu()[1], "clocks": clocks(),
    }  # fmt: skip


def clocks():
    """What nvidia-smi says of the clocks now and at most, in MHz."""
    asked = "clocks.sm,clocks.max.sm,clocks.mem,power.draw,temperature.gpu"
    command = ["nvidia-smi", f"--query-gpu={asked}", "--format=csv,noheader"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        said = ""
    return f"{asked}: {said.splitlines()[0]}" if said else "unknown"


def write(results, out):
    """gpu.json, gpu.md and the plots of all there is so far."""
    with atomic_write(out / "gpu.json", "w") as file:
        json.dump(results, file, indent=2)
        file.write("\n")
    with atomic_write(out / "gpu.md", "w") as file:
        file.write(markdown(results))


def main():
    """Measure everything, write results, table and plots. Ends with 1 when a part failed, 2 without a GPU."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="a few numbers, to try the script without a GPU")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where results go (benchmarks/results; --small: a new folder)")
    args = parser.parse_args()
    try:
        require_gpu()
    except mm.TinymmError as error:
        print(f"benchmarks/gpu.py: {error}", file=sys.stderr)
        return 2
    from gpu_cases import Sizes, difference, layer_works

    out = args.out or (Path(tempfile.mkdtemp()) if args.small else ROOT / "benchmarks" / "results")
    out.mkdir(parents=True, exist_ok=True)
    sizes, started = Sizes.small() if args.small else Sizes(), time.perf_counter()
    results, works = Results(machine=machine(), small=args.small), layer_works(sizes)
    for name, measure in {
        "ceilings": lambda: ceilings(results, sizes),
        "equality": lambda: results.table("equality", works, difference),
        "agreement": lambda: agreement(sizes),
        "layers": lambda: layers(results, works, sizes),
        "steps": lambda: steps(results, sizes),
        "crossover": lambda: crossover(results, sizes),
        "tests": lambda: run_tests(args.small, max(60, AT_MOST - (time.perf_counter() - started))),
    }.items():
        results[name] = results.attempt(name, measure)
        results["goals"], results["seconds"] = goals(results), round(time.perf_counter() - started, 1)
        if name == "ceilings":
            results["machine"]["clocks, warm"] = clocks()
        write(results, out)
        print(f"{results['seconds']:6.1f} s  {name} {results[name]}", flush=True)
    results.attempt("plots", draw, results, out)
    write(results, out)
    print(markdown(results), f"\nwritten to {out}")
    return 1 if results["failed"] or not (results["tests"] or {}).get("passed") else 0


if __name__ == "__main__":
    sys.exit(main())
