"""The steps of an exercise that asks for a forward and a backward pass."""

import contextlib
import re
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from tinymm.errors import TinymmError
from tinymm.exercises.comparing import as_array, require_same
from tinymm.exercises.exercise import Exercise, Failed, Step
from tinymm.exercises.slips import results
from tinymm.gradchecking.diagnosis import agree, diagnose_shape, gather, planted_mistake, usual_mistake
from tinymm.gradchecking.differences import slopes
from tinymm.gradchecking.subject import PairSubject, WrongShape, probe
from tinymm.gradchecking.trials import Renamed

GRADIENT = 1e-6  # allowed against central differences
SEEDS = 3, 4  # of two upstream gradients: a mistake must explain both


@dataclass(frozen=True)
class Pair:
    """A forward and a backward function, and all that is needed to check them.

    reference: tinymm's own pair. hand: the arrays of a tiny example. draw(rng): random arrays of uneven shapes.
    options: keyword arguments of forward. order: the arrays in the order in which their gradients are checked.
    gives, gives_back: what the two return, in words. axes: what the axes of each array count, "y" among them.
    slips, backward_slips: typical changes to the reference's forward and backward.
    """

    forward: str
    backward: str
    reference: tuple
    hand: tuple
    draw: object
    order: tuple
    gives: str
    gives_back: str
    axes: dict
    options: dict = field(default_factory=dict)
    hand_options: dict = field(default_factory=dict)
    slips: tuple = ()
    backward_slips: tuple = ()

    def exercise(self, name, lesson, title, hints, hand="the example done by hand", before=(), after=(), **kwargs):
        """The Exercise with all its steps. hints: for "hand", "random", "runs" and every array in ``order``.

        The steps ``before`` come first of those on backward, ``after`` come last.
        """
        steps = [
            Step(f"forward: {hand}", lambda space: self.forward_is_right(space, self.hand, self.hand_options), hints["hand"]),
            Step("forward: random numbers", self.random_forward, hints["random"]),
            *before,
            Step("backward: it runs, twice, and leaves its inputs alone", self.backward_runs, hints["runs"]),
        ]
        for a in self.order:
            what = f"backward: {gradient_name(a)} by finite differences"
            steps.append(Step(what, lambda space, a=a: self.gradient(space, a), hints[a]))
        functions = (self.forward, self.backward)
        reference = dict(zip(functions, self.reference))
        slips = dict(zip(functions, (self.slips, self.backward_slips)))
        returns = dict(zip(functions, (self.gives, self.gives_back)))
        return Exercise(name, lesson, title, returns, (*steps, *after), reference, slips, **kwargs)

    def forward_is_right(self, space, arrays, options):
        """y is the reference's."""
        y, _ = two(self.forward, space[self.forward](*(_copy(a) for a in arrays), **options), self.gives)
        want, _ = self.reference[0](*arrays, **options)
        wrong = results(self.slips, self.reference[0], *arrays, **options)
        likely = ((sentence, y) for sentence, (y, _) in wrong)
        return require_same(self.gives.split(",")[0], y, want, looks_like=likely, axes=self.axes.get("y", ()))

    def random_forward(self, space):
        return self.forward_is_right(space, self.draw(np.random.default_rng(0)), self.options)

    def subject(self, pair):
        return PairSubject(pair, self.draw(np.random.default_rng(1)), options=self.options, name=self.backward.removesuffix("_backward"))

    def subjects(self, space):
        """The learner's pair and tinymm's, both as Subjects."""
        return self.subject((space[self.forward], space[self.backward])), self.subject(self.reference)

    def backward_runs(self, space):
        own, engine = self.subjects(space)
        y, cache = own.forward(own.arrays)
        dy = np.random.default_rng(2).normal(size=y.shape)
        gradients = space[self.backward](dy.copy(), cache)
        several = isinstance(gradients, tuple) or (isinstance(gradients, list) and len(engine.arrays) > 1)
        gradients = gradients if several else [gradients]
        spare = own.optional - len(self.options)  # tinymm's own RNN has a gradient for its h0 as well
        if not 0 <= len(gradients) - len(engine.arrays) <= spare:
            raise Failed(f"{self.backward} returns {_in_words(gradients)}: it must return {self.gives_back}")
        for name, gradient in zip(engine.arrays, gradients):
            as_array(gradient_name(name), gradient, engine.arrays[name].shape)
        again = space[self.backward](dy.copy(), cache)
        if several and len(again) != len(gradients):
            raise Failed(
                f"{self.backward} returns {_in_words(gradients)}, and {_in_words(again)} when it is called again with the same cache",
                "Looks like: cache.pop(...), which takes out of the cache what the next call needs",
            )
        try:
            probe(own, np.random.default_rng(2))
        except WrongShape as error:
            wanted = [a.shape for a in engine.arrays.values()]
            hint = self.wrong_order(gradients, wanted) or wrong_sum(gradients[-1], wanted[-1], dy) or diagnose_shape(own)
            raise Failed(str(error), *([f"Looks like: {hint}"] if hint else [])) from None
        return ""

    def wrong_order(self, gradients, wanted):
        """The shapes are right, in another order."""
        shapes = [np.shape(gradient) for gradient in gradients]
        same = sorted(shapes) == sorted(wanted) and shapes != wanted
        return f"the gradients come in another order: return {self.gives_back}" if same else ""

    def gradient(self, space, name):
        """One gradient is what central differences say."""
        own, engine = self.subjects(space)
        theirs = dict(zip(engine.arrays, own.arrays))[name]
        y, slope = own.output(own.arrays), slopes(own.output, own.arrays, theirs).best
        upstream = [np.random.default_rng(seed).normal(size=y.shape) for seed in SEEDS]
        found = [own.gradients(own.arrays, dy)[theirs] for dy in upstream]
        try:
            for dy, got in zip(upstream, found):
                right = (dy.ravel() @ slope).reshape(own.arrays[theirs].shape)
                off = require_same(gradient_name(name), got, right, GRADIENT, source="finite differences say", axes=self.axes.get(name, ()))
        except Failed as failure:
            likely = self.slip(name, upstream, found, engine) or self.other_mistake(theirs, own, engine)
            raise Failed(*failure.lines, *likely) from None
        return off

    def slip(self, name, upstream, found, engine):
        """The first slip of this exercise that gives the same gradients."""
        for slips in zip(*(self.slipped(name, dy, engine) for dy in upstream)):
            if all(agree(gradient, got) for (_, gradient), got in zip(slips, found)):
                return [f"Looks like: {slips[0][0]}"]
        return []

    def other_mistake(self, theirs, own, engine):
        """A mistake anybody makes in a gradient, or a mutant of tinymm's code."""
        evidence = [next(gather(own, [theirs], np.random.default_rng(seed))) for seed in SEEDS]
        sentence = usual_mistake(evidence)
        if sentence and "times the right value" not in sentence:
            return [f"Looks like: {self.in_own_names(sentence)}"]
        with contextlib.suppress(TinymmError):  # the learner's forward may not run on other arrays
            renamed = Renamed(engine, dict(zip(own.arrays, engine.arrays)))
            planted = planted_mistake(own, renamed, self.reference[1:], np.random.default_rng(5))
            if planted:
                return [f"Looks like: {planted[0].split(' (as ')[0]}"]
        return [f"Looks like: {self.in_own_names(sentence)}"] if sentence else []

    def in_own_names(self, sentence):
        """dy is called dh where forward gives h."""
        return re.sub(r"\bdy\b", f"d{self.gives.split(',')[0]}", sentence)

    def slipped(self, name, dy, engine):
        """(sentence, the gradient of one array with that slip)."""
        _, cache = engine.forward(engine.arrays)
        for sentence, gradients in results(self.backward_slips, self.reference[1], dy, cache):
            found = list(gradients) if isinstance(gradients, (tuple, list)) else [gradients]
            yield sentence, dict(zip(engine.arrays, found)).get(name, np.zeros(0))


