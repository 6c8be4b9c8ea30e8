"""The frame around the verbs: exit codes, one-line errors, help, pipes and letters."""

import errno
import io
import os
import sys
from pathlib import Path

import pytest

from tinymm.cli import VERBS, main, make_parser, train
from tinymm.errors import TinymmError


def test_no_verb_is_answered_with_the_verbs(tinymm):
    assert tinymm().failed_with("say what to do", *VERBS)


def test_an_unknown_verb_is_answered_with_the_verbs(tinymm):
    assert tinymm("trian").failed_with("trian", *VERBS)


def test_an_unknown_option_and_a_word_for_a_number_are_named(tinymm):
    assert tinymm("train", "--epoch", "3").failed_with("--epoch")
    assert tinymm("train", "--epochs", "many").failed_with("--epochs", "many")
    assert tinymm("predict").failed_with("MODEL", "tinymm predict --help")


def test_an_empty_name_as_from_an_unset_variable_is_refused(tinymm, clips, trained, files):
    for words in (
        ["train", ""], ["train", clips, "--out", ""], ["train", "--resume", ""], ["make-clips", ""], ["evaluate", "", clips],
        ["evaluate", trained, " "], ["predict", "", files[0]], ["predict", trained, ""],
    ):  # fmt: skip
        assert tinymm(*words).failed_with("the name of the file or folder is empty")


@pytest.mark.parametrize("words", [[], *[[verb] for verb in VERBS]], ids=lambda words: words[0] if words else "tinymm")
def test_help_fits_80_columns_and_explains_every_option(tinymm, words, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    ended = tinymm(*words, "--help")
    assert ended.code == 0 and ended.err == ""
    assert max(map(len, ended.out.splitlines())) <= 80
    assert "None" not in ended.out


def test_every_option_has_a_help_text():
    verbs = next(action for action in make_parser()._actions if action.dest not in ("help", "version"))
    for name, parser in verbs.choices.items():
        assert all(action.help for action in parser._actions), name


def test_version_is_printed(tinymm):
    ended = tinymm("--version")
    assert (ended.code, ended.out.split()[0]) == (0, "tinymm")


@pytest.mark.parametrize(
    "error, words",
    [
        (TinymmError("two\n lines"), "two lines"),
        (OSError(errno.ENOSPC, "No space left on device", "runs/a"), "runs/a: No space left on device: make room"),
        (PermissionError(errno.EACCES, "Permission denied", "runs/a"), "runs/a: Permission denied"),
        (MemoryError(), "--batch-size"),
        (UnicodeEncodeError("utf-8", "\udcff", 0, 1, "surrogates not allowed"), "rename it"),
    ],
)
def test_errors_the_user_can_mend_end_in_one_line(tinymm, monkeypatch, error, words):
    def fail(args):
        raise error

    monkeypatch.setattr(train, "run", fail)
    assert tinymm("train").failed_with(words)


def test_ctrl_c_ends_without_a_traceback(tinymm, monkeypatch):
    def interrupt(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "run", interrupt)
    ended = tinymm("train")
    assert (ended.code, ended.err) == (130, "tinymm: stopped\n")


def test_an_error_of_tinymm_itself_is_not_hidden(tinymm, monkeypatch):
    def bug(args):
        raise AssertionError("a bug")

    monkeypatch.setattr(train, "run", bug)
    with pytest.raises(AssertionError, match="a bug"):
        main(["train"])


@pytest.fixture
def printing_to(monkeypatch, capfd):
    """Run the command line with another stdout: -> exit code, stderr."""

    def call(stdout, *words):
        capfd.readouterr()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", stdout)
            code = main([str(word) for word in words])
        return code, capfd.readouterr().err

    return call


def test_a_reader_that_leaves_early_is_no_error(printing_to, trained, clips, small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in (["train", clips, *small], ["doctor"], ["doctor", "--json"], ["evaluate", trained, clips], ["--help"]):
        reading, writing = os.pipe()
        os.close(reading)
        with open(writing, "w") as pipe:
            assert printing_to(pipe, *words) == (141, ""), words


def test_python_itself_does_not_complain_about_the_pipe_either(spawn):
    reading, writing = os.pipe()
    os.close(reading)
    ended = spawn("doctor", stdout=writing)
    os.close(writing)
    assert (ended.code, ended.err) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_behind_stdout_is_one_line(printing_to, trained, clips):
    for words in (["doctor", "--json"], ["evaluate", trained, clips]):
        with open("/dev/full", "w") as full:
            code, err = printing_to(full, *words)
        assert code == 2
        assert err.startswith("tinymm: No space left on device") and err.count("\n") == 1


def test_a_closed_stdout_is_no_error(printing_to):
    assert printing_to(None, "doctor", "--json") == (0, "")


def test_letters_that_the_output_cannot_show_are_no_error(printing_to, trained, files, tmp_path):
    link = tmp_path / "猫.mp4"
    link.symlink_to(files[0])
    for more, seen in (((), "\\u732b.mp4: "), (("--json",), '\\u732b.mp4"')):
        page = io.BytesIO()
        ascii_only = io.TextIOWrapper(page, encoding="ascii")
        assert printing_to(ascii_only, "predict", trained, link, *more) == (0, "")
        assert seen in page.getvalue().decode()
