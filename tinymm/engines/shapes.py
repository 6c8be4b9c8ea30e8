"""What the planned engines share: the shapes between layers, and rows seen as what they were flattened from."""

from tinymm.backend import array_module


def shapes_between(layers, shape):
    """The shape in front of every layer and behind the last, each with the batch axis; ``shape`` may be a dict."""
    shapes = [shape]
    for layer in layers:
        before = shapes[-1]
        batch = next(iter(before.values()))[0] if isinstance(before, dict) else before[0]
        inner = {k: s[1:] for k, s in before.items()} if isinstance(before, dict) else before[1:]
        shapes.append((batch, *layer.output_shape(inner)))
    return shapes


def unflatten(rows, shape):
    """Rows (N, D), perhaps a slice of wider rows, as a view (N, ...) with the same numbers."""
    itemsize, strides = rows.itemsize, []
    for length in reversed(shape[1:]):
        strides.insert(0, itemsize)
        itemsize *= length
    return array_module(rows).lib.stride_tricks.as_strided(rows, shape, (rows.strides[0], *strides))
