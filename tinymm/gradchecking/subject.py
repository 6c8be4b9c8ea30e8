"""What is checked, seen as one function of named arrays: functions, a loss, or (``layer_subject``) a layer.

Whoever wrote it may have made any mistake. Each has one sentence here that names the function and what was
expected of it.
"""

import contextlib
import inspect
import traceback
from pathlib import Path

import numpy as np

from tinymm.backend import array_module
from tinymm.errors import TinymmError
from tinymm.gradchecking.structure import is_real, leaves, rebuilt, retyped, same_bits

HERE = str(Path(__file__).parent)


class Subject:
    """A function of the real ``arrays`` (float64, by name) with a hand-written gradient.

    ``forward(arrays)`` -> y, cache. ``backward(dy, cache)`` -> a dict with a gradient for every array.
    ``fixed`` are the arrays without a gradient, ``inputs`` the names of those that came in as x, ``frozen``
    the row of an array that is meant to get none, ``notes`` what was done to the arrays.
    """

    name = "the subject"
    notes = ()
    frozen = {}

    def take(self, x, name="x"):
        """Sort the arrays of an input into ``arrays`` and ``fixed``."""
        for key, a in leaves(x, name).items():
            if not hasattr(a, "dtype") or a.dtype.kind not in "fiub":
                kind = a.dtype if hasattr(a, "dtype") else f"a {type(a).__name__}"
                raise TinymmError(
                    f"{key} is {kind}: {self.name} is checked on arrays of real numbers or token ids"
                )
            if a.size == 0:
                raise TinymmError(
                    f"{key} is empty, {tuple(a.shape)}: {self.name} needs at least one number to check"
                )
            if is_real(a):
                if not bool(array_module(a).isfinite(a).all()):
                    raise TinymmError(
                        f"{key} holds NaN or infinity: {self.name} can only be checked at finite numbers"
                    )
                a = a.astype(np.float64)
            (self.arrays if is_real(a) else self.fixed)[key] = a

    def output(self, arrays):
        """y alone."""
        return self.forward(arrays)[0]

    def gradients(self, arrays, dy):
        """The gradients backward gives for dy."""
        y, cache = self.forward(arrays)
        return self.backward(dy, cache)

    def unpack(self, result):
        """y, cache from what forward returned, which must be just that."""
        if not isinstance(result, tuple) or len(result) != 2:
            raise TinymmError(f"forward of {self.name} returns {in_words(result)}: it must return (y, cache)")
        y, cache = result
        if not hasattr(y, "dtype"):
            y = np.asarray(y) if isinstance(y, (float, complex)) else y
        if not hasattr(y, "dtype") or y.dtype.kind not in "fc":
            kind = f"an array of {y.dtype}" if hasattr(y, "dtype") else in_words(y)
            raise TinymmError(
                f"forward of {self.name} gives {kind} for y: it must be an array of floating-point numbers"
            )
        return y, cache

    def fitting(self, name, gradient):
        """The gradient as an array with the shape of what it belongs to."""
        array = self.arrays[name]
        if gradient is None:
            raise TinymmError(
                f"backward of {self.name} returns None for {name}: it must return an array {array.shape}"
            )
        if not hasattr(gradient, "dtype"):
            gradient = array_module(array).asarray(gradient)
        if gradient.dtype.kind not in "fc":
            raise TinymmError(
                f"backward of {self.name} returns {gradient.dtype} for {name}: it must be floating point"
            )
        if gradient.shape != array.shape:
            raise WrongShape(self.name, name, gradient, array.shape)
        return gradient


class WrongShape(TinymmError):
    """A gradient does not have the shape of its array. ``gradient`` is kept, so that it can be diagnosed."""

    def __init__(self, subject, array, gradient, shape):
        self.subject, self.array, self.gradient, self.shape = subject, array, gradient, shape
        super().__init__(
            f"backward of {subject} returns a gradient {tuple(gradient.shape)} for {array}: "
            f"it must have the shape of {array}, {tuple(shape)}"
        )


class CallFailed(TinymmError):
    """Somebody else's code raised an error. ``what`` says which call it was."""

    def __init__(self, what, error):
        frames = traceback.extract_tb(error.__traceback__)
        theirs = [f for f in frames if not any(part in f.filename for part in ("site-packages", HERE, "<"))]
        place = f" ({Path(theirs[-1].filename).name}, line {theirs[-1].lineno})" if theirs else ""
        self.what = what
        super().__init__(f"{what} fails with {type(error).__name__}: {error}{place}")


@contextlib.contextmanager
def calling(what):
    """An error inside somebody else's code, as one sentence with its file and line."""
    try:
        yield
    except TinymmError:
        raise
    except (Exception, SystemExit) as error:
        raise CallFailed(what, error) from None


def in_words(value):
    """What a function returned, for a sentence."""
    if isinstance(value, tuple):
        return f"{len(value)} value{'s' * (len(value) != 1)}"
    return "None" if value is None else "an array" if hasattr(value, "dtype") else f"a {type(value).__name__}"


