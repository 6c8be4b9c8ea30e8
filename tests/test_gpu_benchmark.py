"""The GPU benchmark where there is no GPU: what it says then, and that a part which fails takes nothing from the others."""

import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    module = importlib.import_module("gpu")
    monkeypatch.setattr(module, "wait", lambda: None)
    yield module
    for name in [name for name in sys.modules if name == "gpu" or name.startswith("gpu_")]:
        del sys.modules[name]


def broken():
    raise RuntimeError("no memory left\nand more")


def test_without_cupy_it_says_so_in_one_sentence_and_exits_with_2(gpu, monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "cupy", None)
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--out", str(tmp_path)])
    assert gpu.main() == 2
    said = capsys.readouterr().err
    assert said.startswith("benchmarks/gpu.py: CuPy is not installed: pip install") and said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_contestant_or_a_row_that_fails_is_listed_and_the_others_are_measured(gpu):
    results = gpu.Results(small=True)
    times = results.in_turns("Dense", {"gpu": lambda: None, "PyTorch": broken, "cpu": lambda: None}, 0)
    assert set(times) == {"gpu", "cpu"}
    rows = results.table("layers", {"a": 1, "b": 0}, lambda work: 1 // work)
    assert rows == {"a": 1}
    assert results["failed"]["Dense, PyTorch"] == "RuntimeError: no memory left"
    assert results["failed"]["layers, b"].startswith("ZeroDivisionError")


def test_a_page_and_the_pictures_are_made_of_whatever_there_is(gpu, tmp_path):
    about = {"GPU": "Abacus", "emulated": False}
    results = gpu.Results(machine=about, small=False, seconds=3, layers=None, steps=None, tests=None)
    results.attempt("steps", broken)
    results["goals"] = gpu.goals(results)
    gpu.write(results, tmp_path)
    page = (tmp_path / "gpu.md").read_text()
    assert "- steps: RuntimeError: no memory left" in page and "LSTM 256: ratio to PyTorch at most 1.2 | not measured" in page
    results["crossover"] = {1: {"cpu": 3.0, "gpu, from the host": 1.0}, 2: {"gpu, from the host": 1.1}}
    results["layers"] = {"Adam": {"gpu": 1.0, "share of copy": 0.9, "ratio": 0.7}}
    results["goals"] = gpu.goals(results)
    assert results["goals"]["Adam: share of copy bandwidth at least 0.8"]["met"] is True
    gpu.write(results, tmp_path)
    assert "| batch 2 |  | 1.1 |" in (tmp_path / "gpu.md").read_text()
    pytest.importorskip("matplotlib")
    gpu.draw(results, tmp_path)
    assert {f.name for f in tmp_path.glob("*.png")} == {"gpu-crossover.png", "gpu-ceilings.png"}


def test_tests_that_take_too_long_are_told_apart_from_tests_that_fail(gpu, monkeypatch):
    monkeypatch.setattr(gpu, "TESTS", ["tests/test_files.py"])
    assert gpu.run_tests(False, 0.01)["summary"].startswith("not done after 0 seconds")
