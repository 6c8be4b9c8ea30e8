"""Computing a trace anew with other numbers in some places, all variants at once."""

import numpy as np

from tinymm.viewer.nodes import Node

STEP = 1e-6
OPERATIONS = {
    "neg": np.negative, "tanh": np.tanh, "exp": np.exp, "log": np.log, "log1p": np.log1p, "expm1": np.expm1,
    "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos, "abs": np.abs, "add": np.add, "sub": np.subtract,
    "mul": np.multiply, "div": np.divide, "pow": np.power, "max": np.maximum, "min": np.minimum,
    "gt": np.greater, "lt": np.less, "ge": np.greater_equal, "le": np.less_equal, "eq": np.equal,
    "ne": np.not_equal, "where": lambda condition, a, b: np.where(condition, a, b),
    "argmax": lambda *candidates: np.argmax(np.stack(np.broadcast_arrays(*candidates)), axis=0),
    "pick": lambda index, *candidates: np.choose(np.asarray(index, dtype=int), np.broadcast_arrays(*candidates)),
}  # fmt: skip


def recompute(tape, nudges, end=None):
    """The value of every node up to ``end`` when ``nudges`` {index: number or array of variants} are added to some."""
    values = []
    with np.errstate(all="ignore"):
        for node in tape.nodes[:end]:
            value = OPERATIONS[node.operation](*(values[k] for k in node.args)) * 1.0 if node.args else node.value
            values.append(value + nudges[node.index] if node.index in nudges else value)
    return values


def slopes(trace, nodes):
    """dL/dv of each node by central differences, L being the loss or Σ dy · y. The nodes are different ones."""
    steps = np.array([STEP * max(1, abs(node.value)) for node in nodes])
    rows = np.concatenate([np.diag(steps), -np.diag(steps)], axis=1)
    values = recompute(trace.tape, {node.index: row for node, row in zip(nodes, rows)}, trace.forward_end)
    total = np.broadcast_to(_total(trace, values), 2 * len(nodes))
    return (total[: len(nodes)] - total[len(nodes) :]) / (2 * steps)


def are_gradients(trace, grads, values):
    """Whether ``grads`` are, number for number, the slopes of the result along ``values``."""
    pairs = [(g, v) for g, v in zip(grads.flat, values.flat)]
    if not all(isinstance(v, Node) for _, v in pairs) or len({v.index for _, v in pairs}) < len(pairs):
        return False
    wanted = slopes(trace, [v for _, v in pairs])
    got = np.array([g.value if isinstance(g, Node) else g for g, _ in pairs], dtype=float)
    return bool(np.allclose(got, wanted, rtol=1e-4, atol=1e-5 * max(1, np.abs(wanted).max(initial=0))))


def _total(trace, values):
    if trace.loss is not None:
        return values[trace.loss.index]
    at = lambda n: values[n.index] if isinstance(n, Node) else n  # noqa: E731
    return sum((at(dy) * at(y) for dy, y in zip(trace.dy.flat, trace.y.flat)), start=0.0)
