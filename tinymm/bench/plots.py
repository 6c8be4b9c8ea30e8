"""The figures as pictures: a roofline with every work on it, time against batch size, and how the cost grows.

Colours are those of Okabe and Ito, told apart also by people who do not see red and green; every kind of point has a
shape of its own as well.
"""

import math
from pathlib import Path

from tinymm.bench.measuring import best_torch
from tinymm.bench.scaling import crossover
from tinymm.errors import TinymmError

KINDS = (".png", ".svg", ".pdf")
LOOKS = {
    "textbook": ("#6b6b6b", "s", "textbook"), "cpu": ("#0072B2", "o", "CPU engine"), "torch": ("#D55E00", "^", "PyTorch"),
    "gpu": ("#009E73", "D", "GPU engine"), "transfer": ("#009E73", "x", "bringing a batch to the GPU"),
}  # fmt: skip
INK, SOFT = "#222222", "#d9d9d9"


def require(path):
    """Raise TinymmError unless a picture can be drawn into ``path``: better before measuring than after."""
    if Path(path).suffix.lower() not in KINDS:
        raise TinymmError(f"--plot {path}: give a name that ends in {', '.join(KINDS[:-1])} or {KINDS[-1]}")
    if not Path(path).absolute().parent.is_dir():
        raise TinymmError(f"--plot {path}: there is no folder {Path(path).parent}: make it first")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise TinymmError("--plot draws with matplotlib, which is missing: pip install matplotlib") from None


def draw(results, path):
    """The roofline, and time against batch size where whole steps of two or more sizes were measured."""
    steps = {int(name.partition("-")[2]): work for name, work in results["works"].items() if name.startswith("step-")}
    panels = 1 + (len(steps) > 1)
    figure, axes = _figure(panels, 1, 7.2 * panels, 5.6)
    points = {name: _point(work) for name, work in results["works"].items()}
    _roofline(axes[0], points, results["ceilings"]["cpu"])
    if panels == 2:
        _batches(axes[1], steps)
    figure.canvas.draw()  # everything finds its place, and stays there while the names look for theirs
    figure.set_layout_engine("none")
    _name_ceiling(axes[0], results["ceilings"]["cpu"])
    _label(axes[0], points)
    _save(figure, path)


