"""Equations as one writes them in a docstring, turned into MathML, which browsers typeset without any library.

``∂x_{n,d} = Σ_m ∂y_{n,m} W_{d,m}`` is ∂L/∂x with its indices; ``frac{a}{b}`` and ``sqrt{a}`` do what they say.
"""

import re
from html import escape

from tinymm.errors import TinymmError

TOKEN = re.compile(
    r"\s*(?:(?P<call>frac|sqrt)(?=\{)|(?P<sum>Σ|(?:arg)?max(?=_)|mean(?=_))|(?P<partial>∂)(?!L)|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<word>∂L|[^\W\d_]['\u0302′]*[^\W\d_]*)|(?P<mark>[_^{}])|(?P<operator>\S))"
)
WORDS = {"tanh", "exp", "log", "sigmoid", "where", "if", "is", "the", "of", "in", "all", "max", "mean", "softmax", "sqrt", "to"}
FUNCTIONS = {"tanh", "exp", "log", "sigmoid", "max", "mean", "softmax"}
SPACE = '<mspace width="0.17em"/>'


def mathml(equation):
    """The MathML of an equation, or of one a line. Raises TinymmError for one with braces that do not match."""
    return "".join(_block(line) for line in equation.splitlines())


def _block(equation):
    tokens = _tokens(equation)
    row, rest = _row(tokens, 0)
    if rest != len(tokens):
        raise TinymmError(f"the equation {equation!r} has a brace too many")
    return f'<math display="block"><mrow>{row}</mrow></math>'


def _tokens(text):
    found, place = [], 0
    while place < len(text.rstrip()):
        match = TOKEN.match(text, place)
        found.append((match.lastgroup, match.group(match.lastgroup)))
        place = match.end()
    return _stretched(found)


def _stretched(tokens):
    """Parentheses around a fraction or a sum become as tall as it is, all others stay as they are."""
    opened = []
    for k, (_, text) in enumerate(tokens):
        if text == "(":
            opened.append(k)
        elif text == ")" and opened:
            first = opened.pop()
            if any(kind in ("call", "partial", "sum") for kind, _ in tokens[first:k]):
                tokens[first], tokens[k] = ("tall", "("), ("tall", ")")
    return tokens


def _row(tokens, k):
    """Everything up to a closing brace or the end: -> its MathML, the place behind it."""
    parts = []
    while k < len(tokens) and tokens[k] != ("mark", "}"):
        part, k = _part(tokens, k)
        parts.append(part)
    return "".join(parts), k


def _group(tokens, k):
    """What follows ``_``, ``^`` or a call: one token, or a row in braces."""
    if k < len(tokens) and tokens[k] == ("mark", "{"):
        row, k = _row(tokens, k + 1)
        if k == len(tokens):
            raise TinymmError("an equation has an open brace")
        return f"<mrow>{row}</mrow>", k + 1
    return _atom(*tokens[k]), k + 1


def _part(tokens, k):
    """One token with its subscript and superscript."""
    kind, text = tokens[k]
    if kind == "call":
        first, k = _group(tokens, k + 1)
        if text == "sqrt":
            return f"<msqrt>{first}</msqrt>", k
        second, k = _group(tokens, k)
        return f"<mfrac>{first}{second}</mfrac>", k
    if kind == "partial":
        below, k = _part(tokens, k + 1)
        return f"<mfrac><mrow><mi>∂</mi><mi>L</mi></mrow><mrow><mi>∂</mi>{below}</mrow></mfrac>", k
    base, k, scripts = _atom(kind, text), k + 1, {}
    while k < len(tokens) and tokens[k] in (("mark", "_"), ("mark", "^")):
        mark = tokens[k][1]
        scripts[mark], k = _group(tokens, k + 1)
    if kind == "sum" and scripts:
        base = f"<munder>{base}{scripts['_']}</munder>"
    elif len(scripts) == 2:
        base = f"<msubsup>{base}{scripts['_']}{scripts['^']}</msubsup>"
    elif scripts:
        base = f"<msub>{base}{scripts['_']}</msub>" if "_" in scripts else f"<msup>{base}{scripts['^']}</msup>"
    upright = kind == "word" and _is_upright(text)
    return SPACE * (upright and text not in FUNCTIONS) + base + SPACE * upright, k


def _is_upright(word):
    return word in WORDS or len(word) > 2


def _atom(kind, text):
    if kind == "number":
        return f"<mn>{text}</mn>"
    if kind == "sum":
        return '<mo class="sum">∑</mo>' if text == "Σ" else f"<mo>{text}</mo>"
    if kind == "word":
        return f'<mi mathvariant="normal">{escape(text)}</mi>' if _is_upright(text) else f"<mi>{escape(text)}</mi>"
    stretch = ' stretchy="false"' if kind != "tall" and text in "()[]" else ""
    return f"<mo{stretch}>{escape(text)}</mo>"
