"""Watching a layer's own functions at work: every array of nodes that a name in the code is bound to, line by line."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tinymm import layers, losses
from tinymm.errors import TinymmError
from tinymm.layers import Container, Layer
from tinymm.viewer.arrays import has_nodes
from tinymm.viewer.nodes import Node

LAYERS = Path(layers.__file__).parent
FRAMES = {"__init__", "base", "containers", "convolution", "pool", "windows"}  # files that hold no maths of their own
TIME = "t"  # the loop variable of layers that read time


@dataclass
class Binding:
    """A name in the code got an array; ``time`` is the step of the loop over t, ``at`` the length of the tape."""

    array: np.ndarray
    time: int | None
    at: int


@dataclass
class Call:
    """One run of a function: its layer's path in the model, its way, and what its names were bound to."""

    function: str
    path: str
    forward: bool
    arguments: tuple
    bindings: dict = field(default_factory=dict)
    result: object = None
    at: int = 0
    source: tuple = ()  # (file, first line)
    outer: "Call" = None  # the pure function of the same layer that called this one

    def is_wrapper(self):
        """Whether it computes nothing under a name of its own."""
        return not set(self.bindings) - set(self.arguments)


class Recorder:
    """Collects the Calls of all layer functions that run inside ``with recorder.watch(...)``."""

    def __init__(self, tape, layers, own_files=()):
        self.tape, self.layers = tape, layers  # layers: path -> layer
        self.calls = []
        self.running = {}  # frame -> call
        own = {str(path) for path in LAYERS.glob("*.py") if path.stem not in FRAMES}
        self.files = own | {losses.__file__} | set(own_files)
        self.forward, self.root = True, ""

    def watch(self, forward, root=""):
        """Watch what runs inside the ``with`` block: forward or backward, of the layer called ``root``."""
        self.forward, self.root = forward, root
        return self

    def __enter__(self):
        self._before = sys.gettrace()
        sys.settrace(self._enter)

    def __exit__(self, kind, error, _):
        sys.settrace(self._before)
        self.tape.check()
        if kind in (TypeError, AttributeError, ValueError) and "Node" in str(error):  # NumPy's own words
            raise TinymmError(f"this layer does something that the viewer cannot trace: {error}") from error

    def _enter(self, frame, event, _):
        code = frame.f_code
        if event != "call" or code.co_filename not in self.files or code.co_name.startswith("<"):
            return None
        if isinstance(frame.f_locals.get("self"), Container):
            return None
        path = self._path(frame)
        outer = self.running.get(frame.f_back) or self.running.get(frame.f_back and frame.f_back.f_back)
        outer = outer if outer and outer.path == path and "self" not in outer.arguments else None
        call = Call(code.co_name, path, self.forward, code.co_varnames[: code.co_argcount])
        call.source, call.outer = (code.co_filename, code.co_firstlineno), outer
        self.calls.append(call)
        self.running[frame] = call
        seen = {}

        def each_line(frame, event, result):
            self.tape.check()
            self._look(frame.f_locals, call, seen, event == "return")
            if event == "return":
                call.result = result[0] if isinstance(result, tuple) and call.forward else result
                call.at = len(self.tape.nodes)
                self.running.pop(frame)
            return each_line

        self._look(frame.f_locals, call, seen, False)
        return each_line

    def _look(self, names, call, seen, last):
        """Note every name whose array is another one than at the line before."""
        for name, value in list(names.items()):
            if isinstance(value, list) and last and value and all(map(has_nodes, value)):
                for k, array in enumerate(value):
                    at = 1 + max(n.index for n in array.flat if isinstance(n, Node))
                    call.bindings.setdefault(name, []).append(Binding(array, k, at))
                continue
            if seen.get(name) is value:
                continue
            seen[name] = value
            array = np.array(value, dtype=object) if isinstance(value, Node) else value
            if has_nodes(array):
                self._note(call, name, array, names.get(TIME))

    def _note(self, call, name, array, time):
        time = time if isinstance(time, int) else None
        call.bindings.setdefault(name, []).append(Binding(array, time, len(self.tape.nodes)))

    def _path(self, frame):
        """The layer's path in the model, as its parameters have it: ``text.1``."""
        names, me = [], frame.f_locals.get("self")
        while frame is not None:
            if frame.f_code is Container.call.__code__:
                names.append(frame.f_locals["name"])
            frame = frame.f_back
        path = ".".join(name for name in [self.root, *reversed(names)] if name)
        if isinstance(me, Layer) and self.layers.get(path) is not me:  # asked without Container.call
            return next((own for own, layer in self.layers.items() if layer is me and own.startswith(path)), path)
        return path


def own_files(layer):
    """The source files of a model's layers that are not tinymm's."""
    if isinstance(layer, Container):
        return {file for child in layer.children.values() for file in own_files(child)}
    owners = [cls for cls in type(layer).__mro__ if cls not in Layer.__mro__]
    files = {getattr(sys.modules.get(cls.__module__), "__file__", None) or _code_file(cls) for cls in owners}
    return {file for file in files if file and not file.startswith(str(LAYERS))}


def _code_file(cls):
    """Where a class of a notebook was written."""
    codes = (getattr(value, "__code__", None) for value in vars(cls).values())
    return next((code.co_filename for code in codes if code), None)