def draw_scaling(results, path):
    """One panel a family: milliseconds a sample against the size."""
    families = results["scaling"]
    columns = min(2, len(families))
    figure, axes = _figure(columns, -(-len(families) // columns), 6.2 * columns, 4.4 * -(-len(families) // columns))
    for axis, family in zip(axes, families.values()):
        _lines(axis, family["sizes"], family["milliseconds_per_sample"])
        axis.set(title=family["title"], xlabel=family["axis"], ylabel="milliseconds a sample")
        _mark_sizes(axis, family["sizes"])
    for axis in axes[len(families) :]:
        axis.set_visible(False)
    axes[0].legend(frameon=False)
    _save(figure, path)


def _roofline(axis, points, limits):
    """GFLOP/s against FLOPs a byte, under the two ceilings; a filled point is the CPU engine, a hollow one PyTorch."""
    peak, bandwidth = limits["gflops"], limits["gbytes_per_second"]
    corner, x = peak / bandwidth, [intensity for intensity, _ in points.values()]
    span = min(min(x) / 3, corner / 8), max(max(x) * 4, corner * 8)
    axis.plot([span[0], corner, span[1]], [span[0] * bandwidth, peak, peak], color=INK, linewidth=1.6)
    axis.text(corner, peak * 1.15, f"matrix products: {peak:.0f} GFLOP/s", color=INK)
    axis.set(xscale="log", yscale="log", xlim=span, title="Every work under this machine's ceilings",
             xlabel="FLOPs a byte that must move", ylabel="GFLOP/s")  # fmt: skip
    axis.set_ylim(min(min(rates.values()) for _, rates in points.values()) / 2.5, peak * 4)
    for direction in (axis.xaxis, axis.yaxis):
        direction.set_major_formatter("{x:g}")
    for who, filled in (("cpu", True), ("torch", False)):
        color, marker, label = LOOKS[who]
        there = [(intensity, rates[who]) for intensity, rates in points.values() if who in rates]
        if there:
            axis.plot(*zip(*there), marker, color=color, markerfacecolor=color if filled else "white",
                      markersize=7, label=label, linestyle="none", zorder=3)  # fmt: skip
    for intensity, rates in points.values():
        axis.plot([intensity] * len(rates), list(rates.values()), color=SOFT, linewidth=1.2, zorder=1)
    axis.legend(loc="lower right", frameon=False)


def _name_ceiling(axis, limits):
    """Write the bandwidth along the slope of its ceiling."""
    bandwidth, left = limits["gbytes_per_second"], axis.get_xlim()[0]
    ends = axis.transData.transform([(x, x * bandwidth) for x in (left, 2 * left)])
    rise, run = (ends[1] - ends[0])[::-1]
    axis.text(1.15 * left, 1.15 * left * bandwidth * 1.25, f"copying: {bandwidth:.0f} GB/s", color=INK,
              rotation=math.degrees(math.atan2(rise, run)), rotation_mode="anchor")  # fmt: skip


def _point(work):
    """FLOPs a byte, and the rate of the CPU engine and of PyTorch at its best."""
    rows = work["contestants"]
    intensity = rows["cpu"]["gflops"] / rows["cpu"]["gbytes_per_second"]
    torch = best_torch(rows)
    return intensity, {"cpu": rows["cpu"]["gflops"], **({"torch": rows[torch]["gflops"]} if torch else {})}


def _label(axis, points):
    """Write each name beside its CPU engine's point, at the first place that covers no other name and no point."""
    from matplotlib.text import Text

    renderer, scale = axis.figure.canvas.get_renderer(), axis.figure.dpi / 72
    inside = axis.get_window_extent(renderer).extents
    marks = [(intensity, rate) for intensity, rates in points.values() for rate in rates.values()]
    taken = [_around(axis.transData.transform(mark), 5 * scale) for mark in marks]
    taken += [_around(place, scale) for line in axis.lines[:1] for place in _along(axis, line)]
    taken += [other.get_window_extent(renderer).extents for other in (axis.get_legend(), *axis.texts)]
    for name, (intensity, rates) in sorted(points.items(), key=lambda item: item[1][0]):
        for dx, dy, side in _places():
            text = axis.annotate(
                name, (intensity, rates["cpu"]), (dx, dy), textcoords="offset points", ha=side, va="center", fontsize=9,
                color=INK, arrowprops=_leader(dx, dy),
            )  # fmt: skip
            text.update_positions(renderer)
            box = _grown(Text.get_window_extent(text, renderer).extents, 1.5 * scale)
            if _within(box, inside) and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                break
            text.remove()


def _places():
    """Offsets in points around a point, the nearest first."""
    for away in (9, 18, 28, 40, 54, 70, 90, 120):
        yield from ((away, 0, "left"), (-away, 0, "right"), (away * 0.7, away * 0.8, "left"), (away * 0.7, -away * 0.8, "left"),
                    (-away * 0.7, away * 0.8, "right"), (-away * 0.7, -away * 0.8, "right"),
                    (0, away * 1.1, "center"), (0, -away * 1.1, "center"))  # fmt: skip


def _leader(dx, dy):
    return {"arrowstyle": "-", "color": "#9a9a9a", "linewidth": 0.7, "shrinkA": 0, "shrinkB": 4} if abs(dx) + abs(dy) > 22 else None


def _along(axis, line, steps=80):
    """Places on a line of straight pieces, in pixels."""
    corners = axis.transData.transform(line.get_xydata())
    for (x0, y0), (x1, y1) in zip(corners, corners[1:]):
        yield from ((x0 + (x1 - x0) * k / steps, y0 + (y1 - y0) * k / steps) for k in range(steps + 1))


def _around(point, half):
    return point[0] - half, point[1] - half, point[0] + half, point[1] + half


def _grown(box, margin):
    return box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin


def _within(box, frame):
    return box[0] > frame[0] and box[1] > frame[1] and box[2] < frame[2] and box[3] < frame[3]


def _overlap(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _batches(axis, steps):
    """Time of a whole step against the batch size, and where the GPU overtakes."""
    sizes = sorted(steps)
    rows = {}
    for batch in sizes:
        found = steps[batch]["contestants"]
        for name in ("textbook", "cpu", "gpu", best_torch(found)):
            if name in found:
                rows.setdefault("torch" if name.startswith("torch") else name, []).append(found[name]["time"])
        if "gpu" in found:
            rows.setdefault("transfer", []).append(found["gpu"]["transfer"])
    _lines(axis, sizes, rows)
    axis.set(title="A whole step against the batch size", xlabel="samples in the batch", ylabel="milliseconds a step")
    _mark_sizes(axis, sizes)
    if "gpu" in rows:
        there = crossover(sizes, rows["cpu"], rows["gpu"])
        told = {None: "the CPU is faster throughout", sizes[0]: "the GPU is faster throughout"}
        told = told.get(there, f"the GPU is faster from batch {there or 0:.0f}")
        if there:
            axis.axvline(there, color=SOFT, zorder=0)
        axis.text(0.98, 0.03, told, transform=axis.transAxes, ha="right", color=INK)
    axis.legend(frameon=False)


def _lines(axis, sizes, rows):
    for name, values in rows.items():
        color, marker, label = LOOKS[name]
        style = ":" if name == "transfer" else "-"
        axis.plot(sizes, values, marker=marker, color=color, linestyle=style, label=label, markersize=6)
    axis.set(xscale="log", yscale="log")


def _mark_sizes(axis, sizes):
    from matplotlib.ticker import LogLocator

    axis.set_xticks(sizes, [str(size) for size in sizes])
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter("{x:g}")
    axis.minorticks_off()


def _figure(columns, rows, width, height):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=120, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.grid(color="#eeeeee", linewidth=0.8)
        axis.set_axisbelow(True)
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure, path):
    from tinymm.files import atomic_write

    with atomic_write(path) as file:
        figure.savefig(file, format=Path(path).suffix[1:].lower())
