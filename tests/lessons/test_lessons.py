"""What is true of every lesson without executing it: its parts, its notebook, its viewer, and no typed result."""

import ast
import json
import re

import pytest

from tinymm.errors import TinymmError
from tinymm.exercises import COURSE
from tinymm.lessons import find, shelf
from tinymm.lessons.page import lesson_page, run_alone

LESSONS = shelf()
NAMES = [lesson.source.stem for lesson in LESSONS]
PARTS = ("## Predict", "## By hand", "## Loops", "## The textbook's code", "## Step through it", "## Plot", "## Exercise", "## Next")


def cells(lesson):
    """The cells of a lesson's source: (the rest of its marker, its text)."""
    parts = re.split(r"^# %%(.*)\n", lesson.source.read_text(encoding="utf-8"), flags=re.M)[1:]
    return list(zip(parts[::2], parts[1::2]))


def prose(lesson):
    return "\n".join(re.sub(r"^# ?", "", text, flags=re.M) for marker, text in cells(lesson) if "[markdown]" in marker)


def notebook(lesson):
    return json.loads(lesson.notebook.read_text(encoding="utf-8"))


each = pytest.mark.parametrize("lesson", LESSONS, ids=NAMES)


def test_there_are_sixteen_lessons_numbered_in_order():
    assert [lesson.number for lesson in LESSONS] == list(range(16))


@each
def test_a_lesson_has_all_its_parts(lesson):
    text = prose(lesson)
    assert not [part for part in PARTS if part not in text]
    assert "article" in text and "$$" in text
    assert "> **Predict" in text and "**Read**" in text and "**How the real engine does it**" in text
    assert "surprise" in lesson.source.read_text(encoding="utf-8").lower()


@pytest.mark.parametrize("task", COURSE, ids=[task.name for task in COURSE])
def test_a_lesson_names_its_exercise(task):
    assert f"`tinymm exercise start {task.name}`" in prose(LESSONS[task.lesson])


@each
def test_no_result_is_typed_into_the_prose(lesson):
    """Decimal numbers and percentages belong into f-strings, but for those a question gives, and sections of a text."""
    text = "\n".join(line for line in prose(lesson).splitlines() if not line.startswith(">"))
    text = re.sub(r"sections?\s\d\.\d(\sand\s\d\.\d)?|`[^`]*`", "", text, flags=re.I)
    assert not re.findall(r".*\d\.\d.*|.*\d\s?%.*", text)


@each
def test_every_figure_has_words_for_those_who_cannot_see_it(lesson):
    for cell in notebook(lesson)["cells"]:
        if any("image/png" in output.get("data", {}) for output in cell.get("outputs", ())):
            assert len(cell["metadata"]["alt"]) > 30


@each
def test_the_notebook_is_the_executed_source(lesson):
    """The same cells and the setup, all executed in order without an error; `lessons/build.py --check` compares the outputs too."""
    book = notebook(lesson)
    own = [cell for cell in book["cells"] if "setup" not in cell["metadata"].get("tags", ())]
    assert len(own) == len(cells(lesson)) == len(book["cells"]) - 1
    for cell, (marker, text) in zip(own, cells(lesson)):
        source = re.sub(r"^# ?", "", text, flags=re.M) if "[markdown]" in marker else text
        assert "".join(cell["source"]).split() == source.split()
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not [o for cell in code for o in cell["outputs"] if o["output_type"] == "error" or o.get("name") == "stderr"]


@each
def test_the_notebook_holds_nothing_of_the_day_or_the_machine(lesson):
    book = notebook(lesson)
    assert book["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert [cell["id"] for cell in book["cells"]] == [f"lesson-{lesson.number:02d}-{k:02d}" for k in range(len(book["cells"]))]
    assert {key for cell in book["cells"] for key in cell["metadata"]} <= {"tags", "alt"}
    text = lesson.notebook.read_text(encoding="utf-8")
    assert not re.search(r"/home/|/tmp/|/root/|\d{4}-\d\d-\d\dT", re.sub(r'"image/png": "[^"]*"', "", text))
    assert lesson.notebook.stat().st_size < 500_000


@each
def test_its_viewer_runs_with_nothing_but_numpy_and_tinymm(lesson):
    views = [text for marker, text in cells(lesson) if "view" in marker]
    assert len(views) == 1
    names = {node.id for node in ast.walk(ast.parse(views[0])) if isinstance(node, ast.Name)}
    assert "plt" not in names
    assert run_alone(views[0]).html.startswith("<!doctype html>")


def test_lessons_are_found_by_number_and_by_name():
    assert find("7") == find("07") == find("conv2d") == find("07_conv2d") == LESSONS[7]
    with pytest.raises(TinymmError, match="did you mean conv2d"):
        find("conv2")
    with pytest.raises(TinymmError, match="there are 0 to 15"):
        find("99")


def test_the_syllabus_names_every_lesson_by_its_title():
    text = (LESSONS[0].source.parent / "README.md").read_text(encoding="utf-8")
    for lesson in LESSONS:
        assert f"({lesson.notebook.name})" in text


def test_a_page_has_formulas_figures_and_the_viewer_and_asks_nothing_of_the_network():
    pytest.importorskip("latex2mathml")
    page = lesson_page(LESSONS[7])
    assert "<math" in page and "data:image/png" in page and 'title="Step viewer"' in page and "$$" not in page
    outside = re.sub(r'srcdoc="[^"]*"', "", page)
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", outside)
