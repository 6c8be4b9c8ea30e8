"""An executed notebook as one offline HTML page: formulas as MathML, figures inside, the step viewer live.

The notebook holds no viewer, only a line in its place, since neither GitHub nor an untrusted Jupyter would run it.
Cells tagged ``view`` stand alone: numpy as np and tinymm as mm are all they use. So the page runs those again,
which takes a second, and puts in what they give.
"""

import ast
import html
import json
import re

import numpy as np

import tinymm as mm
from tinymm.errors import TinymmError
from tinymm.lessons.page_style import CSS
from tinymm.viewer import HEIGHT

TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · tinymm</title><style>{css}</style></head>
<body><header>tinymm · lesson {number}{links}</header><main>
{body}
</main><footer>Made from <code>lessons/{file}</code>, which runs as it stands. {links}</footer>
<script>{script}</script></body></html>
"""
SPACE = '<mspace width="0.17em"/>'  # as in o tanh c, which MathML would write otanhc
BEFORE_NAME = re.compile(r"(?:(?<=</m[in]>)|(?<=</msub>))<mi>(tanh|log|cos)</mi>")
AFTER_NAME = re.compile(r"((?<!<msup>)<mi>(tanh|log|cos)</mi>|<msup><mi>tanh</mi><mn>2</mn></msup>)(?=<m[in]>|<msub>)")
FIT = """
for (const frame of document.querySelectorAll("iframe")) frame.addEventListener("load", () => {
  const body = frame.contentDocument.body;
  const fit = () => { frame.style.height = Math.min(Math.max(body.scrollHeight + 4, 420), 1100) + "px"; };
  frame.style.height = "420px";
  fit();
  new frame.contentWindow.ResizeObserver(fit).observe(body);
});
"""


def lesson_page(lesson, links=""):
    """The page of a Lesson, a string. links: HTML for the header and the end, to the lessons around it.

    Raises TinymmError when the notebook is missing or a package is that the page needs.
    """
    if not lesson.notebook.exists():
        raise TinymmError(f"{lesson.notebook} is not there: python lessons/build.py {lesson.number} makes it")
    notebook = json.loads(lesson.notebook.read_text(encoding="utf-8"))
    render = _markdown()
    body = "\n".join(_cell(cell, render) for cell in notebook["cells"] if "setup" not in cell["metadata"].get("tags", ()))
    return TEMPLATE.format(
        title=html.escape(lesson.title), css=CSS, number=lesson.number, body=body, file=lesson.source.name,
        links=links, script=FIT,
    )  # fmt: skip


def run_alone(source):
    """What the last expression of a cell gives, run with nothing but np and mm at hand."""
    tree, space = ast.parse(source), {"np": np, "mm": mm}
    last = tree.body.pop()
    exec(compile(tree, "<view>", "exec"), space)
    return eval(compile(ast.Expression(last.value), "<view>", "eval"), space)


def _cell(cell, render):
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return f"<section>{render(source)}</section>"
    if "view" in cell["metadata"].get("tags", ()):
        view = html.escape(run_alone(source).html)
        return f'{_code(source)}<iframe title="Step viewer" loading="lazy" style="height: {HEIGHT}px" srcdoc="{view}"></iframe>'
    alt = html.escape(cell["metadata"].get("alt", ""))
    told, folded = ("", source) if alt else _without_speech(source)
    code = _code(told) if told else ""
    if folded:
        code += f"<details><summary>code of this</summary>{_code(folded)}</details>"
    return code + "".join(_output(output, render, alt) for output in cell["outputs"])


def _without_speech(source):
    """A cell's code in two parts: up to the ``say`` at its end, and that, whose words stand below it anyway."""
    statements = ast.parse(source).body
    first = len(statements)
    while first and _speaks(statements[first - 1]):
        first -= 1
    lines = source.splitlines()
    start = statements[first].lineno - 1 if first < len(statements) else len(lines)
    return "\n".join(lines[:start]).rstrip(), "\n".join(lines[start:])


def _speaks(statement):
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "say"


def _code(source):
    """Python as HTML. Each line knows its indentation, so that what does not fit goes on below it, further in."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    colored = highlight(source.strip("\n"), PythonLexer(), HtmlFormatter(nowrap=True)).removesuffix("\n").split("\n")
    indents = [len(line) - len(line.lstrip()) for line in source.strip("\n").split("\n")]
    lines = "".join(f'<span class="line" style="--in: {n}">{line}\n</span>' for n, line in zip(indents, colored, strict=True))
    return f'<div class="code"><pre>{lines}</pre></div>'


def _output(output, render, alt):
    if output["output_type"] == "stream":
        return _printed("".join(output["text"]))
    data = output["data"]
    if "image/png" in data:
        return f'<img alt="{alt}" src="data:image/png;base64,{"".join(data["image/png"]).strip()}">'
    if "text/markdown" in data:
        return f'<section class="said">{render("".join(data["text/markdown"]))}</section>'
    return _printed("".join(data["text/plain"]))


def _printed(text):
    """What was printed: sentences are wrapped where it is narrow, columns are not."""
    columns = len(re.findall(r"^.*\S {2,}\S.* {2,}\S", text, re.M)) > 1
    return f'<pre class="out{" columns" * columns}">{html.escape(text)}</pre>'


def _markdown():
    """A function from Markdown with $LaTeX$ to HTML with MathML."""
    try:
        from latex2mathml.converter import convert
        from markdown_it import MarkdownIt
        from mdit_py_plugins.dollarmath import dollarmath_plugin
    except ImportError as error:
        raise TinymmError(
            f'a lesson\'s page needs {error.name}: pip install -e ".[lessons]" in the clone'
        ) from None

    def formula(text, options):
        if options["display_mode"]:  # formulas side by side, which go below each other where it is narrow
            return "".join(f"<div>{mathml(part, 'block')}</div>" for part in re.split(r"(?:\\qquad\s*)+", text))
        return mathml(text, "inline")

    def mathml(text, display):
        written = convert(text.strip(), display=display).replace("<mi>:</mi><mo>&#x0003D;</mo>", "<mo>:=</mo>")
        written = written.replace("<mo>&#x02211;</mo>", '<mo class="sum">&#x02211;</mo>')
        return AFTER_NAME.sub(rf"\g<0>{SPACE}", BEFORE_NAME.sub(rf"{SPACE}\g<0>", written))

    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    parser.core.ruler.push("unlink", _unlink)
    parser.add_render_rule("fence", lambda self, tokens, k, *_: _code(tokens[k].content))
    parser.use(dollarmath_plugin, double_inline=True, renderer=formula)
    return parser.render


def _unlink(state):
    """Links to files beside the notebook become plain words: the page stands alone."""
    for token in state.tokens:
        kept, inside = [], False
        for child in token.children or ():
            if child.type == "link_open" and "://" not in child.attrs["href"]:
                inside = True
            elif child.type == "link_close" and inside:
                inside = False
            else:
                kept.append(child)
        if token.children:
            token.children = kept
