"""What a model costs, before any training: shapes, parameters, multiply-adds and memory, layer by layer."""

import math
from dataclasses import dataclass

from tinymm.errors import TinymmError
from tinymm.layers.concatenate import Concatenate
from tinymm.layers.containers import Container, Sequential, join_path


@dataclass
class Row:
    """One line of a summary. Counts are for one sample; ``depth`` says how far the name is indented."""

    depth: int
    path: str
    name: str
    input_shape: object
    output_shape: object
    parameters: int
    multiply_adds: int
    activations: int


def rows(model, input_shape):
    """Every layer of a built model as a Row, containers before what they contain."""
    return list(_walk(model, input_shape, "", 0, set()))


def _walk(layer, shape, path, depth, counted):
    output = layer.output_shape(shape)
    if not isinstance(layer, Container):
        new = {id(a): a.size for a in layer.params.values() if id(a) not in counted}
        counted.update(new)
        yield Row(depth, path, type(layer).__name__, shape, output, sum(new.values()),
                  layer.multiply_adds(shape), math.prod(output))  # fmt: skip
        return
    below, inner = [], shape
    for name, child in layer.children.items():
        if isinstance(layer, Concatenate):
            inner = shape[name]
        elif not isinstance(layer, Sequential):
            inner = shape[1:]
        child_rows = list(_walk(child, inner, join_path(path, name), depth + 1, counted))
        below.append(child_rows)
        inner = child_rows[0].output_shape
    repeats = 1 if isinstance(layer, (Concatenate, Sequential)) else shape[0]
    joined = math.prod(output) if isinstance(layer, Concatenate) else 0
    top = [child_rows[0] for child_rows in below]
    yield Row(depth, path, type(layer).__name__, shape, output, sum(r.parameters for r in top),
              repeats * sum(r.multiply_adds for r in top), repeats * sum(r.activations for r in top) + joined)  # fmt: skip
    for child_rows in below:
        yield from child_rows


def summary_text(model, input_shape=None):
    """The summary as a text table.

    Activation memory is what the layers' outputs of one sample take in float32; a training step keeps them
    for every sample of the batch. Raises TinymmError when the model is not built and no shape is given.
    """
    if model.input_shape is None:
        if input_shape is None:
            raise TinymmError("the model has no shapes yet: give summary(input_shape), without the batch axis")
        model.build(input_shape)
    table = [("layer", "", "in", "out", "parameters", "multiply-adds", "activations")]
    for row in rows(model, model.input_shape):
        name = "  " * row.depth + (row.path.rpartition(".")[2] or ("branches" if row.depth else "model"))
        shape_in = "" if isinstance(row.input_shape, dict) else _shape(row.input_shape)
        table.append((name, row.name, shape_in, _shape(row.output_shape), f"{row.parameters:,}",
                      f"{row.multiply_adds:,}", _bytes(4 * row.activations)))  # fmt: skip
    widths = [max(len(line[k]) for line in table) for k in range(len(table[0]))]
    lines = []
    for line in table:
        left = "  ".join(cell.ljust(w) for cell, w in zip(line[:4], widths))
        lines.append(left + "  " + "  ".join(cell.rjust(w) for cell, w in zip(line[4:], widths[4:])))
    lines.insert(1, "-" * len(lines[0]))
    return "\n".join(lines)


def _shape(shape):
    return "×".join(map(str, shape))


def _bytes(count):
    return f"{count / 1024:,.1f} KiB" if count < 1 << 20 else f"{count / (1 << 20):,.1f} MiB"
