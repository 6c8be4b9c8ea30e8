"""Mistakes with + − × ÷: each operator takes a site and gives pairs (new node, message)."""

import ast

from tinymm.gradchecking.mutants.sites import called, exchanged, form, text

OPPOSITE = {ast.Add: ast.Sub, ast.Sub: ast.Add}
ONE_WAY = (ast.Sub, ast.Div, ast.FloorDiv, ast.MatMult, ast.Pow)
PLAIN_FUNCTIONS = {"sqrt", "abs", "conj", "exp", "log", "tanh"}


def dropped_term(site):
    """a + b -> a, b;  a − b -> a, −b."""
    node = site.node
    if isinstance(node, ast.BinOp) and type(node.op) in OPPOSITE:
        yield node.left, f"{site.what} lacks the term {text(node.right)}"
        right = node.right if isinstance(node.op, ast.Add) else form("-a", a=node.right)
        yield right, f"{site.what} lacks the term {text(node.left)}"


def flipped_sign(site):
    """a + b -> a − b;  −a -> a;  a whole result -> its negative."""
    node = site.node
    if isinstance(node, ast.BinOp) and type(node.op) in OPPOSITE:
        opposite = ast.BinOp(node.left, OPPOSITE[type(node.op)](), node.right)
        yield opposite, f"the sign of {text(node.right)} in {site.what} is flipped"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        if not isinstance(node.operand, ast.Constant):
            yield node.operand, f"the minus in front of {text(node.operand)} is missing"
    if isinstance(node, ast.AugAssign) and type(node.op) in OPPOSITE:
        opposite = ast.AugAssign(node.target, OPPOSITE[type(node.op)](), node.value)
        yield opposite, f"the sign of {site.what} is flipped"
    if site.is_result and not isinstance(site.statement, ast.AugAssign):
        yield form("-a", a=node), f"the sign of {site.what} is flipped"


def wrong_factor(site):
    """a whole result -> 2 a, a/2;  a b -> a, b;  a/b -> a;  f(dy, cache) -> dy;  √a -> a."""
    node = site.node
    if site.is_result:
        yield form("2 * a", a=node), f"{site.what} is twice the right value"
        yield form("0.5 * a", a=node), f"{site.what} is half of the right value"
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, ast.Mult):
            yield node.left, f"{site.what} lacks the factor {text(node.right)}"
            yield node.right, f"{site.what} lacks the factor {text(node.left)}"
        elif isinstance(node.op, (ast.Div, ast.FloorDiv)):
            yield node.left, f"{site.what} is not divided by {text(node.right)}"
        elif isinstance(node.op, ast.Pow):
            yield node.left, f"{text(node.left)} is not raised to the power {text(node.right)}"
    if isinstance(node, ast.Call):
        yield from _left_out(node, site.is_result)


def _left_out(call, is_result):
    name = called(call)
    if name.endswith("_backward") and is_result:
        dy, layer = call.args[0], name.removesuffix("_backward")
        yield dy, f"the gradient is simply {text(dy)}: the derivative of {layer} is missing"
    if name in PLAIN_FUNCTIONS:
        inside = call.args[0] if call.args else call.func.value
        yield inside, f"{name} is left out: {text(inside)} stands alone"
    if name == "reshape":
        yield call.func.value, f"{text(call.func.value)} is not reshaped"


def wrong_constant(site):
    """A number in a formula -> the next one."""
    node, parents = site.node, site.parents
    if not isinstance(node, ast.Constant) or type(node.value) not in (int, float):
        return
    if not any(isinstance(n, (ast.Subscript, ast.Slice, ast.keyword)) for n in parents):
        new = ast.Constant(node.value + 1)
        yield new, f"the constant {node.value} in {text(site.parent)} became {new.value}"


def swapped(site):
    """a − b -> b − a, a @ b -> b @ a, ...;  x, y -> y, x;  {k: x, l: y} -> {k: y, l: x}."""
    node = site.node
    if isinstance(node, ast.BinOp) and isinstance(node.op, ONE_WAY):
        new = ast.BinOp(node.right, node.op, node.left)
        yield new, f"{site.what} uses {text(new)} instead of {text(node)}"
    if isinstance(node, ast.Call) and called(node) == "tensordot":
        a, b, *rest = node.args
        new = ast.Call(node.func, [b, a, *rest], node.keywords)
        yield new, f"the operands {text(a)} and {text(b)} are swapped"
    if isinstance(node, ast.Dict):
        for a, b, values in exchanged(node.values):
            yield ast.Dict(node.keys, values), f"{text(a)} and {text(b)} have changed places"
    if isinstance(node, ast.Tuple) and isinstance(site.parent, (ast.Assign, ast.Return)):
        for a, b, elements in exchanged(node.elts):
            yield ast.Tuple(elements, ast.Load()), f"{text(a)} and {text(b)} have changed places"
    if isinstance(node, ast.List) and isinstance(site.parent, ast.Call):
        for a, b, elements in exchanged(node.elts):
            yield ast.List(elements, ast.Load()), f"{text(a)} and {text(b)} have changed places"
        yield from _wrong_derivatives(node)


def _wrong_derivatives(gates):
    """[di · i (1 − i), df · f (1 − f), ...] -> [di · f (1 − f), df · f (1 − f), ...], and so on."""
    products = [gate for gate in gates.elts if _is_product(gate)]
    if len(products) < len(gates.elts):
        return
    leads = [_first_factor(product) for product in products]
    for k in range(len(products)):
        other = (k + 1) % len(products)
        new = _with_first_factor(products[other], leads[k])
        here, there = (text(leads[n]).removeprefix("d") for n in (k, other))
        elements = [*products[:k], new, *products[k + 1 :]]
        message = f"the gradient of gate {here} was computed with gate {there}'s derivative"
        yield ast.List(elements, ast.Load()), message


def _is_product(node):
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)


def _first_factor(product):
    return _first_factor(product.left) if _is_product(product) else product


def _with_first_factor(product, factor):
    if not _is_product(product):
        return factor
    return ast.BinOp(_with_first_factor(product.left, factor), ast.Mult(), product.right)
