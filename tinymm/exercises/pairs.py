"""The steps of an exercise that asks for a forward and a backward pass."""

import contextlib
from dataclasses import dataclass, field

import numpy as np

from tinymm.errors import TinymmError
from tinymm.exercises.comparing import require_same
from tinymm.exercises.exercise import Exercise, Failed, Step
from tinymm.exercises.slips import results
from tinymm.gradchecking.diagnosis import agree, diagnose_shape, gather, planted_mistake, usual_mistake
from tinymm.gradchecking.subject import PairSubject, WrongShape, calling, probe
from tinymm.gradchecking.trials import Renamed

GRADIENT = 1e-6  # allowed against central differences


@dataclass(frozen=True)
class Pair:
    """A forward and a backward function, and all that is needed to check them.

    reference: tinymm's own pair. hand: the arrays of a tiny example. draw(rng): random arrays of uneven shapes.
    options: keyword arguments of forward. order: the arrays in the order in which their gradients are checked.
    slips, backward_slips: typical changes to the reference's forward and backward.
    """

    forward: str
    backward: str
    reference: tuple
    hand: tuple
    draw: object
    order: tuple
    options: dict = field(default_factory=dict)
    hand_options: dict = field(default_factory=dict)
    slips: tuple = ()
    backward_slips: tuple = ()

    def exercise(self, name, lesson, title, hints, hand="the example done by hand", more=(), **kwargs):
        """The Exercise with all its steps; ``more`` come last."""
        steps = [
            Step(f"forward: {hand}", lambda space: self.forward_is_right(space, self.hand, self.hand_options)),
            Step("forward: random numbers", self.random_forward),
            Step("backward: it runs, twice, and leaves its inputs alone", self.backward_runs),
            *(Step(f"backward: d{a} by finite differences", lambda space, a=a: self.gradient(space, a)) for a in self.order),
        ]
        functions = (self.forward, self.backward)
        reference = dict(zip(functions, self.reference))
        slips = dict(zip(functions, (self.slips, self.backward_slips)))
        return Exercise(name, lesson, title, functions, (*steps, *more), hints, reference, slips, **kwargs)

    def forward_is_right(self, space, arrays, options):
        """y is the reference's."""
        with calling(self.forward):
            result = space[self.forward](*(_copy(a) for a in arrays), **options)
        if not isinstance(result, tuple) or len(result) != 2:
            raise Failed(f"{self.forward} returns {_in_words(result)}: it must return (y, cache)")
        want, _ = self.reference[0](*arrays, **options)
        wrong = results(self.slips, self.reference[0], *arrays, **options)
        return require_same("y", result[0], want, looks_like=((sentence, y) for sentence, (y, _) in wrong))

    def random_forward(self, space):
        return self.forward_is_right(space, self.draw(np.random.default_rng(0)), self.options)

    def subject(self, pair):
        return PairSubject(pair, self.draw(np.random.default_rng(1)), options=self.options, name=self.backward.removesuffix("_backward"))

    def subjects(self, space):
        """The learner's pair and tinymm's, both as Subjects."""
        return self.subject((space[self.forward], space[self.backward])), self.subject(self.reference)

    def backward_runs(self, space):
        own, _ = self.subjects(space)
        try:
            probe(own, np.random.default_rng(2))
        except WrongShape as error:
            hint = diagnose_shape(own)
            raise Failed(str(error), *([f"Looks like: {hint}"] if hint else [])) from None
        return ""

    def gradient(self, space, name):
        """One gradient is what central differences say."""
        own, engine = self.subjects(space)
        theirs = dict(zip(engine.arrays, own.arrays))[name]
        evidence = [next(gather(own, [theirs], np.random.default_rng(seed))) for seed in (3, 4)]
        try:
            off = require_same(f"d{name}", evidence[0].got, evidence[0].right, GRADIENT, source="finite differences say")
            require_same(f"d{name}", evidence[1].got, evidence[1].right, GRADIENT, source="finite differences say")
        except Failed as failure:
            raise Failed(*failure.lines, *self.looks_like(name, evidence, own, engine)) from None
        return f"max rel. error {off}"

    def looks_like(self, name, evidence, own, engine):
        """What the wrong gradient looks like: a slip of this exercise, a usual mistake, or a mutant of tinymm's code."""
        candidates = zip(*(self.slipped(name, e.dy, engine) for e in evidence))
        for (sentence, first), (_, second) in candidates:
            if agree(first, evidence[0].got) and agree(second, evidence[1].got):
                return [f"Looks like: {sentence}"]
        sentence = usual_mistake(evidence)
        if sentence and "times the right value" not in sentence:
            return [f"Looks like: {sentence}"]
        with contextlib.suppress(TinymmError):
            renamed = Renamed(engine, dict(zip(own.arrays, engine.arrays)))
            planted = planted_mistake(own, renamed, self.reference[1:], np.random.default_rng(5))
            if planted:
                return [f"Looks like: {planted[0].split(' (as ')[0]}"]
        return [f"Looks like: {sentence}"] if sentence else []

    def slipped(self, name, dy, engine):
        """(sentence, the gradient of one array with that slip)."""
        _, cache = engine.forward(engine.arrays)
        for sentence, gradients in results(self.backward_slips, self.reference[1], dy, cache):
            found = list(gradients) if isinstance(gradients, (tuple, list)) else [gradients]
            yield sentence, dict(zip(engine.arrays, found)).get(name, np.zeros(0))


def _copy(value):
    return [a.copy() for a in value] if isinstance(value, list) else value.copy() if hasattr(value, "copy") else value


def _in_words(value):
    return f"{len(value)} values" if isinstance(value, tuple) else "None" if value is None else f"a {type(value).__name__}"

