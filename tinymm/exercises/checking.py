"""Check an exercise: step by step, up to the first that fails."""

import warnings
from pathlib import Path

import numpy as np

from tinymm.errors import TinymmError
from tinymm.exercises.course import exercise
from tinymm.exercises.exercise import IMPORTS, Failed, Outcome
from tinymm.exercises.learner import Learner
from tinymm.exercises.loading import load

FOLDER = "exercises"


def check(name, *functions, folder=FOLDER):
    """Check the exercise ``name``, or its lesson's number: -> Outcome, true when everything is right.

    functions: the learner's, as in a notebook, in the order of the exercise; without them the file
    ``folder/name.py`` is imported. Raises TinymmError when there is no such exercise or file.
    """
    task = exercise(name)
    if functions:
        return run_steps(task, _by_name(task, functions), "in this notebook", [])
    file = Path(folder) / f"{task.name}.py"
    if not file.exists():
        raise TinymmError(f"{file} is not there: `tinymm exercise start {task.name}` makes it")
    return check_file(task, file)


def check_file(task, file):
    """The Outcome of an exercise on a file. One that does not import fails its first step."""
    try:
        space = load(file, task.functions)
    except Failed as failure:
        return Outcome(task, str(file), [], IMPORTS.what, failure.lines)
    return run_steps(task, space, str(file), [(IMPORTS.what, "")])


def run_steps(task, space, where, passed):
    """Run the steps one after the other: -> Outcome."""
    for step in task.steps:
        learners = {name: Learner(space[name], name, returns) for name, returns in task.returns.items()}
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                passed.append((step.what, step.run(learners)))
        except TinymmError as error:
            printed = "".join(learner.printed for learner in learners.values())
            return Outcome(task, where, passed, step.what, getattr(error, "lines", (str(error),)), printed)
    return Outcome(task, where, passed)


def _by_name(task, functions):
    if len(functions) != len(task.functions):
        raise TinymmError(
            f"the exercise {task.name} asks for {len(task.functions)} functions, {', '.join(task.functions)}: "
            f"got {len(functions)}"
        )
    strange = [name for name, function in zip(task.functions, functions) if not callable(function)]
    if strange:
        raise TinymmError(f"{strange[0]} is not a function: write check({task.name!r}, {', '.join(task.functions)}), without brackets behind their names")
    return dict(zip(task.functions, functions))
