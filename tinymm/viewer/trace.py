"""A layer's, a loss's or a model's own code, run forward and backward on numbers that remember how they were made."""

import copy
from dataclasses import dataclass, field

import numpy as np

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
    ``y`` is the output; the number whose gradient everything is, is ``loss`` (a node) or Σ ``dy`` · y.
    """

    tape: Tape
    calls: list
    layers: dict  # path -> layer
    inputs: dict
    params: dict
    y: object
    dy: object = None
    loss: object = None
    target: object = None
    dinputs: dict = field(default_factory=dict)
    dparams: dict = field(default_factory=dict)
    forward_end: int = 0
    guards: list = field(default_factory=list)


def trace(layer, x, dy=None, loss=None, target=None, training=False, mask=None, limit=LIMIT):
    """Run ``layer`` on x (an array, or a dict or tuple of them as the layer takes) and back: -> Trace.

    The upstream gradient is ``dy``, shaped like the output, or what ``loss`` gives for ``target``. A Loss takes
    the layer's place with x = (prediction, target). Nothing of the layer is changed; all is computed in float64.

    Raises TooLarge when more than ``limit`` numbers are computed, and TinymmError when an operation cannot be traced.
    """
    tape = Tape(limit)
    if isinstance(layer, Loss):
        if not isinstance(x, (tuple, list)) or len(x) != 2:
            raise TinymmError(f"{type(layer).__name__} is viewed on two arrays: x=(prediction, target)")
        return _run(tape, None, {}, Recorder(tape), *x, loss=layer)
    x = _each(x, np.asarray)
    ready = _built(layer, x, training, mask)
    if ready.multiply_adds(shapes_of(x[0] if isinstance(x, tuple) else x)) * _samples(x) > limit:  # each is two numbers, and four on the way back
        raise TooLarge(f"this trace has more than {limit} numbers")
    twin, layers, params = _twin(tape, ready)
    recorder = Recorder(tape, own_files(layer))
    recorder.layers = layers
    inputs = _each(x, lambda a: leaves(tape, np.asarray(a)))
    done = Trace(tape, recorder.calls, layers, _named(inputs), params, None)
    with _errors(), recorder.watch(forward=True):
        options = {} if mask is None else {"mask": mask}
        done.y, cache = twin.forward(inputs, training=training, rng=np.random.default_rng(0), **options)
    if loss is not None:
        _run(tape, done, layers, recorder, done.y, target, loss)
        dy = done.dy
    else:
        dy = done.dy = leaves(tape, upstream(done.y.shape) if dy is None else _fitting(dy, done.y.shape))
        done.forward_end = len(tape.nodes)
    with _errors(), recorder.watch(forward=False):
        dx, grads = twin.backward(dy, cache)
    done.dinputs, done.dparams = _named(dx), grads
    done.guards = tape.guards
    return done


def upstream(shape):
    """An upstream gradient that is random, never zero, and short to write: one decimal."""
    dy = np.random.default_rng(2).normal(size=shape).round(1)
    return np.where(dy == 0, 0.5, dy)


def _run(tape, done, layers, recorder, pred, target, loss):
    """The loss, forward and backward, by itself (``done`` is None) or behind a model."""
    plain = np.asarray(pred) if done is None else np.zeros(pred.shape)
    target = loss.prepare(np.asarray(plain, dtype=float), np.asarray(target))
    if done is None:
        loss.forward(np.asarray(pred, dtype=float), target)  # its own refusals first
        pred = leaves(tape, np.asarray(pred, dtype=float))
        done = Trace(tape, recorder.calls, {}, {"pred": pred}, {}, pred)
    done.target = leaves(tape, target)
    done.layers["loss"] = loss
    with _errors(), recorder.watch(forward=True, root="loss"):
        done.loss, cache = loss.forward(pred, done.target)
    done.forward_end = len(tape.nodes)
    with _errors(), recorder.watch(forward=False, root="loss"):
        done.dy = loss.backward(cache)
    if "pred" in done.inputs:
        done.dinputs = {"pred": done.dy}
    done.guards = tape.guards
    return done


def _built(layer, x, training, mask):
    """A float64 copy of the layer, built for x, which must be what it takes."""
    ready = copy.deepcopy(layer).astype(np.float64)
    options = {} if mask is None else {"mask": mask}
    floats = _each(x, lambda a: a if (a := np.asarray(a)).dtype.kind in "iub" else a.astype(np.float64))
    ready.forward(floats, training=training, rng=np.random.default_rng(0), **options)
    return ready


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


def _samples(x):
    parts = list(x.values()) if isinstance(x, dict) else x if isinstance(x, tuple) else [x]
    return max(len(part) for part in parts)


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


class _errors:
    """What NumPy says when an operation has no traced form, as one sentence."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _):
        if kind in (TypeError, AttributeError, ValueError) and "Node" in str(error):
            raise TinymmError(f"this layer does something that the viewer cannot trace: {error}") from error
