"""`tinymm bench`: what it prints, what it refuses, and that nothing is measured before a refusal."""

import sys

import pytest

from tinymm.bench import ceilings, measuring, plots, scaling, timing
from tinymm.bench.works import LossWork


@pytest.fixture
def one_work(monkeypatch):
    """A benchmark of one tiny work, without pauses, without PyTorch and CuPy."""
    work = LossWork("cross-entropy", "softmax cross-entropy 4×3", 4, 3, LossWork("t", "t", 1, 3, None))
    monkeypatch.setenv("TINYMM_THREADS", "1")
    monkeypatch.setattr("tinymm.bench.works.WORKS", (work,))
    monkeypatch.setattr(timing.take_turns, "__defaults__", (1, 0))
    monkeypatch.setattr(ceilings.measure, "__defaults__", (0.001, 32, 1 << 12))
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setitem(sys.modules, "cupy", None)


@pytest.fixture
def unmeasured(monkeypatch):
    for module in (measuring, scaling):
        monkeypatch.setattr(module, "measure", lambda *args, **options: pytest.fail("it began to measure"))


def test_a_table_for_people(tinymm, one_work, monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    ended = tinymm("bench", "--quick", "--seconds", "0.001")
    assert ended.failed_with("--quick", "--seconds")
    ended = tinymm("bench", "--quick", "cross")
    assert (ended.code, ended.err) == (0, "")
    assert "softmax cross-entropy 4×3" in ended.out and "pip install torch" in ended.out
    assert max(map(len, ended.out.splitlines()[1:])) <= 72


def test_json_is_one_object_on_stdout(tinymm, one_work):
    ended = tinymm("bench", "--json", "--quick")
    assert ended.code == 0
    assert set(ended.json["works"]["cross-entropy"]["contestants"]) == {"loops", "textbook", "cpu"}
    assert ended.json["noise"]["samples"] > 0


@pytest.mark.parametrize(
    "words, told",
    [
        (["lsmt"], ["'lsmt'", "did you mean lstm?"]),
        (["--scaling", "sequences"], ["did you mean sequence?"]),
        (["--scaling", "lstm"], ["no size to scale by"]),
        (["--seconds", "0"], ["--seconds is 0"]),
        (["--seconds", "nan"], ["--seconds is nan"]),
        (["--plot", "speed.gif"], ["speed.gif", ".png"]),
        (["--plot", "no/speed.png"], ["no folder no"]),
        (["--plot", ""], ["empty"]),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_sentence(tinymm, unmeasured, words, told):
    assert tinymm("bench", *words).failed_with(*told)


def test_a_missing_matplotlib_is_told_before_measuring(tinymm, unmeasured, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert tinymm("bench", "--plot", "speed.png").failed_with("pip install matplotlib")


def test_a_plot_is_named_when_it_is_drawn(tinymm, one_work, monkeypatch):
    monkeypatch.setattr(plots, "require", lambda path: None)
    monkeypatch.setattr(plots, "draw", lambda results, path: None)
    ended = tinymm("bench", "--quick", "--plot", "speed.png")
    assert ended.code == 0 and ended.out.endswith("drawn: speed.png\n")
