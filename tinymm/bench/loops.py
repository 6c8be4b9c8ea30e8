"""The equations' loops as a contestant: timed at a tiny size, and scaled up by the number of operations.

At the size of the others a pass of loops takes minutes to hours. What a loop costs is the number of times it goes
round, and that is known: each layer's time is multiplied by how much more it would have to do.
"""

import math
from time import perf_counter

import numpy as np

import tinymm as mm
from tinymm import equations
from tinymm.bench import counts
from tinymm.bench.works import LayerWork, LossWork
from tinymm.layers import BatchNorm, Concatenate, Sequential


def measure(work, passes=2):
    """-> {"forward": seconds, "backward": seconds} of ``work``, from the fastest of some passes at its tiny size."""
    once = _loss if isinstance(work, LossWork) else _model
    return min((once(work) for _ in range(passes)), key=lambda seconds: sum(seconds.values()))


def _model(work):
    seconds = {"forward": 0.0, "backward": 0.0}
    model, x, targets = _subject(work.tiny)
    is_layer = isinstance(work, LayerWork)
    full, dx = (work.layer(), work.dx) if is_layer else (work.model()[0], False)
    wanted = counts.leaves(full, _shape(work), dx)
    there = counts.leaves(model, _shape(work.tiny), dx)
    factors = {id(leaf.layer): _factors(leaf, goal) for leaf, goal in zip(there, wanted, strict=True)}
    y, back = forward(model, x, factors, seconds)
    back(targets if is_layer else _binary(y, targets))
    return seconds


def forward(layer, x, factors, seconds):
    """-> y, and a function that takes dy through the layer to dx. The scaled time of every layer inside is added up."""
    if isinstance(layer, Sequential):
        backs = []
        for child in layer.children.values():
            x, back = forward(child, x, factors, seconds)
            backs.append(back)
        return x, lambda dy: _through(reversed(backs), dy)
    if isinstance(layer, Concatenate):
        ys, backs = zip(*(forward(child, x[name], factors, seconds) for name, child in layer.children.items()))
        y, cache = equations.concatenate_forward(ys)
        parts = equations.concatenate_backward
        return y, lambda dy: [back(part) for back, part in zip(backs, parts(dy, cache))]
    run, run_back = _pair(layer)
    y, cache = _timed("forward", factors[id(layer)][0], seconds, lambda: run(x))
    return y, lambda dy: _timed("backward", factors[id(layer)][1], seconds, lambda: run_back(dy, cache))


def _pair(layer):
    """The two functions of the equations that do what ``layer`` does: x -> y, cache;  dy, cache -> dx."""
    name, params = type(layer).__name__.lower(), layer.params
    run, back = (getattr(equations, f"{name}_{way}") for way in ("forward", "backward"))
    if isinstance(layer, (mm.MaxPool1D, mm.MaxPool2D)):
        return lambda x: run(x, layer.pool_size, layer.stride, layer.padding), back
    if isinstance(layer, (mm.Conv1D, mm.Conv2D)):
        return lambda x: run(x, **params, stride=layer.stride, padding=layer.padding), lambda *a: back(*a)[0]
    if isinstance(layer, mm.LSTM):
        return lambda x: _last_state(run, x, params), lambda dh, cache: back(_at_the_end(dh, cache), cache)[0]
    if isinstance(layer, (mm.Dense, BatchNorm)):
        return lambda x: run(x, **params), lambda *a: back(*a)[0]
    return (lambda x: run(x, **params)), back


def _last_state(run, x, params):
    h, cache = run(x, **params)
    return h[:, -1], cache


def _at_the_end(dh, cache):
    x = cache[0]
    everywhere = np.zeros((*x.shape[:2], dh.shape[-1]), dh.dtype)
    everywhere[:, -1] = dh
    return everywhere


def _subject(tiny):
    """Model, input and upstream gradient or targets."""
    if isinstance(tiny, LayerWork):
        return tiny.layer(), *tiny.arrays()
    return tiny.model()[0], *tiny.arrays()


def _shape(work):
    if isinstance(work, LayerWork):
        return work.shape
    return {name: (work.batch, *shape) for name, shape in work.shapes.items()}


def _factors(leaf, goal):
    """How many times more the loops of ``goal`` go round, forward and backward. Without arithmetic, numbers count."""
    numbers = math.prod(goal.y) / math.prod(leaf.y)
    return [g / f if f else numbers for f, g in zip(leaf.flops, goal.flops)]


def _binary(p, t):
    _, cache = equations.binary_cross_entropy_forward(p, t)
    return equations.binary_cross_entropy_backward(cache)


def _loss(work):
    """These loops go round for every pair of classes."""
    seconds, tiny = {"forward": 0.0, "backward": 0.0}, work.tiny
    z, t = tiny.arrays()
    rows = work.rows / tiny.rows
    one_hot = np.eye(tiny.classes, dtype=z.dtype)[t]
    _, cache = _timed("forward", rows * work.classes / tiny.classes, seconds,
                      lambda: equations.cross_entropy_logits_forward(z, one_hot))  # fmt: skip
    _timed("backward", rows * (work.classes / tiny.classes) ** 2, seconds,
           lambda: equations.cross_entropy_logits_backward(cache))  # fmt: skip
    return seconds


def _timed(phase, factor, seconds, call):
    start = perf_counter()
    result = call()
    seconds[phase] += factor * (perf_counter() - start)
    return result


def _through(backs, dy):
    for back in backs:
        dy = back(dy)
    return dy
