"""What an exercise is: functions to write, steps that check them, hints for each step; and what a check found."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tinymm.errors import TinymmError


@dataclass(frozen=True)
class Step:
    """One check. ``run(space)`` takes the learner's functions by name and returns how far off they were, in words.

    It raises Failed when they are wrong. ``hints`` help whoever is stopped here, the gentlest first.
    """

    what: str
    run: Callable
    hints: tuple


IMPORTS = Step(
    "the file imports",
    None,  # by checking.check_file
    (
        "Python reads a file from top to bottom and stops at the first line it cannot make sense of. A bracket, quote or "
        "colon that is missing on the line before is often the reason.",
        "Every function the starter had must be there under its own name, even one you have not written yet. "
        "`tinymm exercise reset NAME` begins anew and keeps what you had.",
    ),
)


@dataclass(frozen=True)
class Exercise:
    """``returns`` says for each function the learner's file must define what it returns, as in {"f_forward": "y, cache"}.

    ``view`` is what `tinymm view` shows of it, if anything. ``reference`` holds tinymm's own functions of these names
    (or, where tinymm has none of that shape, what the course puts together from its parts), ``slips`` the typical
    changes to each that are recognised, ``shown`` the functions a learner's are laid beside, if not the reference.
    """

    name: str
    lesson: int
    title: str
    returns: dict
    steps: tuple
    reference: dict
    slips: dict = field(default_factory=dict)
    shown: dict = field(default_factory=dict)
    view: str = ""

    @property
    def functions(self):
        return tuple(self.returns)

    def hints(self, what):
        """The hints of the step of that name."""
        return next((step.hints for step in (IMPORTS, *self.steps) if step.what == what), ())


class Failed(TinymmError):
    """A step found something wrong. ``lines`` explain it, the most telling one first."""

    def __init__(self, *lines):
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass
class Outcome:
    """What one check of one exercise found. True when everything is right; ``str()`` is what a person reads.

    ``passed`` are (step, how far off) of the steps that went well, ``failed`` the name of the first that did not,
    ``lines`` why, ``printed`` what the learner's functions printed in it.
    """

    exercise: Exercise
    where: str
    passed: list
    failed: str = ""
    lines: tuple = ()
    printed: str = ""

    def __bool__(self):
        return not self.failed

    @property
    def hints(self):
        """The hints of the step that failed."""
        return self.exercise.hints(self.failed)

    def hint(self, number=1):
        """A hint for the step that failed, the gentlest first; past the last one, the last."""
        if not self.hints:
            return "everything is right"
        number = min(max(number, 1), len(self.hints))
        return f"Hint {number}/{len(self.hints)}: {self.hints[number - 1]}"

    def __str__(self):
        from tinymm.exercises.showing import as_text

        return as_text(self)

    __repr__ = __str__

    def _repr_html_(self):
        from tinymm.exercises.showing import as_html

        return as_html(self)
