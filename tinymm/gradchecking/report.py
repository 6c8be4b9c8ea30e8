"""What a gradient check found: one row for each array and method, and the sentences around them."""

import math
from dataclasses import dataclass, field

from tinymm.gradchecking.structure import index_name

HEAD = ("array", "method", "worst error", "allowed", "where", "verdict")


@dataclass
class Check:
    """One array held to one method.

    ``error`` is the largest of the entries' differences, each divided by the size of the terms that entry is a
    sum of; it passes up to ``allowed``. ``got`` is what backward gave at the worst entry ``index``, ``want`` what the method gives;
    ``wrong`` of ``size`` entries differ by more than allowed. ``output`` is the index of y, where one counts;
    ``direction`` the number of the random direction, where the sum along one is compared: then ``size``
    counts directions.
    """

    array: str
    method: str
    error: float
    allowed: float
    index: tuple
    got: float
    want: float
    wrong: int
    size: int
    output: tuple | None = None
    direction: int | None = None

    @property
    def passed(self):
        return self.error <= self.allowed

    @property
    def where(self):
        if self.direction:
            return f"direction {self.direction}"
        place = index_name(self.array, self.index)
        return place if self.output is None else f"∂{index_name('y', self.output)}/∂{place}"

    def to_dict(self):
        numbers = {key: _json(getattr(self, key)) for key in ("error", "allowed", "got", "want")}
        return {
            "array": self.array, "method": self.method, "passed": self.passed, **numbers, "where": self.where,
            "wrong": self.wrong, "size": self.size,
        }  # fmt: skip

    def row(self):
        return (
            self.array, self.method, f"{self.error:.1e}", f"{self.allowed:.0e}" if self.allowed else "0",
            self.where if self.error else "", "ok" if self.passed else "WRONG",
        )  # fmt: skip

    def __str__(self):
        digits = 8 if f"{self.got:.8g}" != f"{self.want:.8g}" else 17
        where, what = self.where, "entries"
        if self.direction:
            where, what = f"the slope in {self.array} along random {where}", "directions"
        return (
            f"{where} is {self.got:.{digits}g} from backward and {self.want:.{digits}g} by"
            f" {self.method}; {self.wrong} of {self.size} {what} are wrong"
        )


@dataclass
class Report:
    """All checks of one subject. True when every one passed; ``str()`` is a table for people.

    ``notes`` tell what was done to the inputs and what was left out, ``smallest`` the shapes of the smallest
    input that still fails (``least``), ``entries`` the failures there, of arrays too large to check entry by
    entry, ``diagnosis`` what the mistake looks like.
    """

    name: str
    shapes: dict
    checks: list
    notes: list = field(default_factory=list)
    smallest: dict | None = None
    diagnosis: list = field(default_factory=list)
    least: dict | None = field(default=None, repr=False)
    entries: list = field(default_factory=list)

    def __bool__(self):
        return all(check.passed for check in self.checks)

    @property
    def failures(self):
        return [check for check in self.checks if not check.passed]

    def worst(self, method=None):
        """The largest error by a method, or by any; None when it was not used."""
        return max((c.error for c in self.checks if method in (None, c.method)), default=None)

    def to_dict(self):
        """The report as JSON can hold it; NaN and infinity become null."""
        return {
            "name": self.name, "passed": bool(self), "shapes": {k: list(s) for k, s in self.shapes.items()},
            "checks": [check.to_dict() for check in self.checks], "notes": self.notes,
            "smallest_failing_shapes": self.smallest and {k: list(s) for k, s in self.smallest.items()},
            "wrong_there": [check.to_dict() for check in self.entries],
            "diagnosis": self.diagnosis,
        }  # fmt: skip

    def __str__(self):
        shapes = ", ".join(f"{k} {s}" for k, s in self.shapes.items())
        lines = [f"{self.name}: {shapes}", *table([HEAD, *(check.row() for check in self.checks)])]
        lines += [f"note: {note}" for note in self.notes]
        lines += [f"wrong: {check}" for check in worst_of_each_array(self.failures)]
        if self.smallest:
            lines.append("smallest failing shape: " + ", ".join(f"{k} {s}" for k, s in self.smallest.items()))
        lines += [f"wrong there: {check}" for check in worst_of_each_array(self.entries)]
        lines += [f"looks like: {sentence}" for sentence in self.diagnosis]
        right = "all gradients are right"
        return "\n".join(
            [*lines, right if self else f"{len(self.failures)} of {len(self.checks)} checks failed"]
        )


def worst_of_each_array(failures):
    """The failure to tell of each array: by the exact method where there is one."""
    worst = {}
    for check in sorted(failures, key=lambda c: (c.method != "complex step", -c.error)):
        worst.setdefault(check.array, check)
    return worst.values()


def table(rows):
    """Rows of words as lines with straight columns."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  ".join(word.ljust(width) for word, width in zip(row, widths)).rstrip() for row in rows]


def _json(number):
    return number if math.isfinite(number) else None
