"""What ``tinymm train`` writes and prints, for every kind of label and of clip, and when the data is bad."""

import csv
import html
import json
import os

import imageio.v3
import numpy as np
import pytest
from scipy.io import wavfile

from tinymm.cli import run_folder
from tinymm.data.synthetic import make_clips
from tinymm.pipeline import Classifier
from tinymm.training import Trainer

EMOTIONS = ("angry", "calm", "happy")


def strict(path):
    return json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda name: pytest.fail(name))


def run_files(folder):
    return {path.name for path in folder.iterdir()}


def test_a_run_folder_holds_model_checkpoint_history_choices_results_and_report(trained):
    assert run_files(trained) == {
        "best.safetensors", "last.safetensors", "history.csv", "config.json", "results.json", "report.html",
    }  # fmt: skip
    results = strict(trained / "results.json")
    assert results["clips"] == {"train": 10, "validation": 4, "test": 4}
    assert results["measured_on"] == "test"
    assert np.sum(results["confusion"]) == 4
    with open(trained / "history.csv", newline="") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1"]


def test_json_is_one_object_and_everything_else_goes_to_stderr(tinymm, clips, small, tmp_path):
    ended = tinymm("train", clips, *small, "--json", "--out", "r")
    assert ended.code == 0
    assert ended.json == {"run": "r", **strict(tmp_path / "r" / "results.json")}
    assert "epoch   1/1" in ended.err


def test_the_comparison_trains_every_sense_alone(tinymm, clips):
    ended = tinymm("train", clips, "--size", 16, "--frames", 2, "--epochs", 1)
    assert ended.code == 0
    assert all(f"{sense} alone" in ended.out for sense in ("text", "video", "audio"))
    assert "always the most frequent answer would be right for 25.0 %" in ended.out


@pytest.mark.parametrize("model", ["default", "article"])
@pytest.mark.parametrize("frames", [1, 2])
@pytest.mark.parametrize("sound", ["log-mel", "waveform"])
def test_models_frames_and_sounds_go_together(tinymm, clips, tmp_path, model, frames, sound):
    words = ("--model", model, "--frames", frames, "--sound", sound, "--size", 16, "--epochs", 1, "--no-compare")
    ended = tinymm("train", clips, *words, "--out", "r", "--seconds", 0.5)
    assert ended.code == 0 and ended.err == ""
    assert strict(tmp_path / "r" / "config.json")["frames"] == frames
    shapes = Classifier(tmp_path / "r").model.input_shape
    assert ("image" in shapes) == (frames == 1)
    assert (tuple(shapes["audio"])[-1] == 1) == (sound == "waveform")


def label(kind, index):
    if kind == "binary":
        return ("no", "yes")[index % 2]
    if kind == "classes":
        return EMOTIONS[index % 3]
    return ("sun", "sun|wind", "wind", "rain|sun|wind")[index % 4]


@pytest.mark.parametrize("kind", ["binary", "classes", "tags"])
def test_every_kind_of_label_trains_evaluates_predicts_and_reports(tinymm, table, files, small, tmp_path, kind):
    folder = table([(file, f"clip {n}", label(kind, n)) for n, file in enumerate(files)])
    assert tinymm("train", folder, *small, "--out", "r").code == 0
    results = strict(tmp_path / "r" / "results.json")
    assert (results["confusion"] is None) == (kind == "tags")
    assert "<html" in (tmp_path / "r" / "report.html").read_text(encoding="utf-8")
    measured = tinymm("evaluate", "r", folder, "--seen", "--json").json
    assert measured["clips"] == 18 and 0 <= measured["accuracy"] <= 1 and np.isfinite(measured["loss"])
    assert tinymm("evaluate", "r", folder).code == 0
    answer = tinymm("predict", "r", files[0], "--json").json["predictions"][0]
    assert set(answer["probabilities"]) == {row["label"] for row in results["labels"]}
    if kind != "tags":
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=0.001)


def test_gifs_frame_folders_and_clips_without_sound_train_with_chinese_text(tinymm, table, tmp_path, small):
    rng, rows = np.random.default_rng(0), []
    for n in range(12):
        pictures = rng.integers(0, 255, (5, 20 + n, 24, 3), np.uint8)
        path = tmp_path / f"片段{n}{'.gif' if n % 2 else ''}"
        if n % 2:
            imageio.v3.imwrite(path, pictures, duration=100)
        else:
            path.mkdir()
            for k, picture in enumerate(pictures):
                imageio.v3.imwrite(path / f"{k}.png", picture)
        rows.append((path, f"今天天气很好 {n}", ("高兴", "难过")[n % 3 == 0]))
    ended = tinymm("train", table(rows, name="数据"), *small)
    assert ended.code == 0 and "labels: 难过, 高兴" in ended.out
    assert "高兴" in html.unescape((tmp_path / "runs" / "数据-1" / "report.html").read_text(encoding="utf-8"))
    ended = tinymm("predict", tmp_path / "runs" / "数据-1", rows[0][0], rows[1][0], "--text", "天气", "--json")
    assert [set(answer["probabilities"]) for answer in ended.json["predictions"]] == [{"高兴", "难过"}] * 2


