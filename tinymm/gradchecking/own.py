"""A learner's own layer: checked like the engine's, compared with the engine's, and its mistake named."""

import warnings

import numpy as np

from tinymm.backend import array_module
from tinymm.errors import TinymmError
from tinymm.gradchecking.check import report_on
from tinymm.gradchecking.comparing import EXACT, compare
from tinymm.gradchecking.diagnosis import diagnose, diagnose_shape
from tinymm.gradchecking.loading import load
from tinymm.gradchecking.methods import EPSILON
from tinymm.gradchecking.smallest import for_diagnosis
from tinymm.gradchecking.subject import WrongShape
from tinymm.gradchecking.trials import layer_trials, pair_trials

SAME = 100 * EXACT  # allowed between two ways to sum up the same numbers


def check_own(word, shapes=(), seed=0):
    """The Reports on ``path/to/file.py:Name``, one for each of the engine's cases that fits it.

    shapes: those of the inputs, where tinymm has no layer of that name to take them from.
    """
    thing, name = load(word)
    key = word.rpartition(":")[2]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        trials = list(
            (pair_trials if isinstance(thing, tuple) else layer_trials)(thing, key, name, shapes, seed)
        )
        return [judge(trial, seed) for trial in trials]


def judge(trial, seed):
    """The Report on one Trial, with the comparison and, when something is wrong, the diagnosis."""
    subject = trial.subject
    try:
        report = report_on(subject, seed)
    except WrongShape as error:
        hint = diagnose_shape(subject, seed)
        raise TinymmError(f"{error}{f'; {hint}' if hint else ''}") from None
    report.notes += trial.notes
    failures = report.failures
    if trial.engine is not None:
        compare_with_engine(report, trial)
    if failures:
        failing = list(dict.fromkeys(check.array for check in failures))
        subject, engine = for_diagnosis(subject, trial.engine, failures, report.least, seed)
        if subject is not None:
            report.diagnosis = diagnose(subject, failing, engine, trial.functions, seed)
    return report


def compare_with_engine(report, trial):
    """Add checks that y and all gradients are those of tinymm's layer, for the same arrays and dy."""
    arrays, rng = trial.subject.arrays, np.random.default_rng(1)
    y, want = trial.subject.output(arrays), trial.engine.output(arrays)
    method = f"tinymm's {trial.engine.name}"
    if y.shape != want.shape:
        report.notes.append(
            f"not compared with {method}, whose y here has the shape {want.shape}: yours has {y.shape}"
        )
        trial.engine = None
        return
    report.checks.append(compare("y", method, y, want, SAME, alike(want)))
    if not report.checks[-1].passed:
        report.notes.append(
            f"forward gives other numbers than {method}: backward was checked against your own forward"
        )
        trial.engine = None
        return
    dy = rng.normal(size=y.shape)
    got, want = (one.gradients(arrays, dy) for one in (trial.subject, trial.engine))
    report.checks += [compare(k, method, got[k], want[k], SAME, alike(want[k])) for k in arrays]


def alike(want):
    """The size of each number, and of the largest what 16 ε are to SAME: sums may cancel in either way."""
    xp = array_module(want)
    return abs(want) + 16 * EPSILON / SAME * xp.maximum(abs(want).max(), 1e-3)
