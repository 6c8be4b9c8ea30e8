"""The tables of README.md and benchmarks/README.md, made from benchmarks/results/*.json: nobody types a figure.

    python benchmarks/tables.py

replaces what stands between <!-- begin NAME --> and <!-- end NAME --> on both pages; a test holds the pages to it.
"""

import json
import re
from pathlib import Path

from tinymm.bench.measuring import best_torch
from tinymm.bench.tables import milliseconds
from tinymm.files import atomic_write

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", ROOT / "benchmarks" / "README.md")
STANDS_IN_THE_WAY = {
    "conv2d-3": "half of the time goes into copying windows of 27 numbers for a small matrix product (im2col), and a pool "
    "and its mask; PyTorch's channels-last kernels read the picture where it lies.",
    "conv2d-64": "nearly all of it is matrix product; PyTorch's convolution needs no copy of the windows, ours does.",
    "dense": "nearly all of it is matrix product; where the textbook is faster too, BLAS splits one large product between "
    "threads better than the crew splits it into pieces.",
    "lstm": "many small steps one after the other, ten NumPy calls forward and six back on 32 rows: the calls' own cost shows, "
    "and between two steps threads would have to meet.",
    "maxpool": "a matter of memory: PyTorch reads every number once, NumPy needs a call for every comparison and every product.",
    "batchnorm": "a matter of memory: PyTorch's kernel passes over the numbers twice, NumPy's calls six times each way.",
    "embedding": "tokens are sorted to add up repeated ones; PyTorch adds them in place.",
    "cross-entropy": "a matter of memory: PyTorch's kernel reads and writes every number once, NumPy needs five calls for it.",
    "conv1d": "a pass over the sound for every cell of the window.",
    "step": "where the batch is small, the calls' own cost shows.",
}


def load(name):
    """One results file."""
    return json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text(encoding="utf-8"))


def write():
    """Bring the tables of both pages up to date."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        with atomic_write(page, "w") as file:
            file.write(filled(text))


def filled(text):
    """The page with every table made anew."""
    pattern = re.compile(r"(<!-- begin (\w+) -->\n).*?(<!-- end \2 -->)", re.S)
    return pattern.sub(lambda found: f"{found[1]}{BLOCKS[found[2]]()}\n{found[3]}", text)


def layers():
    """Every work, unpinned and pinned: the ladder from the textbook on, the ratio to PyTorch, the share of the ceilings."""
    results, pinned = load("cpu"), load("cpu-haswell")
    rows = [("work", "textbook", "CPU engine", "PyTorch", "ratio", "of the ceilings", "ratio, Haswell")]
    for name, work in results["works"].items():
        there, haswell = work["contestants"], pinned["works"][name]["contestants"]
        times = (milliseconds(there[who]["time"]) for who in ("textbook", "cpu", best_torch(there)))
        share = f"{100 * there['cpu']['share_of_ceiling']:.0f} %"
        rows.append((work["title"], *times, f"{there['cpu']['ratio']:.2f}", share, f"{haswell['cpu']['ratio']:.2f}"))
    return markdown(rows)


def phases():
    """Forward, backward and update apart, CPU engine and PyTorch."""
    rows = [("work", "forward", "PyTorch's", "backward", "PyTorch's", "update", "PyTorch's", "spread")]
    for work in load("cpu")["works"].values():
        there = work["contestants"]
        ours, torch = there["cpu"], there[best_torch(there)]
        cells = [milliseconds(row[part]) if part in row else "" for part in ("forward", "backward", "update") for row in (ours, torch)]
        if "together" in ours:
            cells[0] = f"{milliseconds(ours['together'])} with backward"
        rows.append((work["title"], *cells, f"{100 * ours['spread']:.0f} %"))
    return markdown(rows)


def step():
    """The whole step alone, for the README."""
    rows = [("work", "textbook", "CPU engine", "PyTorch", "ratio")]
    works = load("cpu")["works"]
    steps = {name: work["contestants"] for name, work in works.items() if name.startswith("step")}
    for name, there in steps.items():
        times = (milliseconds(there[who]["time"]) for who in ("textbook", "cpu", best_torch(there)))
        rows.append((works[name]["title"], *times, f"{there['cpu']['ratio']:.2f}"))
    *_, largest = steps
    return markdown([*rows, _memory_row(f"peak memory, {works[largest]['title']}", steps[largest])])


def memory():
    """Peak memory of every work."""
    rows = [("peak memory above the program's own", "textbook", "CPU engine", "PyTorch", "ratio")]
    return markdown(rows + [_memory_row(work["title"], work["contestants"]) for work in load("cpu")["works"].values()])


def _memory_row(title, there):
    peaks = [there[who].get("peak_MiB") for who in ("textbook", "cpu", "torch")]
    if None in peaks:
        return title, *["not measured"] * 3, ""
    return title, *(f"{peak:.0f} MiB" for peak in peaks), f"{peaks[1] / peaks[2]:.2f}"


def loops():
    """What the equations' loops would take."""
    rows = [("work", "loops", "CPU engine", "times faster")]
    for work in load("cpu")["works"].values():
        there = work["contestants"]
        slow, fast = (there[who]["forward"] + there[who]["backward"] if "together" not in there[who] else there[who]["time"]
                      for who in ("loops", "cpu"))  # fmt: skip
        rows.append((work["title"], milliseconds(slow, True), milliseconds(fast), f"{float(f'{slow / fast:.1g}'):,.0f}"))
    return markdown(rows)


