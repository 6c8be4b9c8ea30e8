"""A learner's function, called with care: whatever it does ends in a sentence about the learner's own code."""

import contextlib
import functools
import io
import linecache
import os
import re
import sys
import time
import traceback

import numpy as np

from tinymm.exercises.exercise import Failed

LIMIT = 5.0  # seconds of computing for one call; the arrays are tiny
PRINTED = 1000  # letters that are kept of what a function prints
TIMED = 3  # so many calls in a step are timed; the others are on arrays of the same shapes
PLAIN = {  # what NumPy says, in plain words
    r"matmul: Input operand .*\(size (\d+) is different from (\d+)\)": r"matmul: the inner sizes do not fit, \1 is different from \2",
    r"all the input array dimensions except for the concatenation axis must match exactly, but along dimension (\d+), the array at index \d+ "
    r"has size (\d+) and the array at index \d+ has size (\d+)": (
        r"arrays that are joined along one axis must agree along all others, and along axis \1 one has \2 and another \3"
    ),
    "shape-mismatch for sum": "the axes that should be summed together differ in length",
}
STOPS_BY_HAND = {"breakpoint", "set_trace", "input"}


class Learner:
    """The function, to be called as before. Raises Failed for an error in it, for None, and when it does not end.

    returns: what it should return, in words. ``printed`` is what it printed at the first call that printed anything.
    """

    def __init__(self, function, name, returns):
        functools.update_wrapper(self, function)
        self.function, self.name, self.returns = function, name, returns
        self.printed, self.calls = "", 0

    def __call__(self, *args, **options):
        code = getattr(self.function, "__code__", None)
        by_hand = code is not None and STOPS_BY_HAND & set(code.co_names)
        spoken, limit = io.StringIO(), LIMIT if self.calls < TIMED and not by_hand else None
        self.calls += 1
        try:
            with contextlib.nullcontext() if by_hand else contextlib.redirect_stdout(spoken):
                result = supervised(self.name, _folder(code), limit, self.function, *args, **options)
        finally:
            self.printed = self.printed or spoken.getvalue()[:PRINTED]
        if result is None:
            raise Failed(f"{self.name} returns nothing (None): it must end with `return {self.returns}`")
        return result


def supervised(name, folder, limit, function, *args, **options):
    """Call the function. Every error in it becomes Failed, with the line in ``folder`` at which it happened."""
    try:
        with time_limit(limit, folder) if limit else contextlib.nullcontext():
            return function(*args, **options)
    except Failed:
        raise
    except NotImplementedError:
        raise Failed(f"not written yet: {name}") from None
    except TooLong as error:
        raise Failed(f"{name} does not come to an end: I stopped it here", *error.lines, "Looks like: a loop that never ends") from None
    except (Exception, SystemExit) as error:
        raise Failed(*explained(name, error, folder)) from None


class TooLong(BaseException):
    """No Exception, so that an `except Exception:` of the learner's does not hide it."""

    def __init__(self, *lines):
        super().__init__(*lines)
        self.lines = lines


@contextlib.contextmanager
def time_limit(seconds, folder):
    """Raise TooLong at a line of a file in ``folder`` that runs after so many seconds of computing (not of waiting)."""
    if sys.gettrace() is not None:  # a debugger is at work, and the learner with it
        yield
        return
    end = time.thread_time() + seconds

    def at_line(frame, event, argument):
        if time.thread_time() > end:
            raise TooLong(*place(frame, frame.f_lineno))
        return at_line

    sys.settrace(lambda frame, event, argument: at_line if _folder(frame.f_code) == folder else None)
    try:
        yield
    finally:
        sys.settrace(None)


def explained(name, error, folder):
    """The lines of an explanation: what went wrong, at which of the learner's lines, and what its names stood for."""
    said = traceback.TracebackException.from_exception(error).format_exception_only()
    said = " ".join(" ".join(said).split())
    for pattern, plain in PLAIN.items():
        said = re.sub(pattern, plain, said)
    theirs = [(frame, line) for frame, line in traceback.walk_tb(error.__traceback__) if _folder(frame.f_code) == folder]
    if not theirs:
        return (
            f"{name} cannot be called as the exercise calls it: {said}",
            "Looks like: its first line was changed: `def ...` must stand as in the starter",
        ) if isinstance(error, TypeError) else (f"{name} stops with {said}",)  # fmt: skip
    return (f"{name} stops with {said}", *place(*theirs[-1]))


def place(frame, number):
    """A line of code, and the shapes of the arrays that it names."""
    file = frame.f_code.co_filename
    linecache.checkcache(file)
    code = linecache.getline(file, number).strip()
    names = [n for n in dict.fromkeys(re.findall(r"(?<![\w.])[A-Za-z_]\w*", code)) if n in frame.f_locals]
    known = [text for n in names if (text := named(n, frame.f_locals[n]))]
    return (f"line {number}:  {code}" if code else f"line {number}", *([f"with {', '.join(known[:6])}"] if known else []))


def named(name, value):
    """An array as "W (3, 2)", anything else as "n = 4"; "" for what says nothing."""
    if isinstance(value, np.ndarray) and value.ndim:
        return f"{name} {value.shape}"
    text = in_words(value).removeprefix("the number ")
    return f"{name} = {text}" if text else ""


def in_words(value):
    """An array by its shape, a number by its value; "" for other things."""
    if isinstance(value, (bool, int, float, complex, np.number)):
        return f"{value:.6g}" if isinstance(value, (float, np.floating)) else str(value)
    if isinstance(value, np.ndarray):
        if value.ndim == 0:
            return f"the number {value:.6g}" if value.dtype.kind in "iuf" else "a single value"
        return f"an array {value.shape}"
    if isinstance(value, (list, tuple)):
        if value and len(value) <= 4 and all(isinstance(v, np.ndarray) for v in value):
            return f"a {type(value).__name__} of arrays {', '.join(str(v.shape) for v in value)}"
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, str):
        return repr(value) if len(value) < 40 else "a str"
    return "None" if value is None else f"a dict of {len(value)}" if isinstance(value, dict) else ""


def _folder(code):
    return os.path.dirname(code.co_filename) if code is not None else None
