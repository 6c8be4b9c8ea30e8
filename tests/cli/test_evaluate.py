import csv
import json
import shutil

import pytest


def test_clips_known_from_training_are_left_out(tinymm, trained, clips):
    result = tinymm("evaluate", trained, clips, "--json").json
    assert (result["clips"], result["seen_before"]) == (4, 14)
    ended = tinymm("evaluate", trained, clips)
    assert ended.code == 0 and ended.err == ""
    assert "measured on 4 clips (14 more are left out: the model knows them)" in ended.out


def test_known_clips_are_known_under_another_name(tinymm, trained, clips, table, tmp_path):
    rows = list(csv.DictReader((clips / "clips.csv").read_text().splitlines()))
    places = {split: next(row["path"] for row in rows if row["split"] == split) for split in ("train", "test")}
    for split, path in places.items():
        shutil.copy(clips / path, tmp_path / f"{split}.mp4")
    folder = table([(tmp_path / f"{split}.mp4", "other words", "sad") for split in places])
    result = tinymm("evaluate", trained, folder, "--json").json
    assert (result["clips"], result["seen_before"]) == (1, 1)


def test_seen_measures_on_all_of_them(tinymm, trained, clips):
    result = tinymm("evaluate", trained, clips, "--seen", "--json").json
    assert (result["clips"], result["seen_before"]) == (18, 0)
    assert sum(map(sum, result["confusion"])) == 18


def test_only_known_clips_are_one_line(tinymm, trained, clips, tmp_path):
    lines = (clips / "clips.csv").read_text().splitlines()
    known = [f"{clips}/{line}" for line in lines[1:] if line.endswith(",train")]
    (tmp_path / "clips.csv").write_text("\n".join([lines[0], *known]))
    assert tinymm("evaluate", trained, ".").failed_with("trained on all of these", "--seen")


def test_the_figures_are_those_of_the_run(tinymm, trained, clips):
    results = json.loads((trained / "results.json").read_text())
    measured = tinymm("evaluate", trained, clips, "--json").json
    assert measured["accuracy"] == results["comparison"][0]["test"]
    assert (measured["confusion"], measured["labels"]) == (results["confusion"], results["labels"])


def test_labels_the_model_does_not_know_are_named(tinymm, trained, table, files):
    folder = table([(file, "", ("sad", "bored")[n % 2]) for n, file in enumerate(files)])
    assert tinymm("evaluate", trained, folder, "--seen").failed_with("'bored'", "none of those learned", "angry")
    folder = table([(file, "", "sad|calm") for file in files])
    assert tinymm("evaluate", trained, folder, "--seen").failed_with("2 labels", "exactly one")


def test_unusable_clips_are_counted_or_refused(tinymm, trained, table, files, tmp_path):
    (tmp_path / "text.mp4").write_text("no film")
    folder = table([*((file, "", "sad") for file in files), (tmp_path / "text.mp4", "", "sad")])
    result = tinymm("evaluate", trained, folder, "--seen", "--json").json
    assert [row["clip"] for row in result["left_out"]] == [str(tmp_path / "text.mp4")]
    assert "1 clip left out:" in tinymm("evaluate", trained, folder, "--seen").out
    assert tinymm("evaluate", trained, folder, "--seen", "--strict").failed_with("text.mp4")


@pytest.mark.parametrize("model, data", [("nowhere", None), (None, "nowhere")])
def test_a_missing_model_or_folder_is_one_line(tinymm, trained, clips, model, data):
    assert tinymm("evaluate", model or trained, data or clips).failed_with("nowhere")


def test_a_model_without_its_clips_measures_others(tinymm, trained, tmp_path, files):
    (tmp_path / "clips.csv").write_text(f"path,text,label\n{files[3]},hm,sad\n{files[4]},oh,calm\n")
    shutil.copy(trained / "best.safetensors", tmp_path / "m.safetensors")
    assert tinymm("evaluate", "m.safetensors", ".", "--seen", "--json").json["clips"] == 2
