"""What a wrong gradient looks like: it is compared with what typical mistakes would have given.

First with the mistakes anybody makes (``mistakes``), then with single mistakes planted into tinymm's own
backward of the same name (``mutants``). Everything must agree for two different upstream gradients.
"""

import contextlib

import numpy as np

from tinymm.backend import array_module, to_host
from tinymm.errors import TinymmError
from tinymm.gradchecking.differences import slopes
from tinymm.gradchecking.mistakes import MISTAKES, Evidence
from tinymm.gradchecking.smallest import cuts, is_small
from tinymm.gradchecking.subject import WrongShape

AGREES = 1e-6  # the most that central differences are off, as a share of an entry
ROUNDING = 1e-10  # and of the largest entry
CODE = 60  # letters of a line of code that a sentence can carry


def diagnose(subject, failing, engine=None, functions=(), seed=0):
    """Sentences on the gradients ``failing`` (names) of a Subject.

    engine is a Subject of tinymm's own layer with the same arrays, functions its backward functions.
    """
    rng = np.random.default_rng(seed + 1)
    evidence = [list(gather(subject, failing, rng)) for _ in range(2)]
    found, open_questions = [], False
    for pair in zip(*evidence):
        sentence = usual_mistake(pair)
        if sentence:
            found.append(f"the gradient of {pair[0].name}: {sentence}")
        open_questions = open_questions or not sentence or "times the right value" in sentence
    if engine is not None and open_questions:
        found += planted_mistake(subject, engine, functions, rng)
    return found


def gather(subject, failing, rng):
    """The Evidence on each failing array for one random dy, by the most exact derivatives there are."""
    arrays = subject.arrays
    y, cache = subject.forward(arrays)
    dy = array_module(y).asarray(rng.normal(size=y.shape))
    got = subject.backward(dy, cache)
    found = {k: slopes(subject.output, arrays, k).best for k in arrays}

    def pull(dy, name):
        return (np.asarray(dy).ravel() @ to_host(found[name])).reshape(arrays[name].shape)

    host = {k: to_host(a) for k, a in arrays.items()}
    right = {k: pull(to_host(dy), k) for k in arrays}
    for name in failing:
        yield Evidence(
            name, to_host(got[name]), right[name], np.asarray(to_host(dy)), np.asarray(to_host(y)),
            lambda dy, name=name: pull(dy, name), right, host,
            {k: np.asarray(to_host(a)) for k, a in subject.fixed.items() if a.dtype.kind in "iu"},
        )  # fmt: skip


def usual_mistake(evidence):
    """The first sentence of ``mistakes`` that holds for every piece of evidence, or None."""
    for mistake in MISTAKES:
        agreeing = [
            {s for s, array in mistake(e) if agree(array, e.got) and not agree(array, e.right)} for e in evidence
        ]
        for sentence, _ in mistake(evidence[0]):
            if all(sentence in sentences for sentences in agreeing):
                return sentence
    return None


def planted_mistake(subject, engine, functions, rng):
    """The first mutant of tinymm's backward with the subject's wrong arrays, as one sentence in a list."""
    from tinymm.gradchecking.mutants import mutants_of, planted

    y = subject.output(subject.arrays)
    upstream = [array_module(y).asarray(rng.normal(size=y.shape)) for _ in range(2)]
    wrong = [subject.gradients(subject.arrays, dy) for dy in upstream]
    for function in functions:
        for mutant in mutants_of(function):
            with planted(function, mutant):
                same = _gives(engine, subject.arrays, upstream, wrong)
            if same:
                code = f"`{mutant.after}` for `{mutant.before}` in " if len(mutant.before) < CODE else ""
                return [f"{mutant.message} (as {code}{function.__module__}, line {mutant.line})"]
    return []


def _gives(engine, arrays, upstream, wrong):
    try:
        for dy, gradients in zip(upstream, wrong):
            planted = engine.gradients(arrays, dy)
            if not all(agree(to_host(planted[k]), to_host(g)) for k, g in gradients.items()):
                return False
    except Exception:  # many mutants do not run through
        return False
    return True


def diagnose_shape(subject, seed=0):
    """What a gradient of the wrong shape lacks, as a sentence, or "" when nothing typical makes it right."""
    subject, rng = _cut(subject), np.random.default_rng(seed)
    y, cache = subject.forward(subject.arrays)
    dy = array_module(y).asarray(rng.normal(size=y.shape))
    try:
        subject.backward(dy, cache)
    except WrongShape as error:
        got, name = to_host(error.gradient), error.array
    except TinymmError:
        return ""
    right = to_host((dy.ravel() @ slopes(subject.output, subject.arrays, name).best).reshape(subject.arrays[name].shape))
    for axes in (0, (0, 1), 1, (0, 1, 2), (0, 2)):
        if got.ndim > np.max(axes) and agree(got.sum(axis=axes), right):
            named = "the batch" if axes == 0 else "batch and time" if axes == (0, 1) and y.ndim == 3 else ""
            lacks = f"d{name} equals the right one without the sum over {named or 'these axes'}"
            place = f"axis {axes}{f' ({named})' if named else ''}"
            return f"summed over {place} the gradient of {name} would be right: {lacks}"
    if agree(got.T, right):
        return f"transposed the gradient of {name} would be right"
    if got.size == right.size and agree(got.reshape(right.shape), right):
        return (
            f"the numbers of the gradient of {name} are right, only their shape is not: reshape it to"
            f" {right.shape}"
        )
    return ""


def _cut(subject):
    """The subject on fewer numbers, if it is large and runs on them."""
    if not is_small(subject, subject.output(subject.arrays)):
        for inputs in cuts(subject):
            with contextlib.suppress(Exception):
                small = subject.with_inputs(inputs)
                if is_small(small, small.output(small.arrays)):
                    return small
    return subject


def agree(a, b):
    """True when two arrays of one shape differ in no entry by more than central differences are off.

    Each entry is measured by itself, since a mistake may lie in the small ones alone.
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return False
    size = np.maximum(abs(a), abs(b))
    return bool((abs(a - b) <= AGREES * size + ROUNDING * size.max(initial=0.0)).all())
