"""The results of ``benchmarks/gpu.py`` as a page of tables and as pictures."""

import math

NOT = "These figures are from an emulated GPU or a trial at a small size. They prove that the script works and mean nothing else."


def markdown(results):
    """The results as a page; parts that are missing are left out."""
    about = results["machine"]
    lines = [f"# {about['GPU']}", ""]
    if results["small"] or about["emulated"]:
        lines += [f"**{NOT}**", ""]
    lines += [", ".join(f"{k} {v}" for k, v in about.items()) + f". Measured in {results['seconds']} s.", ""]
    if results.get("ceilings"):
        found = ", ".join(f"{k} {v:.4g}" for k, v in results["ceilings"].items())
        lines += [f"At most, measured in the same run: {found}.", ""]
    if results.get("tests"):
        lines += [f"Tests: {results['tests']['summary']}.", ""]
    if results.get("agreement"):
        lines += ["CPU and GPU: " + ", ".join(f"{k} {v}" for k, v in results["agreement"].items()) + ".", ""]
    for title, rows in _tables(results).items():
        lines += [f"## {title}", "", *table(rows), ""] if rows else []
    lines += ["## Goals", "", "| goal | measured | |", "|---|---|---|"]
    for goal, found in results["goals"].items():
        value = "not measured" if found["measured"] is None else f"{found['measured']:.3f}"
        lines.append(f"| {goal} | {value} | {'' if found['met'] is None else 'met' if found['met'] else 'missed'} |")
    if results["failed"]:
        lines += ["", "## Failed", "", *(f"- {what}: {why}" for what, why in results["failed"].items())]
    return "\n".join(lines) + "\n"


def _tables(results):
    """title -> rows."""
    crossover, equality = results.get("crossover") or {}, results.get("equality") or {}
    return {
        "Whole step": results.get("steps"),
        "Layers, forward and backward": results.get("layers"),
        "CPU and GPU by batch size, batches from the host": {f"batch {batch}": row for batch, row in crossover.items()},
        "Largest relative difference from the textbook": {name: {"difference": value} for name, value in equality.items()},
    }


def table(rows):
    """Rows of numbers, milliseconds unless the column says otherwise, as a table; texts go below it."""
    columns = list(dict.fromkeys(k for row in rows.values() for k, v in row.items() if not isinstance(v, str)))
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, row in rows.items():
        cells = [f"{row[k]:.4g}" if k in row else "" for k in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    remarks = [f"{name}: {k} {v}" for name, row in rows.items() for k, v in row.items() if isinstance(v, str)]
    return [*lines, *([""] if remarks else []), *remarks]


def draw(results, out):
    """gpu-ladder.png, gpu-crossover.png and gpu-ceilings.png in the folder ``out``, of the parts that there are."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    marked = results["small"] or results["machine"]["emulated"]
    name = results["machine"]["GPU"] + (" (emulated or small: no measurement)" if marked else "")
    for part, picture, file in (("steps", _ladder, "ladder"), ("crossover", _crossover, "crossover"), ("layers", _ceilings, "ceilings")):
        if results.get(part):
            picture(plt, results[part], name, out / f"gpu-{file}.png")


def _ladder(plt, steps, name, path):
    figure, axes = plt.subplots(1, len(steps), figsize=(6 * len(steps), 3.6), squeeze=False)
    for axis, (work, row) in zip(axes[0], steps.items()):
        times = {k: v for k, v in row.items() if not isinstance(v, str) and k != "ratio"}
        colours = ["#c0392b" if k.startswith("gpu") else "#7f8c8d" for k in times]
        bars = axis.barh(list(times), list(times.values()), color=colours)
        axis.bar_label(bars, [f"{v:.3g} ms" for v in times.values()], padding=3)
        axis.set(title=work, xlabel="ms a step, logarithmic", xscale="log")
        axis.set_xlim(right=3 * max(times.values()))
        axis.invert_yaxis()
    _save(plt, figure, f"The article's training step\n{name}", path)


def _crossover(plt, rows, name, path):
    from matplotlib import ticker

    figure, axis = plt.subplots(figsize=(6.5, 4))
    batches = [int(batch) for batch in rows]
    for who, colour in (("cpu", "#7f8c8d"), ("gpu, from the host", "#c0392b")):
        axis.plot(batches, [row.get(who, math.nan) for row in rows.values()], "o-", color=colour, label=who)
    axis.set(xscale="log", yscale="log", xlabel="batch size", ylabel="ms a step", xticks=batches, xticklabels=batches)
    axis.minorticks_off()
    axis.yaxis.set_major_locator(ticker.LogLocator(base=10, subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter("{x:g}")
    axis.legend()
    _save(plt, figure, f"From which batch size on is the GPU worth it?\n{name}", path)


def _ceilings(plt, layers, name, path):
    figure, axis = plt.subplots(figsize=(8, 4))
    names = list(layers)
    for shift, key, colour in ((-0.2, "share of copy", "#2980b9"), (0.2, "share of float32", "#e67e22")):
        values = [100 * layers[n].get(key, 0) for n in names]
        bars = axis.barh([k + shift for k in range(len(names))], values, 0.38, color=colour, label=f"{key}, per cent")
        axis.bar_label(bars, [f"{v:.3g}" if v else "" for v in values], padding=3)
    axis.set_yticks(range(len(names)), names)
    axis.set(xlabel="per cent of what copying, or cuBLAS, reaches in the same run")
    axis.margins(x=0.1)
    axis.invert_yaxis()
    axis.legend()
    _save(plt, figure, f"How near to the GPU's limits?\n{name}", path)


def _save(plt, figure, title, path):
    figure.suptitle(title, fontsize=11)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
