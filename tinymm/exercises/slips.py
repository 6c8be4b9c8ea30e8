"""Slips: tinymm's own code with one line changed, as learners change it, and what to tell whoever made that change."""

import inspect
import textwrap
import warnings
from dataclasses import dataclass

import numpy as np

from tinymm.errors import TinymmError


@dataclass(frozen=True)
class Slip:
    """``old`` stands once in the source of the right function; with ``new`` in its place it makes the mistake.

    ``also`` are further pairs (old, new) that belong to the same mistake.
    """

    old: str
    new: str
    sentence: str
    also: tuple = ()

    def made_in(self, function):
        """The function with the slip in it."""
        source = textwrap.dedent(inspect.getsource(function))
        for old, new in ((self.old, self.new), *self.also):
            if source.count(old) != 1:
                raise TinymmError(f"{function.__name__} holds {old!r} {source.count(old)} times, not once")
            source = source.replace(old, new)
        space = {"np": np, **vars(inspect.getmodule(function))}
        exec(compile(source, f"<slip in {function.__name__}>", "exec"), space)
        return space[function.__name__]


def results(slips, function, *args, **options):
    """(sentence, what the function gives with that slip) for every slip that runs through."""
    for slip in slips:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                yield slip.sentence, slip.made_in(function)(*args, **options)
            except TinymmError:
                raise
            except Exception:  # a slip may not run on arrays of every shape
                continue
