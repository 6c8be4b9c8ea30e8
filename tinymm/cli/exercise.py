"""Write the layers yourself, and have them checked and explained.

`tinymm exercise list` shows the fifteen exercises, `start` writes a file to
fill in, `check` goes through it step by step and explains the first thing that
is wrong, `watch` does so whenever you save, `hint` gives the next hint,
`diff` compares yours with tinymm's once it is right, and `reset` begins anew
and keeps what you had. Without a name, the first that you have not passed.
"""

import difflib
import inspect
import time

from tinymm.cli.arguments import path
from tinymm.errors import TinymmError
from tinymm.exercises.checking import FOLDER, check_file
from tinymm.exercises.course import COURSE, exercise
from tinymm.exercises.folder import Workbook
from tinymm.gradchecking.loading import import_file

WIDTH = 100
PAUSE = 0.5  # seconds between two looks at a watched file


def add_arguments(parser):
    parser.add_argument("action", choices=list(ACTIONS), help="what to do")
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
        mark = "✔" if book.passed(task) else "…" if book.file(task).exists() else " "
        print(f"{mark} {task.lesson:>2}  {task.name:<18} {task.title}")
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
        stamp = file.stat().st_mtime_ns if file.exists() else seen
        if stamp != seen:
            seen = stamp
            if _check(book, task):
                return 0
            print(f"watching {file}: save it and I look again, Ctrl-C ends")
        time.sleep(PAUSE)


def hint(book, name):
    task = _task(book, name)
    count = book.hints(task) + 1
    if count <= len(task.hints):
        book.require(task)
        book.record(task, hints=count)
    for number, text in enumerate(task.hints[:count], 1):
        print(f"Hint {number}/{len(task.hints)}: {text}")
    if count > len(task.hints):
        print("That was all. " + (f"`tinymm view {task.view}` shows every number of it" if task.view else f"`tinymm lesson {task.lesson}` has it"))


def diff(book, name):
    task = _task(book, name, of=book.passed)
    file = book.require(task)
    if not book.passed(task):
        raise TinymmError(f"{task.name} is not passed yet, and the difference would give it away: tinymm exercise check {task.name}")
    module = import_file(file)
    for function, ours in task.reference.items():
        yours, theirs = (inspect.getsource(f).splitlines() for f in (getattr(module, function), ours))
        print("\n".join(difflib.unified_diff(yours, theirs, f"yours: {function}", f"tinymm: {function}", n=50, lineterm="")))


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


def _check(book, task):
    """Check, show, remember: -> Outcome."""
    outcome = check_file(task, book.require(task))
    show(outcome, task.hints[: book.hints(task)], len(task.hints))
    if bool(outcome) != book.passed(task):
        book.record(task, passed=bool(outcome))
    if outcome:
        current = book.current()
        print(f"next: tinymm exercise start {current.name}" if current else "That was the last one. All passed.")
    return outcome


def show(outcome, hints, of):
    """Print an Outcome, with colours where there is a terminal."""
    from rich.console import Console
    from rich.panel import Panel
    from rich.text import Text

    console = Console(highlight=False, emoji=False, soft_wrap=False)
    console.width = min(max(console.width, 60), WIDTH)
    task = outcome.exercise
    console.print(Text.assemble(("Exercise ", "bold"), (f"{task.lesson:02d}", "bold cyan"), (f" · {task.title}", "bold"), f"   {outcome.where}"))
    for what, measure in outcome.passed:
        space = " " * max(2, console.width - 6 - len(what) - len(measure))
        console.print(Text.assemble(("✔", "green"), f"    {what}", space, (measure, "dim")), no_wrap=True)
    if outcome:
        console.print(Text("all right", "green bold"))
        return
    console.print(Text.assemble(("✘", "red"), ("    " + outcome.failed, "bold")))
    lines = [Text(line) for line in outcome.lines]
    lines += [Text.assemble((f"Hint {len(hints)}/{of}: ", "cyan"), text) for text in hints[-1:]]
    if len(hints) < of:
        lines.append(Text(f"More help: tinymm exercise hint {task.name}", "dim"))
    console.print(Panel(Text("\n").join(lines), title="first failing check", title_align="left", border_style="red"))
