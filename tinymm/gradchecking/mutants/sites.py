"""The places in a function where a mistake can be planted, and small tools to read and build syntax trees."""

import ast
from contextlib import contextmanager
from dataclasses import dataclass

QUIET_CALLS = {
    "arange", "array_module", "astype", "broadcast_to", "isinstance", "len", "range", "reshape", "zeros",
    "zeros_like",
}  # fmt: skip
NUMERIC_CALLS = {"dot", "mean", "reshape", "sqrt", "sum", "tensordot", "where"}


@dataclass
class Site:
    """A node, its parents from the function inwards, and its place, ``field`` and ``index``, in the last."""

    node: ast.AST
    parents: tuple
    field: str
    index: int | None

    @property
    def function(self):
        return self.parents[0]

    @property
    def parent(self):
        return self.parents[-1]

    @property
    def statement(self):
        return next(n for n in reversed((*self.parents, self.node)) if isinstance(n, ast.stmt))

    @contextmanager
    def replaced_by(self, new):
        """While the block runs, ``new`` stands in the tree. Gives the statement that holds it."""
        if isinstance(new, ast.stmt):
            ast.copy_location(new, self.node)
        old = getattr(self.parent, self.field)
        if self.index is None:
            setattr(self.parent, self.field, new)
        else:
            setattr(self.parent, self.field, [*old[: self.index], new, *old[self.index + 1 :]])
        try:
            yield new if self.node is self.statement else self.statement
        finally:
            setattr(self.parent, self.field, old)

    @property
    def is_result(self):
        """Whether the node is all that is assigned or returned under one name, and is computed."""
        holder = self.statement
        chain = [n for n in self.parents if not isinstance(n, ast.stmt)]
        whole = all(isinstance(n, (ast.Tuple, ast.List, ast.Dict)) for n in chain)
        unpacked = isinstance(holder, ast.Assign) and isinstance(holder.targets[0], ast.Tuple) and not chain
        if not isinstance(holder, (ast.Assign, ast.AugAssign, ast.Return)) or not whole or unpacked:
            return False
        if isinstance(self.node, ast.Call):
            return called(self.node) in NUMERIC_CALLS or called(self.node).endswith(("_backward", "_norm"))
        return isinstance(self.node, ast.BinOp)

    @property
    def what(self):
        """The name of what the statement computes here, for a message: dW, or ``the result``."""
        statement = self.statement
        if self.field == "values" and isinstance(self.parent, ast.Dict):
            return str(getattr(self.parent.keys[self.index], "value", "the result"))
        if isinstance(statement, ast.AugAssign):
            return base_name(statement.target)
        if isinstance(statement, ast.Assign):
            target, value = statement.targets[0], statement.value
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                inside = {id(n) for n in (*self.parents, self.node)}
                target = next((t for t, v in zip(target.elts, value.elts) if id(v) in inside), target)
            return base_name(target)
        return "the gradient" if self.function.name.endswith("backward") else "the result"


def sites(function):
    """Every site of the function's body, outer ones first, without shapes, errors and left-hand sides."""

    def visit(parents, field, index, node):
        site = Site(node, parents, field, index)
        yield site
        for name in node._fields:
            value = getattr(node, name)
            for place, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if isinstance(child, ast.AST) and not _is_quiet(node, name, child):
                    yield from visit((*parents, node), name, place, child)

    for place, statement in enumerate(function.body):
        yield from visit((function,), "body", place, statement)


def _is_quiet(parent, field, child):
    """Whether a subtree only moves shapes, names an error or a target: nothing a gradient test could see."""
    if isinstance(child, (ast.Raise, ast.JoinedStr, ast.expr_context, ast.operator, ast.cmpop)):
        return True
    if isinstance(parent, (ast.Assign, ast.AugAssign)) and field.startswith("target"):
        return not isinstance(child, ast.Subscript)
    if isinstance(parent, ast.Call) and called(parent) in QUIET_CALLS:
        return field != "func"
    if isinstance(child, ast.keyword):
        return child.arg == "dtype"
    return isinstance(child, ast.Subscript) and "shape" in base_name(child)


def called(call):
    """The last name of what a call calls: ``tensordot`` of ``xp.tensordot(...)``."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def base_name(node):
    """``dx`` of ``dx[:, t]``, ``shape`` of ``x.shape[1:]``, ``dx and dW`` of a tuple of both."""
    if isinstance(node, (ast.Subscript, ast.Starred)):
        return base_name(node.value)
    if isinstance(node, (ast.Tuple, ast.List)):
        return " and ".join(base_name(element) for element in node.elts)
    return getattr(node, "id", getattr(node, "attr", "the result"))


def text(node):
    """The code of a node, cut to 50 characters."""
    code = ast.unparse(node)
    return code if len(code) <= 50 else f"{code[:49]}…"


def form(template, **parts):
    """The expression ``template`` with nodes in the place of the names: form("a - b", a=..., b=...)."""

    class Fill(ast.NodeTransformer):
        def visit_Name(self, name):
            return parts.get(name.id, name)

    return Fill().visit(ast.parse(template, mode="eval").body)


def exchanged(elements):
    """The list with each pair of neighbours exchanged in turn: -> (a, b, list), a and b the two."""
    for k, (a, b) in enumerate(zip(elements, elements[1:])):
        yield a, b, [*elements[:k], b, a, *elements[k + 2 :]]


def names_in(target):
    """The plain names that an assignment to ``target`` sets."""
    return [n.id for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