def test_runs_are_numbered_and_odd_names_are_fine(tinymm, table, files, small, tmp_path):
    folder = table([(file, "", label("binary", n)) for n, file in enumerate(files)], name="[x] a-1 ²")
    for n in (1, 2):
        assert tinymm("train", folder, *small, "--epochs", 1).code == 0
        (tmp_path / "runs" / f"[x] a-1 ²-{n}" / "best.safetensors").stat()
    assert tinymm("train", ".", *small).failed_with("clips.csv")


def test_without_a_data_folder_clips_are_made_once(tinymm, small, monkeypatch, tmp_path):
    made = []

    def few(folder, task, seed, progress):
        made.append(task)
        return make_clips(folder, task, 15, seed)

    monkeypatch.setattr(run_folder, "make_clips", few)
    assert "making 600 clips" in tinymm("train", *small).out
    assert tinymm("train", *small, "--task", "content").code == 0
    assert made == ["content"]
    assert run_files(tmp_path / "runs") == {"content-1", "content-2"}


def test_all_clips_in_train_is_said_and_reported(tinymm, table, files, small, tmp_path):
    folder = table([(file, "", label("binary", n), "train") for n, file in enumerate(files)])
    ended = tinymm("train", folder, *small, "--out", "r")
    assert ended.code == 0
    assert "18 train clips" in ended.out and "how the model does on new clips is not known" in ended.out
    results = strict(tmp_path / "r" / "results.json")
    assert results["measured_on"] == "train" and results["comparison"][0]["test"] is None


def test_no_clip_in_train_is_one_line(tinymm, table, files, small):
    folder = table([(file, "", label("binary", n), "test") for n, file in enumerate(files)])
    assert tinymm("train", folder, *small).failed_with("no clip is left to train on")


def test_two_clips_are_too_few_unless_both_have_both_tags(tinymm, table, files, small):
    assert tinymm("train", table([(files[0], "", "a"), (files[1], "", "b")]), *small).failed_with("only one clip")
    ended = tinymm("train", table([(files[0], "", "a|b"), (files[1], "", "a|b")]), *small)
    assert ended.code == 0 and "1 train, 1 test" in ended.out


def test_a_folder_that_is_no_data_folder_is_one_line(tinymm, table, files, tmp_path):
    (tmp_path / "empty").mkdir()
    assert tinymm("train", "nowhere").failed_with("nowhere", "no such folder")
    assert tinymm("train", "empty").failed_with("empty", "clips.csv")
    folder = table([(files[0], "", "a")])
    assert tinymm("train", folder).failed_with("every clip is labelled 'a'")
    (folder / "clips.csv").write_text("path,label\na.mp4,x\n")
    assert tinymm("train", folder).failed_with("the column text is missing")
    (folder / "clips.csv").write_bytes(b"path,text,label\n\xff.mp4,x,y\n")
    assert tinymm("train", folder).failed_with("UTF-8")
    (folder / "clips.csv").write_text("path,text,label\n")
    assert tinymm("train", folder).failed_with("names no clips")
    assert not (tmp_path / "runs").exists() or not any((tmp_path / "runs").iterdir())


