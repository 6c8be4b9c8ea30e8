"""A layer's, a loss's or a model's own code, run forward and backward on numbers that remember how they were made."""

import copy
from dataclasses import dataclass, field

import numpy as np

from tinymm.backend import to_host
from tinymm.errors import ShapeError, TinymmError
from tinymm.layers import Container
from tinymm.layers.containers import shapes_of
from tinymm.losses import Loss
from tinymm.viewer.arrays import leaves
from tinymm.viewer.nodes import Tape, TooLarge
from tinymm.viewer.recording import Recorder, own_files

LIMIT = 16_000  # numbers in a trace that a page of 300 KB can hold


@dataclass
class Trace:
    """What was recorded: the tape, the calls in the order they began, and the arrays that went in and came out.

    ``inputs`` and ``params`` are dicts of Traced arrays by name, ``dinputs`` and ``dparams`` their gradients.
    ``y`` is the output; the number whose gradient everything is, is ``loss`` (a node) or Σ ``dy`` · y. Nodes
    from ``forward_end`` on belong to backward.
    """

    tape: Tape
    calls: list
    layers: dict  # path -> layer
    inputs: dict
    params: dict = field(default_factory=dict)
    y: object = None
    dy: object = None
    loss: object = None
    target: object = None
    dinputs: dict = field(default_factory=dict)
    dparams: dict = field(default_factory=dict)
    forward_end: int = 0


def trace(layer, x, dy=None, loss=None, target=None, training=False, mask=None, limit=LIMIT):
    """Run ``layer`` on x (an array, or a dict or tuple of them as the layer takes) and back: -> Trace.

    The upstream gradient is ``dy``, shaped like the output, or what ``loss`` gives for ``target``. A Loss takes
    the layer's place with x = (prediction, target). Nothing of the layer is changed; all is computed in float64.

    Raises TooLarge when more than ``limit`` numbers are computed, and TinymmError when an operation cannot be traced.
    """
    tape = Tape(limit)
    if isinstance(layer, Loss):
        return _trace_loss(tape, layer, x)
    x, dy, target, mask = (None if a is None else _each(to_host(a), np.asarray) for a in (x, dy, target, mask))
    options = {"training": training, "mask": mask}
    ready = _built(layer, x, options)
    _refuse_much_too_large(ready, x, limit)
    twin, layers, params = _twin(tape, ready)
    recorder = Recorder(tape, layers, own_files(layer))
    inputs = _each(x, lambda a: leaves(tape, a))
    done = Trace(tape, recorder.calls, layers, _named(inputs), params)
    with recorder.watch(forward=True):
        done.y, cache = twin.forward(inputs, rng=np.random.default_rng(0), **options)
    if loss is None:
        done.dy = leaves(tape, upstream(done.y.shape) if dy is None else _fitting(dy, done.y.shape))
        done.forward_end = len(tape.nodes)
    else:
        _through_loss(done, recorder, loss, done.y, loss.prepare(np.zeros(done.y.shape), target))
    with recorder.watch(forward=False):
        dx, done.dparams = twin.backward(done.dy, cache)
    done.dinputs = _named(dx)
    return done


def upstream(shape):
    """An upstream gradient that is random, never zero, and short to write: one decimal."""
    dy = np.random.default_rng(2).normal(size=shape).round(1)
    return np.where(dy == 0, 0.5, dy)


def _trace_loss(tape, loss, x):
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise TinymmError(f"{type(loss).__name__} is viewed on two arrays: x=(prediction, target)")
    pred, target = np.asarray(to_host(x[0]), dtype=float), np.asarray(to_host(x[1]))
    target = loss.prepare(pred, target)
    pred = leaves(tape, pred)
    layers = {}
    recorder = Recorder(tape, layers)
    done = Trace(tape, recorder.calls, layers, {"pred": pred}, y=pred)
    _through_loss(done, recorder, loss, pred, target)
    done.dinputs = {"pred": done.dy}
    return done


def _through_loss(done, recorder, loss, pred, target):
    """From the prediction to the loss, and the gradient back to the prediction."""
    done.target, done.layers["loss"] = leaves(done.tape, target), loss
    with recorder.watch(forward=True, root="loss"):
        done.loss, cache = loss.forward(pred, done.target)
    done.forward_end = len(done.tape.nodes)
    with recorder.watch(forward=False, root="loss"):
        done.dy = loss.backward(cache)


def _built(layer, x, options):
    """A float64 copy of the layer, built for x, which must be what it takes."""
    ready = copy.deepcopy(layer).to("cpu").astype(np.float64)
    floats = _each(x, lambda a: a if a.dtype.kind in "iub" else a.astype(np.float64))
    ready.forward(floats, rng=np.random.default_rng(0), **options)
    return ready


def _refuse_much_too_large(layer, x, limit):
    """What cannot fit is not even tried: each multiply-add is two numbers, and four on the way back."""
    parts = list(x.values()) if isinstance(x, dict) else x if isinstance(x, tuple) else [x]
    shapes = shapes_of(x[0] if isinstance(x, tuple) else x)
    if layer.multiply_adds(shapes) * max(map(len, parts)) > limit:
        raise TooLarge(f"this trace has more than {limit} numbers")


def _twin(tape, layer):
    """The layer with traced parameters: -> (twin, its layers by path, its traced parameters by path)."""
    copies = {}

    def trace_layer(own):
        if id(own) not in copies:
            twin = copy.copy(own)
            twin.kinds = own.kinds + "O"  # an array of nodes is an array of objects
            twin.params = {name: leaves(tape, a) for name, a in own.params.items()}
            twin.state = {name: leaves(tape, a) for name, a in own.state.items()}
            copies[id(own)] = twin
        return copies[id(own)]

    if not isinstance(layer, Container):
        twin = trace_layer(layer)
        return twin, {"": twin}, {**twin.params, **twin.state}
    twin = layer.map_layers(trace_layer)
    layers = {}
    for path, own in _by_path(twin):
        layers.setdefault(path, own)  # a Concatenate without a number, not the Sequential around it
    return twin, layers, {**twin.params, **twin.state}


def _by_path(container, path=""):
    for name, child in container.children.items():
        own = f"{path}.{name}".strip(".")
        yield from _by_path(child, own) if isinstance(child, Container) else [(own, child)]
    yield path, container


def _each(x, change):
    if isinstance(x, dict):
        return {name: _each(part, change) for name, part in x.items()}
    return tuple(_each(part, change) for part in x) if isinstance(x, tuple) else change(x)


def _named(x, name="x"):
    """The arrays of an input as a flat dict by name; the states of a recurrent layer are h0 and c0."""
    if isinstance(x, dict):
        return {key: a for part in x for key, a in _named(x[part], part).items()}
    if isinstance(x, tuple):
        return {key: a for k, part in enumerate(x) for key, a in _named(part, (name, "h0", "c0")[k]).items()}
    return {} if x is None else {name: x}


def _fitting(dy, shape):
    dy = np.asarray(dy, dtype=float)
    if dy.shape != shape:
        raise ShapeError(f"dy has the shape {dy.shape} and the layer's output {shape}: give one number for each output")
    return dy
