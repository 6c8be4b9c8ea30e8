"""Bar chart and curves as SVG, drawn 460 units wide so that the letters stay readable on a phone.

Colours are CSS variables of the page, so one drawing serves light and dark. No meaning hangs on colour alone:
training is dashed and validation solid, the test is a bar and validation a ring.
"""

import math
from itertools import groupby

from tinymm.report.formatting import clipped, columns, escape, finite, percent, short

WIDTH = 460
ROW = 50  # height of one bar with its line of text
LEFT, RIGHT, TOP, BOTTOM = 56, 448, 46, 236  # the frame of the curves
LETTER = 8.2  # ample mean width of a letter at 15 px, the size on a phone; elsewhere it is 13 px


def bars(rows, chance):
    """One bar for each dict(name, validation, test): what the share of right answers is. -> SVG text.

    The bar is the test share and a ring marks validation; without a test share the bar is validation.
    ``chance`` is drawn as a short upright line through every bar.
    """
    height = ROW * len(rows) + 22
    parts, told = [], []
    for i, row in enumerate(rows):
        test, validation = finite(row.get("test")), finite(row.get("validation"))
        top = ROW * i
        share, kind = (validation, "validation") if test is None else (test, "test")
        numbers = f'<tspan class="strong">{kind} {percent(share)}</tspan>'
        if test is not None and validation is not None:
            numbers += f'<tspan class="soft"> · validation {percent(validation)}</tspan>'
        parts.append(f'<text x="0" y="{top + 15}">{escape(clipped(row["name"], 34))}</text>')
        parts.append(f'<text x="{WIDTH}" y="{top + 15}" text-anchor="end">{numbers}</text>')
        parts.append(f'<rect class="track" x="0" y="{top + 22}" width="{WIDTH}" height="16" rx="3"/>')
        look = "fused" if i == 0 else "single"
        length = WIDTH * (share or 0)
        parts.append(f'<rect class="{look}" x="0" y="{top + 22}" width="{length:.1f}" height="16" rx="3"/>')
        if test is not None and validation is not None:
            parts.append(f'<circle class="ring" cx="{_inside(WIDTH * validation)}" cy="{top + 30}" r="5"/>')
        told.append(f"{row['name']}: {kind} {percent(share)}")
    if finite(chance) is not None:
        parts.append(_chance_marks(chance, len(rows)))
    return _svg("bars", height, "Share of right answers", "; ".join(told) + ".", parts)


def _inside(x):
    return f"{min(max(x, 6), WIDTH - 6):.1f}"


def _chance_marks(chance, rows):
    x, label = WIDTH * chance, f"{percent(chance)}: always the most frequent label"
    half = LETTER * len(label) / 2
    at, bottom = min(max(x, half), WIDTH - half), ROW * rows + 19
    ends = [(ROW * i + 20, ROW * i + 40 if i + 1 < rows else bottom - 13) for i in range(rows)]
    lines = "".join(
        f'<line class="{look}" x1="{x:.1f}" x2="{x:.1f}" y1="{y1}" y2="{y2}"/>'
        for y1, y2 in ends
        for look in ("halo", "mark")
    )
    return f'{lines}<text class="soft" x="{at:.1f}" y="{bottom}" text-anchor="middle">{label}</text>'


def curves(name, title, lines, best=None, share=False, chance=None):
    """Curves over epochs. -> SVG text.

    name: a word that is unique in the page. lines: {"training": [(epoch, value), ...], "validation": ...};
    a value that is None or not finite leaves a gap. best: the epoch to mark. share: the axis is 0 to 100 %,
    otherwise 0 to just above the largest value. chance: a share that is drawn as a dotted level line.
    """
    lines = {k: [(e, finite(v)) for e, v in points] for k, points in lines.items()}
    epochs = [e for points in lines.values() for e, _ in points]
    values = [v for points in lines.values() for _, v in points if v is not None]
    top, floor = max([0.0, *values]) or 1.0, min([0.0, *values])
    step = 0.25 if share else tick_step(top - floor)
    ticks = range(5) if share else range(math.floor(floor / step), math.ceil(top / step - 1e-9) + 1)
    x, y = scale(min(epochs), max(epochs), LEFT, RIGHT), scale(step * ticks[0], step * ticks[-1], BOTTOM, TOP)
    written = percent if share else short

    parts = [_level(step * k, y, written) for k in ticks]
    parts += [_epoch_tick(e, x) for e in epoch_ticks(min(epochs), max(epochs))]
    parts.append(f'<text class="soft" x="{RIGHT}" y="{BOTTOM + 34}" text-anchor="end">epoch</text>')
    if finite(chance) is not None:
        parts.append(
            f'<line class="chance" x1="{LEFT}" x2="{RIGHT}" y1="{y(chance):.1f}" y2="{y(chance):.1f}"/>'
        )
    parts += [_curve(kind, points, x, y, written) for kind, points in lines.items()]
    if best is not None:
        parts.append(_best_mark(best, x, y, lines, written))
    parts.append(_legend([*lines, *(["most frequent label"] if finite(chance) is not None else [])]))
    return _svg(name, BOTTOM + 40, title, _told(lines, best, written), parts)


