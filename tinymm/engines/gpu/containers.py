"""Plans of containers: layers that share a kernel are found, and branches write straight into the joined array.

Branches do not depend on each other, so each runs on a stream of its own: while a few blocks walk through the LSTM's
steps, the convolutions have the rest of the GPU.
"""

import dataclasses
import math

import cupy
from cupy.cuda.memory import OutOfMemoryError

from tinymm.engines.gpu.conv import MOST_PLACES, ConvPlan
from tinymm.engines.gpu.dense import DensePlan
from tinymm.engines.gpu.dropout import DropoutPlan
from tinymm.engines.gpu.embedding import EmbeddingPlan
from tinymm.engines.gpu.lstm import MOST_UNITS, LSTMPlan
from tinymm.engines.gpu.memory import GpuMemoryError
from tinymm.engines.gpu.plan import Plan, TextbookPlan
from tinymm.engines.gpu.product import RELU, SIGMOID, TANH
from tinymm.engines.shapes import shapes_between, unflatten
from tinymm.errors import LayerError
from tinymm.layers import (
    LSTM,
    Concatenate,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    MaxPool1D,
    MaxPool2D,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
    TimeDistributed,
)
from tinymm.layers.windows import resolve_padding

SINGLE = {Dense: DensePlan, Embedding: EmbeddingPlan, Conv1D: ConvPlan, Conv2D: ConvPlan, Dropout: DropoutPlan}
ACTIVATIONS = {ReLU: RELU, Sigmoid: SIGMOID, Tanh: TANH}


def make_plan(layer, shape, around, out=None):
    """The plan of a layer for inputs of ``shape`` (with the batch axis; a dict for Concatenate)."""
    kind = type(layer)
    if kind in CONTAINERS and layer.children:
        return CONTAINERS[kind](layer, shape, around, out)
    if kind is LSTM and layer.units <= MOST_UNITS:
        return LSTMPlan(layer, shape, around, out)
    return SINGLE.get(kind, TextbookPlan)(layer, shape, around, out)


def fused(layers, shape, around, out):
    """A plan for the first few of ``layers`` together: -> plan, how many; None, 0 when there is none."""
    kinds = [type(layer) for layer in layers[:3]]
    if kinds[0] is Dense and len(kinds) > 1 and kinds[1] in ACTIVATIONS:
        return DensePlan(layers[0], shape, around, out if len(layers) == 2 else None, ACTIVATIONS[kinds[1]]), 2
    if kinds[0] not in (Conv1D, Conv2D):
        return None, 0
    relu = kinds[1:2] == [ReLU]
    pool = layers[1 + relu] if kinds[1 + relu : 2 + relu] in ([MaxPool1D], [MaxPool2D]) else None
    if pool is not None and not poolable(pool, (shape[0], *layers[0].output_shape(shape[1:]))):
        pool = None
    used = 1 + relu + (pool is not None)
    place = out if len(layers) == used else None
    return ConvPlan(layers[0], shape, around, place, relu, pool and pool.pool_size), used


def poolable(pool, shape):
    """True for a pool that the convolution's kernel can do: small windows that neither overlap nor need padding."""
    pads = resolve_padding(pool.padding, shape[1:-1], pool.pool_size, pool.stride)
    tiles = pool.stride == pool.pool_size and not any(before or after for before, after in pads)
    return tiles and math.prod(pool.pool_size) <= MOST_PLACES


class ContainerPlan(Plan):
    """What plans of containers share: children by name, and errors that say in which child they arose."""

    def __init__(self, layer, shape, around, out=None):
        self.layer, self.shape, self.around, self.y = layer, shape, around, out
        self.plans = {}
        self.prepare()
        self.capturable = all(plan.capturable for plan in self.plans.values())

    def draw(self, rng, seeds):
        for plan in self.plans.values():
            plan.draw(rng, seeds)

    def commit(self, good):
        for plan in self.plans.values():
            plan.commit(good)


