"""What a learner's layer is tried on: the engine's cases of that name, or inputs that its forward takes."""

import importlib
import inspect
import pkgutil
from dataclasses import dataclass, field

import numpy as np

import tinymm.layers
from tinymm.errors import TinymmError
from tinymm.gradchecking.cases import MASK, cases_of, known
from tinymm.gradchecking.check import as_subject
from tinymm.gradchecking.inputs import arrays_of, first_that_fits, inputs_for
from tinymm.gradchecking.layer_subject import LayerSubject
from tinymm.gradchecking.structure import accepted, leaves, shapes_text
from tinymm.gradchecking.subject import CallFailed, LossSubject, PairSubject, calling
from tinymm.layers.base import Layer
from tinymm.layers.containers import Container


@dataclass
class Trial:
    """The learner's layer on one input, beside tinymm's with the same arguments, where there is one."""

    subject: object
    engine: object = None
    functions: tuple = ()
    notes: list = field(default_factory=list)


def layer_trials(thing, key, name, shapes, seed):
    """Trials of a class or object: on those of the engine's cases it has arguments for, or on any inputs."""
    cases = [] if shapes else [case for case in cases_of(key) if not isinstance(case.make(), Container)]
    found, refused = [], []
    for trial in _on_cases(cases, thing, name, seed):
        (refused if isinstance(trial, tuple) else found).append(trial)
    if refused and not found:
        raise refused[0][1]
    for case, error in refused:
        found[0].notes.append(f"not tried on {shapes_text(leaves(case.x(seed)))}: {error}")
    return found or _on_any_inputs(thing, name, shapes, seed)


def _on_cases(cases, thing, name, seed):
    """A Trial for each case, or the case and the error of a forward that does not take its input."""
    tried = set()
    for case in cases:
        model = case.make()
        config = model.config() if isinstance(model, Layer) else vars(model)
        config = {k: v for k, v in config.items() if k != "layer"}
        with calling(f"making {name}"):
            own, taken = make(thing, config)
        options = {k: v for k, v in case.options.items() if k in accepted(own.forward, case.options)}
        signature = repr((taken, list(options)))
        if signature in tried or (tried and len(options) < len(case.options)):
            continue
        tried.add(signature)
        called = f"{name} as {case.name}" if case.what else name
        try:
            subject = as_subject(own, case.x(seed), seed=seed, name=called, **options)
            subject.output(subject.arrays)
        except CallFailed as error:
            if not error.what.startswith("forward"):
                raise
            yield case, error
            continue
        yield with_engine(subject, own, case, config, taken, options, seed)


def _on_any_inputs(thing, name, shapes, seed):
    """Trials on inputs that forward takes; with a mask and in training mode too, where it knows them."""
    with calling(f"making {name}"):
        own, _ = make(thing, {})
    inputs = arrays_of(shapes, seed) if shapes else inputs_for(own, seed)
    make_subject = lambda x, **options: as_subject(own, x, seed=seed, name=name, **options)  # noqa: E731
    subject = first_that_fits(make_subject, name, inputs)
    trials = [Trial(subject)]
    if isinstance(subject, LossSubject) or isinstance(own, Layer):
        return trials
    knows, x = accepted(own.forward, ("mask", "training")), subject.x
    if "mask" not in knows and "training" not in knows:
        return trials
    if "training" in knows:
        trials.append(Trial(make_subject(x, training=True)))
    if "mask" in knows:
        x = x if getattr(x, "ndim", 0) == 3 and not shapes else np.random.default_rng(seed).normal(size=(2, 4, 3))
        if not shapes or subject.x.shape[:2] == MASK.shape:
            trials.append(Trial(make_subject(x, mask=MASK)))
    for trial, what in zip(trials[1:], [k for k in ("training", "mask") if k in knows]):
        trial.subject.name = f"{name} with {what}"
    return trials


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
        yield Trial(first_that_fits(lambda x: PairSubject(pair, x, name=name), name, arrays_of(shapes, seed)))


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
