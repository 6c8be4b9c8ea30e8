"""Hints belong to the step that fails; and an Outcome reads well as text and as HTML."""

from html.parser import HTMLParser

import pytest

from tinymm.exercises import COURSE, check
from tinymm.exercises.checking import run_steps
from tinymm.exercises.comparing import cell_name
from tinymm.exercises.exercise import IMPORTS
from tinymm.exercises.folder import Workbook


@pytest.mark.parametrize("task", COURSE, ids=[task.name for task in COURSE])
def test_every_step_has_hints_of_its_own_and_a_name_of_its_own(task):
    names = [step.what for step in task.steps]
    assert len(set(names)) == len(names)
    for step in (IMPORTS, *task.steps):
        assert step.hints and all(isinstance(hint, str) and len(hint) > 10 for hint in step.hints)
        assert task.hints(step.what) == step.hints
    firsts = [step.hints[0] for step in task.steps]
    assert len(set(firsts)) == len(firsts)


def forward(x, W, b):
    return x @ W + b, (x, W)


def test_the_hints_are_those_of_the_function_that_fails():
    stopped = check("dense", lambda x, W, b: (x @ W, 0), lambda dy, cache: None)
    assert stopped.failed.startswith("forward") and stopped.hint().startswith("Hint 1/3: It is one matrix product")
    stopped = check("dense", forward, lambda dy, cache: (dy @ cache[1].T, cache[0].T @ dy * 2, dy.sum(0)))
    assert stopped.failed == "backward: dW by finite differences"
    assert "W[d, m]" in stopped.hint() and stopped.hint(9) == stopped.hint(3) == "Hint 3/3: dW = x.T @ dy."
    assert check("dense", *next(task for task in COURSE if task.name == "dense").reference.values()).hint() == "everything is right"


def test_hints_are_counted_for_each_step(tmp_path):
    book, task = Workbook(tmp_path), COURSE[1]
    first, second = (step.what for step in task.steps[:2])
    assert [book.read_hint(task, first) for _ in range(4)] == [1, 2, 3, 3]
    assert book.read_hint(task, second) == 1 and book.hints(task, first) == 3
    book.record(task, hints=2)  # as an older version wrote it
    assert book.hints(task, first) == 0 and book.read_hint(task, first) == 1


def test_a_cell_of_an_lstm_is_named_by_gate_and_unit():
    lstm = next(task for task in COURSE if task.name == "lstm")
    right = lstm.reference["lstm_backward"]

    def wrong(dh, cache):
        dx, dW, dU, db = right(dh, cache)[:4]
        return dx, dW, dU, db * [1, 1, 2, 1, 1, 1, 1, 1]

    outcome = run_steps(lstm, {**lstm.reference, "lstm_backward": wrong}, "here", [])
    assert outcome.lines[0].startswith("db[2] (gate f, unit 0) = ")
    assert outcome.lines[1] == "Right cells: 7 of 8, all of gate i, g, o"
    for axes, cell, shape, words in (
        (("input", "gate"), (1, 5), (3, 8), " (input 1, gate g, unit 1)"),
        (("unit before", "gate"), (0, 6), (2, 8), " (unit before 0, gate o, unit 0)"),
        (("gate",), (1,), (4,), " (gate f, unit 0)"),
        (("unit",), (1,), (4,), ""),
    ):
        assert cell_name(axes, cell, shape) == words


def test_cells_are_named_by_what_their_axes_count_and_whole_slices_are_told():
    conv2d = next(task for task in COURSE if task.name == "conv2d")
    right = conv2d.reference["conv2d_forward"]
    outcome = run_steps(conv2d, {**conv2d.reference, "conv2d_forward": lambda x, W, b: (right(x, W, 0 * b + b[0])[0], 0)}, "here", [])
    assert "(picture " in outcome.lines[0] and "filter " in outcome.lines[0]
    assert outcome.lines[1] == "Right cells: 18 of 54, and just those of filter 0"


class Reader(HTMLParser):
    """Whether every tag is closed, and what a page says."""

    def __init__(self):
        super().__init__()
        self.open, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_a_notebook_shows_the_same_words_and_hides_the_hints():
    def backward(dy, cache):
        print("<b>dy</b>", dy.shape)
        return dy @ cache[1].T, cache[0].T @ dy, dy[0]

    outcome = check("dense", forward, backward)
    reader = Reader()
    reader.feed(page := outcome._repr_html_())
    assert not reader.open
    for line in (*outcome.lines, "Exercise 02 · Dense", "<b>dy</b> (4, 2)"):
        assert line in reader.text and line in str(outcome)
    assert page.count("<details>") == len(outcome.hints) == page.count("</details>") and "<details open" not in page
    assert "✔" in reader.text and "✘    backward: db" in reader.text
    assert outcome.hints[0] not in str(outcome)
