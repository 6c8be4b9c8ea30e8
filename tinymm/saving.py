"""Models as files: one ``.safetensors`` with the weights, the architecture and whatever prediction needs.

The architecture is JSON in the file's header: names of tinymm's layers and the arguments they were made
with. Reading it calls these layers' constructors and nothing else; no code from the file is ever run.
"""

import hashlib
import json

import numpy as np

import tinymm.layers
from tinymm.backend import to_host
from tinymm.errors import TinymmError
from tinymm.files import atomic_write
from tinymm.layers import Container

FORMAT = 1


def save(model, path, metadata=None):
    """Write a built model to ``path``, whole or not at all.

    metadata is a JSON-able dict kept beside it: vocabulary, preprocessing, labels. ``load`` gives it back
    as ``model.metadata``. Raises TinymmError for a model that is not built, OSError when the disk is full.
    """
    write_tensors(path, model_tensors(model), {"architecture": describe(model), "metadata": metadata or {}})


def load(path, custom=()):
    """Read a model that ``save`` wrote. custom lists layer classes of one's own that it uses.

    Raises TinymmError when the file is missing, damaged, or not a tinymm model.
    """
    tensors, header = read_tensors(path)
    return restore(tensors, header, path, custom)


def restore(tensors, header, path, custom=()):
    """The model in what ``read_tensors`` gave; tensors that are not the model's are left alone."""
    try:
        model = rebuild(header["architecture"], {c.__name__: c for c in custom})
        arrays = {**model.params, **model.state}
        for name, array in arrays.items():
            if tensors[name].shape != array.shape:
                raise TinymmError(f"{path}: {name} has shape {tensors[name].shape}, the architecture says {array.shape}")
            array[...] = tensors[name]
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, MemoryError) as error:
        raise TinymmError(f"{path}: the description of the model does not fit its weights ({error!r})") from None
    model.metadata = header.get("metadata", {})
    return model


def model_tensors(model):
    """Parameters and state of a built model on the host, by path."""
    if model.input_shape is None:
        raise TinymmError("the model has no weights to save yet: call model.build(input_shape) or train it first")
    return to_host({**model.params, **model.state})


def describe(model):
    """The architecture as JSON can hold it. A layer used again is described once and then referred to."""
    known = {}

    def walk(layer, path):
        if id(layer) in known:
            return {"same_as": known[id(layer)]}
        known[id(layer)] = path
        if not isinstance(layer, Container):
            return layer.config()
        children = {name: walk(child, [*path, name]) for name, child in layer.children.items()}
        return {"layer": type(layer).__name__, "children": children}

    dtypes = {a.dtype.name for a in model.params.values()} or {"float32"}
    return {"model": walk(model, []), "input_shape": model.input_shape, "dtype": sorted(dtypes)[-1]}


def rebuild(architecture, custom=None):
    """A freshly built model from what ``describe`` gave."""
    known = {}
    classes = {name: getattr(tinymm.layers, name) for name in tinymm.layers.__all__} | (custom or {})

    def walk(node, path):
        if "same_as" in node:
            return known[tuple(node["same_as"])]
        if node["layer"] not in classes:
            raise TinymmError(f"the model uses a layer called {node['layer']!r}, which tinymm does not have")
        make = classes[node["layer"]]
        if issubclass(make, Container):
            layer = make.from_children({name: walk(child, (*path, name)) for name, child in node["children"].items()})
        else:
            layer = make(**{k: v for k, v in node.items() if k != "layer"})
        known[path] = layer
        return layer

    model = walk(architecture["model"], ())
    shape = architecture["input_shape"]
    shape = {k: tuple(v) for k, v in shape.items()} if isinstance(shape, dict) else tuple(shape)
    model.build(shape, dtype=np.dtype(architecture["dtype"]))
    return model


def write_tensors(path, tensors, header):
    """One safetensors file with ``header``, a JSON-able dict, in its metadata. Whole or not at all."""
    try:
        from safetensors.numpy import save as to_bytes
    except ImportError:
        raise TinymmError("saving a model needs safetensors: pip install safetensors") from None

    tensors = {name: np.ascontiguousarray(a) for name, a in tensors.items()}
    header = {"format": FORMAT, **header}
    text = json.dumps({"sha256": digest(tensors, header), **header}, ensure_ascii=False)
    data = to_bytes(tensors, metadata={"tinymm": text})  # a second entry would come in a random order
    with atomic_write(path) as file:
        file.write(data)


def digest(tensors, header):
    """The sha256, in hexadecimal, of the header as JSON and of every tensor's name, dtype, shape and bytes."""
    total = hashlib.sha256(json.dumps(header).encode())
    for name in sorted(tensors):
        a = tensors[name]
        total.update(f"{name} {a.dtype} {a.shape}".encode())
        total.update(a.tobytes())
    return total.hexdigest()


def read_tensors(path):
    """-> (dict of arrays, header) of a file that ``write_tensors`` wrote."""
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError:
        raise TinymmError("reading a model needs safetensors: pip install safetensors") from None
    try:
        with safe_open(path, framework="numpy") as file:
            kept = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except FileNotFoundError:
        raise TinymmError(f"there is no model file {path}") from None
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise TinymmError(f"{path} is not a model file, or it is damaged ({error}): train or copy it again") from None
    try:
        header = json.loads(kept["tinymm"])
        checksum = header.pop("sha256")
    except (KeyError, ValueError, TypeError, AttributeError):
        raise TinymmError(f"{path} holds tensors, but no tinymm model: it was written by another program") from None
    if checksum != digest(tensors, header):
        raise TinymmError(f"{path} is damaged: its contents do not match its checksum, train or copy it again")
    if header.get("format") != FORMAT:
        raise TinymmError(f"{path} has format {header.get('format')}, this tinymm reads format {FORMAT}")
    return tensors, header