def machine():
    """The machine and its ceilings, of both runs."""
    lines = []
    for name in ("cpu", "cpu-haswell"):
        results = load(name)
        there, limits, noise = results["machine"], results["ceilings"]["cpu"], results["noise"]
        lines.append(
            f"- OPENBLAS_CORETYPE {there['OPENBLAS_CORETYPE']}: {there['processor']}, {there['threads']} threads, "
            f"NumPy {there['numpy']} with {there['blas']}, PyTorch {there['torch']}; {limits['gflops']:.0f} GFLOP/s in matrix "
            f"products, {limits['gbytes_per_second']:.1f} GB/s in copying; the reference's spread was "
            f"{100 * noise['spread']:.0f} %{', a noisy machine' if noise['noisy'] else ''}"
        )
    return "\n".join(lines)


def losses():
    """For every work that takes longer than in PyTorch, what stands in the way."""
    lines, works = [], load("cpu")["works"]
    for stem, why in STANDS_IN_THE_WAY.items():
        behind = [work["title"] for name, work in works.items() if name.startswith(stem) and work["contestants"]["cpu"]["ratio"] > 1]
        if behind:
            lines.append(f"- **{'; '.join(behind)}**: {why}")
    return "\n".join(lines) or "Nowhere is the ratio above 1."


def scaling():
    """Time a sample against the size, and the power with which it grows."""
    tables_ = []
    for family in load("scaling")["scaling"].values():
        times = family["milliseconds_per_sample"]
        names = [name for name in ("textbook", "cpu", "torch") if name in times]
        rows = [(family["axis"], *({"cpu": "CPU engine", "torch": "PyTorch"}.get(name, name) for name in names), "on paper")]
        for k, size in enumerate(family["sizes"]):
            rows.append((str(size), *(milliseconds(times[name][k]) for name in names), f"{family['flops_per_sample'][k] / 1e6:.2f} MFLOP"))
        powers = (f"size^{family['growth'][name]:.2f}" for name in (*names, "flops"))
        tables_.append(f"{family['title']}, time a sample:\n\n{markdown([*rows, ('grows as', *powers)])}")
    return "\n\n".join(tables_)


def others():
    """Other engines on NumPy."""
    results = load("other_engines")
    names = list(results["versions"])
    rows = [("work", "textbook", "CPU engine", *(f"{name} {results['versions'][name]}" for name in names))]
    for title, times in results["milliseconds"].items():
        cells = (milliseconds(times[name]) if name in times else "" for name in ("textbook", "cpu", *names))
        rows.append((title, *cells))
    lines = [f"- {name} does not import with NumPy {results['machine']['numpy']}: `{why}`" for name, why in results["not importable"].items()]
    lines += [f"- {name} fails in {work}: `{why}`" for name, found in results["failed"].items() for work, why in found.items()]
    return "\n".join([markdown(rows), "", *lines]).rstrip()


def markdown(rows):
    """A table; the first row is its head."""
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, "|---" * len(rows[0]) + "|", *body])


BLOCKS = {block.__name__: block for block in (layers, phases, step, memory, loops, machine, losses, scaling, others)}

if __name__ == "__main__":
    write()
