import io
import json
import sys

import pytest

from tinymm.cli.output import TrainingDisplay, count, counting, make_console, percent, print_json
from tinymm.training import Position


def test_shares_and_counts_are_written_for_people():
    assert (percent(0.934), percent(1), percent(0.0)) == (" 93.4 %", "100.0 %", "  0.0 %")
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


def test_names_are_printed_as_they_are(capsys):
    make_console().print("[red]a[/red] :cat: " + 200 * "x")
    assert capsys.readouterr().out == "[red]a[/red] :cat: " + 200 * "x" + "\n"


def test_bars_leave_nothing_behind_without_a_terminal(capsys):
    console = make_console()
    with counting(console, "reading") as progress:
        progress(1, 2)
    with TrainingDisplay(console, 2) as display:
        display.batch(Position(batch=1), 3, 0.5)
        display.epoch({"epoch": 1, "loss": 0.5, "seconds": 0.25})
    lines = [line for line in capsys.readouterr().out.splitlines() if line]
    assert lines == ["epoch   1/2   loss 0.5000   0.2 s"]


def test_with_json_people_read_on_stderr(capsys):
    make_console(as_json=True).print("hello")
    assert capsys.readouterr() == ("", "hello\n")
