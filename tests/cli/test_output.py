"""What the verbs print: counts, and JSON that any program can read."""

import io
import json
import sys

import pytest

from tinymm.cli.output import count, print_json


def test_counts_are_written_for_people():
    assert (count(1, "clip"), count(0, "clip"), count(2, "clip")) == ("1 clip", "0 clips", "2 clips")


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
def test_json_can_be_read_back_from_any_output(monkeypatch, encoding):
    value = {"猫": "é 😀", "list": [1, None, 0.5]}
    page = io.BytesIO()
    stream = io.TextIOWrapper(page, encoding=encoding, errors="backslashreplace")
    monkeypatch.setattr(sys, "stdout", stream)
    print_json(value)
    stream.flush()
    assert json.loads(page.getvalue().decode(encoding)) == value


def test_json_never_holds_nan():
    with pytest.raises(ValueError):
        print_json({"loss": float("nan")})
