"""From recorded calls to the arrays a page shows: each with its name, its axes, its values and its gradients."""

from dataclasses import dataclass

import numpy as np

from tinymm.layers import Container
from tinymm.viewer.checking import are_gradients
from tinymm.viewer.nodes import Node
from tinymm.viewer.readings import Reading, reading_of

LETTERS = "hwdceabijk"  # for axes that nobody named
STATES = ("h0", "c0")
COMES_OUT = ("run", "forward")


@dataclass
class Panel:
    """An array on the page. ``values`` and ``grads`` hold nodes; a panel without values is a step of backward."""

    name: str
    section: str
    axes: tuple
    values: np.ndarray | None = None
    grads: np.ndarray | None = None
    role: str = "computed"  # "input", "parameter", "state", "target" or "computed"
    given: bool = False  # the gradient is one that the reader chooses
    at: int = 0
    grads_at: int = 0

    @property
    def whole(self):
        """Whether these are token ids: whole numbers without a gradient."""
        return self.role == "input" and self.grads is None

    @property
    def shape(self):
        return (self.grads if self.values is None else self.values).shape


def sections_of(trace):
    """The paths of the layers that computed something, in the order in which they gave their output."""
    done = {}
    for call in trace.calls:
        if call.forward and (call.function in COMES_OUT or call.function.endswith("_forward")):
            done.setdefault(call.path, (call.at, isinstance(trace.layers.get(call.path), Container)))
    return sorted(done, key=done.get)


