"""Mistakes with arrays, axes and indices: each operator takes a site and gives pairs (new node, message)."""

import ast

from tinymm.gradchecking.mutants.sites import called, form, names_in, text


def transposed(site):
    """W.T -> W;  a @ b as a whole result -> (a @ b).T."""
    node = site.node
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value, f"{text(node.value)} stands where its transpose {text(node)} belongs"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult) and site.is_result:
        yield form("a.T", a=node), f"{site.what} is transposed"


def off_by_one(site):
    """a[t] -> a[t−1];  a[0] -> a[1];  a[-1] -> a[-2];  a[m:n] -> a[m+1:n], a[m:n−1];  t counts."""
    node = site.node
    if not isinstance(node, ast.Subscript):
        return
    several = isinstance(node.slice, ast.Tuple)
    entries = node.slice.elts if several else [node.slice]
    for k, entry in enumerate(entries):
        for other in _shifted(entry, _counters(site.function)):
            changed = [*entries[:k], other, *entries[k + 1 :]]
            index = ast.Tuple(changed, ast.Load()) if several else other
            new = ast.Subscript(node.value, index, node.ctx)
            yield new, f"{text(node)} is one place off: it became {text(new)}"


def _counters(function):
    """The names that count in a loop over range, offsets or enumerate."""
    loops = [node for node in ast.walk(function) if isinstance(node, (ast.For, ast.comprehension))]
    return {
        name
        for loop in loops
        if any(word in ast.unparse(loop.iter) for word in ("range(", "offsets(", "enumerate("))
        for name in names_in(loop.target)
    }


def _shifted(entry, counters):
    if isinstance(entry, ast.Name) and entry.id in counters:
        yield form("a - 1", a=entry)
    elif isinstance(entry, ast.Constant) and type(entry.value) is int:
        yield ast.Constant(1 - entry.value)
    elif isinstance(entry, ast.UnaryOp) and isinstance(entry.operand, ast.Constant):
        yield from (ast.Constant(-entry.operand.value - 1), ast.Constant(0))
    elif isinstance(entry, ast.Slice) and (entry.lower or entry.upper):
        lower = form("a + 1", a=entry.lower) if entry.lower else ast.Constant(1)
        yield ast.Slice(lower, entry.upper, entry.step)
        if entry.upper:
            yield ast.Slice(entry.lower, form("a - 1", a=entry.upper), entry.step)


def batch_sum(site):
    """a.sum(axis=0) -> of a[:1], of a[1:], the mean, a alone;  xᵀ y likewise;  Σ -> max."""
    node, what = site.node, site.what
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        if isinstance(node.left, ast.Attribute) and node.left.attr == "T":
            x, y = node.left.value, node.right
            yield form("x[:1].T @ y[:1]", x=x, y=y), _without_sum(what)
            yield form("x[1:].T @ y[1:]", x=x, y=y), f"{what} forgets the first row of the batch"
    if not isinstance(node, ast.Call):
        return
    if called(node) == "tensordot" and "(0" in ast.unparse(node.keywords[0]):
        for cut in ("a[:1]", "a[1:]"):
            new = ast.Call(node.func, [form(cut, a=array) for array in node.args], node.keywords)
            forgets = f"{what} forgets the first sample of the batch"
            yield new, forgets if cut == "a[1:]" else _without_sum(what)
    if isinstance(node.func, ast.Name) and node.func.id == "sum":
        new = ast.Call(ast.Name("max", ast.Load()), node.args, [])
        yield new, f"the largest of {text(node.args[0])} stands where their sum belongs"
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("sum", "mean"):
        yield from _reductions(node, what)


def _without_sum(what):
    return f"{what} equals the right one without the sum over the batch: only the first row counts"


def _reductions(call, what):
    array, name = call.func.value, call.func.attr
    other = "mean" if name == "sum" else "sum"
    axis = next((ast.unparse(k.value) for k in call.keywords if k.arg == "axis"), "")

    def again(array, name):
        return ast.Call(ast.Attribute(array, name, ast.Load()), call.args, call.keywords)

    yield again(array, other), f"a {other} over {text(array)} in {what}, where a {name} belongs"
    if axis == "-1" or any(k.arg == "keepdims" for k in call.keywords):
        yield array, f"{what} lacks the {name} over {text(array)}"
    elif axis:
        yield again(form("a[:1]", a=array), name), _without_sum(what)
        yield again(form("a[1:]", a=array), name), f"{what} forgets the first row of the batch"


def wrong_axis(site):
    """axis=0 -> axis=1;  axis=axes -> axes[1:], axes[:-1];  a[:, None] -> a[:];  keepdims=True -> none."""
    node = site.node
    if isinstance(node, ast.Call):
        kept = [k for k in node.keywords if k.arg != "keepdims"]
        if len(kept) < len(node.keywords):
            message = f"{text(node)} does not keep its axis: rows meet columns"
            yield ast.Call(node.func, node.args, kept), message
    if isinstance(node, ast.keyword) and node.arg in ("axis", "axes"):
        for value in _other_axes(node.value):
            change = f"{ast.unparse(value)} instead of {ast.unparse(node.value)}"
            yield ast.keyword(node.arg, value), f"{node.arg} {change} in {text(site.parent)}"
    if isinstance(node, ast.Subscript) and "None" in ast.unparse(node.slice):
        yield from _without_new_axis(node)


def _other_axes(value):
    if isinstance(value, ast.Name):
        yield from (form("a[1:]", a=value), form("a[:-1]", a=value))
    elif isinstance(value, ast.Tuple):
        for k, element in enumerate(value.elts):
            rest = value.elts[:k], value.elts[k + 1 :]
            if isinstance(element, ast.Tuple):
                yield ast.Tuple([*rest[0], ast.Tuple(element.elts[::-1], ast.Load()), *rest[1]], ast.Load())
            elif _is_pair(value):
                yield ast.Tuple([*rest[0], ast.Constant(element.value - 1), *rest[1]], ast.Load())
            else:
                yield ast.Tuple([*rest[0], *rest[1]], ast.Load())
    else:
        axis = ast.literal_eval(value)
        yield ast.Constant(1 - axis if axis >= 0 else 0)


def _is_pair(value):
    """axes=(2, 1) of tensordot: one axis of each operand, neither of them the batch axis."""
    return len(value.elts) == 2 and 0 not in [e.value for e in value.elts]


def _without_new_axis(node):
    entries = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if len(entries) < 2:
        return
    rest = [e for e in entries if not (isinstance(e, ast.Constant) and e.value is None)]
    index = rest[0] if len(rest) == 1 else ast.Tuple(rest, ast.Load())
    new = ast.Subscript(node.value, index, node.ctx)
    yield new, f"{text(new)} lacks the new axis of {text(node)}: rows meet columns"
