import csv
import io
import sys
from collections import Counter

import av
import numpy as np
import pytest

from tinymm.data import synthetic
from tinymm.errors import TinymmError

CLIPS = 15


def rows_of(folder):
    with open(folder / "clips.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return synthetic.make_clips(tmp_path_factory.mktemp("made") / "content", "content", CLIPS, seed=3)


def test_every_row_names_a_file_and_has_words_a_label_and_a_split(made):
    rows = rows_of(made)
    assert list(rows[0]) == ["path", "text", "label", "split"]
    assert [row["path"] for row in rows] == [f"clips/{i:04d}.mp4" for i in range(CLIPS)]
    assert all((made / row["path"]).stat().st_size > 1000 and row["text"].strip() for row in rows)
    assert Counter((row["label"], row["split"]) for row in rows) == {
        (label, split): 1 for label in ("ball", "bird", "car", "cat", "clock")
        for split in ("train", "validation", "test")}


def test_a_clip_is_two_seconds_of_h264_and_mono_aac(made):
    with av.open(str(made / "clips/0000.mp4")) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert (video.width, video.height, video.pix_fmt, video.average_rate) == (64, 64, "yuv420p", 12)
        assert (audio.rate, audio.channels) == (16000, 1)
        assert len(list(container.decode(video=0))) == 24
        container.seek(0)
        assert abs(sum(frame.samples for frame in container.decode(audio=0)) - 32000) < 2048


def test_the_encoded_picture_and_sound_are_those_that_went_in():
    rng = np.random.default_rng(0)
    frames = synthetic.content.image("car", rng)
    tone = (0.5 * np.sin(2 * np.pi * 500 * np.arange(32000) / 16000)).astype(np.float32)
    with av.open(io.BytesIO(synthetic.encode(frames, tone))) as container:
        pictures = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
        container.seek(0)
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])[4000:28000]
    assert np.abs(pictures.astype(float) - frames).mean() < 10
    spectrum = np.abs(np.fft.rfft(heard))
    assert np.argmax(spectrum) * 16000 / len(heard) == pytest.approx(500, abs=1)
    assert np.sqrt(np.mean(heard**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_the_same_arguments_give_the_same_bytes_and_another_seed_gives_others(made, tmp_path):
    again = synthetic.make_clips(tmp_path / "again", "content", CLIPS, seed=3)
    other = synthetic.make_clips(tmp_path / "other", "content", CLIPS, seed=4)
    assert contents(again) == contents(made)
    assert contents(other).keys() == contents(made).keys()
    assert all(contents(other)[path] != data for path, data in contents(made).items())


def test_a_folder_can_be_made_again_with_fewer_clips_and_keeps_no_stale_one(tmp_path):
    synthetic.make_clips(tmp_path, "emotion", 14)
    synthetic.make_clips(tmp_path, "emotion", 12)
    assert len(list((tmp_path / "clips").iterdir())) == len(rows_of(tmp_path)) == 12


def test_an_interrupted_folder_has_no_table_and_can_be_finished(tmp_path):
    def stop(done, clips):
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthetic.make_clips(tmp_path, "behaviour", 12, progress=stop)
    assert not (tmp_path / "clips.csv").exists()
    seen = []
    synthetic.make_clips(tmp_path, "behaviour", 12, progress=lambda done, clips: seen.append((done, clips)))
    assert seen == [(i, 12) for i in range(1, 13)]
    assert len(rows_of(tmp_path)) == 12


def test_clips_from_elsewhere_are_never_overwritten(tmp_path):
    (tmp_path / "clips.csv").write_text("path,text,label\nmine.mp4,hello,x\n")
    with pytest.raises(TinymmError, match="not made here"):
        synthetic.make_clips(tmp_path)
    (tmp_path / "clips.csv").unlink()
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "0000.mp4").write_bytes(b"holiday")
    with pytest.raises(TinymmError, match="not made here"):
        synthetic.make_clips(tmp_path)
    assert (tmp_path / "clips" / "0000.mp4").read_bytes() == b"holiday"


def test_a_folder_of_another_task_or_with_an_edited_table_is_refused(tmp_path):
    synthetic.make_clips(tmp_path, "emotion", 12)
    with pytest.raises(TinymmError, match="holds clips of the task emotion"):
        synthetic.make_clips(tmp_path, "content", 15)
    with open(tmp_path / "clips.csv", "a") as file:
        file.write("clips/mine.mp4,hello,happy,train\n")
    with pytest.raises(TinymmError, match="was changed"):
        synthetic.make_clips(tmp_path, "emotion", 12)


@pytest.mark.parametrize("recipe", ["", "[]", '{"task": "content"}', '{"task": "content", "clips": "x"}'])
def test_a_broken_recipe_is_one_clear_sentence(tmp_path, recipe):
    (tmp_path / "recipe.json").write_text(recipe)
    with pytest.raises(TinymmError, match="recipe.json cannot be read"):
        synthetic.make_clips(tmp_path, "content", 15)


@pytest.mark.parametrize("arguments, message", [
    ({"task": "weather"}, "no task called 'weather': choose one of content, emotion, behaviour"),
    ({"task": "content", "clips": 14}, "clips is 14, .* at least 15"),
    ({"task": "emotion", "clips": 11}, "at least 12"),
    ({"task": "emotion", "clips": 20.5}, "whole number"),
    ({"seed": -1}, "seed is -1"),
])
def test_wrong_arguments_are_refused_before_anything_is_written(tmp_path, arguments, message):
    with pytest.raises(TinymmError, match=message):
        synthetic.make_clips(tmp_path / "new", **arguments)
    assert not (tmp_path / "new").exists()


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "clips").write_text("a file")
    with pytest.raises(TinymmError, match="is a file"):
        synthetic.make_clips(tmp_path / "clips")
    with pytest.raises(OSError):
        synthetic.make_clips(tmp_path / "clips" / "deeper")


def test_a_full_disk_is_an_oserror_and_leaves_no_table(tmp_path, monkeypatch):
    written = []

    def fill_up(path, data):
        if len(written) == 3:
            raise OSError(28, "No space left on device", str(path))
        written.append(path)

    monkeypatch.setattr(synthetic, "_write", fill_up)
    with pytest.raises(OSError, match="No space left"):
        synthetic.make_clips(tmp_path, "emotion", 12)
    assert not (tmp_path / "clips.csv").exists()


def test_missing_pyav_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(TinymmError, match="pip install av"):
        synthetic.make_clips(tmp_path, "emotion", 12)