class PairSubject(Subject):
    """A plain pair: forward(*arrays, **options) -> (y, cache), backward(dy, cache) -> one gradient each."""

    def __init__(self, pair, x, params=None, options=None, name=None):
        self.pair, self.x, self.options = pair, x if isinstance(x, tuple) else (x,), options or {}
        self.name = name or pair[0].__name__.removesuffix("_forward")
        self.arrays, self.fixed = {}, {}
        self.x += tuple((params or {}).values())
        self.names = self._argument_names(params or {})
        for argument, value in zip(self.names, self.x):
            self.take(value, argument)
        self.inputs = [*self.arrays, *self.fixed]

    def _argument_names(self, params):
        try:
            signature = inspect.signature(self.pair[0]).parameters.values()
        except ValueError:  # a function written in C
            signature = ()
        positional = [p.name for p in signature if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        several = any(p.kind is p.VAR_POSITIONAL for p in signature) or not signature
        if len(positional) < len(self.x) and several:
            positional += [f"x{k}" for k in range(len(positional), len(self.x))]
        if len(positional) < len(self.x):
            raise TinymmError(
                f"forward of {self.name} takes {len(positional)} arguments and was given {len(self.x)} arrays"
            )
        self.optional = len(positional) - len(self.x)
        return positional[: len(self.x)]

    def forward(self, arrays):
        dtype = np.result_type(np.float64, *(a.dtype for a in arrays.values()))
        held = {**self.fixed, **arrays}
        xs = [
            rebuilt(value, {k: retyped(a, dtype) for k, a in held.items()}, argument)
            for argument, value in zip(self.names, self.x)
        ]
        with calling(f"forward of {self.name}"):
            return self.unpack(self.pair[0](*xs, **self.options))

    def backward(self, dy, cache):
        with calling(f"backward of {self.name}"):
            result = self.pair[1](dy, cache)
        results = list(leaves(result).values()) if isinstance(result, (tuple, list, dict)) else [result]
        everything = [key for n, value in zip(self.names, self.x) for key in leaves(value, n)]
        if len(results) != len(self.arrays) and len(results) >= len(everything):
            spare = len(results) - len(everything)
            if spare <= self.optional:
                return {k: self.fitting(k, g) for k, g in zip(everything, results) if k in self.arrays}
        if len(results) != len(self.arrays):
            raise TinymmError(
                f"backward of {self.name} returns {len(results)} gradient{'s' * (len(results) != 1)} for"
                f" {', '.join(self.arrays)}: return one for each array of numbers, in the order of forward's"
                " arguments"
            )
        return {name: self.fitting(name, g) for name, g in zip(self.arrays, results)}

    def with_inputs(self, inputs):
        """The same pair on other arrays."""
        x = tuple(rebuilt(value, inputs, n) for n, value in zip(self.names, self.x))
        return PairSubject(self.pair, x, options=self.options, name=self.name)


class LossSubject(Subject):
    """A loss: forward(pred, target) -> (J, cache), backward(cache) -> dpred. x is (pred, target)."""

    def __init__(self, loss, x, name=None):
        if not isinstance(x, (tuple, list)) or len(x) != 2:
            raise TinymmError(f"{type(loss).__name__} is a loss: give gradcheck x = (pred, target)")
        self.loss, self.name = loss, name or type(loss).__name__
        self.arrays, self.fixed = {}, {}
        self.take(x[0], "pred")
        if "pred" not in self.arrays:
            raise TinymmError(
                f"pred of {self.name} holds {x[0].dtype}: predictions are floating-point numbers"
            )
        self.target, self.inputs = x[1], ["pred", "target"]

    def forward(self, arrays):
        with calling(f"forward of {self.name}"):
            return self.unpack(self.loss.forward(arrays["pred"], self.target))

    def backward(self, dy, cache):
        with calling(f"backward of {self.name}"):
            dpred = self.loss.backward(cache)
        return {"pred": self.fitting("pred", dpred) * dy}

    def with_inputs(self, inputs):
        if inputs["pred"].shape[:1] != inputs["target"].shape[:1]:
            raise TinymmError(f"pred is {inputs['pred'].shape} and the target {inputs['target'].shape}")
        return LossSubject(self.loss, (inputs["pred"], inputs["target"]), self.name)


def probe(subject, rng):
    """Run both passes twice and raise TinymmError for what no gradient check can be built on. -> y

    NaN in y, a pass that writes to what it was given, a forward that is not the same twice, a backward
    that leaves its cache changed.
    """
    arrays, name = subject.arrays, subject.name
    before = {k: a.copy() for k, a in {**arrays, **subject.fixed}.items()}
    y, cache = subject.forward(arrays)
    xp = array_module(y)
    if y.size == 0:
        raise TinymmError(f"forward of {name} gives an empty y, {tuple(y.shape)}: give it a larger input")
    if not bool(xp.isfinite(y).all()):
        index = tuple(int(i) for i in xp.argwhere(~xp.isfinite(xp.atleast_1d(y)))[0])
        raise TinymmError(
            f"forward of {name} gives {float(xp.atleast_1d(y)[index])} at y{list(index)}: every y must be"
            " finite"
        )
    _unchanged(subject, before, "forward")
    if not same_bits(subject.forward(arrays)[0], y):
        raise TinymmError(
            f"forward of {name} gives other numbers the second time: draw random numbers from the rng it is"
            " given, or from a fixed seed"
        )
    dy = xp.asarray(rng.normal(size=y.shape))
    kept = dy.copy()
    first = {k: g.copy() for k, g in subject.backward(dy, cache).items()}
    _unchanged(subject, before, "backward")
    if not same_bits(dy, kept):
        raise TinymmError(f"backward of {name} writes to dy: it must work on a copy")
    again = subject.backward(dy, cache)
    for key, g in first.items():
        if not same_bits(again[key], g):
            raise TinymmError(
                f"a second backward of {name} gives another gradient for {key}: it must change neither its cache"
                " nor its parameters"
            )
    return y


def _unchanged(subject, before, way):
    for key, a in {**subject.arrays, **subject.fixed}.items():
        if not same_bits(a, before[key]):
            raise TinymmError(f"{way} of {subject.name} writes to its input {key}: it must work on a copy")
