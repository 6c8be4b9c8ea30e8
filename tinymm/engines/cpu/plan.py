"""Plans: what is worked out once for a model and a batch shape, and used in every step.

A plan stands for one layer, or for a few that are faster together. It owns its workspaces, so that no step
asks the system for fresh memory; writes its gradients into arrays made once; and takes ``out``, the place where
its result is wanted, so that branches write straight into the joined array.
"""

from dataclasses import dataclass

import numpy as np

from tinymm.engines.cpu import memory
from tinymm.engines.cpu.threads import Crew
from tinymm.engines.textbook import TextbookPasses


@dataclass
class Surroundings:
    """What every plan of one model has in common, and what differs along the way.

    dx: is the gradient of the layer's input wanted? spare: may backward write over that input?
    """

    crew: Crew
    dtype: np.dtype
    training: bool
    dx: bool
    spare: bool = False


class Plan:
    """One layer's share of a step for inputs of ``shape``, batch axis included.

    ``forward(x, mask, rng)`` -> y; ``backward(dy)`` -> dx, or None where nobody wants it. Arrays that are
    returned belong to the plan and are overwritten in the next step. ``grads`` is keyed like ``layer.params``.
    ``keeps_y`` says that backward reads y, so that nobody may write over it before.
    """

    keeps_y = False

    def __init__(self, layer, shape, around, out=None):
        self.layer, self.shape, self.around, self.crew = layer, shape, around, around.crew
        self.output_shape = (shape[0], *layer.output_shape(shape[1:]))
        self.grads = {}
        if around.training:
            self.grads = {name: self.array(*a.shape, fill=0) for name, a in layer.params.items()}
        self.y = out
        self.prepare()

    def prepare(self):
        """Make the workspaces."""

    def array(self, *shape, dtype=None, fill=None):
        """A workspace."""
        return memory.array(shape, dtype or self.around.dtype, fill)

    def result(self):
        """The array to write y into: ``out`` if somebody wants it there, else one of the plan's own."""
        if self.y is not None:
            return self.y
        if len(self.output_shape) == 2:
            return memory.rows(*self.output_shape, self.around.dtype)
        return self.array(*self.output_shape)

    def finite(self):
        """False when a gradient of this step is NaN or infinite."""
        return all(np.isfinite(grad.sum()) for grad in self.grads.values())

    def commit(self):
        """Take over what the layer keeps beside its parameters, after a step that went well."""


def replay(calls):
    """Carry out calls that were written down once, as partials with all their arguments."""
    for call in calls:
        call()


class TextbookPlan(TextbookPasses, Plan):
    """Any layer, by its own code."""

    def prepare(self):
        self.keeps_y = self.y is None  # else the cache has an array of its own

    def commit(self):
        state = self.layer.state
        for path, value in self.layer.next_state(self.cache).items():
            state[path][...] = value
