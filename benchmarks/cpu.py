"""The CPU engine beside the textbook and PyTorch eager, layer by layer and for the article's whole training step.

    pip install torch==2.13.0 && python benchmarks/cpu.py        # about four minutes on 2 cores

All contestants take turns in one process, with the same number of threads and the same numbers in float32:
the textbook, the engine, PyTorch, again and again; the median of each is given, and the ratio of the engine's to
PyTorch's, below 1 where the engine is faster. PyTorch is at its best: allocator thresholds raised,
fused Adam, and for convolutions the better of the two memory formats. A layer's figure is forward + backward,
the step's is forward, loss, backward and update. Writes benchmarks/results/cpu.json and prints the table.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import tinymm as mm
from tinymm.engines.cpu.containers import make_plan
from tinymm.engines.cpu.loss import LossPlan
from tinymm.engines.cpu.plan import Surroundings
from tinymm.engines.cpu.threads import Crew, thread_count
from tinymm.engines.cpu.update import Updater
from tinymm.files import atomic_write
from tinymm.models import article

# Read by the C library when the process starts.
MALLOC = {"MALLOC_TRIM_THRESHOLD_": "1000000000", "MALLOC_MMAP_THRESHOLD_": "1000000000", "MALLOC_TOP_PAD_": "100000000"}
RESULTS = Path(__file__).parent / "results" / "cpu.json"
SHAPES = {"text": (50,), "image": (64, 64, 3), "audio": (8000, 1)}


def step_inputs(batch):
    """Random inputs and targets of the article's model."""
    rng = np.random.default_rng(0)
    inputs = {
        "text": rng.integers(0, 10000, (batch, *SHAPES["text"])),
        "image": rng.standard_normal((batch, *SHAPES["image"]), np.float32),
        "audio": rng.standard_normal((batch, *SHAPES["audio"]), np.float32),
    }
    return inputs, rng.integers(0, 2, (batch, 1)).astype(np.float32)


def own_step(engine, batch):
    """A function that does one training step of the article's model."""
    inputs, targets = step_inputs(batch)
    model, loss = article(SHAPES, 10000, 2, "binary")
    model.build(SHAPES)
    worker = mm.make_engine(model, loss, mm.Adam(), engine)
    return lambda: worker.step(inputs, targets)


