"""Numbers that remember how they were made: which operation, on which numbers, at which line of source.

An array of such numbers goes through a layer's own code like an array of floats. Comparisons and choices are
operations as well, so the graph that is left holds every branch and can be computed anew for other inputs.
"""

import math
import sys
from pathlib import Path

import numpy as np

from tinymm.errors import TinymmError

FUNCTIONS = {
    "neg": lambda a: -a, "tanh": math.tanh, "exp": math.exp, "log": math.log, "log1p": math.log1p,
    "expm1": math.expm1, "sqrt": math.sqrt, "sin": math.sin, "cos": math.cos, "abs": abs,
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b, "pow": lambda a, b: a**b,
    "max": lambda a, b: a if a >= b else b, "min": lambda a, b: a if a <= b else b,
    "gt": lambda a, b: a > b, "lt": lambda a, b: a < b, "ge": lambda a, b: a >= b, "le": lambda a, b: a <= b,
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b,
    "where": lambda condition, a, b: a if condition else b,
    "argmax": lambda *candidates: candidates.index(max(candidates)),
    "pick": lambda index, *candidates: candidates[int(index)],
}  # fmt: skip
OPERATIONS = ("leaf", "constant", *FUNCTIONS)
HERE = str(Path(__file__).parent)
RUNNER = str(Path(__file__).with_name("trace.py"))  # calls the layer: what called the viewer is nobody's business
NUMPY = str(Path(np.__file__).parent)


class TooLarge(TinymmError):
    """A trace has more numbers than a page can hold."""


class Tape:
    """All numbers of a trace in the order in which they were computed."""

    def __init__(self, limit):
        self.limit = limit
        self.nodes = []
        self.sites = []  # the distinct places in the source, each a tuple of (file, line), innermost first
        self.guards = []  # (node, its truth): conditions by which the Python code itself chose its way
        self.full = False
        self._constants = {}
        self._site_numbers = {}

    def leaf(self, value):
        """A number that was given, not computed."""
        return self._add("leaf", (), float(value))

    def constant(self, value):
        """A number that stands in the code, such as the zeros an array begins with."""
        value = float(value)
        key = (value, math.copysign(1, value))
        if key not in self._constants:
            self._constants[key] = self._add("constant", (), value)
        return self._constants[key]

    def apply(self, operation, *args):
        """The result of an operation on nodes and plain numbers, as a new node."""
        nodes = [a if isinstance(a, Node) else self.constant(a) for a in args]
        return self._add(operation, nodes, _value(operation, [node.value for node in nodes]))

    def check(self):
        """Raise TooLarge if there was no room for a number."""
        if self.full:
            raise TooLarge(f"this trace has more than {self.limit} numbers")

    def _add(self, operation, args, value):
        if len(self.nodes) >= self.limit:  # NumPy's loops do not stop for an error: see check
            self.full = True
            return self.nodes[-1]
        node = Node(self, len(self.nodes), operation, tuple(a.index for a in args), value, self._site())
        self.nodes.append(node)
        return node

    def _site(self):
        """The number of the place in the source, outside NumPy and the viewer, that is computing now."""
        frame, lines = sys._getframe(2), []
        while frame is not None:
            path = frame.f_code.co_filename
            if path == RUNNER:
                break
            if not path.startswith((HERE, NUMPY, "<")):
                lines.append((path, frame.f_lineno))
            frame = frame.f_back
        site = tuple(lines)
        if site not in self._site_numbers:
            self._site_numbers[site] = len(self.sites)
            self.sites.append(site)
        return self._site_numbers[site]


class Node:
    """One number of a trace: ``value``, the ``operation`` that made it and the indices of what it was made from."""

    __slots__ = ("tape", "index", "operation", "args", "value", "site")

    def __init__(self, tape, index, operation, args, value, site):
        self.tape, self.index, self.operation = tape, index, operation
        self.args, self.value, self.site = args, value, site

    def __bool__(self):
        """Python's own ``if`` asks: the answer is kept, since the page cannot take the other way later."""
        truth = bool(self.value)
        self.tape.guards.append((self, truth))
        return truth

    def __repr__(self):
        return f"{self.value:g}"

    __hash__ = object.__hash__


def _value(operation, values):
    try:
        return float(FUNCTIONS[operation](*values))
    except ZeroDivisionError:
        return math.nan if values[0] == 0 or math.isnan(values[0]) else math.copysign(math.inf, values[0])
    except OverflowError:
        return math.inf
    except ValueError:
        return -math.inf if operation == "log" and values[0] == 0 else math.nan


def _one(operation):
    return lambda self: self.tape.apply(operation, self)


def _two(operation):
    def apply(self, other):
        if not isinstance(other, (Node, float, int, np.number, np.bool_)):
            return NotImplemented
        if operation in ("add", "sub") and not isinstance(other, Node) and other == 0:
            return self  # an array that began with zeros
        return self.tape.apply(operation, self, other)

    return apply


def _reflected(operation):
    def apply(self, other):
        if operation == "add" and other == 0:
            return self
        return self.tape.apply(operation, other, self)

    return apply


for _name in ("add", "sub", "mul"):
    setattr(Node, f"__{_name}__", _two(_name))
    setattr(Node, f"__r{_name}__", _reflected(_name))
for _name, _operation in (("truediv", "div"), ("pow", "pow")):
    setattr(Node, f"__{_name}__", _two(_operation))
    setattr(Node, f"__r{_name}__", _reflected(_operation))
for _name in ("gt", "lt", "ge", "le", "eq", "ne"):
    setattr(Node, f"__{_name}__", _two(_name))
for _name in ("neg", "abs"):
    setattr(Node, f"__{_name}__", _one(_name))
for _name in ("tanh", "exp", "log", "log1p", "expm1", "sqrt", "sin", "cos"):
    setattr(Node, _name, _one(_name))  # where NumPy looks for the function of an object
