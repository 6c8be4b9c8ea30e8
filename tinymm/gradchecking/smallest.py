"""Smaller inputs for a check that failed: the smallest that still fails, and one to diagnose."""

import numpy as np

from tinymm.gradchecking.along import Directions
from tinymm.gradchecking.comparing import normal
from tinymm.gradchecking.differences import precision
from tinymm.gradchecking.entries import Entries
from tinymm.gradchecking.kinks import away_from_kinks
from tinymm.gradchecking.shrinking import shrink
from tinymm.gradchecking.subject import LossSubject, probe

SMALL = 800  # numbers in inputs, parameters and outputs, up to which the whole Jacobian is checked
DIRECTIONS = 4  # random directions for each larger array
LENGTHS = (6, 5, 4, 3)  # to which all axes are cut before a diagnosis


def is_small(subject, y):
    """True when the whole Jacobian is cheap."""
    return sum(a.size for a in subject.arrays.values()) + y.size <= SMALL


def drawn(subject, rng):
    """The random directions of a larger subject, by array name."""
    return {k: [normal(a, rng) for _ in range(DIRECTIONS)] for k, a in subject.arrays.items()}


def inputs_of(subject):
    """All arrays that came in from outside, which must be cut together: inputs, target, mask."""
    held = {**subject.arrays, **subject.fixed}
    inputs = {k: held[k] for k in subject.inputs if k in held}
    if isinstance(subject, LossSubject):
        inputs["target"] = subject.target
    mask = getattr(subject, "given", {}).get("mask")
    return {**inputs, "mask": mask} if hasattr(mask, "shape") else inputs


def smallest(subject, failures, seed):
    """The smallest inputs on which one of the failing arrays still has a wrong gradient, as a dict."""
    return shrink(inputs_of(subject), lambda inputs: fails(subject.with_inputs(inputs), failures, seed))


def fails(subject, failures, seed):
    """True when an array in ``failures`` (Checks) has a wrong gradient, by the most exact that found one."""
    failing, rng = [k for k in subject.arrays if k in {c.array for c in failures}], np.random.default_rng(seed)
    methods = {check.method for check in failures}
    exact = "complex step" in methods or "complex step, even" in methods
    y, f = probe(subject, rng), subject.output
    epsilon = precision(f, subject.arrays, y, rng)
    directions = None if is_small(subject, y) else drawn(subject, rng)
    arrays, _ = away_from_kinks(f, subject.arrays, rng, directions, failing, epsilon)
    y = f(arrays)
    if directions is None:
        held = Entries(subject, arrays, y, rng, epsilon)
        found = (check for name in failing for check in held.by_entry(name, central=not exact))
    else:
        held = Directions(subject, arrays, y, rng, directions, epsilon)
        by = held.exact if "complex step" in methods else held.even if exact else held.of
        found = (check for name in failing for check in by(name))
    return any(not check.passed for check in found)


def cuts(subject, least=None):
    """Inputs with every axis cut to 6, to 5, ... entries (no fewer than in ``least``), and at last ``least``.

    A batch of two becomes one of three, by a mixture of both: with two samples a mean is half of a sum.
    """
    inputs = inputs_of(subject)
    for length in LENGTHS:
        cut = {}
        for k, a in inputs.items():
            floor = least[k].shape if least else (1,) * a.ndim
            cut[k] = a[tuple(slice(max(length, n)) for n in floor)]
        two = all(a.ndim and len(a) == 2 for a in cut.values())
        yield {k: three(a) for k, a in cut.items()} if two else cut
    if least:
        yield least


def three(a):
    """Two samples and a third between them, which is the first where they are no real numbers."""
    third = 0.7 * a[:1] + 0.3 * a[1:] if a.dtype.kind == "f" else a[:1]
    return np.concatenate([a, third.astype(a.dtype)]) if isinstance(a, np.ndarray) else a


def for_diagnosis(subject, engine, failures, least, seed):
    """A small subject that fails in the same arrays, and tinymm's layer for its inputs. -> subject, engine

    None, None where there is no such input.
    """
    batches = {len(a) if a.ndim else 1 for a in inputs_of(subject).values()}
    small = is_small(subject, subject.output(subject.arrays))
    if small and batches != {2}:
        return subject, engine
    names = {check.array for check in failures}
    for inputs in cuts(subject, least):
        try:
            cut = subject.with_inputs(inputs)
            if is_small(cut, cut.output(cut.arrays)) and all(
                fails(cut, [check for check in failures if check.array == name], seed) for name in names
            ):
                return cut, engine and engine.with_inputs(inputs)
        except Exception:  # the arrays no longer fit each other, or the layer refuses the shape
            continue
    return (subject, engine) if small else (None, None)
