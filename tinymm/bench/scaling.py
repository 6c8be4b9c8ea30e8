"""How the cost grows: time per sample against batch size, picture size, sequence length and number of filters."""

from dataclasses import dataclass

import numpy as np

from tinymm.bench import allocator, gpu, pytorch
from tinymm.bench.measuring import best_torch, contestants, machine
from tinymm.bench.timing import Reference, limited_blas, row, take_turns
from tinymm.bench.works import StepWork, conv2d_work, lstm_work, unknown
from tinymm.errors import TinymmError

SECONDS, ROUNDS = 0.8, 3  # for one size; the least number of turns at it


@dataclass(frozen=True)
class Family:
    """The same work at several sizes; ``batch`` samples each, or as many as the size says."""

    name: str
    title: str
    axis: str
    sizes: tuple
    work: object  # size -> a work
    batch: int | None = 8

    def samples(self, size):
        return self.batch or size


FAMILIES = (
    Family("batch", "whole step of the article's model", "samples in the batch", (1, 2, 8, 32, 128), StepWork, None),
    Family("image", "Conv2D 3→32 + ReLU + pool, 8 pictures", "side of the picture", (16, 32, 64, 128, 256),
           lambda side: conv2d_work(8, side)),
    Family("sequence", "LSTM 128, 32 sequences", "steps in the sequence", (10, 25, 50, 100, 200),
           lambda length: lstm_work(128, length=length), 32),
    Family("filters", "Conv2D + ReLU + pool, 8 pictures of 64×64×3", "filters", (8, 16, 32, 64, 128),
           lambda filters: conv2d_work(8, 64, filters)),
)  # fmt: skip


def families_named(words):
    """The families whose names begin with one of ``words``. Raises TinymmError for a word that names none."""
    names = [family.name for family in FAMILIES]
    chosen = set()
    for word in words:
        found = {name for name in names if name.startswith(word.lower())}
        if not (word and found):
            raise TinymmError(unknown(word, names, "no size to scale by"))
        chosen |= found
    return [family for family in FAMILIES if family.name in chosen]


def measure(families, seconds=SECONDS, progress=lambda done, total: None):
    """-> the dict that ``tinymm bench --scaling --json`` prints: machine, noise, notes, and one entry a family."""
    absent = {"torch": pytorch.why_absent(), "gpu": gpu.why_absent()}
    kept, reference = allocator.keep_freed_memory(), Reference()
    results = {
        "machine": machine(absent, kept), "notes": [note for note in absent.values() if note], "scaling": {},
    }  # fmt: skip
    done, total = 0, sum(len(family.sizes) for family in families)
    with limited_blas():
        for family in families:
            points = []
            for size in family.sizes:
                progress(done, total)
                points.append(_point(family, size, absent, seconds, reference))
                done += 1
            results["scaling"][family.name] = _entry(family, points)
    results["noise"] = reference.findings()
    return results


def _point(family, size, absent, seconds, reference):
    """Milliseconds a sample of each contestant, PyTorch at its best, and FLOPs a sample."""
    work = family.work(size)
    rows = {name: row(laps, work.counted) for name, laps in
            take_turns(contestants(work, absent), seconds, reference, rounds=ROUNDS).items()}  # fmt: skip
    times = {name: found["time"] for name, found in rows.items() if not name.startswith("torch")}
    if best_torch(rows):
        times["torch"] = rows[best_torch(rows)]["time"]
    if "transfer" in rows.get("gpu", ()):
        times["transfer"] = rows["gpu"]["transfer"]
    flops = sum(work.counts[part].flops for part in work.counted)
    return {name: time / family.samples(size) for name, time in times.items()}, flops / family.samples(size)


def _entry(family, points):
    sizes = list(family.sizes)
    times = {name: [float(f"{point[name]:.4g}") for point, _ in points] for name in points[0][0]}
    flops = [round(flops) for _, flops in points]
    growth = {name: growth_of(sizes, values) for name, values in times.items()}
    return {
        "title": family.title, "axis": family.axis, "sizes": sizes, "milliseconds_per_sample": times,
        "flops_per_sample": flops, "growth": {**growth, "flops": growth_of(sizes, flops)},
    }  # fmt: skip


def growth_of(sizes, values):
    """The power p of values ~ sizeᵖ over the last three sizes: 1 grows in proportion, 0 not at all."""
    return round(float(np.polyfit(np.log(sizes[-3:]), np.log(values[-3:]), 1)[0]), 2)


def crossover(sizes, slow, fast):
    """The size from which on ``fast`` takes less time than ``slow``, between two sizes on a straight line in logarithms.

    None where it never does at the largest size, the smallest size where it always does.
    """
    lead = [float(np.log(a / b)) for a, b in zip(slow, fast)]  # above 0: fast is ahead
    if lead[-1] <= 0:
        return None
    behind = [k for k, ahead in enumerate(lead) if ahead <= 0]
    if not behind:
        return sizes[0]
    k = behind[-1]
    share = -lead[k] / (lead[k + 1] - lead[k])
    return float(sizes[k] * (sizes[k + 1] / sizes[k]) ** share)
