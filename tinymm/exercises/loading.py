"""A learner's file, imported anew at every check. Nothing is written beside it."""

import difflib
import os
import sys
import types
from pathlib import Path

from tinymm.exercises.exercise import Failed
from tinymm.exercises.learner import LIMIT, supervised


def load(file, names):
    """The file's functions ``names``, by name. Raises Failed when it does not import, or one is missing."""
    file = Path(os.path.abspath(file))
    module = types.ModuleType(f"own_{file.stem}")
    module.__file__ = str(file)
    code = compiled(file)
    sys.path.insert(0, str(file.parent))
    sys.modules[module.__name__] = module
    try:
        supervised(file.name, str(file.parent), 4 * LIMIT, exec, code, vars(module))
    finally:
        sys.path.remove(str(file.parent))
    missing = [name for name in names if not callable(getattr(module, name, None))]
    if missing:
        others = [name for name, value in vars(module).items() if callable(value)]
        near = difflib.get_close_matches(missing[0], others, 1)
        raise Failed(
            f"{file.name} has no function {missing[0]}{f': did you mean {near[0]}?' if near else ''}",
            f"The exercise asks for {', '.join(names)}",
        )
    return {name: getattr(module, name) for name in names}


def compiled(file):
    """The file's code. Raises Failed for a syntax error, with the line and a mark under the place."""
    try:
        return compile(file.read_bytes(), str(file), "exec")
    except SyntaxError as error:
        where = f" (line {error.lineno})" if error.lineno else ""
        code = (error.text or "").rstrip()
        mark = " " * (min(error.offset or 1, len(code) + 1) - 1) + "^"
        raise Failed(f"{file.name} is no valid Python: {error.msg}{where}", *([f"    {code}", f"    {mark}"] if code else [])) from None
    except ValueError as error:  # null bytes
        raise Failed(f"{file.name} is no valid Python: {error}") from None
