"""Runs that are stopped by Ctrl-C, killed, or run out of disk: nothing is lost, and --resume ends at the same numbers."""

import csv
import os
import shutil
import signal
import subprocess
import time

import pytest

from tinymm.cli import main, train
from tinymm.display import TrainingDisplay
from tinymm.pipeline import Classifier
from tinymm.saving import read_tensors
from tinymm.training import Trainer

EPOCHS = 3
WORDS = ("--size", 16, "--frames", 2, "--batch-size", 4, "--epochs", EPOCHS, "--no-compare")  # 3 batches an epoch

FULL_DISK = """
import resource, signal, sys
from tinymm.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def unbroken(clips, tmp_path_factory):
    """The run folder of three epochs that nothing stopped."""
    out = tmp_path_factory.mktemp("unbroken") / "run"
    assert main(["train", str(clips), *map(str, WORDS), "--out", str(out)]) == 0
    return out


def assert_same_run(run, other):
    """Bit for bit the same model, checkpoint and history, but for the seconds."""
    for name in ("best.safetensors", "last.safetensors"):
        (ours, header), (theirs, other_header) = read_tensors(run / name), read_tensors(other / name)
        assert ours.keys() == theirs.keys()
        assert all(ours[key].tobytes() == theirs[key].tobytes() for key in ours)
        assert without_seconds(header) == without_seconds(other_header)
    assert history(run) == history(other)


def without_seconds(header):
    for row in header.get("training", {}).get("position", {}).get("history", []):
        row.pop("seconds")
    return header


def history(run):
    with open(run / "history.csv", newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def interrupt_at(monkeypatch, epoch, batch):
    """Press Ctrl-C while the batch is being counted."""

    def batch_done(self, position, batches, loss):
        if (position.epoch, position.batch) == (epoch, batch):
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(TrainingDisplay, "batch", batch_done)


@pytest.mark.parametrize("epoch, batch", [(0, 1), (1, 2), (1, 3), (2, 3)])
def test_ctrl_c_saves_after_the_batch_and_resume_ends_at_the_same_numbers(
    tinymm, clips, unbroken, tmp_path, monkeypatch, epoch, batch
):
    with monkeypatch.context() as patch:
        interrupt_at(patch, epoch, batch)
        ended = tinymm("train", clips, *WORDS, "--out", "r")
    assert ended.code == 130 and ended.err == ""
    assert "stopped and saved: `tinymm train --resume r` goes on from here" in ended.out
    position = read_tensors(tmp_path / "r" / "last.safetensors")[1]["training"]["position"]
    assert (position["epoch"], position["batch"]) == (epoch, batch)
    assert tinymm("train", "--resume", "r").code == 0
    assert_same_run(tmp_path / "r", unbroken)


def test_a_run_stopped_twice_ends_at_the_same_numbers(tinymm, clips, unbroken, tmp_path, monkeypatch):
    interrupt_at(monkeypatch, 0, 2)
    assert tinymm("train", clips, *WORDS, "--out", "r").code == 130
    interrupt_at(monkeypatch, 2, 1)
    assert tinymm("train", "--resume", "r", "--json").code == 130
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert tinymm("train", "--resume", "r").code == 0
    assert_same_run(tmp_path / "r", unbroken)


def test_ctrl_c_during_the_last_validation_is_not_lost(tinymm, clips, unbroken, tmp_path, monkeypatch):
    real = Trainer._end_epoch

    def interrupted(self, *rest):
        if self.position.epoch == EPOCHS - 1:
            signal.raise_signal(signal.SIGINT)
        real(self, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_end_epoch", interrupted)
        assert tinymm("train", clips, *WORDS, "--out", "r").code == 130
    assert tinymm("train", "--resume", "r").code == 0
    assert_same_run(tmp_path / "r", unbroken)


def test_ctrl_c_during_the_comparison_keeps_the_trained_model(tinymm, clips, unbroken, tmp_path, monkeypatch):
    real, batches = Trainer._train, []

    def interrupted(self, inputs, *rest):
        batches.append(tuple(inputs))
        if batches[-1] == ("video",):
            signal.raise_signal(signal.SIGINT)
        return real(self, inputs, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_train", interrupted)
        ended = tinymm("train", clips, *WORDS[:-1], "--out", "r")
    assert ended.code == 130 and "--resume r" in ended.out
    assert batches.count(("video",)) == 1
    assert_same_run(tmp_path / "r", unbroken)
    ended = tinymm("train", "--resume", "r")
    assert ended.code == 0 and "audio alone" in ended.out
    assert_same_run(tmp_path / "r", unbroken)


def test_ctrl_c_while_clips_are_read_leaves_no_empty_folder(tinymm, clips, tmp_path, monkeypatch):
    def interrupt(*words):
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "prepare", interrupt)
    ended = tinymm("train", clips, *WORDS, "--out", "r")
    assert (ended.code, ended.err) == (130, "tinymm: stopped\n")
    assert not (tmp_path / "r").exists()


def test_ctrl_c_while_the_report_is_written_keeps_the_trained_model(tinymm, clips, unbroken, tmp_path, monkeypatch):
    def interrupt(*words):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(train, "write_report", interrupt)
        ended = tinymm("train", clips, *WORDS, "--out", "r")
    assert ended.code == 130 and "--resume r" in ended.out
    assert_same_run(tmp_path / "r", unbroken)


def test_the_second_ctrl_c_does_not_wait_for_the_batch(tinymm, clips, unbroken, tmp_path, monkeypatch):
    def impatient(self, *rest):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("the batch was finished")

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_train", impatient)
        assert tinymm("train", clips, *WORDS, "--out", "r").code == 130
    assert tinymm("train", "--resume", "r").code == 0
    assert_same_run(tmp_path / "r", unbroken)


def wait_for(path, process):
    until = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_ctrl_c_to_the_process_ends_it_with_130_at_once(start, clips, tmp_path, tinymm):
    process = start("train", clips, *WORDS[:-3], "--epochs", 5000, "--no-compare", "--out", "r")
    wait_for(tmp_path / "r" / "last.safetensors", process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "")
    assert out.splitlines()[-1].startswith("stopped and saved")
    assert Classifier(tmp_path / "r").labels.kind == "classes"


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_a_killed_run_resumes_at_the_same_numbers(start, clips, unbroken, tmp_path, tinymm):
    process = start("train", clips, *WORDS, "--epochs", 5000, "--out", "r")
    wait_for(tmp_path / "r" / "last.safetensors", process)
    process.kill()
    process.communicate(timeout=30)
    done = read_tensors(tmp_path / "r" / "last.safetensors")[1]["training"]["position"]["epoch"]
    assert done >= 1
    last = max(done, EPOCHS)
    assert tinymm("train", "--resume", "r", "--epochs", last).code == 0
    shutil.copytree(unbroken, tmp_path / "other")
    assert tinymm("train", "--resume", "other", "--epochs", last).code == 0
    assert_same_run(tmp_path / "r", tmp_path / "other")


@pytest.mark.skipif(os.name == "nt", reason="file size limits are POSIX's")
def test_a_full_disk_ends_in_one_line_and_what_was_saved_stays(spawn, run_copy, tinymm):
    kept = {name: (run_copy / name).read_bytes() for name in ("last.safetensors", "history.csv", "results.json")}
    ended = spawn("train", "--resume", "run", "--epochs", 2, script=FULL_DISK)
    assert ended.failed_with("run/last.safetensors: File too large", "make room")
    assert {name: (run_copy / name).read_bytes() for name in kept} == kept
    assert not [path for path in run_copy.iterdir() if path.name.startswith(".")]
    assert Classifier(run_copy).labels.names
    assert tinymm("train", "--resume", "run", "--epochs", 2).code == 0


@pytest.mark.parametrize("name", ["config.json", "best.safetensors", "history.csv", "results.json", "report.html"])
def test_whichever_file_does_not_fit_the_run_can_be_taken_up_again(tinymm, clips, unbroken, tmp_path, monkeypatch, name):
    real = os.replace

    def full(source, target):
        if os.path.basename(target) == name:
            raise OSError(28, "No space left on device")
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        assert tinymm("train", clips, *WORDS, "--out", "r").failed_with(f"r/{name}: No space left", "make room")
    if name == "config.json":
        assert not (tmp_path / "r").exists() or not list((tmp_path / "r").iterdir())
        assert tinymm("train", clips, *WORDS, "--out", "r").code == 0
    else:
        assert tinymm("train", "--resume", "r").code == 0
    assert_same_run(tmp_path / "r", unbroken)


def test_head_ends_a_training_that_can_be_resumed(start, clips, unbroken, tmp_path, tinymm):
    reading, writing = os.pipe()
    process = start("train", clips, *WORDS, "--out", "r", stdout=writing)
    os.close(writing)
    subprocess.run(["head", "-n", "4"], stdin=reading, stdout=subprocess.DEVNULL, check=True)
    os.close(reading)
    assert process.communicate(timeout=60)[1] == ""
    assert process.returncode in (0, 141)
    assert tinymm("train", "--resume", "r").code == 0
    assert_same_run(tmp_path / "r", unbroken)
