"""From a function to its mutants: parse, replace one node, compile, and swap the code."""

import ast
import inspect
import textwrap
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType

from tinymm.errors import TinymmError
from tinymm.gradchecking.mutants.arithmetic import (
    dropped_term,
    flipped_sign,
    swapped,
    wrong_constant,
    wrong_factor,
)  # fmt: skip
from tinymm.gradchecking.mutants.arrays import batch_sum, off_by_one, transposed, wrong_axis
from tinymm.gradchecking.mutants.flow import branch, forgotten_step, lost_update, wrong_name
from tinymm.gradchecking.mutants.sites import sites

OPERATORS = {
    "term": dropped_term,
    "sign": flipped_sign,
    "factor": wrong_factor,
    "constant": wrong_constant,
    "swap": swapped,
    "transpose": transposed,
    "index": off_by_one,
    "update": lost_update,
    "sum": batch_sum,
    "axis": wrong_axis,
    "step": forgotten_step,
    "branch": branch,
    "name": wrong_name,
}


@dataclass(frozen=True)
class Mutant:
    """One planted mistake.

    operator is a key of ``OPERATORS``, line the line in the function's file, before and after the statement
    (its first line), message what a learner is told, code what ``planted`` puts into the function.
    """

    operator: str
    line: int
    before: str
    after: str
    message: str
    code: CodeType = field(repr=False, compare=False)


def mutants_of(function):
    """All mutants of a function or method that is written in Python, in the order of its lines.

    No two of them have the same text. Raises TinymmError when the source of the function is not to be had.
    """
    function = _plain(function)
    tree = _parsed(function)
    found, seen = [], {ast.unparse(tree)}
    for site in sites(tree):
        before = _first_line(site.statement)
        for name, operator in OPERATORS.items():
            for new, message in operator(site):
                with site.replaced_by(new) as statement:
                    text = ast.unparse(tree)
                    if text not in seen:
                        seen.add(text)
                        code = _compiled(tree, function)
                        after = _first_line(statement)
                        found.append(Mutant(name, site.statement.lineno, before, after, message, code))
    return found


@contextmanager
def planted(function, mutant):
    """While the block runs, ``function`` makes the mistake, wherever it has been imported to."""
    function = _plain(function)
    right = function.__code__
    function.__code__ = mutant.code
    try:
        yield
    finally:
        function.__code__ = right


def _plain(function):
    """The function itself, behind a bound method or a decorator."""
    return inspect.unwrap(getattr(function, "__func__", function))


def _parsed(function):
    """The function's tree without docstring, decorators, defaults, annotations; lines as in its file."""
    try:
        lines, start = inspect.getsourcelines(function)
        tree = ast.parse(textwrap.dedent("".join(lines))).body[0]
    except (OSError, TypeError, SyntaxError):
        tree = None
    if not inspect.isfunction(function) or getattr(tree, "name", "") != function.__name__:
        raise TinymmError(f"no mutants of {function!r}: give a function made by def, with its source file")
    ast.increment_lineno(tree, start - 1)
    if ast.get_docstring(tree) is not None:
        del tree.body[0]
    tree.decorator_list, tree.returns = [], None
    arguments = tree.args
    arguments.defaults, arguments.kw_defaults = [], [None] * len(arguments.kwonlyargs)
    for argument in ast.walk(arguments):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    return tree


def _compiled(tree, function):
    """The code of the tree, with the free variables of ``function``: ``super()`` needs one."""
    free = function.__code__.co_freevars
    module = ast.parse(f"def around({', '.join(free)}):\n    pass")
    body = tree.body
    if free:  # never runs, but keeps the variables in the code when the mutant has lost them
        body = [*ast.parse(f"if 0: {', '.join(free)}").body, *body]
    module.body[0].body = [type(tree)(**{**dict(ast.iter_fields(tree)), "body": body})]
    around = compile(ast.fix_missing_locations(module), function.__code__.co_filename, "exec").co_consts
    inner = next(c for c in around if isinstance(c, CodeType)).co_consts
    return next(c for c in inner if isinstance(c, CodeType))


def _first_line(statement):
    return ast.unparse(statement).splitlines()[0]