class Layout:
    """Builds the panels section by section; an array whose numbers stand on the page already gets no second one."""

    def __init__(self, trace):
        self.trace = trace
        self.panels = []
        self.values, self.grads = {}, {}  # numbers on the page: node index -> panel
        self.shown = {}  # (numbers, shape) -> panel
        self.inputs, self.outputs = {}, {}  # path -> the panel that goes into the section, that comes out of it
        paths = sections_of(trace)
        self.readings = {path: reading_of(trace.layers.get(path)) for path in paths}
        self._add_given(paths)
        for path in paths:
            self._add_forward(path, [call for call in trace.calls if call.path == path and call.forward])
        if trace.loss is None:
            self._find(trace.y).given = True
        self._attach_results()
        backward = {path: [call for call in trace.calls if call.path == path and not call.forward] for path in paths}
        for path in paths:
            self._attach_upstream(path, backward[path])
        for path in reversed(paths):
            self._add_backward(path, backward[path])

    def _add_given(self, paths):
        for name, array in self.trace.inputs.items():
            path = self._first_user(array, paths)
            letters = self.readings[path].axes.get(self.readings[path].input if name not in STATES else name, "")
            name = self.readings[path].input if name in ("x", "pred") else name
            self._add(name, path, array, role="input", letters=letters)
        used = {index for node in self.trace.tape.nodes for index in node.args}
        for full, array in self.trace.params.items():
            path, _, name = full.rpartition(".")
            if full in self.trace.dparams:
                self._add(name, path, array, role="parameter")
            elif used.intersection(node.index for node in array.flat):
                self._add(name, path, array, role="state")

    def _first_user(self, array, paths):
        """The section that an input goes into first."""
        first = array.flat[0].index
        for call in self.trace.calls:
            for bindings in call.bindings.values():
                if any(isinstance(n, Node) and n.index == first for n in bindings[0].array.flat):
                    return call.path
        return paths[0]

    def _add_forward(self, path, calls):
        reading = self.readings[path]
        first = len(self.panels)
        if path == "loss" and self.trace.target is not None:
            self._add("t", path, self.trace.target, role="target")
        for call in _telling(calls) if not isinstance(self.trace.layers.get(path), Container) else []:
            for code, array, time, at in self._arrays(call, list(reading.names)):
                for inner, outer in reading.inside.items():
                    if code == outer:
                        inside = self._inside(array)
                        self._add(inner, path, inside, time=time, at=_end(inside[:1]))
                if code not in reading.hidden and self._is_new(array, self.values):
                    name = reading.names.get(code.rstrip("′"), code.rstrip("′")) + "′" * code.count("′")
                    self._add(name, path, array, time=time, at=at)
        self.panels[first:] = sorted(self.panels[first:], key=lambda panel: panel.at)
        output = next(c for c in calls if c.function in COMES_OUT or c.function.endswith("_forward"))
        result = np.asarray(output.result, dtype=object)
        if self._find(result) is None:
            self._add("y" if path != "loss" else "J", path, result, at=output.at)
        self.outputs[path] = self._find(result)
        came_in = next((output.bindings[name][0].array for name in output.arguments if name in output.bindings), None)
        self.inputs[path] = None if came_in is None else self._find(came_in)

    def _inside(self, array):
        """The numbers that a function was applied to, where the code gives them no name: z in tanh(z)."""
        result = np.empty(array.shape, dtype=object)
        for place in np.ndindex(array.shape):
            result[place] = self.trace.tape.nodes[array[place].args[0]]
        return result

    def _attach_results(self):
        trace = self.trace
        for name, grad in trace.dinputs.items():
            if grad is not None:
                self._attach(self._find(trace.inputs[name]), grad, len(trace.tape.nodes))
        for name, grad in trace.dparams.items():
            self._attach(self._find(trace.params[name]), grad, len(trace.tape.nodes))
        if trace.loss is None:
            self._attach(self._find(trace.y), trace.dy, trace.forward_end)

    def _attach_upstream(self, path, calls):
        """The gradient that came to a section belongs to what went out of it."""
        if calls and path in self.outputs:
            name = next((name for name in calls[0].arguments if name != "self"), None)
            for given in calls[0].bindings.get(name, [])[:1]:
                if given.array.shape == self.outputs[path].shape:
                    self._attach(self.outputs[path], given.array, given.at)

    def _add_backward(self, path, calls):
        reading = self.readings[path]
        own = [p for p in self.panels if p.section == path and p.values is not None]
        wanted = {reading.gradients.get(p.name, f"d{p.name}"): p for p in own if p.role == "computed"}
        arrays = [found for call in _telling(calls) for found in self._arrays(call, list(reading.names))]
        for code, array, _, at in arrays:
            panel = wanted.get(code)
            if panel is not None and panel.shape == array.shape and are_gradients(self.trace, array, panel.values):
                self._attach(panel, array, at)
        for code, array, time, at in arrays:
            if code not in reading.hidden and self._is_new(array, self.grads, self.values):
                name = reading.names.get(code, code)
                panel = Panel(name, path, self._axes(name, path, array, time), grads=array, grads_at=at)
                self.panels.append(panel)
                self._index(panel.grads, self.grads, panel)

    def _arrays(self, call, order):
        """What the names of a call were bound to: (name, array, whether its first axis is the loop's t, tape length).

        A name bound in every step of a loop over t is one array with t in front; a name bound again otherwise
        stands for its last array, with a prime if it was an argument. Names in ``order`` come first of equals.
        """
        found = []
        for name, bindings in call.bindings.items():
            steps = {b.time: b for b in bindings if b.time is not None}
            if steps:
                ordered = [steps[t] for t in sorted(steps)]
                if len({b.array.shape for b in ordered}) == 1:
                    found.append((name, np.stack([b.array.view(np.ndarray) for b in ordered]), True, ordered[0].at))
                else:
                    found += [(name, b.array, False, b.at) for b in ordered]
                continue
            if name in call.arguments:
                found.append((name, bindings[0].array, False, bindings[0].at))
            if len(bindings) > 1 or name not in call.arguments:
                found.append((name + "′" * (name in call.arguments), bindings[-1].array, False, bindings[-1].at))
        return sorted(found, key=lambda a: (a[-1], order.index(a[0]) if a[0] in order else -1))

    def _add(self, name, path, array, role="computed", time=False, at=0, letters=""):
        reading = self.readings.get(path, Reading())
        name = reading.names.get(name, name) if role != "computed" else name
        axes = _fitting(letters, array.ndim) or self._axes(name, path, array, time)
        panel = Panel(name, path, axes, values=np.asarray(array), role=role, at=at)
        self.panels.append(panel)
        self._index(panel.values, self.values, panel)
        self.shown.setdefault(_key(panel.values), panel)

    def _attach(self, panel, grads, at):
        if panel is not None and panel.grads is None:
            panel.grads, panel.grads_at = np.asarray(grads), at
            self._index(panel.grads, self.grads, panel)

    def _index(self, array, where, panel):
        for node in array.flat:
            if isinstance(node, Node):
                where.setdefault(node.index, panel)

    def _find(self, array):
        return self.shown.get(_key(np.asarray(array)))

    def _is_new(self, array, *known):
        nodes = [n for n in array.flat if isinstance(n, Node) and n.operation != "constant"]
        return any(all(node.index not in where for where in known) for node in nodes)

    def _axes(self, name, path, array, time):
        """The letters of an array's axes: its own, or those of the panel of the section that has its shape."""
        reading, rank = self.readings.get(path, Reading()), array.ndim - time
        text = reading.axes.get(name.rstrip("′")) or reading.axes.get(name[1:], "")
        axes = _fitting(text, rank)
        if axes is None or ("*" in text and rank > 2):
            alike = [p for p in self.panels if p.shape == array.shape and not time]
            axes = alike[-1].axes if alike else axes
        if axes is None:
            same = [p for p in self.panels if p.section == path and p.shape == array.shape[time:]]
            axes = same[-1].axes if same else _fitting("n *", rank) if rank else ()
        return ("t", *("s" if letter == "t" else letter for letter in axes)) if time else tuple(axes)


def _fitting(text, rank):
    """The letters of ``text`` for an array of this rank, None when they do not fit. * is any number of axes."""
    letters = text.split()
    if "*" in letters:
        k, extra = letters.index("*"), rank - len(letters) + 1
        free = [letter for letter in ("td" + LETTERS if extra == 1 else LETTERS) if letter not in letters]
        letters[k : k + 1] = free[: max(extra, 0)]
    return tuple(letters) if len(letters) == rank else None


def _key(array):
    return array.shape, tuple(n.index if isinstance(n, Node) else n for n in array.flat)


def _telling(calls):
    """The calls whose names say something: the pure functions; of those they call, only what a mere wrapper calls."""
    pure = [call for call in calls if "self" not in call.arguments]
    told = [call for call in pure if call.outer is None or call.outer.is_wrapper()]
    return told + [call for call in calls if "self" in call.arguments]


def _end(array):
    """The length of the tape when the last number of an array had been computed."""
    return 1 + max((n.index for n in array.flat if isinstance(n, Node)), default=0)
