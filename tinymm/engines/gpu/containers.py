"""Plans of containers: layers that share a kernel are found.

Branches do not depend on each other, so each runs on a stream of its own: while a few blocks walk through the LSTM's
steps, the convolutions have the rest of the GPU.
"""

import math

import cupy
from cupy.cuda.memory import OutOfMemoryError

from tinymm import errors
from tinymm.engines.containers import ConcatenateWalk, SequentialWalk, TimeDistributedWalk
from tinymm.engines.gpu.conv import MOST_PLACES, ConvPlan
from tinymm.engines.gpu.dense import DensePlan
from tinymm.engines.gpu.dropout import DropoutPlan
from tinymm.engines.gpu.embedding import EmbeddingPlan
from tinymm.engines.gpu.memory import GpuMemoryError
from tinymm.engines.gpu.plan import Plan, TextbookPlan
from tinymm.engines.gpu.product import RELU, SIGMOID, TANH
from tinymm.engines.gpu.recurrent import MOST_UNITS, LSTMPlan, RNNPlan
from tinymm.layers import (
    LSTM,
    RNN,
    Concatenate,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
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
RECURRENT = {LSTM: LSTMPlan, RNN: RNNPlan}
ACTIVATIONS = {ReLU: RELU, Sigmoid: SIGMOID, Tanh: TANH}


def make_plan(layer, shape, around, out=None):
    """The plan of a layer for inputs of ``shape`` (with the batch axis; a dict for Concatenate)."""
    kind = type(layer)
    if kind in CONTAINERS and layer.children:
        return CONTAINERS[kind](layer, shape, around, out)
    if kind in RECURRENT and layer.units <= MOST_UNITS:
        return RECURRENT[kind](layer, shape, around, out)
    return SINGLE.get(kind, TextbookPlan)(layer, shape, around, out)


def fused(layers, shape, around, out):
    """A plan for the first few of ``layers`` together: -> plan, how many."""
    kinds = [type(layer) for layer in layers[:3]]
    if kinds[0] is Dense and len(kinds) > 1 and kinds[1] in ACTIVATIONS:
        return DensePlan(layers[0], shape, around, out if len(layers) == 2 else None, ACTIVATIONS[kinds[1]]), 2
    if kinds[0] not in (Conv1D, Conv2D):
        return make_plan(layers[0], shape, around, out if len(layers) == 1 else None), 1
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


def told_by(name, work, *arguments):
    """Do a child's work; an error on the way, of memory too, is told with the child's name in front."""
    try:
        return errors.told_by(name, work, *arguments)
    except OutOfMemoryError as error:
        raise GpuMemoryError(str(error)).within(name) from None


class ContainerPlan(Plan):
    """What plans of containers share: children by name, and errors that say in which child they arose."""

    told_by, make, fused = staticmethod(told_by), staticmethod(make_plan), staticmethod(fused)

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


class SequentialPlan(SequentialWalk, ContainerPlan):
    """Plan after plan."""

    def check(self, x):
        name, plan = next(iter(self.plans.items()))
        self.told_by(name, plan.check, x)


class ConcatenatePlan(ConcatenateWalk, ContainerPlan):
    """Branches side by side, the first on the current stream and the others on their own."""

    def prepare(self):
        super().prepare()
        self.streams = {name: cupy.cuda.Stream(non_blocking=True) for name in list(self.plans)[1:]}

    def check(self, x):
        for name, plan in self.plans.items():
            self.told_by(name, plan.check, x[name])

    def draw(self, rng, seeds):
        for plan, own in zip(self.plans.values(), rng.spawn(len(self.plans))):
            plan.draw(own, seeds)

    def forward(self, x, mask):
        self.side_by_side(lambda name, plan: plan.forward(x[name], None))
        return self.y

    def side_by_side(self, work):
        here = cupy.cuda.get_current_stream()
        begin, ends = here.record(), []
        for name, stream in self.streams.items():
            stream.wait_event(begin)
            with stream:
                self.told_by(name, work, name, self.plans[name])
                ends.append(stream.record())
        first = next(iter(self.plans))
        self.told_by(first, work, first, self.plans[first])
        for end in ends:
            here.wait_event(end)


class TimeDistributedPlan(TimeDistributedWalk, ContainerPlan):
    """One plan for all frames of all clips."""


CONTAINERS = {Sequential: SequentialPlan, Concatenate: ConcatenatePlan, TimeDistributed: TimeDistributedPlan}
