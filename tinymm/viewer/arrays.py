"""Arrays of nodes: NumPy's own arithmetic on objects, and comparisons and choices that stay in the graph.

NumPy turns ``x > 0`` or ``argmax`` on objects into plain booleans and positions at once. For a Traced array
they give nodes, so that an edited input may change which cell is the largest.
"""

import numpy as np

from tinymm.viewer.nodes import Node


def _tape(*candidates):
    return next((a.tape for a in candidates if isinstance(a, Node)), None)


def _largest(a, b):
    tape = _tape(a, b)
    return tape.apply("max", a, b) if tape else max(a, b)


def _smallest(a, b):
    tape = _tape(a, b)
    return tape.apply("min", a, b) if tape else min(a, b)


def _choose(condition, a, b):
    return condition.tape.apply("where", condition, a, b) if isinstance(condition, Node) else (a if condition else b)


def _pick(index, candidates):
    return index.tape.apply("pick", index, *candidates) if isinstance(index, Node) else candidates[int(index)]


COMPARISONS = {np.greater, np.less, np.greater_equal, np.less_equal, np.equal, np.not_equal}
MAXIMUM, MINIMUM = np.frompyfunc(_largest, 2, 1, identity=None), np.frompyfunc(_smallest, 2, 1, identity=None)
REPLACED = {np.maximum: MAXIMUM, np.logical_or: MAXIMUM, np.minimum: MINIMUM, np.logical_and: MINIMUM}
CHOOSE = np.frompyfunc(_choose, 3, 1)


class Traced(np.ndarray):
    """An object array whose elements are nodes (or plain numbers that no input can change)."""

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
        if ufunc is np.add and method == "at" and isinstance(inputs[1], Traced):
            return _add_at(*inputs)
        if ufunc in COMPARISONS:
            kwargs["dtype"] = object
        if out is not None:
            kwargs["out"] = tuple(map(_plain, out))
        ufunc = REPLACED.get(ufunc, ufunc)
        return traced(getattr(ufunc, method)(*map(_plain, inputs), **kwargs))

    def __array_function__(self, function, types, args, kwargs):
        if function is np.where and len(args) == 3:
            return traced(CHOOSE(*map(_plain, args)))
        if function is np.take_along_axis:
            return _take_along_axis(*args, **kwargs)
        if function is np.argmax:
            return args[0].argmax(*args[1:], **kwargs)
        return traced(super().__array_function__(function, types, args, kwargs))

    def __getitem__(self, index):
        if isinstance(index, Traced):  # rows by traced numbers: a table of tokens
            return _rows(_plain(self), index)
        return super().__getitem__(index)

    def argmax(self, axis=None, out=None, keepdims=False):
        """Nodes that hold the position of the largest along an axis."""
        if axis is None:
            return self.reshape(-1).argmax(axis=0)
        columns = np.moveaxis(_plain(self), axis, -1)
        result = np.empty(columns.shape[:-1], dtype=object)
        for place in np.ndindex(result.shape):
            tape = _tape(*columns[place])
            result[place] = tape.apply("argmax", *columns[place]) if tape else int(np.argmax(columns[place]))
        return traced(np.expand_dims(result, axis) if keepdims else result)


def traced(x):
    """Object arrays, also in lists and tuples, as Traced arrays."""
    if isinstance(x, (list, tuple)):
        return type(x)(traced(part) for part in x)
    return x.view(Traced) if isinstance(x, np.ndarray) and x.dtype == object else x


def leaves(tape, x):
    """A Traced array of new leaves with the values of x."""
    result = np.empty(x.shape, dtype=object)
    for place in np.ndindex(x.shape):
        result[place] = tape.leaf(x[place])
    return result.view(Traced)


def values(x):
    """The plain float64 numbers of an array of nodes."""
    x = np.asarray(x)
    result = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        result[place] = x[place].value if isinstance(x[place], Node) else x[place]
    return result


def has_nodes(x):
    """Whether x is an object array with at least one node."""
    return isinstance(x, np.ndarray) and x.dtype == object and any(isinstance(a, Node) for a in x.flat)


def _plain(x):
    return x.view(np.ndarray) if isinstance(x, Traced) else x


def _take_along_axis(x, indices, axis):
    x = _plain(x)
    result = np.empty(indices.shape, dtype=object)
    for place in np.ndindex(result.shape):
        column = tuple(slice(None) if k == axis % x.ndim else p for k, p in enumerate(place))
        result[place] = _pick(indices[place], x[column])
    return result.view(Traced)


def _rows(table, indices):
    result = np.empty(indices.shape + table.shape[1:], dtype=object)
    for place in np.ndindex(indices.shape):
        for column in np.ndindex(table.shape[1:]):
            result[place + column] = _pick(indices[place], table[(slice(None), *column)])
    return result.view(Traced)


def _add_at(total, indices, added):
    """total[indices] += added, where a traced index may mean any row: each row takes its part, times [index = row]."""
    for place in np.ndindex(indices.shape):
        for row in range(len(total)):
            total[row] = total[row] + (indices[place] == row) * added[place]
