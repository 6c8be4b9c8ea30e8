"""Which lessons there are: read from the files ``NN_name.py`` and their first heading."""

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

from tinymm.errors import TinymmError

PLACES = (Path(__file__).parents[2] / "lessons", Path(__file__).parent / "files")  # of a clone, of an installation
FILE = re.compile(r"(\d\d)_(\w+)\.py")


@dataclass(frozen=True)
class Lesson:
    """One lesson. ``source`` is its Python file in jupytext's percent format, ``notebook`` the executed one beside it."""

    number: int
    name: str
    title: str
    source: Path

    @property
    def notebook(self):
        return self.source.with_suffix(".ipynb")


def shelf():
    """All lessons in order, a list. Raises TinymmError when there are none where tinymm was installed."""
    for folder in PLACES:
        files = [f for f in sorted(folder.glob("*.py")) if FILE.fullmatch(f.name)]
        if files:
            return [_read(file) for file in files]
    raise TinymmError("the lessons are not installed: install tinymm from a clone of its repository, pip install .")


def find(word):
    """The lesson with that number (7, 07) or name (conv2d, 07_conv2d). Raises TinymmError for another word."""
    lessons = shelf()
    for lesson in lessons:
        if word.lower() in (str(lesson.number), f"{lesson.number:02d}", lesson.name, lesson.source.stem):
            return lesson
    near = difflib.get_close_matches(word.lower(), [lesson.name for lesson in lessons], 1)
    hint = f"did you mean {near[0]}?" if near else f"there are 0 to {lessons[-1].number}"
    raise TinymmError(f"there is no lesson {word}: {hint} (`tinymm lesson` lists them)")


def _read(file):
    number, name = FILE.fullmatch(file.name).groups()
    title = re.search(r"^# # (?:Lesson \d+: )?(.+)$", file.read_text(encoding="utf-8"), re.M)
    if title is None:
        raise TinymmError(f"{file} has no title: a lesson begins with a Markdown cell `# # Lesson N: ...`")
    return Lesson(int(number), name, title.group(1), file)
