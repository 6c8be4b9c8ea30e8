"""Tables: the truth in rows, the weakest label on top, and numbers as a reader expects them."""

import numpy as np
import pytest

from tinymm.report.formatting import clipped, columns, count, escape, percent, short
from tinymm.report.tables import confusion_table, epoch_table, label_table


def test_a_row_of_the_matrix_is_the_truth(read):
    text = read(confusion_table(np.array([[5, 1], [2, 8]]), ["cat", "dog"])).text
    assert " ".join(text.split()).endswith("cat dog cat 5 1 dog 2 8")


def test_a_cell_is_shaded_by_the_root_of_its_share_of_the_row(read):
    cells = read(confusion_table(np.array([[3, 1], [0, 8]]), ["cat", "dog"])).all("td")
    assert [a["style"] for a in cells if "style" in a] == ["--s:0.87", "--s:0.50", "--s:1.00"]


def test_long_or_many_labels_stand_upright_in_the_head(read):
    def look(labels):
        return read(confusion_table(np.eye(len(labels), dtype=int), labels)).all("table")[0]["class"]

    assert look(["cat", "dog"]) == "confusion roomy"
    assert look(["cat", "a very long label"]) == look([str(n) for n in range(9)]) == "confusion tall"


def test_the_weakest_label_comes_first(report, read):
    text = read(label_table(report.per_label)).text
    assert text.index("dog") < text.index("ball") < text.index("car")


def test_the_epoch_table_has_only_the_columns_that_were_measured(report, read):
    assert "validation right" in read(epoch_table(report.history)).text
    assert "validation" not in read(epoch_table([{"epoch": 1, "loss": 0.5, "seconds": 2}])).text


@pytest.mark.parametrize(
    "share, text",
    [
        (0.931, "93 %"),
        (1.0, "100 %"),
        (0.0, "0 %"),
        (0.9996, "99.9 %"),
        (0.996, "99.6 %"),
        (1e-9, "0.1 %"),
        (None, "–"),
    ],
)
def test_a_hundred_percent_means_all_and_zero_means_none(share, text):
    assert percent(share).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    "value, text",
    [
        (0.02134, "0.0213"),
        (1.8349, "1.83"),
        (12500, "12,500"),
        (1e30, "1e+30"),
        (0.0, "0"),
        (float("inf"), "–"),
    ],
)
def test_numbers_have_three_digits(value, text):
    assert short(value) == text


def test_texts_are_escaped_storable_and_cut_by_width():
    assert escape("<b> & \"'\ud800\x1b") == "&lt;b&gt; &amp; &quot;&#x27;?\ufffd"
    assert columns("ab一") == 4 and clipped("abc", 3) == "abc" and clipped("一二三", 5) == "一二…"
    assert count(1, "clip") == "1 clip" and count(1200, "clip") == "1,200 clips"
