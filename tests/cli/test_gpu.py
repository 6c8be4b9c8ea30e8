"""Every verb that is asked for the GPU says in one sentence what is missing, before it does anything."""

import sys

import pytest

from tinymm.cli import doctor


@pytest.fixture
def without_cupy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)


def test_training_is_refused_before_clips_are_made_or_folders_written(tinymm, without_cupy, tmp_path):
    assert tinymm("train", "--engine", "gpu").failed_with("CuPy is not installed: pip install", "cuda12", "cuda13", "Colab")
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_was_begun_on_a_gpu_is_not_resumed_without_one(tinymm, without_cupy, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.json").write_text('{"data": "clips", "engine": "gpu"}')
    assert tinymm("train", "--resume", run).failed_with("CuPy is not installed")


def test_doctor_says_how_to_get_cupy_and_goes_on(tinymm, without_cupy):
    ended = tinymm("doctor")
    assert ended.code == 0
    assert 'pip install -e ".[cuda12]" (or cuda13)' in ended.out and "Colab" in ended.out


def test_doctor_says_how_a_step_is_done_where_there_is_a_gpu(tinymm):
    cupy = pytest.importorskip("cupy")
    if not cupy.is_available():
        pytest.skip("no GPU")
    assert "recorded once for each batch shape as a CUDA graph" in tinymm("doctor", "--json").json["GPU step"]["found"]


def test_doctor_says_why_a_step_is_not_recorded(monkeypatch):
    cupy = pytest.importorskip("cupy")
    if not cupy.is_available():
        pytest.skip("no GPU")
    monkeypatch.setattr("tinymm.engines.gpu.graph.why_not", lambda: "no capture")
    name, fine, found, todo = doctor._graphs()
    assert (name, fine) == ("GPU step", True) and found.endswith("recording fails: no capture") and todo