@pytest.fixture
def spoiled(table, files, tmp_path):
    """12 good clips and 5 that cannot be used."""
    whole = files[17].read_bytes()
    (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("This is not a film.\n" * 50)
    wavfile.write(tmp_path / "sound.mp4", 8000, np.zeros(8000, np.int16))
    bad = ["half.mp4", "empty.mp4", "text.mp4", "gone.mp4", "sound.mp4"]
    return table(
        [(file, "", label("binary", n)) for n, file in enumerate(files[:12])] + [(tmp_path / b, "", "yes") for b in bad]
    )


def test_unusable_clips_are_left_out_with_their_reasons(tinymm, spoiled, small, tmp_path):
    ended = tinymm("train", spoiled, *small, "--out", "r")
    assert ended.code == 0 and ended.err == ""
    assert "5 clips left out:" in ended.out
    reasons = {row["clip"].rsplit("/")[-1]: row["reason"] for row in strict(tmp_path / "r" / "results.json")["left_out"]}
    assert "cut off" in reasons["half.mp4"]
    assert "empty" in reasons["empty.mp4"]
    assert "not a video" in reasons["text.mp4"]
    assert "no such file" in reasons["gone.mp4"]
    assert "only sound" in reasons["sound.mp4"]


def test_strict_refuses_a_folder_with_an_unusable_clip(tinymm, spoiled, small, tmp_path):
    assert tinymm("train", spoiled, *small, "--strict", "--out", "r").failed_with("half.mp4", "4 more like it")
    assert not (tmp_path / "r").exists()


def test_only_unusable_clips_are_one_line(tinymm, spoiled, small, table, tmp_path):
    folder = table([(tmp_path / name, "", "a") for name in ("half.mp4", "text.mp4")])
    assert tinymm("train", folder, *small).failed_with("half.mp4", "cut off", "1 more like it")


def test_a_label_left_with_one_clip_says_that_others_were_left_out(tinymm, spoiled, table, files, tmp_path, small):
    rows = [(file, "", "a") for file in files[:4]] + [(files[5], "", "b"), (tmp_path / "text.mp4", "", "b")]
    assert tinymm("train", table(rows), *small).failed_with("only one clip has the label 'b'", "text.mp4", "left out")


@pytest.mark.parametrize(
    "words",
    [
        ("--epochs", "0"), ("--epochs", "-3"), ("--lr", "0"), ("--lr", "nan"), ("--lr", "inf"), ("--lr", "-1"),
        ("--size", "3"), ("--size", "100000"), ("--frames", "0"), ("--frames", "1000000000"), ("--batch-size", "0"),
        ("--seed", "-1"), ("--seconds", "0"), ("--seconds", "nan"), ("--patience", "0"), ("--engine", "warp"),
        ("--model", "huge"), ("--sound", "loud"), ("--task", "cooking"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_an_impossible_choice_is_named_before_any_work(tinymm, clips, tmp_path, words):
    assert tinymm("train", clips, *words, "--out", "r").failed_with(*words)
    assert not (tmp_path / "r").exists()


def test_task_and_data_folder_exclude_each_other(tinymm, clips):
    assert tinymm("train", clips, "--task", "emotion").failed_with("--task")


def test_an_out_folder_that_cannot_be_used_is_known_before_the_clips_are_read(tinymm, clips, run_copy, tmp_path):
    before = {path: path.read_bytes() for path in run_copy.iterdir()}
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    assert tinymm("train", clips, "--out", "file").failed_with("file", "no empty folder")
    assert tinymm("train", clips, "--out", "full").failed_with("full", "no empty folder")
    assert tinymm("train", clips, "--out", "run").failed_with("holds a run already", "--resume run")
    ended = tinymm("train", clips, "--out", "file/run")
    assert ended.failed_with("file/run") and "reading" not in ended.out
    assert {path: path.read_bytes() for path in run_copy.iterdir()} == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_is_one_line(tinymm, clips, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o555)
    assert tinymm("train", clips, "--out", "locked/run").failed_with("locked/run", "Permission denied")


def test_training_that_goes_astray_names_the_layer_and_keeps_the_last_good_epoch(tinymm, clips, small, tmp_path):
    words = ("--size", 16, "--frames", 2, "--no-compare", "--batch-size", 4, "--lr", "1e30")
    assert tinymm("train", clips, *words, "--out", "r").failed_with("layer ", "NaN or infinity", "--lr is 1e+30")
    assert run_files(tmp_path / "r") == {"config.json"}


def test_an_epoch_whose_validation_is_not_finite_is_not_kept(tinymm, clips, run_copy, monkeypatch, tmp_path):
    before = (run_copy / "last.safetensors").read_bytes()
    real = Trainer._train

    def explode(self, *rest):
        loss = real(self, *rest)
        for array in self.model.params.values():
            array *= 1e30
        return loss

    monkeypatch.setattr(Trainer, "_train", explode)
    assert tinymm("train", "--resume", "run", "--epochs", 2).failed_with("layer ", "what was saved before stays in run")
    assert (run_copy / "last.safetensors").read_bytes() == before
    monkeypatch.undo()
    assert Classifier(run_copy).model.params


@pytest.mark.parametrize("terminal", [{}, {"NO_COLOR": "1", "TERM": "dumb"}, {"TERM": "xterm"}])
def test_without_a_terminal_there_are_plain_lines(tinymm, clips, small, monkeypatch, terminal):
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in terminal.items():
        monkeypatch.setenv(name, value)
    ended = tinymm("train", clips, *small)
    assert ended.code == 0 and ended.err == ""
    assert "\x1b" not in ended.out and "\r" not in ended.out
    assert [line.split()[0] for line in ended.out.splitlines()[:4]] == ["reading", "10", "model", "epoch"]


@pytest.mark.parametrize("settings, escapes", [({"TERM": "dumb"}, False), ({"TERM": "xterm"}, True)])
def test_a_dumb_terminal_gets_no_escape_codes(start, clips, small, settings, escapes):
    reading, writing = pytest.importorskip("pty").openpty()
    process = start("train", clips, *small, stdout=writing, **settings)
    os.close(writing)
    seen = b""
    while True:
        try:
            piece = os.read(reading, 65536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    assert process.wait(60) == 0
    process.stderr.close()
    os.close(reading)
    assert b"saved in" in seen
    assert (b"\x1b[" in seen) == escapes

