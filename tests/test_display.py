"""Progress: bars in a terminal, plain lines elsewhere, names as they are."""

import io

from rich.console import Console

from tinymm.display import TrainingDisplay, counting, make_console, percent
from tinymm.training import Position


def test_shares_are_written_for_people():
    assert (percent(0.934), percent(1), percent(0.0)) == (" 93.4 %", "100.0 %", "  0.0 %")


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


def test_in_a_terminal_a_bar_tells_epoch_and_loss(monkeypatch):
    page = io.StringIO()
    console = Console(file=page, force_terminal=True, width=100, highlight=False)
    with TrainingDisplay(console, 2) as display:
        display.batch(Position(batch=2), 3, 0.5)
        display.batch(Position(batch=3), 3, 0.25)  # too soon to look
        display.bar.refresh()
        display.epoch({"epoch": 1, "loss": 0.5, "seconds": 0.25})
    shown = page.getvalue()
    assert "epoch 1/2  loss 0.500" in shown and "2/6" in shown and "\x1b[" in shown
    assert "epoch   1/2   loss 0.5000" in shown
