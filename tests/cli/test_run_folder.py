"""``--resume``: what it takes up, what it refuses, and that what was there before stays."""

import csv
import json
import os
import shutil

import numpy as np
import pytest
from safetensors.numpy import save_file

from tinymm.data.synthetic import make_clips


@pytest.fixture
def kept(run_copy):
    """Fails when a test has changed the run's model or checkpoint."""
    names = ("best.safetensors", "last.safetensors", "history.csv")
    before = {name: (run_copy / name).read_bytes() for name in names}
    yield run_copy
    assert {name: (run_copy / name).read_bytes() for name in names} == before


def test_more_epochs_go_on_from_the_last(tinymm, run_copy):
    ended = tinymm("train", "--resume", "run", "--epochs", 3)
    assert ended.code == 0
    assert "epoch   1" not in ended.out and "epoch   2/3" in ended.out
    assert json.loads((run_copy / "config.json").read_text())["epochs"] == 3


def test_a_finished_run_is_only_measured_again(tinymm, kept):
    ended = tinymm("train", "--resume", "run")
    assert ended.code == 0 and "epoch" not in ended.out and "saved in run" in ended.out


def test_fewer_epochs_than_are_done_are_refused(tinymm, run_copy):
    assert tinymm("train", "--resume", "run", "--epochs", 2).code == 0
    assert tinymm("train", "--resume", "run", "--epochs", 1).failed_with("2 epochs behind it", "--epochs 2")


def test_other_choices_cannot_be_changed_on_the_way(tinymm, kept):
    words = ("--lr", 0.1, "--no-compare", "--out", "x")
    assert tinymm("train", "--resume", "run", *words).failed_with("--lr", "--no-compare", "--out", "own settings")
    assert tinymm("train", "--resume", "run", "--epochs", 0).failed_with("--epochs is 0")


def test_a_folder_without_a_run_is_one_line(tinymm, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    for name in ("nowhere", "empty", "file"):
        assert tinymm("train", "--resume", name).failed_with("config.json")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "change",
    [
        "", "nonsense", "[]", "null", {"epochs": "ten"}, {"data": 5}, {"lr": None, "model": "huge"}, {"unknown": 1},
        {"batch_size": 0}, {"size": 16.5}, {"augment": "yes"}, {"sound": ["log-mel"]}, {"model": {}},
    ],
    ids=str,
)  # fmt: skip
def test_a_damaged_config_is_one_line(tinymm, kept, change):
    path = kept / "config.json"
    text = change if isinstance(change, str) else json.dumps({**json.loads(path.read_text()), **change})
    path.write_text(text)
    assert tinymm("train", "--resume", "run").failed_with("config.json is damaged", "start a new run")
    path.write_bytes(b"\xff\xfe\x00")
    assert tinymm("train", "--resume", "run").failed_with("config.json is damaged")


def test_a_damaged_checkpoint_is_one_line(tinymm, run_copy):
    path = run_copy / "last.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert tinymm("train", "--resume", "run").failed_with("last.safetensors", "damaged")
    path.write_bytes(b"")
    assert tinymm("train", "--resume", "run").failed_with("last.safetensors", "damaged")
    save_file({"a": np.zeros(3)}, path)
    assert tinymm("train", "--resume", "run").failed_with("another program")
    shutil.copy(run_copy / "best.safetensors", path)
    assert tinymm("train", "--resume", "run").failed_with("no training state")


def test_a_run_stopped_before_its_first_checkpoint_begins_again(tinymm, run_copy, trained):
    for name in ("last.safetensors", "best.safetensors", "history.csv", "results.json"):
        (run_copy / name).unlink()
    ended = tinymm("train", "--resume", "run")
    assert ended.code == 0 and "starting from the beginning" in ended.out
    assert (run_copy / "best.safetensors").read_bytes() == (trained / "best.safetensors").read_bytes()


@pytest.fixture
def own(clips, run_copy, tmp_path):
    """A data folder that the test may change; the run in ``mine`` was trained on it."""
    shutil.copytree(clips, tmp_path / "own")
    run_copy.rename(tmp_path / "mine")
    config = tmp_path / "mine" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "data": str(tmp_path / "own")}))
    return tmp_path / "own"


def another_label(rows):
    rows[0][2] = "calm" if rows[0][2] != "calm" else "sad"


def another_text(rows):
    rows[0][1] += " really"


def another_split(rows):
    rows[0][3] = "test" if rows[0][3] == "train" else "train"


def another_order(rows):
    rows.reverse()


def a_clip_less(rows):
    rows.pop()


def a_label_renamed(rows):
    for row in rows:
        row[2] = row[2].replace("calm", "quiet")


@pytest.mark.parametrize(
    "change", [another_label, another_text, another_split, another_order, a_clip_less, a_label_renamed]
)
def test_changed_clips_or_labels_are_refused(tinymm, own, tmp_path, change):
    before = (tmp_path / "mine" / "last.safetensors").read_bytes()
    text = (own / "clips.csv").read_text()
    header, *rows = csv.reader(text.splitlines())
    change(rows)
    with open(own / "clips.csv", "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    assert tinymm("train", "--resume", "mine", "--epochs", 2).failed_with("own", "are not those", "start a new run")
    assert (tmp_path / "mine" / "last.safetensors").read_bytes() == before
    (own / "clips.csv").write_text(text)
    assert tinymm("train", "--resume", "mine", "--epochs", 2).code == 0


def test_changed_pictures_are_refused(tinymm, own):
    first, second = own / "clips" / "0000.mp4", own / "clips" / "0001.mp4"
    first.rename(own / "x")
    second.rename(first)
    (own / "x").rename(second)
    assert tinymm("train", "--resume", "mine").failed_with("are not those")


def test_data_that_vanished_is_one_line_and_its_new_place_can_be_given(tinymm, own, tmp_path):
    own.rename(tmp_path / "moved")
    assert tinymm("train", "--resume", "mine", "--epochs", 2).failed_with("own", "no such folder")
    assert tinymm("train", "moved", "--resume", "mine", "--epochs", 2).code == 0
    assert tinymm("train", "--resume", "mine", "--epochs", 3).code == 0


def test_a_run_resumes_from_another_working_directory(tinymm, clips, small, tmp_path, monkeypatch):
    assert tinymm("train", os.path.relpath(clips), *small, "--out", "mine").code == 0
    monkeypatch.chdir(tmp_path / "mine")
    assert tinymm("train", "--resume", ".", "--epochs", 2).code == 0


def test_clips_of_another_folder_are_refused(tinymm, kept, tmp_path):
    other = make_clips(tmp_path / "other", task="emotion", clips=18, seed=1)
    assert tinymm("train", other, "--resume", "run").failed_with("are not those")
