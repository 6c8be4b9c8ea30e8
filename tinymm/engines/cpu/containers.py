"""Plans of containers: layers that are faster together are found, and branches run side by side.

Concatenate hands every branch its slice of the joined array to write into, so nothing is joined afterwards, and
gives the branches to the crew as pieces of work: while one thread walks through the LSTM's steps, the others
take tiles of the convolutions. Measured on 2 cores, whole step of the article's model at batch 32: 45 ms,
textbook 298.
"""

import dataclasses
import math

import numpy as np

from tinymm.engines.cpu.batchnorm import BatchNormPlan
from tinymm.engines.cpu.conv import ConvPlan
from tinymm.engines.cpu.dense import DensePlan
from tinymm.engines.cpu.embedding import EmbeddingPlan
from tinymm.engines.cpu.lstm import LSTMPlan
from tinymm.engines.cpu.plan import Plan, TextbookPlan
from tinymm.engines.cpu.pool import MaxPoolPlan
from tinymm.engines.shapes import shapes_between, unflatten
from tinymm.layers import (
    LSTM,
    BatchNorm,
    Concatenate,
    Conv1D,
    Conv2D,
    Dense,
    Embedding,
    Flatten,
    MaxPool1D,
    MaxPool2D,
    ReLU,
    Sequential,
    TimeDistributed,
)
from tinymm.layers.containers import join_path

LIGHT = 100  # multiply-adds for one pooled number that cost no more than to write the map and read it again

SINGLE = {
    Dense: DensePlan, Embedding: EmbeddingPlan, LSTM: LSTMPlan, Conv1D: ConvPlan, Conv2D: ConvPlan,
    BatchNorm: BatchNormPlan, MaxPool1D: MaxPoolPlan, MaxPool2D: MaxPoolPlan,
}  # fmt: skip


def make_plan(layer, shape, around, out=None):
    """The plan of a layer for inputs of ``shape`` (with the batch axis; a dict for Concatenate)."""
    kind = type(layer)
    if kind in CONTAINERS and layer.children:
        return CONTAINERS[kind](layer, shape, around, out)
    if kind in SINGLE:
        return SINGLE[kind](layer, shape, around, out)
    return TextbookPlan(layer, shape, around, out)


def fused(layers, shape, around, out):
    """A plan for the first few of ``layers`` together: -> plan, how many."""
    kinds = [type(layer) for layer in layers[:3]]
    if kinds[0] in (Conv1D, Conv2D):
        relu = kinds[1:2] == [ReLU]
        behind = layers[1 + relu : 2 + relu]
        pool = behind[0] if behind and type(behind[0]) in (MaxPool1D, MaxPool2D) and pays(layers[0], behind[0]) else None
        used = 1 + relu + (pool is not None)
        return ConvPlan(layers[0], shape, around, out if used == len(layers) else None, relu, pool), used
    if kinds[:2] == [BatchNorm, ReLU]:
        return BatchNormPlan(layers[0], shape, around, out if len(layers) == 2 else None, relu=True), 2
    return make_plan(layers[0], shape, around, out if len(layers) == 1 else None), 1


def pays(conv, pool):
    """Is the pool worth fusing? Where its windows overlap, the convolution computes a cell once for each of them."""
    work = math.prod(conv.params["W"].shape[:-1]) * math.prod(pool.pool_size) / math.prod(pool.stride)
    return work <= LIGHT or all(w <= s for w, s in zip(pool.pool_size, pool.stride))


class ContainerPlan(Plan):
    """What plans of containers share: children by name, and their gradients under path names."""

    def __init__(self, layer, shape, around, out=None):
        self.layer, self.shape, self.around, self.crew, self.y = layer, shape, around, around.crew, out
        self.plans = {}
        self.prepare()
        self.grads = {
            join_path(name, key): grad for name, plan in self.plans.items() for key, grad in plan.grads.items()
        }

    def finite(self):
        return all(plan.finite() for plan in self.plans.values())

    def commit(self):
        for plan in self.plans.values():
            plan.commit()


class SequentialPlan(ContainerPlan):
    """Plan after plan. A Flatten costs nothing: the layer before it writes rows, seen as pictures."""

    def prepare(self):
        names, layers = list(self.layer.children), list(self.layer.children.values())
        shapes = shapes_between(layers, self.shape)
        self.output_shape, around, k = shapes[-1], self.around, 0
        self.covered = []
        flat = len(layers) > 1 and type(layers[-1]) is Flatten
        last = len(layers) - 1 if flat else len(layers)
        out = self.y if self.y is None or not flat else unflatten(self.y, shapes[-2])
        while k < last:
            plan, used = fused(layers[k:last], shapes[k], around, out)
            self.plans[names[k]] = plan
            self.covered.append(layers[k : k + used])
            dx = around.dx or any(layer.params for layer in layers[k : k + used])
            around = dataclasses.replace(around, dx=dx, spare=not plan.keeps_y)
            k += used
        self.flat, self.before_flat, self.keeps_y = flat, shapes[last], plan.keeps_y

    def forward(self, x, mask, rng):
        for plan, layers in zip(self.plans.values(), self.covered):
            y = plan.forward(x, mask, rng)
            for layer in layers:
                mask, x = layer.output_mask(x, mask), y
        if not self.flat:
            return x
        return x.reshape(self.output_shape) if self.y is None else self.y

    def backward(self, dy):
        if self.flat:
            dy = unflatten(dy, self.before_flat) if dy.strides[-1] == dy.itemsize else dy.reshape(self.before_flat)
        for plan in reversed(self.plans.values()):
            dy = plan.backward(dy)
            if dy is None:
                return None
        return dy


class ConcatenatePlan(ContainerPlan):
    """Branches side by side."""

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
            branch = self.layer.children[name]
            self.plans[name] = make_plan(branch, self.shape[name], self.around, self.y[..., self.parts[name]])
        self.keeps_y = any(plan.keeps_y for plan in self.plans.values())

    def forward(self, x, mask, rng):
        rngs = dict(zip(self.plans, rng.spawn(len(self.plans)))) if rng else dict.fromkeys(self.plans)
        masks = mask or {}
        self.crew.run([
            lambda name=name, plan=plan: plan.forward(x[name], masks.get(name), rngs[name])
            for name, plan in self.plans.items()
        ])  # fmt: skip
        return self.y

    def backward(self, dy):
        dx = {}

        def run(name):
            dx[name] = self.plans[name].backward(dy[..., self.parts[name]])

        self.crew.run([lambda name=name: run(name) for name in self.plans])
        return dx


class TimeDistributedPlan(ContainerPlan):
    """One plan for all frames of all clips."""

    def prepare(self):
        N, T, *frame = self.shape
        inner = make_plan(self.layer.children["layer"], (N * T, *frame), self.around)
        self.plans["layer"], self.keeps_y = inner, inner.keeps_y
        self.output_shape = (N, T, *inner.output_shape[1:])

    def forward(self, x, mask, rng):
        y = self.plans["layer"].forward(x.reshape(-1, *x.shape[2:]), None, rng).reshape(self.output_shape)
        if self.y is None:
            return y
        self.y[...] = y
        return self.y

    def backward(self, dy):
        dx = self.plans["layer"].backward(np.ascontiguousarray(dy).reshape(-1, *dy.shape[2:]))
        return None if dx is None else dx.reshape(self.shape)


CONTAINERS = {Sequential: SequentialPlan, Concatenate: ConcatenatePlan, TimeDistributed: TimeDistributedPlan}