def two(name, result, gives):
    """The two things a forward function returns. Raises Failed for anything else."""
    if not isinstance(result, tuple) or len(result) != 2:
        raise Failed(f"{name} returns {_in_words(result)}: it must return two things, `return {gives}`")
    return result


def wrong_sum(gradient, shape, dy):
    """The gradient of a bias b (M,), dy summed over the wrong axes."""
    if len(shape) != 1 or dy.shape[-1] != shape[0]:
        return ""
    right = tuple(range(dy.ndim - 1))
    for count in range(1, dy.ndim + 1):
        for axes in combinations(range(dy.ndim), count):
            summed = dy.sum(axis=axes)
            if axes != right and summed.shape == np.shape(gradient) and agree(summed, gradient):
                found, needed = (f"axis {a[0]}" if len(a) == 1 else f"the axes {a}" for a in (axes, right))
                return f"it is the sum over {found if count < dy.ndim else 'all axes'}, and should be the sum over {needed}, which leaves one number for each entry of b"
    return ""


def gradient_name(name):
    """W -> dW, and xs.1 -> dxs[1]"""
    name, _, place = name.partition(".")
    return f"d{name}[{place}]" if place else f"d{name}"


def _copy(value):
    return [a.copy() for a in value] if isinstance(value, list) else value.copy() if hasattr(value, "copy") else value


def _in_words(value):
    if isinstance(value, (tuple, list)) and len(value) != 1:
        return f"{len(value) or 'no'} values"
    value = value[0] if isinstance(value, (tuple, list)) else value
    return "one array" if hasattr(value, "dtype") else f"a {type(value).__name__}"
