"""Models are layers made of layers: here one after the other, in Concatenate side by side.

Forward  (article 4.2)      h⁽ˡ⁾ = f⁽ˡ⁾(h⁽ˡ⁻¹⁾)
Backward (the chain rule)   dh⁽ˡ⁻¹⁾ = f⁽ˡ⁾.backward(dh⁽ˡ⁾)
"""

import copy

import numpy as np

from tinymm.backend import is_cupy
from tinymm.errors import TinymmError, told_by
from tinymm.layers.base import Layer


def shapes_of(x):
    """The shapes, without the batch axis, of an array or of a dict of arrays."""
    return {name: a.shape[1:] for name, a in x.items()} if isinstance(x, dict) else x.shape[1:]


def join_path(name, rest):
    """The path of ``rest`` inside the child called ``name``; a child without a name adds nothing to it."""
    return f"{name}.{rest}" if name and rest else name or rest


class Container(Layer):
    """A layer that owns named layers; its cache is a dict of theirs. Parameters carry path names: layer ``1`` of branch ``text``, ``text.1.U``.

    A layer used in several places has its parameters listed once, under its first path; ``backward`` adds
    up the gradients of all its uses there.
    """

    needs = ("training", "mask", "rng")
    names_branches = False

    def __init__(self, children):
        self.input_shape = None
        self.children = children

    @property
    def params(self):
        """All trainable arrays by path, each array once."""
        return self._listed("params")

    @property
    def state(self):
        """All arrays kept beside the parameters (BatchNorm's averages) by path."""
        return self._listed("state")

    def _listed(self, kind):
        seen = {}
        for name, layer in self.children.items():
            for key, array in getattr(layer, kind).items():
                seen.setdefault(id(array), (join_path(name, key), array))
        return dict(seen.values())

    def build(self, input_shape, rng=None, dtype=np.float32):
        """Build every layer for what the one before it gives; return the output shape."""
        rng = np.random.default_rng(0) if rng is None else rng
        shape = self._build_children(input_shape, rng, dtype)
        self.input_shape = input_shape
        return shape

    def _build_children(self, input_shape, rng, dtype):
        raise NotImplementedError

    @classmethod
    def from_children(cls, children):
        """The container with these children, a dict by name. The opposite of reading ``children``."""
        return cls(*children.values())

    def accept(self, x):
        if self.input_shape is None:
            arrays = list(x.values()) if isinstance(x, dict) else [x]
            floats = [a.dtype for a in arrays if a.dtype.kind in "fc"]
            self.build(shapes_of(x), dtype=floats[0] if floats else np.float32)
            self.to("gpu" if any(map(is_cupy, arrays)) else "cpu")

    def call(self, name, method, *args, **kwargs):
        """Run a child's method; an error on the way is told with the child's name in front."""
        return told_by(name, getattr(self.children[name], method), *args, **kwargs)

    def gather(self, grads):
        """Gradients of (child name, the child's own dict) as one dict by path, summed over shared layers."""
        first = {id(array): path for path, array in self.params.items()}
        total = {}
        for name, own in grads:
            params = self.children[name].params
            for key, grad in own.items():
                path = first[id(params[key])]
                total[path] = total[path] + grad if path in total else grad
        return {path: total[path] for path in first.values() if path in total}

    def next_state(self, cache):
        """The children's new states by path; of a layer used in several places the last use counts."""
        first = {id(array): path for path, array in self.state.items()}
        return {
            first[id(layer.state[key])]: value
            for name, layer in self.children.items()
            for key, value in layer.next_state(cache[name]).items()
        }

    def map_layers(self, change):
        """The same architecture with ``change(layer)`` in the place of every layer that is no container."""
        twin = copy.copy(self)
        twin.children = {
            name: layer.map_layers(change) if isinstance(layer, Container) else change(layer)
            for name, layer in self.children.items()
        }
        return twin

    def _replace(self, change):
        for layer in self.children.values():
            layer._replace(change)

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.children.items())})"


class Sequential(Container):
    """Layers one after the other, called "0", "1", ... in paths and messages.

    A single Concatenate among them needs no number, since its branches have names: ``text.1.U``.
    """

    def __init__(self, *layers):
        for layer in layers:
            if not isinstance(layer, Layer):
                raise TinymmError(f"Sequential takes layers, such as mm.Dense(3), and got {layer!r}")
        joins = [layer for layer in layers if isinstance(layer, Container) and layer.names_branches]
        unnamed = joins[0] if len(joins) == 1 else None
        super().__init__({"" if layer is unnamed else str(k): layer for k, layer in enumerate(layers)})

    def _build_children(self, shape, rng, dtype):
        for name in self.children:
            shape = self.call(name, "build", shape, rng, dtype)
        return shape

    def output_shape(self, shape):
        for layer in self.children.values():
            shape = layer.output_shape(shape)
        return shape

    def multiply_adds(self, shape):
        total = 0
        for layer in self.children.values():
            total, shape = total + layer.multiply_adds(shape), layer.output_shape(shape)
        return total

    def run(self, x, training, mask, rng):
        caches = {}
        for name, layer in self.children.items():
            y, caches[name] = self.call(name, "forward", x, training=training, mask=mask, rng=rng)
            mask, x = layer.output_mask(x, mask), y
        return x, caches

    def backward(self, dy, cache):
        grads = []
        for name in reversed(self.children):
            dy, own = self.call(name, "backward", dy, cache[name])
            grads.append((name, own))
        return dy, self.gather(reversed(grads))

    def output_mask(self, x, mask):
        for layer in self.children.values():
            mask, x = layer.output_mask(x, mask), None  # only a layer that sees token ids makes a mask from x
        return mask
