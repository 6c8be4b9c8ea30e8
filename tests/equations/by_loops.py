"""Whole layers and containers run by the loops of ``tinymm.equations`` instead of the textbook's code."""

import numpy as np

import tinymm as mm
from tinymm import equations
from tinymm.layers.pool import Pool


def pair(name):
    """The loops' forward and backward of a layer."""
    return getattr(equations, f"{name}_forward"), getattr(equations, f"{name}_backward")


def run(layer, x, training=False, mask=None, rng=None):
    """y, and a function from dy to (dx, grads), grads keyed like layer.params."""
    if isinstance(layer, mm.Sequential):
        return sequential(layer, x, training, mask, rng)
    if isinstance(layer, mm.Concatenate):
        return concatenate(layer, x, training, mask, rng)
    if isinstance(layer, mm.TimeDistributed):
        return timedistributed(layer, x, training, rng)
    return leaf(layer, x, training, mask, rng)


def leaf(layer, x, training, mask, rng):
    """A layer that holds no others."""
    name = type(layer).__name__.lower()
    forward, backward = pair(name)
    inputs, options, extra = (x if isinstance(x, tuple) else (x,)), {}, {}
    if isinstance(layer, (mm.Conv1D, mm.Conv2D)):
        options = {"stride": layer.stride, "padding": layer.padding}
    if isinstance(layer, Pool):
        options = {"size": layer.pool_size, "stride": layer.stride, "padding": layer.padding}
    if isinstance(layer, (mm.BatchNorm, mm.LayerNorm)):
        options = {"epsilon": layer.epsilon}
    if isinstance(layer, mm.BatchNorm) and not training:
        options.update(layer.state)
    if isinstance(layer, (mm.LSTM, mm.RNN)) or (name.startswith("global") and x.ndim == 3):
        options = {"mask": mask}
    if isinstance(layer, mm.Dropout):
        if not training or layer.rate == 0:
            return x, lambda dy: (dy, {})
        options = {"rate": layer.rate, "seed": int(rng.integers(2**63))}
    if isinstance(layer, mm.Embedding):
        extra = {"padding_id": layer.padding_id}
    first, *states = inputs
    y, cache = forward(first, *layer.params.values(), *states, **options)
    last = isinstance(layer, (mm.LSTM, mm.RNN)) and not layer.return_sequences

    def back(dy):
        if last:
            dh = np.zeros(y.shape)
            dh[:, -1] = dy
        found = backward(dh if last else dy, cache, **extra)
        found = list(found) if isinstance(found, (tuple, list)) else [found]
        dx = None if isinstance(layer, mm.Embedding) else found.pop(0)
        grads = dict(zip(layer.params, found))
        dstates = found[len(layer.params) :][: len(states)]
        return (dx, *dstates) if states else dx, grads

    return y[:, -1] if last else y, back


def sequential(layer, x, training, mask, rng):
    backs = []
    for name, child in layer.children.items():
        y, back = run(child, x, training, mask, rng)
        backs.append((name, back))
        mask, x = child.output_mask(x, mask), y

    def backward(dy):
        grads = []
        for name, back in reversed(backs):
            dy, own = back(dy)
            grads.append((name, own))
        return dy, total(layer, grads)

    return x, backward


def concatenate(layer, x, training, mask, rng):
    rngs = dict(zip(layer.children, rng.spawn(len(layer.children))))
    ran = {k: run(c, x[k], training, (mask or {}).get(k), rngs[k]) for k, c in layer.children.items()}
    forward, backward = pair("concatenate")
    y, cache = forward([y for y, _ in ran.values()])

    def back(dy):
        parts = {k: own(d) for (k, (_, own)), d in zip(ran.items(), backward(dy, cache))}
        return {k: dx for k, (dx, _) in parts.items()}, total(layer, [(k, g) for k, (_, g) in parts.items()])

    return y, back


def timedistributed(layer, x, training, rng):
    forward, backward = pair("timedistributed")
    child = layer.children["layer"]
    y, cache = forward(x, lambda frame: run(child, frame, training, None, rng))

    def back(dy):
        dx, grads = backward(dy, cache, lambda dy, own: own(dy))
        return dx, total(layer, [("layer", grads)])

    return y, back


def total(layer, grads):
    """Gradients by the container's own paths; of a layer used twice, their sum."""
    paths = {id(a): path for path, a in layer.params.items()}
    found = {}
    for name, own in grads:
        for key, g in own.items():
            path = paths[id(layer.children[name].params[key])]
            found[path] = found[path] + g if path in found else g
    return found
