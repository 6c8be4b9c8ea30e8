"""A layer, a model, or any object with forward and backward, as one function of inputs and parameters."""

import copy

import numpy as np

from tinymm.backend import array_module, is_cupy
from tinymm.errors import TinymmError
from tinymm.gradchecking.structure import accepted, leaves, rebuilt, retyped
from tinymm.gradchecking.subject import Subject, calling, in_words
from tinymm.layers.base import Layer
from tinymm.layers.containers import Container, join_path, shapes_of

SHAKE = (0.1, 0.6)


class LayerSubject(Subject):
    """An object with forward(x) -> (y, cache) and backward(dy, cache) -> (dx, grads).

    It is never changed: a float64 and a complex128 copy do the work. State, and parameters that hold one or
    two numbers throughout (zeros, ones, as when fresh), are shaken, as 0 and 1 hide mistakes.
    """

    def __init__(self, layer, x, params=None, training=False, mask=None, seed=0, name=None):
        self.layer, self.x, self.name = layer, x, name or type(layer).__name__
        self.given = {"training": training, "mask": mask, "seed": seed}
        self.options = accepted(layer.forward, ("training", "mask", "rng"))
        self.arrays, self.fixed, self.notes = {}, {}, []
        self.take(x)
        self.inputs = [*self.arrays, *self.fixed]
        self.twins = {np.dtype(np.float64): self._built()}
        self.parameters = list(self._find_parameters())
        self._give(params or {}, np.random.default_rng(seed))
        self.frozen = frozen_rows(layer)

    def _built(self):
        with calling(f"copying {self.name}"):
            twin = copy.deepcopy(self.layer)
        x = rebuilt(self.x, {**self.fixed, **self.arrays})
        shape = shapes_of(x[0] if isinstance(x, tuple) else x)
        with calling(f"build of {self.name}"):
            if isinstance(twin, Layer):
                if twin.input_shape is None:
                    twin.build(shape, dtype=np.float64)
                if any(map(is_cupy, (*self.arrays.values(), *self.fixed.values()))):
                    twin.to("gpu")
            elif hasattr(twin, "build") and not getattr(twin, "params", None):
                rng = np.random.default_rng(0)
                twin.build(shape, rng) if len(accepted(twin.build, ("rng",))) else twin.build(shape)
        return retyped_layer(twin, np.float64)

    def _find_parameters(self):
        """The names of the parameters, learnt from the gradients of a first backward pass."""
        y, cache = self.forward({k: a.copy() for k, a in self.arrays.items()})
        with calling(f"backward of {self.name}"):
            result = self._twin(np.float64).backward(array_module(y).ones(y.shape), cache)
        _, grads = self._two(result)
        twin, known = self._twin(np.float64), getattr(self._twin(np.float64), "params", None)
        for key in grads:
            if (key not in known) if isinstance(known, dict) else not hasattr(twin, str(key)):
                has = (
                    f"params holds {', '.join(known) or 'nothing'}"
                    if isinstance(known, dict)
                    else "it has no such array"
                )
                raise TinymmError(
                    f"backward of {self.name} returns a gradient for {key}, but {has}: use the names of"
                    " params"
                )
        missing = [key for key in known if key not in grads] if isinstance(known, dict) else []
        if missing:
            raise TinymmError(
                f"backward of {self.name} returns no gradient for {', '.join(missing)}: grads must hold all"
                " params"
            )
        if not isinstance(known, dict):
            retyped_layer(twin, np.float64, grads)
        return grads

    def _two(self, result):
        if not isinstance(result, tuple) or len(result) != 2 or not isinstance(result[1], dict):
            raise TinymmError(
                f"backward of {self.name} returns {in_words(result)}: it must return (dx, grads), grads a"
                " dict keyed like params, {} without parameters"
            )
        return result

    def _give(self, params, rng):
        """Put the given parameters in, shake constant ones, and list all among ``arrays``."""
        held = self.held()
        unknown = [key for key in params if key not in held]
        if unknown:
            raise TinymmError(
                f"{self.name} has no parameter {unknown[0]}: it has {', '.join(held) or 'none'}"
            )
        shaken = []
        for key, a in held.items():
            a = a.copy()
            if key in params:
                if params[key].shape != a.shape:
                    raise TinymmError(
                        f"parameter {key} of {self.name} is {a.shape} and was given as {params[key].shape}"
                    )
                a[...] = params[key]
            elif bool(((a == a.min()) | (a == a.max())).all()):
                a += array_module(a).asarray(rng.uniform(*SHAKE, a.shape))
                shaken.append(key)
            self.arrays[key] = a
        for key, a in (
            getattr(self._twin(np.float64), "state", {}).items() if isinstance(self.layer, Layer) else ()
        ):
            a += array_module(a).asarray(rng.uniform(*SHAKE, a.shape))
            shaken.append(key)
        if shaken:
            self.notes.append(
                f"{', '.join(shaken)}: numbers from {SHAKE[0]} to {SHAKE[1]} were added, as 0 and 1 hide"
                " mistakes"
            )

    def held(self):
        """The parameters as they stand in the float64 copy."""
        twin = self._twin(np.float64)
        return {key: _holder(twin)[key] for key in self.parameters}

    def _twin(self, dtype):
        dtype = np.dtype(dtype)
        if dtype not in self.twins:
            twin = copy.deepcopy(self.twins[np.dtype(np.float64)])
            self.twins[dtype] = retyped_layer(twin, dtype, self.parameters)
        return self.twins[dtype]

    def forward(self, arrays):
        dtype = np.result_type(np.float64, *(a.dtype for a in arrays.values()))
        twin = self._twin(dtype)
        holder = _holder(twin)
        for key in getattr(self, "parameters", ()):
            if key in arrays:
                holder[key][...] = arrays[key]
        x = rebuilt(self.x, {k: retyped(a, dtype) for k, a in {**self.fixed, **arrays}.items()})
        given = {**self.given, "rng": np.random.default_rng(self.given["seed"])}
        with calling(f"forward of {self.name}"):
            return self.unpack(twin.forward(x, **{name: given[name] for name in self.options}))

    def backward(self, dy, cache):
        with calling(f"backward of {self.name}"):
            result = self._twin(dy.dtype).backward(dy, cache)
        dx, grads = self._two(result)
        flat = leaves(dx) if isinstance(self.x, (dict, tuple, list)) else {"x": dx}
        for key in self.fixed:
            if key in flat and flat[key] is not None:
                raise TinymmError(
                    f"{key} holds whole numbers ({self.fixed[key].dtype}), which have no gradient, but"
                    f" backward of {self.name} returns one: give floating-point numbers, {key}.astype(float),"
                    " or return None"
                )
        flat = {**flat, **grads}
        return {key: self.fitting(key, flat.get(key)) for key in self.arrays}

    def with_inputs(self, inputs):
        """A fresh layer of the same kind for other inputs; "mask" among them is the mask."""
        mask = inputs.get("mask", self.given["mask"])
        if "x" in inputs and hasattr(mask, "shape") and mask.shape != inputs["x"].shape[: mask.ndim]:
            raise TinymmError(f"the mask is {mask.shape}, which does not fit x, {inputs['x'].shape}")
        layer = unbuilt(self.layer) if isinstance(self.layer, Layer) else self.layer
        return LayerSubject(
            layer,
            rebuilt(self.x, inputs),
            training=self.given["training"],
            mask=mask,
            seed=self.given["seed"],
            name=self.name,
        )


