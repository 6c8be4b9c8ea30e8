"""`tinymm view`: a page in a file, the list, and refusals."""

from pathlib import Path

from tinymm.viewer.examples import EXAMPLES


def test_a_page_is_written_where_one_asks_for_it(tinymm):
    ended = tinymm("view", "LSTM", "--out", "lstm.html")
    assert (ended.code, ended.err) == (0, "") and "lstm.html" in ended.out
    assert Path("lstm.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert tinymm("view", "cross_entropy", "from", "logits").code == 0
    assert Path("view-crossentropy-from-logits.html").exists()


def test_without_a_layer_all_are_listed(tinymm):
    ended = tinymm("view")
    lines = ended.out.splitlines()
    assert ended.code == 0 and len(lines) == len(EXAMPLES)
    assert all(line.startswith(name) and len(line) > len(name) + 10 for line, name in zip(lines, EXAMPLES))


def test_an_unknown_layer_is_one_sentence_with_the_nearest(tinymm):
    assert tinymm("view", "conv2").failed_with("conv2", "did you mean Conv2D?")
    assert tinymm("view", "xyz").failed_with("xyz", "Dense", "fusion")
    assert not list(Path().glob("*.html"))


def test_a_folder_that_is_not_there_is_one_sentence(tinymm):
    assert tinymm("view", "dense", "--out", "nowhere/dense.html").failed_with("nowhere/dense.html")
