"""Mistakes with updates, loops, cases, names: an operator takes a site and gives pairs (node, message)."""

import ast

from tinymm.gradchecking.mutants.sites import base_name, called, form, names_in, text

COMPARISONS = {
    ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt, ast.Lt),
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.Gt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip


def lost_update(site):
    """a += b -> a = b, nothing;  f(...) on its own -> nothing;  a new value for a name -> the old one."""
    node, what = site.node, site.what
    if isinstance(node, ast.AugAssign):
        new = ast.Assign([node.target], node.value)
        yield new, f"= instead of +=: only the last contribution to {what} counts"
        yield ast.Pass(), f"nothing is ever added to {what}"
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield ast.Pass(), f"{text(node)} is forgotten"
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        yield from _stale(site)


def _stale(site):
    """The assignment without effect on one of its targets."""
    target, value = site.node.targets[0], site.node.value
    if isinstance(target, ast.Subscript):
        yield ast.Pass(), f"{text(site.node)} is forgotten"
    known = _names_before(site)
    if isinstance(target, ast.Name) and target.id in known:
        yield ast.Pass(), f"{target.id} keeps its old value: {text(site.node)} is forgotten"
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for k, name in enumerate(target.elts):
            if isinstance(name, ast.Name) and name.id in known:
                values = [*value.elts[:k], ast.Name(name.id, ast.Load()), *value.elts[k + 1 :]]
                new = ast.Assign([target], ast.Tuple(values, ast.Load()))
                yield new, f"{name.id} keeps its old value: {text(value.elts[k])} is forgotten"


def _names_before(site):
    """The names that have a value when the statement runs for the first time."""
    names = {argument.arg for argument in site.function.args.args}
    for node in ast.walk(site.function):
        if isinstance(node, (ast.Assign, ast.For)) and node.lineno < site.statement.lineno:
            names.update(n for t in getattr(node, "targets", None) or [node.target] for n in names_in(t))
    return names


def forgotten_step(site):
    """A loop without its first or its last round;  reversed(a) -> a."""
    node = site.node
    if isinstance(node, ast.Call) and called(node) == "reversed":
        yield node.args[0], f"{text(node.args[0])} runs forwards instead of backwards"
    if site.field == "iter" and not isinstance(node, ast.Tuple):
        first, last = _rounds(ast.unparse(node))
        yield form("list(a)[1:]", a=node), f"{first} is forgotten"
        yield form("list(a)[:-1]", a=node), f"{last} is forgotten"


def _rounds(code):
    """How a learner calls the first and the last round of a loop."""
    if code.startswith("reversed(range"):
        return "the last time step", "the first time step"
    if "offsets(" in code or "range(" in code:
        return "the first place in the window", "the last place in the window"
    return f"the first of {code}", f"the last of {code}"


def branch(site):
    """where(c, a, b) -> a, b, where(c, b, a);  a case -> never, always or the opposite;  max -> min."""
    node = site.node
    if isinstance(node, ast.Call) and called(node) == "where":
        case, a, b = node.args
        yield a, f"{text(case)} is ignored: {text(a)} is taken everywhere"
        yield b, f"{text(case)} is ignored: {text(b)} is taken everywhere"
        new = ast.Call(node.func, [case, b, a], [])
        yield new, f"{text(a)} and {text(b)} are exchanged where {text(case)} chooses"
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("max", "min") and len(node.args) > 1:
        yield node.args[0], f"the bound {text(node.args[1])} is forgotten"
        yield node.args[1], f"{text(node.args[1])} stands for {text(node)}"
    if isinstance(node, ast.IfExp):
        yield node.body, f"the case of not {text(node.test)} is forgotten: always {text(node.body)}"
        yield node.orelse, f"the case {text(node.test)} is forgotten: always {text(node.orelse)}"
    if isinstance(node, ast.If):
        yield ast.If(ast.Constant(False), node.body, node.orelse), f"the case {text(node.test)} is forgotten"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand, f"not is missing: {text(node.operand)} decides the other way round"
    if isinstance(node, ast.Compare):
        for other in COMPARISONS[type(node.ops[0])]:
            new = ast.Compare(node.left, [other()], node.comparators)
            yield new, f"the comparison {text(node)} became {text(new)}"


def wrong_name(site):
    """A name -> its neighbour in the list where both got their values, when both are used in the same way."""
    node = site.node
    if not isinstance(node, ast.Name) or not (use := _use(site.parent, node)):
        return
    for group in _neighbourhoods(site.function):
        if node.id in group:
            alike = [name for name in group if (name, use) in _uses(site.function)]
            if node.id in alike and len(alike) > 1:
                other = alike[(alike.index(node.id) + 1) % len(alike)]
                yield ast.Name(other, ast.Load()), f"{other} stands where {node.id} belongs in {site.what}"
                return


def _neighbourhoods(function):
    """The lists of names that get their values together: by unpacking, or as arguments of the function."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
            yield [base_name(e) for e in node.targets[0].elts if isinstance(e, ast.Name)]
    yield [argument.arg for argument in function.args.args]


def _uses(function):
    return {
        (child.id, use)
        for parent in ast.walk(function)
        for child in ast.iter_child_nodes(parent)
        if isinstance(child, ast.Name) and (use := _use(parent, child))
    }


def _use(parent, name):
    """``number`` for an operand of + − × ÷, ``list`` for what is indexed, None for all else."""
    if isinstance(parent, ast.BinOp) and not isinstance(parent.op, ast.MatMult):
        return "number"
    return "list" if isinstance(parent, ast.Subscript) and parent.value is name else None