def retyped_layer(layer, dtype, names=()):
    """The layer with its parameters (and a tinymm layer's state) in dtype, in place."""
    if isinstance(layer, Layer):
        return layer.astype(dtype)
    holder = _holder(layer)
    for key in names or (holder if isinstance(getattr(layer, "params", None), dict) else ()):
        holder[key] = array_module(holder[key]).asarray(holder[key]).astype(dtype)
    return layer


def _holder(layer):
    """The dict in which a layer keeps its parameters: ``params``, or its attributes."""
    params = getattr(layer, "params", None)
    return params if isinstance(params, dict) else vars(layer)


def unbuilt(layer):
    """A copy of a tinymm layer that will build itself anew for its next input."""
    twin = copy.deepcopy(layer)
    pending = [twin]
    while pending:
        one = pending.pop()
        one.input_shape = None
        if isinstance(one, Container):
            pending.extend(one.children.values())
        else:
            one.params, one.state = {}, {}
    return twin


def frozen_rows(layer, path=""):
    """{path of W: row} of every Embedding with a padding_id: that row gets no gradient by design."""
    if isinstance(layer, Container):
        inside = (frozen_rows(child, join_path(path, name)) for name, child in layer.children.items())
        return {key: row for rows in inside for key, row in rows.items()}
    row = getattr(layer, "padding_id", None)
    return {} if row is None else {join_path(path, "W"): row}
