"""Plans: what is worked out once for a model and a batch shape, and launched in every step.

A plan stands for one layer, or for a few that share a kernel. It owns its workspaces and takes ``out``, the place where
its result is wanted, so that branches write straight into the joined array. Nothing in it waits for the GPU, and
nothing that changes from step to step is a number in Python: a captured step would repeat it for ever.
"""

import functools
from dataclasses import dataclass, field

import numpy as np

from tinymm.backend import is_cupy
from tinymm.engines.textbook import TextbookPasses


@dataclass
class Surroundings:
    """What every plan of one model has in common.

    dx: is the gradient of the layer's input wanted? grads: where a parameter's gradient goes, by the id of its array.
    seeds: the GPU's copy of what Dropout draws, one number a layer; ``places`` counts those given out.
    """

    dtype: np.dtype
    training: bool
    dx: bool
    deterministic: bool = True
    grads: dict = field(default_factory=dict)
    seeds: object = None
    places: list = field(default_factory=list)

    @property
    def processors(self):
        """How many multiprocessors the GPU has."""
        return attribute("MultiProcessorCount")


class Plan:
    """One layer's share of a step for inputs of ``shape``, batch axis included.

    ``forward(x, mask)`` -> y; ``backward(dy)`` -> dx, or None where nobody wants it. Arrays that are returned belong to the
    plan and are overwritten in the next step. Arrays that come in may have gaps between samples, not within them.
    """

    capturable = True

    def __init__(self, layer, shape, around, out=None):
        self.layer, self.shape, self.around = layer, shape, around
        self.output_shape = (shape[0], *layer.output_shape(shape[1:]))
        self.grads = {}
        if around.training:
            self.grads = {name: around.grads[id(a)] for name, a in layer.params.items()}
        self.y = out
        self.prepare()

    def prepare(self):
        """Make the workspaces."""

    def array(self, *shape, dtype=None):
        """A workspace. Raises OutOfMemoryError."""
        import cupy

        return cupy.empty(shape, dtype or self.around.dtype)

    def result(self):
        """The array to write y into: ``out`` if somebody wants it there, else one of the plan's own."""
        return self.array(*self.output_shape) if self.y is None else self.y

    def check(self, x):
        """Raise ShapeError for an input, still on the host, that the GPU could not refuse without waiting."""

    def draw(self, rng, seeds):
        """Draw what this step needs at random, in the order in which the textbook draws: into ``seeds`` on the host."""

    def commit(self, good):
        """Take over what the layer keeps beside its parameters, where ``good``, a boolean on the GPU, is true."""


class TextbookPlan(TextbookPasses, Plan):
    """Any layer, by its own code on CuPy arrays."""

    def prepare(self):
        self.capturable = is_own(self.layer)

    def check(self, x):
        if hasattr(self.layer, "refuse_unknown") and x.dtype.kind in "iu":
            self.layer.refuse_unknown(x)

    def commit(self, good):
        import cupy

        state = self.layer.state
        for path, value in self.layer.next_state(self.cache).items():
            state[path][...] = cupy.where(good, value, state[path])


def is_own(layer):
    """True for a layer of tinymm's, which does the same in every step. Of others' nobody knows."""
    children = getattr(layer, "children", {}).values()
    return type(layer).__module__.startswith("tinymm.layers.") and all(is_own(child) for child in children)


def attribute(name):
    """What the current GPU says about itself: a number."""
    import cupy

    return _attributes(cupy.cuda.Device().id)[name]


@functools.cache
def _attributes(device):
    import cupy

    return cupy.cuda.Device(device).attributes


def by_sample(a):
    """-> a with the numbers of each sample side by side, and how many numbers lie from one sample to the next.

    Copies only when a sample has gaps.
    """
    import cupy

    itemsize, expected = a.itemsize, a.itemsize
    for length, stride in zip(reversed(a.shape[1:]), reversed(a.strides[1:])):
        if length != 1 and stride != expected:
            a = cupy.ascontiguousarray(a)
            break
        expected *= length
    return a, a.strides[0] // itemsize if len(a) > 1 else int(np.prod(a.shape[1:]))


def cover(count, size):
    """How many pieces of a size it takes to cover ``count``."""
    return -(-count // size)


def pointer(a):
    """a itself as a kernel's argument, or a null pointer for None."""
    return a if is_cupy(a) else 0
