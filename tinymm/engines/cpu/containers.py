"""Plans of containers: layers that are faster together are found, and branches run side by side.

Concatenate gives the branches to the crew as pieces of work: while one thread walks through the LSTM's steps, the others
take tiles of the convolutions. Measured on 2 cores, whole step of the article's model at batch 32: 30 ms,
textbook 245.
"""

import dataclasses
import math

from tinymm.engines.containers import ConcatenateWalk, SequentialWalk, TimeDistributedWalk
from tinymm.engines.cpu.batchnorm import BatchNormPlan
from tinymm.engines.cpu.conv import ConvPlan
from tinymm.engines.cpu.dense import DensePlan
from tinymm.engines.cpu.embedding import EmbeddingPlan
from tinymm.engines.cpu.lstm import LSTMPlan
from tinymm.engines.cpu.plan import Plan, TextbookPlan
from tinymm.engines.cpu.pool import MaxPoolPlan
from tinymm.errors import told_by
from tinymm.layers import (
    LSTM,
    BatchNorm,
    Concatenate,
    Conv1D,
    Conv2D,
    Dense,
    Embedding,
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

    told_by, make, fused = staticmethod(told_by), staticmethod(make_plan), staticmethod(fused)

    def __init__(self, layer, shape, around, out=None):
        self.layer, self.shape, self.around, self.crew, self.y = layer, shape, around, around.crew, out
        self.plans = {}
        self.prepare()
        self.grads = {
            join_path(name, key): grad for name, plan in self.plans.items() for key, grad in plan.grads.items()
        }

    @property
    def keeps_y(self):
        return any(plan.keeps_y for plan in self.plans.values())

    def finite(self):
        return all(plan.finite() for plan in self.plans.values())

    def commit(self):
        for plan in self.plans.values():
            plan.commit()


class SequentialPlan(SequentialWalk, ContainerPlan):
    """Plan after plan; each may write over its input on the way back unless the one before it reads its y then."""

    def behind(self, around, plan, layers):
        return dataclasses.replace(super().behind(around, plan, layers), spare=not plan.keeps_y)

    @property
    def keeps_y(self):
        return list(self.plans.values())[-1].keeps_y


class ConcatenatePlan(ConcatenateWalk, ContainerPlan):
    """Branches side by side, as pieces of work for the crew."""

    def forward(self, x, mask, rng):
        rngs = dict(zip(self.plans, rng.spawn(len(self.plans)))) if rng else dict.fromkeys(self.plans)
        masks = mask or {}
        self.side_by_side(lambda name, plan: plan.forward(x[name], masks.get(name), rngs[name]))
        return self.y

    def side_by_side(self, work):
        self.crew.run([
            lambda name=name, plan=plan: self.told_by(name, work, name, plan) for name, plan in self.plans.items()
        ])  # fmt: skip


class TimeDistributedPlan(TimeDistributedWalk, ContainerPlan):
    """One plan for all frames of all clips."""


CONTAINERS = {Sequential: SequentialPlan, Concatenate: ConcatenatePlan, TimeDistributed: TimeDistributedPlan}
