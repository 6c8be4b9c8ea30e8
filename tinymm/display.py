"""Progress as a person sees it: bars in a terminal, plain lines in a file or a pipe, no colour with NO_COLOR."""

import contextlib
import time

from tinymm.errors import TinymmError

BETWEEN_LOOKS = 0.1  # seconds: looking at the loss of a batch makes a GPU wait


def make_console(as_json=False):
    """A rich console. It knows terminals from files, and NO_COLOR. With JSON on stdout it writes to stderr."""
    try:
        from rich.console import Console
    except ImportError:
        raise TinymmError("progress is shown with rich, which is missing: pip install rich") from None

    class Pipe(Console):
        def on_broken_pipe(self):  # rich would end the program here, with exit code 1
            raise BrokenPipeError

    return Pipe(stderr=as_json, highlight=False, markup=False, emoji=False, soft_wrap=True)


@contextlib.contextmanager
def counting(console, what):
    """A bar in a terminal, nothing elsewhere: yields ``progress(done, total)``."""
    with _bar(console) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class TrainingDisplay:
    """The observer of a Trainer: a line an epoch, and in a terminal a bar below them. Use it as a context."""

    def __init__(self, console, epochs):
        self.console, self.epochs, self.next_look = console, epochs, 0.0

    def __enter__(self):
        self.bar = _bar(self.console)
        self.bar.start()
        self.task = self.bar.add_task("training", total=None)
        return self

    def __exit__(self, *error):
        self.bar.stop()

    def batch(self, position, batches, loss):
        if self.bar.disable or time.monotonic() < self.next_look:
            return
        self.next_look = time.monotonic() + BETWEEN_LOOKS
        done = position.epoch * batches + position.batch
        self.bar.update(
            self.task, completed=done, total=self.epochs * batches,
            description=f"epoch {position.epoch + 1}/{self.epochs}  loss {loss:.3f}",
        )  # fmt: skip

    def epoch(self, row):
        line = f"epoch {row['epoch']:>3}/{self.epochs}   loss {row['loss']:.4f}"
        if "validation_loss" in row:
            line += f"   validation loss {row['validation_loss']:.4f}   accuracy {percent(row['validation_accuracy'])}"
        self.bar.console.print(f"{line}   {row['seconds']:.1f} s")


def _bar(console):
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def percent(share):
    """0.934 -> 93.4 %"""
    return f"{100 * share:5.1f} %"
