"""Write the layers yourself, and have them checked and explained.

`tinymm exercise list` shows the fifteen exercises, `start` writes a file to
fill in, `check` goes through it step by step and explains the first thing that
is wrong, `watch` does so whenever you save, `hint` gives the next hint,
`diff` compares yours with tinymm's once it is right, and `reset` begins anew
and keeps what you had. Without a name, the first that you have not passed.
"""

import contextlib
import difflib
import inspect
import time

from tinymm.cli.arguments import path
from tinymm.errors import TinymmError
from tinymm.exercises.checking import FOLDER, check_file
from tinymm.exercises.course import COURSE, exercise
from tinymm.exercises.folder import Workbook
from tinymm.exercises.loading import load
from tinymm.exercises.showing import show, show_hints, show_in_list

PAUSE = 0.5  # seconds between two looks at a watched file


def add_arguments(parser):
    parser.add_argument("action", choices=list(ACTIONS), nargs="?", default="list", help="what to do (default list)")
    parser.add_argument("exercise", metavar="NAME", nargs="?", help="name or lesson number of the exercise")
    parser.add_argument("--folder", metavar="DIR", type=path, default=FOLDER, help="where your files are (default exercises)")


def run(args):
    book = Workbook(args.folder)
    return ACTIONS[args.action](book, args.exercise)


def list_all(book, name):
    """One line an exercise: passed, begun, or not yet."""
    if name is not None:
        raise TinymmError("`tinymm exercise list` takes no name")
    for task in COURSE:
        show_in_list(task, book.passed(task), book.file(task).exists())
    current = book.current()
    if current is None:
        print("all passed")
    else:
        action = "check" if book.file(current).exists() else "start"
        print(f"next: tinymm exercise {action} {current.name}")


def start(book, name):
    task = _task(book, name)
    written = book.start(task)
    print(f"{book.file(task)} {'waits for you' if written else 'is there already, and was left as it is'}")
    print(f"then: tinymm exercise check {task.name}    (the lesson: tinymm lesson {task.lesson})")


def check(book, name):
    task = _task(book, name)
    return 0 if _check(book, task) else 1


def watch(book, name):
    """Check at every saving, until everything is right or Ctrl-C."""
    task, seen = _task(book, name), None
    file = book.require(task)
    while True:
        with contextlib.suppress(FileNotFoundError):  # an editor that saves may take it away for a moment
            if (stamp := file.stat().st_mtime_ns) != seen:
                outcome, seen = _check(book, task, file), stamp
                if outcome:
                    return 0
                print(f"watching {file}: save it and I look again, Ctrl-C ends", flush=True)
        time.sleep(PAUSE)


def hint(book, name):
    """The next hint of the step at which the check stops now, and those of it that were read before."""
    task = _task(book, name)
    outcome = check_file(task, book.require(task))
    if outcome:
        print(f"Exercise {task.lesson:02d} · {task.title} is right, and needs no hint: tinymm exercise check {task.name}")
        return
    before = book.hints(task, outcome.failed)
    read = book.read_hint(task, outcome.failed)
    show_hints(outcome, read)
    if before == read:
        print("That was all for this step. " + (f"`tinymm view {task.view}` shows every number of it" if task.view else f"`tinymm lesson {task.lesson}` has it"))


def diff(book, name):
    task = _task(book, name, of=book.passed)
    file = book.require(task)
    if not book.passed(task):
        raise TinymmError(f"{task.name} is not passed yet, and the difference would give it away: tinymm exercise check {task.name}")
    yours = load(file, task.functions)
    for function, ours in {**task.reference, **task.shown}.items():
        left, right = (inspect.getsource(f).splitlines() for f in (yours[function], ours))
        print("\n".join(difflib.unified_diff(left, right, f"yours: {function}", f"tinymm: {function}", n=50, lineterm="")))


def reset(book, name):
    if name is None:
        raise TinymmError("say which exercise to reset: tinymm exercise reset NAME")
    task = exercise(name)
    print(f"{book.file(task)} begins anew; what you had is in {book.reset(task)}")


ACTIONS = {"list": list_all, "start": start, "check": check, "watch": watch, "hint": hint, "diff": diff, "reset": reset}


def _task(book, name, of=None):
    if name is not None:
        return exercise(name)
    if of is not None:
        passed = [task for task in COURSE if of(task)]
        if passed:
            return passed[-1]
    current = book.current()
    if current is None:
        raise TinymmError("all exercises are passed: name one, as in tinymm exercise check dense")
    return current


def _check(book, task, file=None):
    """Check, show, remember: -> Outcome."""
    outcome = check_file(task, file or book.require(task))
    show(outcome, book.hints(task, outcome.failed))
    if bool(outcome) != book.passed(task):
        book.record(task, passed=bool(outcome))
    if outcome:
        current = book.current()
        print(f"next: tinymm exercise start {current.name}" if current else "That was the last one. All passed.")
    return outcome
