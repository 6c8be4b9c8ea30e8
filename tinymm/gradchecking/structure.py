"""Inputs may be one array, a dict or a tuple of arrays: here they become one flat dict by name, and back."""

import inspect

from tinymm.backend import array_module


def leaves(value, name="x"):
    """{"x": a} for one array, {"x.text": a, "x.image": b} for a dict, {"x.0": a, "x.1": b} for a tuple."""
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, (tuple, list)):
        parts = enumerate(value)
    else:
        return {name: value}
    return {path: a for key, part in parts for path, a in leaves(part, f"{name}.{key}").items()}


def rebuilt(value, arrays, name="x"):
    """The opposite of ``leaves``: the same structure, its arrays taken from the flat dict."""
    if isinstance(value, dict):
        return {key: rebuilt(part, arrays, f"{name}.{key}") for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(rebuilt(part, arrays, f"{name}.{k}") for k, part in enumerate(value))
    return arrays[name]


def is_real(a):
    """True for an array of real floating-point numbers: the kind that has a gradient."""
    return hasattr(a, "dtype") and a.dtype.kind == "f"


def retyped(a, dtype):
    """A real or complex array in dtype; whole numbers and booleans as they are."""
    return a.astype(dtype, copy=False) if hasattr(a, "dtype") and a.dtype.kind in "fc" else a


def same_bits(a, b):
    """True when two arrays have the same shape and hold the same numbers, NaN included."""
    if a is None or b is None:
        return a is b
    a, b = (array_module(v).asarray(v) for v in (a, b))
    return a.shape == b.shape and a.dtype == b.dtype and bool(((a == b) | ((a != a) & (b != b))).all())


def accepted(function, names):
    """Those of ``names`` that the function takes as keyword arguments."""
    parameters = inspect.signature(function).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return list(names)
    return [name for name in names if name in parameters]


def index_name(name, index):
    """("W", (0, 2)) -> "W[0, 2]"; a single number has no index."""
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def shapes_text(arrays):
    """{"x": (2, 3) array, "W": (3, 1) array} -> "x (2, 3), W (3, 1)"."""
    return ", ".join(f"{name} {tuple(a.shape)}" for name, a in arrays.items())
