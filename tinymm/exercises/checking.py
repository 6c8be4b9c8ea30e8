"""Check an exercise: step by step, up to the first that fails."""

from pathlib import Path

import numpy as np

from tinymm.errors import TinymmError
from tinymm.exercises.course import exercise
from tinymm.exercises.exercise import Failed, Outcome
from tinymm.gradchecking.loading import import_file

FOLDER = "exercises"


def check(name, *functions, folder=FOLDER):
    """Check the exercise ``name``, or its lesson's number: -> Outcome, true when everything is right.

    functions: the learner's, as in a notebook, in the order of the exercise; without them the file
    ``folder/name.py`` is imported. Raises TinymmError when there is no such exercise, file or function.
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
        module = import_file(Path(file))
        missing = [name for name in task.functions if not callable(getattr(module, name, None))]
        if missing:
            raise TinymmError(f"{file} has no function {missing[0]}: the exercise asks for {', '.join(task.functions)}")
    except TinymmError as error:
        return Outcome(task, str(file), [], "the file imports", (str(error),))
    space = {name: getattr(module, name) for name in task.functions}
    return run_steps(task, space, str(file), [("the file imports", "")])


def run_steps(task, space, where, passed):
    """Run the steps one after the other: -> Outcome."""
    for step in task.steps:
        try:
            with np.errstate(all="ignore"):
                passed.append((step.what, step.run(space)))
        except Failed as failure:
            return Outcome(task, where, passed, step.what, failure.lines)
        except TinymmError as error:
            return Outcome(task, where, passed, step.what, (unfinished(error),))
    return Outcome(task, where, passed)


def unfinished(error):
    """A function that was not written yet says so, and needs no other explanation."""
    text = str(error)
    return text if "NotImplementedError" not in text else f"not written yet: {text.partition('NotImplementedError: ')[2]}"


def _by_name(task, functions):
    if len(functions) != len(task.functions):
        raise TinymmError(
            f"the exercise {task.name} asks for {len(task.functions)} functions, {', '.join(task.functions)}: "
            f"got {len(functions)}"
        )
    return dict(zip(task.functions, functions))
