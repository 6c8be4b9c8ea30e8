"""How a plan walks through the children of a container: the same steps on the CPU and on the GPU.

Each engine's ``ContainerPlan`` makes the plans of its kind, by ``make`` for one layer and by ``fused`` for the first few of a
row, and says in ``side_by_side`` how branches run at the same time. What an engine gives ``forward`` beside x and the
mask, the CPU its random numbers, is handed on.
"""

import dataclasses

from tinymm.backend import array_module
from tinymm.engines.shapes import shapes_between, unflatten
from tinymm.layers import Flatten


class SequentialWalk:
    """Plan after plan. A Flatten at the end costs nothing: the layer before it writes rows, seen as pictures."""

    def prepare(self):
        names, layers = list(self.layer.children), list(self.layer.children.values())
        shapes = shapes_between(layers, self.shape)
        self.output_shape, around, k, self.covered = shapes[-1], self.around, 0, []
        self.flat = len(layers) > 1 and type(layers[-1]) is Flatten
        last = len(layers) - 1 if self.flat else len(layers)
        self.before_flat = shapes[last]
        out = self.y if self.y is None or not self.flat else unflatten(self.y, self.before_flat)
        while k < last:
            plan, used = self.told_by(names[k], self.fused, layers[k:last], shapes[k], around, out)
            self.plans[names[k]] = plan
            self.covered.append(layers[k : k + used])
            around = self.behind(around, plan, layers[k : k + used])
            k += used

    def behind(self, around, plan, layers):
        """What surrounds the plans behind ``plan``, which stands for ``layers``."""
        return dataclasses.replace(around, dx=around.dx or any(layer.params for layer in layers))

    def forward(self, x, mask, *more):
        for (name, plan), layers in zip(self.plans.items(), self.covered):
            y = self.told_by(name, plan.forward, x, mask, *more)
            for layer in layers:
                mask, x = layer.output_mask(x, mask), y
        if not self.flat:
            return x
        return x.reshape(self.output_shape) if self.y is None else self.y

    def backward(self, dy):
        if self.flat:
            dy = unflatten(dy, self.before_flat) if dy.strides[-1] == dy.itemsize else dy.reshape(self.before_flat)
        for name, plan in reversed(self.plans.items()):
            dy = self.told_by(name, plan.backward, dy)
            if dy is None:
                return None
        return dy


class ConcatenateWalk:
    """Branches side by side. Each writes into its slice of the joined array, so that nothing is joined afterwards."""

    def prepare(self):
        batch = next(iter(self.shape.values()))[0]
        shapes = {name: (batch, *branch.output_shape(self.shape[name][1:])) for name, branch in self.layer.children.items()}
        first = next(iter(shapes.values()))
        self.output_shape = (*first[:-1], sum(shape[-1] for shape in shapes.values()))
        self.y = self.result()
        self.parts, start = {}, 0
        for name, shape in shapes.items():
            self.parts[name] = slice(start, start + shape[-1])
            start += shape[-1]
            place = self.y[..., self.parts[name]]
            self.plans[name] = self.told_by(name, self.make, self.layer.children[name], self.shape[name], self.around, place)

    def backward(self, dy):
        dx = {}

        def run(name, plan):
            dx[name] = plan.backward(dy[..., self.parts[name]])

        self.side_by_side(run)
        return dx


class TimeDistributedWalk:
    """One plan for all frames of all clips."""

    def prepare(self):
        N, T, *frame = self.shape
        inner = self.told_by("layer", self.make, self.layer.children["layer"], (N * T, *frame), self.around)
        self.plans["layer"] = inner
        self.output_shape = (N, T, *inner.output_shape[1:])

    def forward(self, x, mask, *more):
        y = self.told_by("layer", self.plans["layer"].forward, x.reshape(-1, *x.shape[2:]), None, *more)
        y = y.reshape(self.output_shape)
        if self.y is None:
            return y
        self.y[...] = y
        return self.y

    def backward(self, dy):
        dy = array_module(dy).ascontiguousarray(dy).reshape(-1, *dy.shape[2:])
        dx = self.told_by("layer", self.plans["layer"].backward, dy)
        return None if dx is None else dx.reshape(self.shape)