def torch_step(batch, channels_last):
    """The same step in PyTorch."""
    import torch
    from torch import nn

    class Listing(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.read = nn.Embedding(10000, 128), nn.LSTM(128, 128, batch_first=True)
            self.see, self.hear = nn.Conv2d(3, 32, 3), nn.Conv1d(1, 32, 3)
            self.join = nn.Linear(128 + 31 * 31 * 32 + 3999 * 32, 1)

        def forward(self, text, image, audio):
            read = self.read(self.words(text))[0][:, -1]
            seen = torch.max_pool2d(torch.relu(self.see(image)), 2).flatten(1)
            heard = torch.max_pool1d(torch.relu(self.hear(audio)), 2).flatten(1)
            return torch.sigmoid(self.join(torch.cat([read, seen, heard], 1)))

    inputs, targets = step_inputs(batch)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = Listing().to(memory_format=layout)
    text = torch.tensor(inputs["text"])
    image = torch.tensor(inputs["image"]).permute(0, 3, 1, 2).contiguous(memory_format=layout)
    audio = torch.tensor(inputs["audio"]).permute(0, 2, 1).contiguous()
    wanted, adam = torch.tensor(targets), torch.optim.Adam(model.parameters(), fused=True)

    def step():
        adam.zero_grad()
        nn.functional.binary_cross_entropy(model(text, image, audio), wanted).backward()
        adam.step()

    return step


def layer_cases():
    """name -> (tinymm layer, input shape with batch, is dx wanted, PyTorch module, PyTorch input from ours)."""
    from torch import nn

    first = lambda x: x.movedim(-1, 1).contiguous()  # noqa: E731
    same = lambda x: x  # noqa: E731
    last_of = lambda m: lambda x: m(x)[0][:, -1]  # noqa: E731
    pooled = [mm.ReLU(), mm.MaxPool2D(2)], [mm.ReLU(), mm.MaxPool1D(2)]
    return {
        "Conv2D 3->32 + ReLU + pool, 32×64×64": (mm.Sequential(mm.Conv2D(32, 3), *pooled[0]), (32, 64, 64, 3), False,
            nn.Sequential(nn.Conv2d(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2)), first),
        "Conv1D 1->32 + ReLU + pool, 32×8000": (mm.Sequential(mm.Conv1D(32, 3), *pooled[1]), (32, 8000, 1), False,
            nn.Sequential(nn.Conv1d(1, 32, 3), nn.ReLU(), nn.MaxPool1d(2)), first),
        "Conv2D 64->64, 32×32×32": (mm.Sequential(mm.Conv2D(64, 3, padding="same")), (32, 32, 32, 64), True,
            nn.Conv2d(64, 64, 3, padding=1), first),
        "Dense 1024->1024, 256": (mm.Dense(1024), (256, 1024), True, nn.Linear(1024, 1024), same),
        "LSTM 128, 32×50×128": (mm.LSTM(128), (32, 50, 128), True, (nn.LSTM(128, 128, batch_first=True), last_of), same),
        "LSTM 256, 32×50×256": (mm.LSTM(256), (32, 50, 256), True, (nn.LSTM(256, 256, batch_first=True), last_of), same),
        "MaxPool 2×2, 32×62×62×32": (mm.MaxPool2D(2), (32, 62, 62, 32), True, nn.MaxPool2d(2), first),
        "BatchNorm + ReLU, 32×32×32×32": (mm.Sequential(mm.BatchNorm(), mm.ReLU()), (32, 32, 32, 32), True,
            nn.Sequential(nn.BatchNorm2d(32), nn.ReLU()), first),
        "Embedding 10000×128, 32×50": (mm.Embedding(10000, 128), (32, 50), False, nn.Embedding(10000, 128), same),
    }  # fmt: skip


def layer_contestants(layer, shape, dx, module, convert):
    """Functions that do one forward and backward pass of a layer: textbook, cpu, torch and torch channels last."""
    import torch

    rng = np.random.default_rng(0)
    x = rng.integers(0, 10000, shape) if len(shape) == 2 and not dx else rng.standard_normal(shape, np.float32)
    y, _ = layer.forward(x)
    dy = rng.standard_normal(y.shape, np.float32)
    crew = Crew(thread_count())
    plan = make_plan(layer, shape, Surroundings(crew, np.dtype("f4"), True, dx))

    def textbook():
        _, cache = layer.forward(x, training=True)
        layer.backward(dy, cache)

    def cpu():
        with crew.at_work():
            plan.forward(x, None, None)
            plan.backward(dy)

    net, call = (module[0], module[1](module[0])) if isinstance(module, tuple) else (module, module)

    def torch_pass(layout):
        into, upstream = convert(torch.tensor(x)), convert(torch.tensor(dy))
        if layout and into.ndim == 4:
            into = into.contiguous(memory_format=torch.channels_last)
            upstream = upstream.contiguous(memory_format=torch.channels_last)
        into.requires_grad_(dx)

        def run():
            into.grad = None
            net.zero_grad()
            call(into).backward(upstream)

        return run

    formats = {"torch": torch_pass(False)}
    if len(shape) == 4:
        formats["torch channels last"] = torch_pass(True)
    return {"textbook": textbook, "cpu": cpu, **formats}


def adam_contestants(size=1_572_000):
    """One Adam update of as many parameters as the article's model has."""
    import torch

    rng = np.random.default_rng(0)
    W, g = rng.standard_normal((2, size), np.float32)
    crew, ours, plain = Crew(thread_count()), mm.Adam(), mm.Adam()
    params, grads, updater = {"W": W.copy()}, {"W": g}, Updater(ours, crew)
    leaf = torch.tensor(W, requires_grad=True)
    leaf.grad = torch.tensor(g)
    fused = torch.optim.Adam([leaf], fused=True)

    def cpu():
        with crew.at_work():
            updater.update(params, grads)

    return {"textbook": lambda: plain.update({"W": W}, grads), "cpu": cpu, "torch": fused.step}


def cross_entropy_contestants(rows=1024, classes=1000):
    """Softmax cross-entropy from logits."""
    import torch

    rng = np.random.default_rng(0)
    z, t = rng.standard_normal((rows, classes), np.float32), rng.integers(0, classes, rows)
    loss, logits, wanted = mm.CrossEntropy(from_logits=True), torch.tensor(z, requires_grad=True), torch.tensor(t)

    crew = Crew(thread_count())
    plan = LossPlan(loss, crew)

    def cpu():
        with crew.at_work():
            plan.forward_backward(z, t)

    def theirs():
        logits.grad = None
        torch.nn.functional.cross_entropy(logits, wanted).backward()

    return {"textbook": lambda: loss.backward(loss.forward(z, t)[1]), "cpu": cpu, "torch": theirs}


def measure(contestants, seconds=8.0):
    """Median milliseconds of each, taking turns until the time is up (at least 3 rounds), and the engine's spread.

    A turn is a pause, one run that does not count and three that do: threads of the one before, which wait busily
    for more work, have fallen asleep by then.
    """
    for run in contestants.values():
        run()
    times, end = {name: [] for name in contestants}, time.perf_counter() + seconds
    while time.perf_counter() < end or len(times["cpu"]) < 9:
        for name, run in contestants.items():
            time.sleep(0.1)
            run()
            for _ in range(3):
                start = time.perf_counter()
                run()
                times[name].append(1000 * (time.perf_counter() - start))
    row = {name: round(float(np.median(t)), 3) for name, t in times.items()}
    fastest = min(row[name] for name in row if name.startswith("torch"))
    low, high = np.percentile(times["cpu"], [25, 75])
    return {**row, "ratio": round(row["cpu"] / fastest, 3), "spread": round(float((high - low) / row["cpu"]), 2)}


def peak_memory(who):
    """MiB that 5 steps at batch 128 take above what the imports took, in a process of its own."""
    code = f"import cpu; print(cpu.memory_of({who!r}))"
    run = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    return float(run.stdout.split()[-1])


def memory_of(who):
    """The peak above the imports of this process, which does nothing else."""
    import torch

    torch.set_num_threads(thread_count())
    torch.zeros(1)
    before = _peak()
    step = torch_step(128, False) if who == "torch" else own_step(who, 128)
    for _ in range(5):
        step()
    return _peak() - before


def _peak():
    """MiB of the largest resident size of this process so far."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main():
    """Measure everything, print the table, write the results."""
    if not all(name in os.environ for name in MALLOC):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **MALLOC})
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    import torch

    torch.set_num_threads(thread_count())
    table = {}
    for name, case in layer_cases().items():
        table[name] = measure(layer_contestants(*case), 5)
        print(name, table[name], flush=True)
    table["Softmax cross-entropy 1024×1000"] = measure(cross_entropy_contestants(), 3)
    table["Adam, 1.57 million parameters"] = measure(adam_contestants(), 3)
    for batch in (8, 32, 128):
        contestants = {"textbook": own_step("textbook", batch), "cpu": own_step("cpu", batch),
                       "torch": torch_step(batch, False), "torch channels last": torch_step(batch, True)}  # fmt: skip
        table[f"whole step, batch {batch}"] = measure(contestants)
        print(f"whole step, batch {batch}", table[f"whole step, batch {batch}"], flush=True)
    memory = {who: round(peak_memory(who), 1) for who in ("textbook", "cpu", "torch")}
    machine = {
        "processor": _processor(), "threads": thread_count(), "numpy": np.__version__, "torch": torch.__version__,
        "OPENBLAS_CORETYPE": os.environ.get("OPENBLAS_CORETYPE", "not set"),
    }  # fmt: skip
    results = {"machine": machine, "milliseconds": table, "peak_MiB_batch_128": memory}
    with atomic_write(RESULTS, "w") as file:
        json.dump(results, file, indent=2)
        file.write("\n")
    print(markdown(results))


def markdown(results):
    """The results as a table."""
    lines = ["| work | textbook | CPU engine | PyTorch | ratio |", "|---|---|---|---|---|"]
    for name, row in results["milliseconds"].items():
        fastest = min(v for k, v in row.items() if k.startswith("torch"))
        lines.append(f"| {name} | {row['textbook']:.1f} ms | {row['cpu']:.1f} ms | {fastest:.1f} ms | {row['ratio']:.2f} |")
    memory = results["peak_MiB_batch_128"]
    cells = " | ".join(f"{memory[who]:.0f} MiB" for who in ("textbook", "cpu", "torch"))
    lines.append(f"| peak memory, whole step, batch 128 | {cells} | {memory['cpu'] / memory['torch']:.2f} |")
    return "\n".join(lines)


def _processor():
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return names[0].partition(":")[2].strip() if names else platform.processor()


if __name__ == "__main__":
    main()
