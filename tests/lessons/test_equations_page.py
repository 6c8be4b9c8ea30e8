"""EQUATIONS.md: every link leads to a file that has what it names; and the article's bias formula, put right."""

import re
from pathlib import Path

import numeric
import numpy as np
import pytest

from tinymm.layers.dense import dense_backward, dense_forward
from tinymm.layers.sigmoid import sigmoid_backward, sigmoid_forward

LESSONS = Path(__file__).parents[2] / "lessons"
TEXT = (LESSONS / "EQUATIONS.md").read_text(encoding="utf-8")
ROWS = [line for line in TEXT.splitlines() if line.startswith("| ") and "](" in line]


@pytest.mark.parametrize("label, target", sorted(set(re.findall(r"\[([^\]]+)\]\(([^)]+)\)", TEXT))))
def test_a_link_leads_to_a_file_that_defines_what_it_names(label, target):
    file = (LESSONS / target).resolve()
    assert file.is_file()
    if label.isdigit():
        assert file.name.startswith(f"{int(label):02d}_")
    else:
        assert re.search(rf"^(def|class) {label}\b", file.read_text(encoding="utf-8"), re.M), label


def test_every_row_names_loops_code_a_lesson_and_a_test():
    assert len(ROWS) >= 20
    for row in ROWS:
        _, _, loops, textbook, lesson, test, _ = re.split(r"(?<!\\)\|", row)
        assert all("](" in cell for cell in (loops, textbook, lesson, test)), row
        assert "[test_" in test


def test_every_lesson_is_named():
    for lesson in LESSONS.glob("[0-9][0-9]_*.py"):
        assert f"({lesson.name})" in TEXT, lesson.name


def test_the_articles_bias_gradient_is_right_once_the_bend_is_a_layer_of_its_own(rng):
    """∂J/∂b = ∂J/∂h as printed is wrong for h = σ(W·x + b); with the gradient that σ hands back it is right."""
    x, W, b, dh = (rng.normal(size=shape) for shape in ((4, 3), (3, 2), (2,), (4, 2)))

    def unit(b):
        return sigmoid_forward(dense_forward(x, W, b)[0])[0]

    (right,) = numeric.central_differences(unit, [b], dh)
    z, cache = dense_forward(x, W, b)
    h, bend = sigmoid_forward(z)
    np.testing.assert_allclose(dense_backward(sigmoid_backward(dh, bend), cache)[2], right, atol=1e-8)
    assert abs(dh.sum(axis=0) - right).max() > 0.1
