"""The learner's own folder: a file for each exercise that was started, and what has been passed so far.

A file is never overwritten. ``reset`` keeps what was there beside it, as ``NAME.backup-1.py``, -2, ...
"""

import json
from pathlib import Path

from tinymm.errors import TinymmError
from tinymm.exercises.course import COURSE
from tinymm.files import atomic_write

STARTERS = Path(__file__).parent / "starters"


class Workbook:
    """The exercises in ``folder``, which need not exist yet."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.notes = self.folder / ".progress.json"

    def file(self, task):
        """Where an exercise's file is, or would be."""
        return self.folder / f"{task.name}.py"

    def starter(self, task):
        """The text a fresh file begins with."""
        return (STARTERS / f"{task.name}.py").read_text(encoding="utf-8")

    def start(self, task):
        """Write the starter, unless there is a file already: -> whether it was written."""
        if self.folder.exists() and not self.folder.is_dir():
            raise TinymmError(f"{self.folder} is a file, and exercises need a folder: choose another with --folder")
        if self.file(task).exists():
            return False
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write(self.file(task), self.starter(task))
        return True

    def reset(self, task):
        """Begin anew. What was there is kept: -> the backup's path."""
        file = self.require(task)
        number = 1
        while (backup := file.with_suffix(f".backup-{number}.py")).exists():
            number += 1
        self._write(backup, file.read_text(encoding="utf-8"))
        self._write(file, self.starter(task))
        self.record(task, passed=False, hints={})
        return backup

    def require(self, task):
        """The exercise's file. Raises TinymmError when it was not started."""
        if not self.file(task).exists():
            raise TinymmError(f"{self.file(task)} is not there: `tinymm exercise start {task.name}` makes it")
        return self.file(task)

    def current(self):
        """The first exercise that was not passed; None when all were."""
        return next((task for task in COURSE if not self.passed(task)), None)

    def passed(self, task):
        return self._noted(task).get("passed", False)

    def hints(self, task, what):
        """How many hints of the step ``what`` were asked for."""
        read = self._noted(task).get("hints")
        count = read.get(what, 0) if isinstance(read, dict) else 0
        return min(count if isinstance(count, int) else 0, len(task.hints(what)))

    def read_hint(self, task, what):
        """One more hint of the step was read: -> how many that makes; the last one stays the last."""
        read = self._noted(task).get("hints")
        count = min(self.hints(task, what) + 1, len(task.hints(what)))
        self.record(task, hints={**(read if isinstance(read, dict) else {}), what: count})
        return count

    def record(self, task, **facts):
        """Remember something about an exercise: passed, hints (by step)."""
        notes = self._read()
        notes[task.name] = {**notes.get(task.name, {}), **facts}
        self._write(self.notes, json.dumps(notes, indent=1) + "\n")

    def _noted(self, task):
        return self._read().get(task.name, {})

    def _read(self):
        try:
            notes = json.loads(self.notes.read_text(encoding="utf-8"))
            return {name: dict(facts) for name, facts in notes.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError):
            raise TinymmError(f"{self.notes} is damaged: delete it, your exercises stay as they are") from None

    def _write(self, path, text):
        with atomic_write(path, "w") as file:
            file.write(text)
