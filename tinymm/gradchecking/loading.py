"""A learner's file: imported, and the class or the pair of functions in it found by name."""

import difflib
import importlib.util
import inspect
import sys
import traceback
from pathlib import Path

from tinymm.errors import TinymmError

WAYS = ("forward", "backward")


def is_file(word):
    """True for ``file.py`` and ``file.py:MyConv``, which name no layer of tinymm, and for a folder."""
    return ":" in word or word.endswith(".py") or "/" in word or Path(word or "-").is_dir()


def load(word):
    """``path/to/my_layer.py:MyConv`` -> the class, object or pair of functions, and what to call it.

    ``file.py:my_dense`` means my_dense_forward and my_dense_backward. Raises TinymmError when the file does
    not import or holds nothing of that name.
    """
    path, _, name = word.rpartition(":") if ":" in word else (word, "", "")
    module = import_file(Path(path))
    found = subjects_in(module)
    there = f"there {'is' if len(found) == 1 else 'are'} {', '.join(found)}" if found else (
        "it has no class with forward and backward, and no functions NAME_forward and NAME_backward"
    )  # fmt: skip
    if not name:
        raise TinymmError(
            f"{path}: say which layer to check, as in {path}:{next(iter(found), 'MyLayer')}; {there}"
        )
    thing = getattr(module, name, None)
    if name in found:
        return found[name], f"{name} ({Path(path).name})"
    if thing is None or name.endswith(("_forward", "_backward")):
        alone = [way for way in WAYS if hasattr(module, f"{name}_{way}")]
        if alone:
            other = WAYS[1 - WAYS.index(alone[0])]
            raise TinymmError(f"{path} has {name}_{alone[0]} but no {name}_{other}: write both")
        near = difflib.get_close_matches(name, found, 1)
        raise TinymmError(f"{path} has no {name}: {f'did you mean {near[0]}?' if near else there}")
    missing = [way for way in WAYS if not callable(getattr(thing, way, None))]
    if missing:
        raise TinymmError(
            f"{name} in {path} has no method {' and no '.join(missing)}: it needs forward(x) -> (y, cache)"
            " and backward(dy, cache) -> (dx, grads)"
        )
    return thing, f"{name} ({Path(path).name})"


def import_file(path):
    """The module a file holds. Its folder is where it imports its neighbours from."""
    if path.is_dir():
        raise TinymmError(f"{path} is a folder: name a file in it and the layer, as in {path / 'my_layer.py'}:MyLayer")
    if not path.is_file():
        raise TinymmError(f"{path}: there is no such file")
    spec = importlib.util.spec_from_file_location(f"own_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise TinymmError(f"{path} is no Python file: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise TinymmError(
            f"{path} does not import: {error.msg} ({Path(error.filename or path).name}, line {error.lineno})"
        ) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit at the top of a file is no reason to stop here
        lines = [
            f.lineno for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).name == path.name
        ]
        at = f" (line {lines[-1]})" if lines else ""
        raise TinymmError(f"{path} does not import: {type(error).__name__}: {error}{at}") from None
    finally:
        sys.path.remove(str(path.parent))
    return module


def subjects_in(module):
    """{name: class, object or pair} of all in a module that can be checked."""
    found = {}
    for name, value in vars(module).items():
        foreign = inspect.isclass(value) and value.__module__ != module.__name__
        if name.startswith("_") or foreign or inspect.ismodule(value):
            continue
        if all(callable(getattr(value, way, None)) for way in WAYS):
            found[name] = value
        stem = name.removesuffix("_forward")
        if stem != name and callable(value) and callable(getattr(module, f"{stem}_backward", None)):
            found[stem] = (value, getattr(module, f"{stem}_backward"))
    return found
