"""A learner's own layer: checked like the engine's, compared with the engine's, and its mistake named."""

import importlib
import inspect
import pkgutil
import warnings
from dataclasses import dataclass, field

import numpy as np

import tinymm.layers
from tinymm.backend import array_module
from tinymm.errors import TinymmError
from tinymm.gradchecking.cases import cases_of, known, of
from tinymm.gradchecking.check import as_subject, report_on
from tinymm.gradchecking.comparing import EXACT, compare
from tinymm.gradchecking.diagnosis import diagnose, diagnose_shape
from tinymm.gradchecking.layer_subject import LayerSubject
from tinymm.gradchecking.loading import load
from tinymm.gradchecking.methods import EPSILON
from tinymm.gradchecking.smallest import for_diagnosis
from tinymm.gradchecking.structure import accepted, leaves
from tinymm.gradchecking.subject import CallFailed, PairSubject, WrongShape, calling
from tinymm.layers.base import Layer
from tinymm.layers.containers import Container

SHAPES = ((2, 3), (2, 4, 3), (2, 5, 4, 2), (2, 3, 5, 4, 1))
SAME = 100 * EXACT  # allowed between two ways to sum up the same numbers


@dataclass
class Trial:
    """The learner's layer on one input, beside tinymm's with the same arguments, where there is one."""

    subject: object
    engine: object = None
    functions: tuple = ()
    notes: list = field(default_factory=list)


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


def layer_trials(thing, key, name, shapes, seed):
    """Trials of a class or object: on those of the engine's cases it has arguments for, or on any shape."""
    cases = [] if shapes else [case for case in cases_of(key) if not isinstance(case.make(), Container)]
    tried = set()
    for case in cases:
        model = case.make()
        config = {
            k: v
            for k, v in (model.config() if isinstance(model, Layer) else vars(model)).items()
            if k != "layer"
        }
        with calling(f"making {name}"):
            own, taken = make(thing, config)
        options = {k: v for k, v in case.options.items() if k in accepted(own.forward, case.options)}
        signature = repr((taken, list(options)))
        if signature in tried or (tried and len(options) < len(case.options)):
            continue
        tried.add(signature)
        subject = as_subject(
            own, case.x(seed), seed=seed, name=f"{name} as {case.name}" if case.what else name, **options
        )
        yield with_engine(subject, own, case, config, taken, options, seed)
    if not cases:
        with calling(f"making {name}"):
            own, _ = make(thing, {})
        yield Trial(first_that_fits(lambda x: as_subject(own, x, seed=seed, name=name), name, shapes, seed))


