"""A lesson's page: what is shown, what is folded away, and formulas as MathML."""

import json
import re
from types import SimpleNamespace

import pytest

from tinymm.errors import TinymmError
from tinymm.lessons.page import lesson_page, run_alone


@pytest.fixture
def lesson(tmp_path):
    """A lesson of the given cells: a Markdown text, or (code, outputs, metadata)."""
    pytest.importorskip("latex2mathml")

    def make(*cells):
        book = [
            {"cell_type": "markdown", "source": [cell], "metadata": {}} if isinstance(cell, str)
            else {"cell_type": "code", "source": [cell[0]], "outputs": cell[1], "metadata": cell[2]}
            for cell in cells
        ]  # fmt: skip
        notebook = tmp_path / "99_test.ipynb"
        notebook.write_text(json.dumps({"cells": book}), encoding="utf-8")
        return SimpleNamespace(number=99, title="A < B", source=tmp_path / "99_test.py", notebook=notebook)

    return make


def shown(text):
    """Markdown as an output."""
    return [{"output_type": "display_data", "data": {"text/markdown": text, "text/plain": text}}]


def test_formulas_become_mathml_and_titles_are_escaped(lesson):
    page = lesson_page(lesson("$$W := W - \\alpha$$ and $x^2$"))
    assert '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">' in page and 'display="inline"' in page
    assert "<mo>:=</mo>" in page and "A &lt; B" in page


def test_what_a_cell_says_is_shown_and_the_saying_folded_away(lesson):
    page = lesson_page(lesson(("x = 1\nsay(f'it is {x}')", shown("it is **1**"), {})))
    before, folded = page.split("<details>")
    assert "it is" not in before.split("<main>")[1] and 'class="n">x' in before
    assert "say" in folded.split("</details>")[0] and "<strong>1</strong>" in folded


def test_the_code_of_a_figure_is_folded_and_the_figure_has_its_words(lesson):
    picture = [{"output_type": "display_data", "data": {"image/png": "QUJD\n", "text/plain": "<Figure>"}}]
    page = lesson_page(lesson(("plt.plot()", picture, {"alt": 'a "curve"'})))
    assert '<img alt="a &quot;curve&quot;" src="data:image/png;base64,QUJD">' in page
    assert page.index("<details>") < page.index("plot") < page.index("</details>") < page.index("<img")


def test_a_viewer_cell_is_run_and_put_in(lesson):
    page = lesson_page(lesson(("mm.view(mm.ReLU(), np.ones((1, 2)))", shown("*here*"), {"tags": ["view"]})))
    assert "srcdoc=" in page and "*here*" not in page and "ReLU" in page


def test_code_run_alone_gives_its_last_expression():
    assert run_alone("a = np.arange(3)\na.sum()") == 3


def test_a_lesson_that_was_not_built_is_told_how(lesson):
    one = lesson("text")
    one.notebook.unlink()
    with pytest.raises(TinymmError, match="python lessons/build.py 99"):
        lesson_page(one)


def test_formulas_side_by_side_can_go_below_each_other_and_names_of_functions_stand_apart(lesson):
    page = lesson_page(lesson("$$a = o \\tanh c \\qquad\\qquad b = 1 - \\tanh^2 c$$"))
    assert page.count("<div><math") == 2
    gap = '<mspace width="0.17em"/>'
    assert f"<mi>o</mi>{gap}<mi>tanh</mi>{gap}<mi>c</mi>" in page
    assert f"<msup><mi>tanh</mi><mn>2</mn></msup>{gap}<mi>c</mi>" in page


def test_every_line_of_code_knows_its_indentation_and_none_is_lost(lesson):
    page = lesson_page(lesson(("\ndef f(x):\n\n    '''a\n    b'''\n    return x\n", [], {})))
    lines = re.findall(r'<span class="line" style="--in: (\d)">(.*?)\n</span>', page.split("<main>")[1], re.S)
    assert [(int(n), re.sub("<[^>]*>", "", text).strip()) for n, text in lines] == [
        (0, "def f(x):"), (0, ""), (4, "'''a"), (4, "b'''"), (4, "return x"),
    ]  # fmt: skip


def test_links_to_files_beside_the_notebook_are_words_on_the_page_and_others_stay_links(lesson):
    page = lesson_page(lesson("see [the *list*](EQUATIONS.md) or [the web](https://example.org/)")).split("<main>")[1]
    assert "see the <em>list</em> or" in page and '<a href="https://example.org/">the web</a>' in page


def test_columns_keep_their_lines_and_sentences_are_wrapped(lesson):
    def printed(text):
        return [{"output_type": "stream", "name": "stdout", "text": [text]}]

    page = lesson_page(lesson(("1", printed("a  b  c\nd  e  f\n"), {}), ("2", printed("one sentence\n"), {})))
    assert '<pre class="out columns">a  b' in page and '<pre class="out">one' in page


def test_the_cell_that_installs_tinymm_is_not_on_the_page(lesson):
    page = lesson_page(lesson(("%pip install x", [], {"tags": ["setup"]}), "text"))
    assert "pip" not in page.split("<main>")[1].split("</main>")[0]
