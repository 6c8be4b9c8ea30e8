import re
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tinymm.data import (
    Clip,
    ClipError,
    LeftOut,
    clean,
    read_frames,
    read_manifest,
    read_sound,
    split_clips,
)
from tinymm.data import container as container_module
from tinymm.errors import TinymmError


def manifest(folder, text, encoding="utf-8"):
    (folder / "clips.csv").write_bytes(text.encode(encoding))
    return folder


def test_the_columns_may_stand_in_any_order_beside_others(tmp_path):
    text = 'label,note,path,text,split\nhappy|loud,x,a/1.mp4,"Ha, ha!",val\nsad,,2.mp4,,\n\n'
    one, two = read_manifest(manifest(tmp_path, text, "utf-8-sig"))
    assert one == Clip(tmp_path / "a/1.mp4", "a/1.mp4", "Ha, ha!", ("happy", "loud"), "validation")
    assert two == Clip(tmp_path / "2.mp4", "2.mp4", "", ("sad",), None)


@pytest.mark.parametrize("name, split", [
    ("train", "train"), ("val", "validation"), ("valid", "validation"), ("dev", "validation"),
    ("Validation", "validation"), ("TEST", "test"),
])
def test_the_usual_names_of_splits_are_understood(tmp_path, name, split):
    clips = read_manifest(manifest(tmp_path, f"path,text,label,split\na.mp4,hm,x,{name}\n"))
    assert clips[0].split == split


@pytest.mark.parametrize("text, message", [
    ("", "column path is missing, the first line has: nothing"),
    ("path;text;label\n", "column path is missing, the first line has: path;text;label"),
    ("path,label\na.mp4,x\n", "column text is missing, the first line has: path, label"),
    ("path,text,label\n", "names no clips"),
    ("path,text,label\na.mp4,hm,x\nb.mp4,hm\n", "line 3: has 2 fields .* 3"),
    ("path,text,label\na.mp4,well, well,x\n", "line 2: has 4 fields .* quotes"),
    ("path,text,label,split\na.mp4,hm,x,holdout\n", "line 2: there is no split 'holdout', write train"),
    ("path,text,label\n,hm,x\n", "line 2: the path is empty"),
])
def test_a_manifest_that_cannot_be_understood_is_explained(tmp_path, text, message):
    with pytest.raises(TinymmError, match=f"clips.csv.*{message}"):
        read_manifest(manifest(tmp_path, text))


def test_a_manifest_in_another_encoding_is_explained(tmp_path):
    with pytest.raises(TinymmError, match="clips.csv: is not UTF-8"):
        read_manifest(manifest(tmp_path, "path,text,label\na.mp4,café,x\n", "latin-1"))


def test_a_missing_folder_or_manifest_is_explained(tmp_path):
    with pytest.raises(TinymmError, match="nowhere: there is no such folder, 'tinymm make-clips"):
        read_manifest(tmp_path / "nowhere")
    with pytest.raises(TinymmError, match="holds no clips.csv, write one with the columns path, text, label"):
        read_manifest(tmp_path)


def clip(path, text="hm", label="x", **more):
    return Clip(Path(path), Path(path).name, text, tuple(label.split("|")) if label else (), **more)


GOOD = ["plain.mp4", "fast.mp4", "clip.mov", "clip.webm", "clip.mkv", "pcm.mkv", "silent.mp4", "clip.gif",
        "frames", "mute"]
BAD = {
    "missing.mp4": "no such file", "empty.mp4": "empty file", "text.mp4": "not a video",
    "sound.m4a": "no picture, only sound", "headless.mp4": "cut off",
    "cut_plain.mp4": "cut off", "cut_fast.mp4": "cut off", "cut_clip.webm": "cut off: 1.* of its 2.*seconds",
    "cut_clip.mkv": "cut off", "cut_clip.gif": "cut off", "cut_frames": "frame2.png is empty or cut off",
    "hollow": "without a png", "playlist.mp4": "not a video|no picture",
}


def test_good_clips_of_every_kind_are_kept_with_digest_and_duration(media):
    kept, left_out = clean([clip(media / name) for name in GOOD])
    assert left_out == [] and [one.name for one in kept] == GOOD
    assert len({one.digest for one in kept}) == len(GOOD) and all(len(one.digest) == 64 for one in kept)
    assert [one.duration for one in kept] == pytest.approx([2.0] * len(GOOD), abs=0.05)


@pytest.mark.parametrize("name", BAD)
def test_bad_clips_are_left_out_with_the_reason(media, name):
    kept, (found,) = clean([clip(media / name)])
    assert kept == [] and found.name == name
    assert re.search(BAD[name], found.reason)


@pytest.mark.parametrize("name", ["plain.mp4", "clip.webm", "pcm.mkv", "clip.gif"])
def test_damaged_bytes_lead_to_a_reason_or_a_picture_and_nothing_else(media, tmp_path, name):
    rng, data = np.random.default_rng(0), (media / name).read_bytes()
    for _ in range(20):
        damaged = bytearray(data)
        for place in rng.integers(0, len(data), 10):
            damaged[place] = rng.integers(256)
        (tmp_path / name).write_bytes(damaged)
        kept, left_out = clean([clip(tmp_path / name)])
        assert len(kept) + len(left_out) == 1
        try:
            assert read_frames(tmp_path / name, 2, (8, 8), 2.0).shape == (2, 8, 8, 3)
            assert np.isfinite(read_sound(tmp_path / name, 8000, 2.0)).all()
        except ClipError as error:
            assert name in str(error)


