"""What an exercise is: functions to write, steps that check them, hints; and what a check found."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Step:
    """One check. ``run(space)`` takes the learner's functions by name and returns how far off they were, in words.

    It raises Failed when they are wrong.
    """

    what: str
    run: Callable


@dataclass(frozen=True)
class Exercise:
    """``functions`` are the names the learner's file must define, ``view`` what `tinymm view` shows of it, if anything.

    ``reference`` holds tinymm's own functions of these names (or, where tinymm has none of that shape, what the
    course puts together from its parts), ``slips`` the typical changes to each that are recognised.
    """

    name: str
    lesson: int
    title: str
    functions: tuple
    steps: tuple
    hints: tuple
    reference: dict
    slips: dict = field(default_factory=dict)
    view: str = ""


class Failed(Exception):
    """A step found something wrong. ``lines`` explain it, the most telling one first."""

    def __init__(self, *lines):
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass
class Outcome:
    """What one check of one exercise found. True when everything is right; ``str()`` is what a person reads.

    ``passed`` are (step, how far off) of the steps that went well, ``failed`` the name of the first that did not,
    ``lines`` why.
    """

    exercise: Exercise
    where: str
    passed: list
    failed: str = ""
    lines: tuple = ()

    def __bool__(self):
        return not self.failed

    def __str__(self):
        done = [f"✔ {what:<62} {measure}".rstrip() for what, measure in self.passed]
        head = f"Exercise {self.exercise.lesson:02d} · {self.exercise.title}   {self.where}"
        if self:
            return "\n".join([head, *done, "all right"])
        return "\n".join([head, *done, f"✘ {self.failed}", *(f"    {line}" for line in self.lines)])

    __repr__ = __str__
