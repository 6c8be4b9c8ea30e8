"""The figures as text, as wide as the terminal: what has no room is left out, the least important first."""

from textwrap import wrap

from tinymm.bench.measuring import best_torch

LABELS = {"torch": "PyTorch", "torch channels last": "PyTorch, channels last", "transfer": "to the GPU"}
LEFT_OUT = ("GB/s", "GFLOP/s", "to the GPU", "peak", "update", "backward", "forward", "spread", "ceiling", "ratio")
LEGEND = {
    "spread": "spread: the distance of the quartiles over the median",
    "ratio": "ratio: time over that of PyTorch on the CPU, at its best; below 1 is faster",
    "ceiling": "ceiling: the time that this machine's ceilings allow, as a share of the time taken",
    "to the GPU": "to the GPU: bringing a batch there, which is not in the time",
    "peak": "peak: memory above what the program itself takes",
}


def report(results, width):
    """What ``tinymm bench`` prints: one block a work, then what the columns mean and what to be wary of."""
    blocks = [_head(results)]
    shown = set()
    for work in results["works"].values():
        rows = [_cells(name, found, work["contestants"]) for name, found in work["contestants"].items()]
        columns = [key for key in rows[0] if any(row[key] for row in rows)]
        lines, columns = _fit(columns, rows, width)
        shown |= set(columns)
        blocks.append("\n".join([f"{work['title']}   {_cost(work)}", *lines]))
    blocks.append("\n".join(wrapped for line in _remarks(results, shown) for wrapped in wrap(line, width)))
    return "\n\n".join(blocks)


def scaling_report(results, width):
    """What ``tinymm bench --scaling`` prints: milliseconds a sample, one row a size."""
    blocks = [_machine(results["machine"])]
    for family in results["scaling"].values():
        times = family["milliseconds_per_sample"]
        rows = [
            {"": str(size), **{LABELS.get(name, name): milliseconds(values[k]) for name, values in times.items()},
             "on paper": _flops(family["flops_per_sample"][k])}
            for k, size in enumerate(family["sizes"])
        ]  # fmt: skip
        growth = {LABELS.get(name, name): f"size^{p:.2f}" for name, p in family["growth"].items() if name != "flops"}
        rows.append({"": "grows as", **growth, "on paper": f"size^{family['growth']['flops']:.2f}"})
        lines, _ = _fit(list(rows[0]), rows, width, ("on paper", *reversed(list(growth))))
        blocks.append("\n".join([f"{family['title']}: time a sample against the {family['axis']}", *lines]))
    remarks = [*results["notes"], *_noise(results["noise"])]
    blocks.append("\n".join(wrapped for line in remarks for wrapped in wrap(line, width)))
    return "\n\n".join(block for block in blocks if block)


def milliseconds(value, scaled=False):
    """12.3 ms, 1.2 s, ~3 h"""
    units = (("ms", 1, 3000), ("s", 1e3, 120), ("min", 6e4, 120), ("h", 3.6e6, float("inf")))
    unit, size = next((unit, size) for unit, size, limit in units if value / size < limit)
    value /= size
    digits = 0 if scaled or value >= 100 else 2 if value < 1 else 1
    return f"{'~' * scaled}{value:.{digits}f} {unit}"


def _cells(name, found, rows):
    """One contestant's row; "" where it has no such figure."""
    scaled = found.get("scaled", False)
    times = {part: milliseconds(found[part], scaled) if part in found else "" for part in ("forward", "backward", "update")}
    best = "torch" in name and name == best_torch(rows)
    return {
        "": LABELS.get(name, name), **times, "time": milliseconds(found["time"], scaled),
        "spread": f"{100 * found['spread']:.0f} %" if "spread" in found else "",
        "ratio": "" if scaled or "ratio" not in found else "1" if best else f"{found['ratio']:.2f}",
        "ceiling": "" if scaled else f"{100 * found['share_of_ceiling']:.0f} %",
        "GFLOP/s": "" if scaled else f"{found['gflops']:.1f}", "GB/s": "" if scaled else f"{found['gbytes_per_second']:.1f}",
        "to the GPU": milliseconds(found["transfer"]) if "transfer" in found else "",
        "peak": f"{found['peak_MiB']:.0f} MiB" if "peak_MiB" in found else "",
    }  # fmt: skip


def _fit(columns, rows, width, left_out=LEFT_OUT):
    """-> the lines of a table no wider than ``width``, and its columns."""
    columns, left_out = list(columns), [name for name in left_out if name in columns]
    while True:
        table = [columns, *([row[name] for name in columns] for row in rows)]
        widths = [max(len(line[k]) for line in table) for k in range(len(columns))]
        if sum(widths) + 2 * len(widths) <= width or not left_out:
            break
        columns.remove(left_out.pop(0))
    return [_line(line, widths) for line in table], columns


def _line(cells, widths):
    first, *others = (cell.ljust(n) if k == 0 else cell.rjust(n) for k, (cell, n) in enumerate(zip(cells, widths)))
    return f"  {'  '.join([first, *others])}".rstrip()


def _head(results):
    limits = results["ceilings"]
    lines = [_machine(results["machine"])]
    for where, what in (("cpu", ""), ("gpu", "GPU: ")):
        if where in limits:
            lines.append(
                f"{what}ceilings: {limits[where]['gflops']:.0f} GFLOP/s in matrix products, "
                f"{limits[where]['gbytes_per_second']:.1f} GB/s in copying"
            )
    return "\n".join(lines)


def _machine(machine):
    versions = [f"NumPy {machine['numpy']}", *(f"{LABELS[k]} {machine[k]}" for k in ("torch",) if k in machine)]
    coretype = machine["OPENBLAS_CORETYPE"]
    pinned = "" if coretype == "not set" else f", OPENBLAS_CORETYPE={coretype}"
    return f"{machine['processor']}, {machine['threads']} threads, {', '.join(versions)}{pinned}"


def _cost(work):
    parts = [work["counts"][part] for part in work["counted"] if part in work["counts"]]
    return f"{_flops(sum(part['flops'] for part in parts))}, {sum(part['bytes'] for part in parts) / 1e6:.1f} MB"


def _flops(count):
    return f"{count / 1e9:.2f} GFLOP" if count >= 1e8 else f"{count / 1e6:.2f} MFLOP"


def _remarks(results, shown):
    lines = [text for column, text in LEGEND.items() if column in shown]
    names = {name for work in results["works"].values() for name in work["contestants"]}
    lines.append("time: forward + backward; of a whole step also the update")
    if "loops" in names:
        lines.append("loops: timed at a tiny size, and scaled up by the number of operations; without update")
    if "gpu" in names:
        lines.append("gpu: a whole step of a model of that layer alone, on arrays that lie there; no gradient of its input")
    return [*lines, *results["notes"], *_noise(results["noise"])]


def _noise(noise):
    if not noise["noisy"]:
        return []
    return [
        f"this machine is noisy: work that is always the same took times with a spread of {100 * noise['spread']:.0f} %; "
        "close other programs and measure again"
    ]