def test_a_clip_that_lost_only_its_last_quarter_is_found_too(media, tmp_path):
    for name in ("fast.mp4", "clip.webm", "clip.mkv"):
        data = (media / name).read_bytes()
        (tmp_path / name).write_bytes(data[:int(len(data) * 0.75)])
        kept, left_out = clean([clip(tmp_path / name)])
        assert not kept and "cut off" in left_out[0].reason


def test_duplicates_are_the_same_bytes_with_the_same_text(media, tmp_path):
    shutil.copy(media / "plain.mp4", tmp_path / "copy.mp4")
    first, copy = clip(media / "plain.mp4"), clip(tmp_path / "copy.mp4")
    kept, left_out = clean([first, copy, replace(copy, text="other"), replace(copy, labels=("y",))])
    assert [(one.name, one.text) for one in kept] == [("plain.mp4", "hm"), ("copy.mp4", "other")]
    assert left_out == [
        LeftOut("copy.mp4", "is a duplicate of plain.mp4"),
        LeftOut("copy.mp4", "is a duplicate of plain.mp4, which is labelled x"),
    ]


def test_clips_without_a_label_are_left_out_unread():
    assert clean([clip("nowhere.mp4", label="")]) == ([], [LeftOut("nowhere.mp4", "has no label")])


def test_cleaning_opens_each_content_once_and_decodes_one_picture(media, monkeypatch):
    opened = []
    original = container_module.open_container
    monkeypatch.setattr(
        container_module, "open_container", lambda path: opened.append(path) or original(path)
    )
    steps = []
    clips = [clip(media / "plain.mp4"), clip(media / "clip.webm"), clip(media / "plain.mp4", text="other")]
    clean(clips, progress=lambda done, total: steps.append((done, total)))
    assert [path.name for path in opened] == ["plain.mp4", "clip.webm"]
    assert steps == [(1, 3), (2, 3), (3, 3)]


def many(count, labels=3):
    return [clip(f"{n}.mp4", label=f"label{n % labels}", digest=f"{n:064x}") for n in range(count)]


def names(splits):
    return {one.name: split for split, clips in splits.items() for one in clips}


def test_shares_are_met_about_and_every_clip_is_in_one_split():
    splits = split_clips(many(2000))
    assert sum(map(len, splits.values())) == 2000 == len(names(splits))
    assert [len(splits[name]) / 2000 for name in ("train", "validation", "test")] == pytest.approx(
        [0.7, 0.15, 0.15], abs=0.03)
    for part in splits.values():
        assert min(Counter(one.labels for one in part).values()) > 0.25 * len(part)


def test_clips_keep_their_split_when_others_are_added_and_in_any_order():
    before, after = names(split_clips(many(300))), names(split_clips(many(500)[::-1]))
    assert all(after[name] == split for name, split in before.items())


def test_another_seed_gives_another_split():
    assert names(split_clips(many(100), seed=1)) != names(split_clips(many(100), seed=2))


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("count", [3, 4, 6, 9])
def test_few_clips_still_fill_every_split_and_train_knows_every_label(count, seed):
    splits = split_clips(many(count, labels=min(3, count - 2)), seed=seed)
    assert all(splits.values())
    known = {one.labels for one in splits["train"]}
    assert known == {one.labels for part in splits.values() for one in part}


def test_clips_with_the_same_content_share_a_split():
    twins = [replace(one, name="twin" + one.name) for one in many(100)]
    place = names(split_clips(many(100) + twins))
    assert all(place["twin" + one.name] == place[one.name] for one in many(100))


def test_the_manifest_decides_where_it_says_something():
    clips = [replace(one, split="test" if n < 10 else None) for n, one in enumerate(many(100))]
    place = names(split_clips(clips))
    assert all(place[f"{n}.mp4"] == "test" for n in range(10))
    assert set(place.values()) == {"train", "validation", "test"}
    given = [replace(one, split="train") for one in many(5)]
    assert names(split_clips(given)) == {one.name: "train" for one in given}


def test_a_split_of_the_manifest_that_leaks_or_leaves_nothing_to_train_on_is_refused():
    one, other = many(2)
    with pytest.raises(TinymmError, match=r"0.mp4 \(train\) and 1.mp4 \(test\) are the same clip"):
        split_clips([replace(one, split="train"), replace(other, split="test", digest=one.digest)])
    with pytest.raises(TinymmError, match="no clip is left to train on"):
        split_clips([replace(one, split="test"), replace(other, split="validation")])


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.5, 0.2, 0.2), (0, 0.5, 0.5), (1.2, -0.1, -0.1)])
def test_shares_that_do_not_add_up_are_refused(shares):
    with pytest.raises(TinymmError, match="add up to 1"):
        split_clips(many(10), shares)


def test_a_share_of_zero_leaves_that_split_empty():
    splits = split_clips(many(50), shares=(0.8, 0.2, 0))
    assert splits["test"] == [] and splits["train"] and splits["validation"]
