"""A trace as one self-contained HTML page."""

import json
import re
import sys
from html import escape
from importlib.resources import files

import numpy as np

from tinymm.errors import TinymmError
from tinymm.viewer.mathml import mathml
from tinymm.viewer.nodes import OPERATIONS, Node
from tinymm.viewer.panels import Layout, sections_of
from tinymm.viewer.readings import Reading
from tinymm.viewer.sources import Sources

SCRIPTS = ("graph.js", "formula.js", "write.js", "panels.js", "explain.js", "quiz.js", "stepper.js")
VARIADIC = {"argmax", "pick"}


def page(trace, title, summary, at=None):
    """The HTML of a trace. Every number in it is computed again in the browser, from the graph."""
    web = files("tinymm.viewer") / "web"
    data = json.dumps(described(trace, title, summary, at), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    parts = {
        "title": escape(title),
        "style": (web / "look.css").read_text(encoding="utf-8"),
        "data": data.replace("<", "\\u003c"),
        "script": "\n".join((web / name).read_text(encoding="utf-8") for name in SCRIPTS),
    }
    return re.sub(r"{{(\w+)}}", lambda mark: parts[mark[1]], (web / "page.html").read_text(encoding="utf-8"))


def described(trace, title, summary, at=None):
    """What the page is made from, as JSON can hold it. ``at``, the number that is chosen at first, is as in ``view``."""
    layout, paths = Layout(trace), sections_of(trace)
    panels = [_panel(panel, layout, trace) for panel in layout.panels]
    number = {id(panel): k for k, panel in enumerate(layout.panels)}
    sources, tape = Sources(), trace.tape
    sites = [sources.places(site) for site in tape.sites]
    sections = [
        {
            **_section(trace.layers.get(path), path),
            "input": number.get(id(layout.inputs.get(path))),
            "output": number.get(id(layout.outputs.get(path))),
            "movers": {kind: _mover(trace, path, kind == "v", sources) for kind in "vg"},
        }
        for path in paths
    ]
    return {
        "title": title,
        "summary": summary,
        "operations": OPERATIONS,
        "nodes": [part for node in tape.nodes for part in _node(node)],
        "values": [_number(node.value) for node in tape.nodes if not node.args],
        "runs": _runs([node.site for node in tape.nodes]),
        "sites": sites,
        "functions": [{k: v for k, v in f.items() if k != "method"} for f in sources.functions],
        "sections": sections,
        "panels": panels,
        "start": None if at is None else start(at, layout.panels),
        "end": trace.forward_end,
        "loss": None if trace.loss is None else trace.loss.index,
        "upstream": [] if trace.loss is not None else [_indices(trace.y, trace), _indices(trace.dy, trace)],
        "guards": [[node.index, truth] for node, truth in tape.guards],
    }


def start(at, panels):
    """The place of a number such as "dW[0, 1]": its panel, its flat position, "v" for its value or "g" for its gradient.

    Axes with one place may be left out. Raises TinymmError when there is no such number.
    """
    match = re.fullmatch(r"\s*([^\[\]]+?)\s*(?:\[([\d,\s]*)\])?\s*", at)
    name, index = (match[1], [int(part) for part in (match[2] or "").split(",") if part.strip()]) if match else (at, [])
    for number, panel in enumerate(panels):
        kind = "v" if panel.name == name and panel.values is not None else "g" if name in _gradient_names(panel) else None
        for shape in (panel.shape, tuple(n for n in panel.shape if n > 1)):
            if kind and len(index) == len(shape) and all(k < n for k, n in zip(index, shape)):
                return {"panel": number, "k": int(np.ravel_multi_index(index, shape)) if shape else 0, "kind": kind}
    names = [name for panel in panels for name in (panel.values is not None) * [panel.name] + _gradient_names(panel)]
    raise TinymmError(f"there is no number {at!r} on this page: there are the arrays {', '.join(dict.fromkeys(names))}")


def _gradient_names(panel):
    return [] if panel.grads is None else [panel.name if panel.values is None else f"d{panel.name}"]


def _node(node):
    code = OPERATIONS.index(node.operation)
    return (code, len(node.args), *node.args) if node.operation in VARIADIC else (code, *node.args)


def _number(value):
    """A float as JSON can hold it; what is not finite as the text that JavaScript reads as such."""
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return int(value) if value == int(value) else value


def _runs(numbers):
    """Equal numbers in a row as (how many, number), flat."""
    runs = []
    for number in numbers:
        if runs and runs[-1] == number:
            runs[-2] += 1
        else:
            runs += [1, number]
    return runs


def _indices(array, trace):
    return [(n if isinstance(n, Node) else trace.tape.constant(n)).index for n in np.asarray(array).flat]


def _panel(panel, layout, trace):
    reading = layout.readings.get(panel.section, Reading())
    ticks = {letter: labels(n) for letter, n in zip(panel.axes, panel.shape) if (labels := reading.ticks.get(letter))}
    return {
        "name": panel.name,
        "section": panel.section,
        "axes": panel.axes,
        "shape": panel.shape,
        "role": panel.role,
        "given": panel.given,
        "whole": panel.whole,
        "at": [panel.at, panel.grads_at],
        "v": None if panel.values is None else _indices(panel.values, trace),
        "g": None if panel.grads is None else _indices(panel.grads, trace),
        "ticks": ticks,
        **_words("V", reading, panel.name),
        **_words("G", *_gradient_words(panel, reading, layout)),
    }


def _gradient_words(panel, reading, layout):
    """Whose words fit a panel's gradients: a reading, and the name under which it has them.

    What came out of a layer has its gradient from the layer it went into.
    """
    if panel.given:
        return reading, ""
    if panel.role == "input" and panel.name not in reading.axes:  # an entry of a dict, called by its key
        return reading, f"d{reading.input}"
    goes_into = [path for path, other in layout.inputs.items() if other is panel]
    if goes_into and layout.outputs.get(panel.section) is panel:
        after = layout.readings[goes_into[0]]
        return after, f"d{after.input}"
    if panel.values is None and f"d{panel.name}" not in reading.equations:  # dW of one use of a shared layer
        return reading, panel.name
    return reading, f"d{panel.name}"


def _words(kind, reading, key):
    """The equation and the note that a reading has under a name."""
    found = {}
    if key in reading.equations:
        found["equation" + kind] = mathml(reading.equations[key])
    if key in reading.notes:
        found["note" + kind] = reading.notes[key]
    return found


def _mover(trace, path, forward, sources):
    """The number of a section's own pure function, for numbers that it only moves."""
    calls = [c for c in trace.calls if c.path == path and c.forward == forward and "self" not in c.arguments]
    return sources.number(*calls[0].source) if calls else None


def _section(layer, path):
    name = type(layer).__name__ if layer is not None else ""
    return {"path": path, "title": name, "summary": summary_of(layer)}


def summary_of(layer):
    """One line on what a layer does: the first of its own file in tinymm, without the name, or of its class."""
    own = type(layer).__module__.startswith("tinymm.")
    text = (sys.modules[type(layer).__module__] if own else type(layer)).__doc__ or ""
    first = text.strip().partition("\n")[0]
    name, colon, rest = first.partition(": ")
    return rest if colon and " " not in name else first
