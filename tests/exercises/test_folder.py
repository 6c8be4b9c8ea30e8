"""The learner's folder: nothing of theirs is ever overwritten, and progress is remembered."""

import pytest

from tinymm.errors import TinymmError
from tinymm.exercises.course import COURSE, exercise
from tinymm.exercises.folder import STARTERS, Workbook

DENSE = exercise("dense")


@pytest.fixture
def book(tmp_path):
    return Workbook(tmp_path / "mine")


def test_every_exercise_has_a_starter_that_says_what_to_write():
    for task in COURSE:
        text = (STARTERS / f"{task.name}.py").read_text(encoding="utf-8")
        assert text.startswith(f'"""Exercise {task.lesson} · {task.title}\n')
        assert all(f"def {name}(" in text for name in task.functions)
        assert f"tinymm exercise check {task.name}" in text
    assert len(list(STARTERS.glob("*.py"))) == len(COURSE)


def test_starting_twice_leaves_what_was_written(book):
    assert book.start(DENSE)
    book.file(DENSE).write_text("mine")
    assert not book.start(DENSE)
    assert book.file(DENSE).read_text() == "mine"


def test_resetting_keeps_every_version(book):
    book.start(DENSE)
    for text in ("first", "second"):
        book.file(DENSE).write_text(text)
        book.record(DENSE, passed=True)
        book.read_hint(DENSE, DENSE.steps[0].what)
        book.reset(DENSE)
    assert [(book.folder / f"dense.backup-{k}.py").read_text() for k in (1, 2)] == ["first", "second"]
    assert book.file(DENSE).read_text(encoding="utf-8") == book.starter(DENSE)
    assert not book.passed(DENSE) and book.hints(DENSE, DENSE.steps[0].what) == 0


def test_progress_is_remembered_and_never_jumps_ahead(book):
    assert book.current() is COURSE[0]
    book.folder.mkdir()
    book.record(COURSE[1], passed=True)
    assert book.current() is COURSE[0]
    book.record(COURSE[0], passed=True)
    assert Workbook(book.folder).current() is COURSE[2]
    for task in COURSE:
        book.record(task, passed=True)
    assert book.current() is None


def test_damaged_progress_is_one_error_and_costs_no_exercise(book):
    book.start(DENSE)
    book.notes.write_text("{")
    with pytest.raises(TinymmError, match="delete it, your exercises stay"):
        book.passed(DENSE)
    assert book.file(DENSE).exists()


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(TinymmError, match="choose another with --folder"):
        Workbook(tmp_path / "file").start(DENSE)
