"""Inputs to try a layer on that says nothing about its shapes: numbers, token ids, branches, predictions."""

import copy
import inspect
from itertools import product

import numpy as np

from tinymm.backend import array_module
from tinymm.errors import ShapeError, TinymmError
from tinymm.gradchecking.structure import leaves, shapes_text
from tinymm.gradchecking.subject import CallFailed
from tinymm.layers.concatenate import Concatenate
from tinymm.layers.containers import Sequential

SHAPES = ((2, 3), (2, 4, 3), (2, 5, 4, 2), (2, 3, 5, 4, 1))
TOKENS = (2, 4)
SCORES = (3, 4)


def arrays_of(shapes, seed):
    """The one input that has the given shapes, or one of each of SHAPES."""
    rng = np.random.default_rng(seed)
    if not shapes:
        return [rng.normal(size=shape) for shape in SHAPES]
    arrays = tuple(rng.normal(size=shape) for shape in shapes)
    return [arrays if len(arrays) > 1 else arrays[0]]


def inputs_for(own, seed):
    """Inputs for an object, the likeliest first."""
    rng = np.random.default_rng(seed)
    if len(inspect.signature(own.backward).parameters) == 1:
        return list(_predictions(rng))
    built = getattr(own, "input_shape", None)
    if isinstance(built, tuple):
        first = [rng.normal(size=(3, *built)), rng.integers(0, 2, (3, *built))]
        return [*first, *arrays_of((), seed)]
    join = _join(own)
    if join is not None:
        return list(_branches(join, rng))
    return [*arrays_of((), seed), rng.integers(0, 2, TOKENS)]


def _predictions(rng):
    """(pred, target) for a loss: probabilities or scores with yes and no, numbers, or classes as the target."""
    N, K = SCORES
    p, scores = rng.dirichlet(np.full(K, 3.0), N), rng.normal(size=SCORES)
    targets = rng.integers(0, 2, SCORES).astype(float), rng.normal(size=SCORES), rng.integers(0, K, N)
    return product((p, scores), targets)


def _join(own):
    """The Concatenate that takes the input of a model, or None."""
    while isinstance(own, Sequential):
        own = next(iter(own.children.values()))
    return own if isinstance(own, Concatenate) else None


def _branches(join, rng):
    """Dicts with an input for each branch that this branch takes by itself."""
    shapes = [*((lambda shape=shape: rng.normal(size=shape)) for shape in SHAPES), lambda: rng.integers(0, 2, TOKENS)]
    fitting = {}
    for name, branch in join.children.items():
        built = getattr(branch, "input_shape", None)
        own = [lambda built=built: rng.normal(size=(2, *built)), lambda built=built: rng.integers(0, 2, (2, *built))]
        fitting[name] = [x for x in (draw() for draw in (own if built else []) + shapes) if _runs(branch, x)]
    for _, parts in zip(range(50), product(*fitting.values())):
        yield dict(zip(fitting, parts))


def _runs(branch, x):
    try:
        copy.deepcopy(branch).forward(x)
    except Exception:
        return False
    return True


def first_that_fits(subject_of, name, inputs):
    """A Subject on the first of the inputs that its forward takes, and gives finite numbers for."""
    refused, infinite, tried = None, None, []
    for x in inputs:
        ran = infinite is not None or getattr(refused, "what", "").startswith("backward")
        if ran and getattr(x, "dtype", np.dtype(float)).kind == "i":
            break  # forward takes numbers, so it need not be tried on token ids
        try:
            subject = subject_of(x)
            y = subject.output({k: a.copy() for k, a in subject.arrays.items()})
            if bool(array_module(y).isfinite(y).all()):
                return subject
            infinite = infinite or subject
        except (CallFailed, ShapeError) as error:
            refused = refused or error
            tried.append(shapes_text(leaves(x)).removeprefix("x "))
    if infinite is not None:
        return infinite
    if refused is None:
        raise TinymmError(f"{name}: a branch takes none of the inputs that were tried: use mm.gradcheck in Python")
    if getattr(refused, "what", "").startswith("backward"):
        raise refused
    raise TinymmError(
        f"{refused}; tried were {'; '.join(dict.fromkeys(tried))}; give other shapes with --shape, once for each"
        " array"
    )