def told_by(name, work, *arguments):
    """Do a child's work; an error on the way is told with the child's name in front."""
    try:
        return work(*arguments)
    except LayerError as error:
        raise error.within(name) from None
    except OutOfMemoryError as error:
        raise GpuMemoryError(str(error)).within(name) from None


class SequentialPlan(ContainerPlan):
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
            plan, used = told_by(names[k], self._next, layers[k:last], shapes[k], around, out)
            self.plans[names[k]] = plan
            self.covered.append(layers[k : k + used])
            if any(layer.params for layer in layers[k : k + used]):
                around = dataclasses.replace(around, dx=True)
            k += used

    def _next(self, layers, shape, around, out):
        plan, used = fused(layers, shape, around, out)
        return (plan, used) if plan is not None else (make_plan(layers[0], shape, around, out if len(layers) == 1 else None), 1)

    def check(self, x):
        name, plan = next(iter(self.plans.items()))
        told_by(name, plan.check, x)

    def forward(self, x, mask):
        for (name, plan), layers in zip(self.plans.items(), self.covered):
            y = told_by(name, plan.forward, x, mask)
            for layer in layers:
                mask, x = layer.output_mask(x, mask), y
        if not self.flat:
            return x
        return x.reshape(self.output_shape) if self.y is None else self.y

    def backward(self, dy):
        if self.flat:
            dy = unflatten(dy, self.before_flat) if dy.strides[-1] == dy.itemsize else dy.reshape(self.before_flat)
        for name, plan in reversed(self.plans.items()):
            dy = told_by(name, plan.backward, dy)
            if dy is None:
                return None
        return dy


class ConcatenatePlan(ContainerPlan):
    """Branches side by side, the first on the current stream and the others on their own."""

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
            self.plans[name] = told_by(name, make_plan, self.layer.children[name], self.shape[name], self.around, place)
        self.streams = {name: cupy.cuda.Stream(non_blocking=True) for name in list(self.plans)[1:]}

    def check(self, x):
        for name, plan in self.plans.items():
            told_by(name, plan.check, x[name])

    def draw(self, rng, seeds):
        for plan, own in zip(self.plans.values(), rng.spawn(len(self.plans))):
            plan.draw(own, seeds)

    def forward(self, x, mask):
        self._side_by_side(lambda name, plan: plan.forward(x[name], None))
        return self.y

    def backward(self, dy):
        dx = {}

        def run(name, plan):
            dx[name] = plan.backward(dy[..., self.parts[name]])

        self._side_by_side(run)
        return dx

    def _side_by_side(self, work):
        here = cupy.cuda.get_current_stream()
        begin, ends = here.record(), []
        for name, stream in self.streams.items():
            stream.wait_event(begin)
            with stream:
                told_by(name, work, name, self.plans[name])
                ends.append(stream.record())
        first = next(iter(self.plans))
        told_by(first, work, first, self.plans[first])
        for end in ends:
            here.wait_event(end)


class TimeDistributedPlan(ContainerPlan):
    """One plan for all frames of all clips."""

    def prepare(self):
        N, T, *frame = self.shape
        inner = told_by("layer", make_plan, self.layer.children["layer"], (N * T, *frame), self.around)
        self.plans["layer"] = inner
        self.output_shape = (N, T, *inner.output_shape[1:])

    def forward(self, x, mask):
        y = told_by("layer", self.plans["layer"].forward, x.reshape(-1, *x.shape[2:]), None).reshape(self.output_shape)
        if self.y is None:
            return y
        self.y[...] = y
        return self.y

    def backward(self, dy):
        dx = told_by("layer", self.plans["layer"].backward, cupy.ascontiguousarray(dy).reshape(-1, *dy.shape[2:]))
        return None if dx is None else dx.reshape(self.shape)


CONTAINERS = {Sequential: SequentialPlan, Concatenate: ConcatenatePlan, TimeDistributed: TimeDistributedPlan}
