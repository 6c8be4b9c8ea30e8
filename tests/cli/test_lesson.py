"""`tinymm lesson`: the list, a page, all pages, and what it says when it cannot."""

import sys

import pytest

from tinymm.lessons import shelf


def test_without_a_number_the_lessons_are_listed(tinymm):
    ended = tinymm("lesson")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert len(lines) == 17 and "conv2d" in lines[7] and "Convolution on pictures" in lines[7]


def test_a_lesson_is_written_where_it_is_wanted(tinymm, tmp_path):
    pytest.importorskip("latex2mathml")
    assert tinymm("lesson", "conv2d", "--out", "page.html").code == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>") and "<math" in page and "<iframe" in page
    assert tinymm("lesson", "7", "--out", tmp_path).code == 0
    assert (tmp_path / "07_conv2d.html").read_text(encoding="utf-8") == page


def test_a_lesson_is_opened_from_the_users_own_cache(tinymm, tmp_path, monkeypatch):
    pytest.importorskip("latex2mathml")
    opened = []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url))
    ended = tinymm("lesson", "1")
    assert ended.code == 0 and "open it in a browser" in ended.out
    assert opened == [(tmp_path / "cache/tinymm/lessons/01_neuron.html").as_uri()]


def test_a_folder_of_all_lessons_has_links_between_them(tinymm, tmp_path, monkeypatch):
    pytest.importorskip("latex2mathml")
    three = shelf()[1:4]
    monkeypatch.setattr("tinymm.cli.lesson.shelf", lambda: three)
    assert tinymm("lesson", "--out", "all").code == 0
    assert [file.stem for file in sorted((tmp_path / "all").glob("*.html"))] == [lesson.source.stem for lesson in three]
    first, second, _ = (file.read_text(encoding="utf-8") for file in sorted((tmp_path / "all").iterdir()))
    assert 'href="01_neuron.html"' in second and 'href="03_activations_and_losses.html"' in second
    assert 'href="00' not in first


def test_a_lesson_that_does_not_exist_is_refused(tinymm):
    assert tinymm("lesson", "16").failed_with("there is no lesson 16", "0 to 15")
    assert tinymm("lesson", "lstn").failed_with("did you mean lstm?")


def test_without_the_extra_it_says_what_to_install(tinymm, monkeypatch):
    monkeypatch.setitem(sys.modules, "latex2mathml.converter", None)
    assert tinymm("lesson", "1", "--out", "page.html").failed_with("latex2mathml", "[lessons]")


def test_a_file_in_the_place_of_the_folder_is_refused(tinymm, tmp_path):
    (tmp_path / "file").write_text("mine")
    assert tinymm("lesson", "--out", "file").failed_with("is a file")
    assert (tmp_path / "file").read_text() == "mine"