def make(thing, config):
    """Make an object with the arguments it knows by name, or the first in order: -> it, arguments."""
    if not isinstance(thing, type):
        return thing, {}
    parameters = inspect.signature(thing).parameters.values()
    taken = {p.name: config[p.name] for p in parameters if p.name in config}
    needed = [p for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    if any(p.name not in taken for p in needed):
        values = list(config.values())[: len(needed)]
        if len(values) < len(needed):
            raise TinymmError(
                f"{thing.__name__} needs the arguments {', '.join(p.name for p in needed)}: give them"
                f" defaults, or name an object of the file, as in: layer = {thing.__name__}(...)"
            )
        taken = dict(zip((p.name for p in needed), values))
    return thing(**taken), taken


def with_engine(subject, own, case, config, taken, options, seed):
    """The Trial with tinymm's layer, made with the same arguments and parameters, beside the learner's."""
    kind = type(case.make())
    required = [p.name for p in inspect.signature(kind).parameters.values() if p.default is p.empty]
    same = {
        k: taken.get(k, getattr(own, k, v))
        for k, v in config.items()
        if k in taken or hasattr(own, k) or k in required
    }
    if not isinstance(subject, LayerSubject):
        return Trial(subject, as_subject(kind(**same), case.x(seed), name=kind.__name__))
    options = {"training": True, **options} if "training" not in subject.options else options
    model = kind(**same)
    engine = LayerSubject(model, case.x(seed), seed=seed, name=kind.__name__, **options)
    ours, theirs = ({k: a.shape for k, a in s.arrays.items() if k not in s.inputs} for s in (engine, subject))
    if ours != theirs:
        listed = [", ".join(f"{k} {s}" for k, s in shapes.items()) or "none" for shapes in (ours, theirs)]
        return Trial(
            subject,
            notes=[
                f"not compared with tinymm's {kind.__name__}: its parameters are {listed[0]}, yours"
                f" {listed[1]}"
            ],
        )
    if model.initial_state(leaves(case.x(seed))["x"].shape[1:]) and not options.get("training"):
        return Trial(
            subject,
            notes=[
                f"not compared with tinymm's {kind.__name__}, which predicts with averages kept from training"
            ],
        )
    return Trial(subject, engine, backward_functions(kind.__name__))


def pair_trials(pair, key, name, shapes, seed):
    """Trials of two functions: on arrays and options of tinymm's pair of that name, or on given shapes."""
    engine_pair = functions_named(key)
    cases = (
        [c for c in cases_of(key) if not isinstance(c.x(seed), (dict, tuple))]
        if engine_pair and not shapes
        else []
    )
    tried = set()
    for case in cases:
        built = LayerSubject(case.make(), case.x(seed), seed=seed)
        arrays = (case.x(seed), *(built.arrays[k] for k in built.parameters))
        wanted = options_of(case, engine_pair[0], len(arrays))
        options = {k: wanted[k] for k in accepted(pair[0], wanted)}
        signature = repr(options)
        if signature in tried or (tried and len(options) < len(wanted)):
            continue
        tried.add(signature)
        subject = PairSubject(
            pair, arrays, options=options, name=f"{name} as {case.name}" if case.what else name
        )
        required = {k: v for k, v in wanted.items() if k in options or k in ("size", "rate", "seed")}
        engine = PairSubject(
            engine_pair, arrays, options=required, name=engine_pair[0].__name__.removesuffix("_forward")
        )
        engine = Renamed(engine, dict(zip(subject.arrays, engine.arrays)))
        yield Trial(subject, engine, (engine_pair[1],))
    if not cases:
        yield Trial(first_that_fits(lambda x: PairSubject(pair, x, name=name), name, shapes, seed))


class Renamed:
    """tinymm's pair under the learner's names for its arrays."""

    def __init__(self, engine, names):
        self.engine, self.name = engine, engine.name
        self.names = names

    def with_inputs(self, inputs):
        engine = self.engine.with_inputs({self.names.get(k, k): a for k, a in inputs.items()})
        return Renamed(engine, self.names)

    def output(self, arrays):
        return self.engine.output({self.names[k]: a for k, a in arrays.items()})

    def gradients(self, arrays, dy):
        found = self.engine.gradients({self.names[k]: a for k, a in arrays.items()}, dy)
        return {k: found[theirs] for k, theirs in self.names.items()}


def options_of(case, forward, arrays):
    """The keyword arguments of the engine's forward behind its arrays, as the case's layer has them."""
    layer, options = case.make(), {}
    for name in list(inspect.signature(forward).parameters)[arrays:]:
        attribute = "pool_size" if name == "size" else name
        if name in case.options or hasattr(layer, attribute):
            options[name] = case.options.get(name, getattr(layer, attribute, None))
        elif name == "seed":
            options[name] = 5
    return options


def first_that_fits(subject_of, name, shapes, seed):
    """A Subject on arrays of the given shapes, or on the first of ``SHAPES`` whose forward runs."""
    rng, refused = np.random.default_rng(seed), None
    if shapes:
        arrays = tuple(of(*shape)(rng) for shape in shapes)
        return subject_of(arrays if len(arrays) > 1 else arrays[0])
    for shape in SHAPES:
        try:
            subject = subject_of(of(*shape)(rng))
            subject.output({k: a.copy() for k, a in subject.arrays.items()})
            return subject
        except CallFailed as error:
            refused = refused or error
    if refused.what.startswith("backward"):
        raise refused
    tried = ", ".join(map(str, SHAPES))
    raise TinymmError(
        f"{refused}; these shapes were tried: {tried}; give others with --shape, once for each array"
    )


def functions_named(key):
    """tinymm's pair (forward, backward) of that name, ignoring case, underscores and My; None without one."""
    for info in pkgutil.iter_modules(tinymm.layers.__path__):
        module = importlib.import_module(f"tinymm.layers.{info.name}")
        for name, function in vars(module).items():
            own = getattr(function, "__module__", "") == module.__name__ and name.endswith("_forward")
            if own and known(name.removesuffix("_forward")) == known(key):
                return function, getattr(module, name.replace("_forward", "_backward"))
    return None


def backward_functions(layer):
    """The backward functions in which a learner's mistake is looked for."""
    pair = functions_named(layer)
    return () if pair is None else (pair[1],)
