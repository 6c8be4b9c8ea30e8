"""The source of the functions that computed a trace, and the statement behind each line."""

import ast
import linecache
import textwrap
from pathlib import Path

import tinymm

ROOT = Path(tinymm.__file__).parent.parent


class Sources:
    """Functions by number, as the page lists them, each with its file, its first line and its text."""

    def __init__(self):
        self.functions = []
        self._numbers = {}
        self._trees = {}

    def places(self, site):
        """The (function number, first line, last line) of each statement of a site, innermost call first.

        Methods are left out where a pure function is at work: they only hand the arrays on.
        """
        found = [self._place(*spot) for spot in site]
        found = [place for place in found if place]
        pure = [place for place in found if not self._is_method(place[0])]
        return [list(place) for place in dict.fromkeys(pure or found[:1])]

    def number(self, path, line):
        """The number of the function that begins at (or around) a line, None when its source is not at hand."""
        place = self._place(path, line)
        return place and place[0]

    def _is_method(self, number):
        return self.functions[number]["method"]

    def _place(self, path, line):
        function = self._innermost(path, line, ast.FunctionDef)
        if function is None:
            return None
        key = path, function.lineno
        if key not in self._numbers:
            self._numbers[key] = len(self.functions)
            self.functions.append(_described(path, function))
        statement = self._innermost(path, line, ast.stmt)
        body = getattr(statement, "body", None)  # of a for or an if, the head alone
        last = body[0].lineno - 1 if isinstance(body, list) else statement.end_lineno
        return self._numbers[key], statement.lineno, max(last, statement.lineno)

    def _innermost(self, path, line, kind):
        if path not in self._trees:
            text = "".join(linecache.getlines(path))
            try:
                self._trees[path] = ast.parse(text)
            except SyntaxError:
                self._trees[path] = ast.Module(body=[], type_ignores=[])
        inside = (n for n in ast.walk(self._trees[path]) if isinstance(n, kind) and n.lineno <= line <= n.end_lineno)
        return max(inside, key=lambda n: (n.lineno, -n.end_lineno), default=None)


def _described(path, function):
    lines = linecache.getlines(path)[function.lineno - 1 : function.end_lineno]
    arguments = function.args.args
    return {
        "name": function.name,
        "file": _short(path),
        "line": function.lineno,
        "method": bool(arguments) and arguments[0].arg == "self",
        "text": textwrap.dedent("".join(lines)).rstrip(),
    }


def _short(path):
    """A path as a reader knows it: inside the project, or the file's name."""
    path = Path(path)
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
