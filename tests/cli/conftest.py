"""Eighteen made clips, a model trained on them for an epoch, and ways to call the command line."""

import csv
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tinymm.cli import main
from tinymm.data.synthetic import make_clips

ROOT = Path(__file__).parents[2]
SMALL = ("--size", "16", "--frames", "2", "--epochs", "1", "--no-compare")


@dataclass
class Ended:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        """The one object on stdout, read as strictly as JSON is meant."""
        return json.loads(self.out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))

    def failed_with(self, *words):
        """It ended with exit code 2 and one line on stderr that holds all of ``words``."""
        assert self.code == 2, self
        assert self.err.startswith("tinymm: ") and self.err.count("\n") == 1 and self.err.endswith("\n"), self.err
        assert "Traceback" not in self.out
        for word in words:
            assert word in self.err, self.err
        return True


@pytest.fixture
def tinymm(capfd, tmp_path, monkeypatch):
    """Call the command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        capfd.readouterr()
        code = main([str(word) for word in words])
        return Ended(code, *capfd.readouterr())

    return call


def environment(**changes):
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS")}
    return {**kept, "PYTHONPATH": str(ROOT), **changes}


@pytest.fixture
def start(tmp_path):
    """Start the command line in a process of its own."""

    def begin(*words, script=None, stdout=subprocess.PIPE, **changes):
        program = ("-c", script) if script else ("-m", "tinymm")
        return subprocess.Popen(
            [sys.executable, *program, *map(str, words)], cwd=tmp_path, env=environment(**changes),
            stdout=stdout, stderr=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip

    return begin


@pytest.fixture
def spawn(start):
    """Run the command line in a process of its own to its end."""

    def call(*words, **changes):
        process = start(*words, **changes)
        out, err = process.communicate(timeout=60)
        return Ended(process.returncode, out, err)

    return call


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    """A data folder of 18 made clips of four emotions: 10 train, 4 validation, 4 test."""
    return make_clips(tmp_path_factory.mktemp("made") / "clips", task="emotion", clips=18)


@pytest.fixture(scope="session")
def files(clips):
    """The 18 videos."""
    return sorted((clips / "clips").glob("*.mp4"))


@pytest.fixture(scope="session")
def trained(clips, tmp_path_factory):
    """The run folder of one epoch on ``clips``; not to be written to."""
    out = tmp_path_factory.mktemp("trained") / "run"
    assert main(["train", str(clips), *SMALL, "--out", str(out)]) == 0
    return out


@pytest.fixture
def run_copy(trained, tmp_path):
    """A copy of ``trained`` to damage or go on with."""
    return Path(shutil.copytree(trained, tmp_path / "run"))


@pytest.fixture
def table(tmp_path):
    """Write a data folder: ``table(rows)`` with rows (path, text, label) or (path, text, label, split)."""

    def write(rows, name="data"):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        with open(folder / "clips.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("path", "text", "label", "split")[: len(rows[0])])
            writer.writerows(rows)
        return folder

    return write


@pytest.fixture
def small():
    """Arguments of ``train`` that make it take half a second."""
    return SMALL