def scale(low, high, start, stop):
    """The map from [low, high] to pixels [start, stop]; a range of one point goes to the middle."""
    if low == high:
        return lambda value: (start + stop) / 2
    return lambda value: start + (value - low) / (high - low) * (stop - start)


def tick_step(high):
    """The 1, 2 or 5 times a power of ten that cuts 0..high into three to six pieces."""
    power = 10.0 ** math.floor(math.log10(high / 3))
    return next(m * power for m in (1, 2, 5, 10) if high / (m * power) <= 6)


def epoch_ticks(first, last):
    """Up to eight whole epochs, the first among them."""
    step = next(s for s in (m * 10**p for p in range(9) for m in (1, 2, 5)) if (last - first) / s <= 7)
    return [first, *(e for e in range(0, last + 1, step) if e - first >= max(1, step / 2))]


def _level(value, y, written):
    line = f'<line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
    at = f'x="{LEFT - 7}" y="{y(value) + 4:.1f}"'
    return f'{line}<text class="soft" {at} text-anchor="end">{written(value)}</text>'


def _epoch_tick(epoch, x):
    return f'<text class="soft" x="{x(epoch):.1f}" y="{BOTTOM + 18}" text-anchor="middle">{epoch}</text>'


def _best_mark(best, x, y, lines, written):
    value = dict(lines.get("validation") or lines["training"]).get(best)
    left = x(best) <= (LEFT + RIGHT) / 2
    anchor, at = ("start", x(best) - 2) if left else ("end", x(best) + 2)
    label = f"best epoch {best}: {written(value)}"
    line = f'<line class="best" x1="{x(best):.1f}" x2="{x(best):.1f}" y1="{TOP - 6}" y2="{BOTTOM}"/>'
    ring = "" if value is None else f'<circle class="ring" cx="{x(best):.1f}" cy="{y(value):.1f}" r="5"/>'
    return (
        f'{line}{ring}<text class="strong" x="{at:.1f}" y="{TOP - 11}" text-anchor="{anchor}">{label}</text>'
    )


def _curve(kind, points, x, y, written):
    parts = []
    for known, run in groupby(points, lambda point: point[1] is not None):
        if known:
            places = " ".join(f"{x(e):.1f},{y(v):.1f}" for e, v in run)
            parts.append(f'<polyline class="{kind}" points="{places}"/>')
    for e, v in points if len(points) <= 100 else []:
        if v is not None:
            dot = f'<circle class="dot {kind}" cx="{x(e):.1f}" cy="{y(v):.1f}" r="2.2">'
            parts.append(f"{dot}<title>epoch {e}: {kind} {written(v)}</title></circle>")
    return "".join(parts)


def _legend(kinds):
    parts, at = [], LEFT
    for kind in kinds:
        look = kind if kind in ("training", "validation") else "chance"
        parts.append(f'<line class="{look}" x1="{at:.0f}" x2="{at + 22:.0f}" y1="9" y2="9"/>')
        parts.append(f'<text x="{at + 28:.0f}" y="13">{kind}</text>')
        at += 28 + LETTER * columns(kind) + 22
    return "".join(parts)


def _told(lines, best, written):
    told = []
    for kind, points in lines.items():
        known = [(e, v) for e, v in points if v is not None]
        if known:
            (first, start), (last, end) = known[0], known[-1]
            told.append(f"{kind}: {written(start)} at epoch {first}, {written(end)} at epoch {last}.")
    if best is not None:
        told.append(f"Best epoch: {best}.")
    return " ".join(told)


def _svg(name, height, title, desc, parts):
    return (
        f'<svg role="img" viewBox="0 0 {WIDTH} {height}" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(desc)}</desc>'
        f"{''.join(parts)}</svg>"
    )
