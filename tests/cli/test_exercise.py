"""`tinymm exercise`: a learner's way through an exercise, from start to diff."""

import shutil
from pathlib import Path

import pytest

import tinymm.cli.exercise as verb

ANSWERS = Path(__file__).parents[1] / "exercises" / "answers"


@pytest.fixture
def answer(tmp_path):
    """Put an answer into the learner's folder, changed as wanted."""

    def write(name, old="", new=""):
        text = (ANSWERS / f"{name}.py").read_text(encoding="utf-8")
        assert old in text
        (tmp_path / "exercises").mkdir(exist_ok=True)
        (tmp_path / "exercises" / f"{name}.py").write_text(text.replace(old, new) if old else text, encoding="utf-8")

    return write


def test_the_list_shows_what_is_passed_begun_and_next(tinymm, answer):
    answer("neuron")
    assert tinymm("exercise", "check", "neuron").code == 0
    tinymm("exercise", "start", "conv2d")
    lines = tinymm("exercise", "list").out.splitlines()
    assert lines[0].startswith("✔  1  neuron") and lines[6].startswith("…  7  conv2d") and lines[1].startswith("   2  dense")
    assert lines[-1] == "next: tinymm exercise start dense"
    assert tinymm("exercise").out == "\n".join([*lines, ""])


def test_start_makes_a_file_once(tinymm, tmp_path):
    assert "exercises/neuron.py waits for you" in tinymm("exercise", "start").out
    (tmp_path / "exercises/neuron.py").write_text("mine")
    assert "left as it is" in tinymm("exercise", "start", "1").out
    assert (tmp_path / "exercises/neuron.py").read_text() == "mine"


def test_a_failing_check_explains_and_exits_with_1(tinymm, answer):
    answer("conv2d", "q : q + kw] += ", "q : q + kw] = ")
    ended = tinymm("exercise", "check", "conv2d")
    assert ended.code == 1
    text = " ".join(ended.out.replace("│", " ").split())
    assert "✘ backward: dx by finite differences" in text
    assert "finite differences say" in text and "Right cells:" in text and "written where it should be added to" in text
    assert "Help: tinymm exercise hint conv2d" in text and "Hint 1" not in text


def test_hints_come_one_at_a_time_and_stay_with_the_check(tinymm, answer):
    answer("dense", "dx = dy @ W.T", "dx = dy @ W.T / 7")
    assert tinymm("exercise", "hint", "dense").out.count("Hint ") == 1
    out = tinymm("exercise", "hint", "dense").out
    assert out.count("Hint ") == 2 and "The check stops at: backward: dx by finite differences" in out and "That was all" not in out
    assert "Hint 2/3" in tinymm("exercise", "check", "dense").out
    assert "Hint 3/3: dx = dy @ W.T." in tinymm("exercise", "hint", "dense").out
    out = tinymm("exercise", "hint", "dense").out
    assert out.count("Hint ") == 3 and "That was all for this step. `tinymm view dense`" in out


def test_hints_follow_the_step_at_which_the_check_stops_now(tinymm, answer):
    answer("dense", "dx = dy @ W.T", "dx = dy @ W.T / 7")
    tinymm("exercise", "hint", "dense")
    answer("dense", " + b", "")
    out = tinymm("exercise", "hint", "dense").out
    assert "The check stops at: forward" in out and "Hint 1/3: It is one matrix product" in out and out.count("Hint ") == 1
    answer("dense", "db = dy.sum(0)", "")
    assert "The check stops at: backward: it runs" in tinymm("exercise", "hint", "dense").out
    answer("dense", "db = dy.sum(0)", "db = dy.sum(0")
    assert "The check stops at: the file imports" in tinymm("exercise", "hint", "dense").out
    answer("dense")
    assert "is right, and needs no hint" in tinymm("exercise", "hint", "dense").out
    assert tinymm("exercise", "hint", "conv2d").failed_with("tinymm exercise start conv2d")


def test_without_a_name_it_is_the_first_that_is_not_passed(tinymm, answer):
    answer("neuron")
    answer("dense", "+ b", "")
    assert "Exercise 01" in tinymm("exercise", "check").out
    ended = tinymm("exercise", "check")
    assert ended.code == 1 and "Exercise 02" in ended.out
    answer("neuron", "+ b", "")
    assert tinymm("exercise", "check", "neuron").code == 1
    assert "Exercise 01" in tinymm("exercise", "check").out


def test_the_difference_is_shown_only_once_it_is_right(tinymm, answer):
    answer("dense")
    assert tinymm("exercise", "diff", "dense").failed_with("not passed yet")
    tinymm("exercise", "check", "dense")
    out = tinymm("exercise", "diff").out
    assert "-    db = dy.sum(0)" in out and "+    db = dy_rows.sum(axis=0)" in out


def test_reset_keeps_what_was_there(tinymm, answer, tmp_path):
    answer("dense")
    assert "dense.backup-1.py" in tinymm("exercise", "reset", "dense").out
    assert "einsum" in (tmp_path / "exercises/dense.backup-1.py").read_text()
    assert "NotImplementedError" in (tmp_path / "exercises/dense.py").read_text()
    assert tinymm("exercise", "reset").failed_with("say which exercise")


def test_watching_looks_again_at_every_saving_until_it_is_right(tinymm, answer, monkeypatch):
    answer("dense", "dy.sum(0)", "dy.mean(0)")
    pauses = []

    def save_meanwhile(seconds):
        pauses.append(seconds)
        if len(pauses) == 2:
            answer("dense")

    monkeypatch.setattr(verb.time, "sleep", save_meanwhile)
    ended = tinymm("exercise", "watch", "dense")
    assert ended.code == 0 and ended.out.count("Exercise 02") == 2 and "all right" in ended.out


def test_a_file_that_does_not_import_fails_its_first_step(tinymm, tmp_path, answer):
    answer("dense")
    (tmp_path / "exercises/dense.py").write_text("def dense_forward(x, W, b)\n")
    ended = tinymm("exercise", "check", "dense")
    assert ended.code == 1 and "the file imports" in ended.out and "line 1" in ended.out
    (tmp_path / "exercises/dense.py").write_text("x = 1\n")
    assert "no function dense_forward" in " ".join(tinymm("exercise", "check", "dense").out.replace("│", " ").split())


def test_what_cannot_be_is_one_line(tinymm, tmp_path):
    assert tinymm("exercise", "check", "dense").failed_with("tinymm exercise start dense")
    assert tinymm("exercise", "check", "lstn").failed_with("did you mean lstm?")
    assert tinymm("exercise", "list", "dense").failed_with("takes no name")
    assert tinymm("exercise", "sing").failed_with("invalid choice")


def test_when_all_are_passed_it_says_so(tinymm, answer, tmp_path):
    shutil.copytree(ANSWERS, tmp_path / "exercises")
    for name in ("conv2d", "lstm"):
        assert tinymm("exercise", "check", name).code == 0
    (tmp_path / "exercises/.progress.json").write_text(
        "{" + ", ".join(f'"{file.stem}": {{"passed": true}}' for file in ANSWERS.glob("*.py")) + "}"
    )
    assert tinymm("exercise", "list").out.splitlines()[-1] == "all passed"
    assert tinymm("exercise", "check").failed_with("all exercises are passed")
    assert "That was the last one" in tinymm("exercise", "check", "adam").out
