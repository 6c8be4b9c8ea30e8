import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from tinymm.data import Cache, Clip, ClipError, Preprocessor, Settings, clean, read_frames, read_sound
from tinymm.errors import TinymmError

SMALL = Settings(frames=3, height=8, width=12, seconds=1.5, rate=4000, mels=8)


def clip(path, text="a red dog"):
    return Clip(path, path.name, text, ("x",))


@pytest.fixture(scope="module")
def clips(media):
    names = ["plain.mp4", "clip.webm", "pcm.mkv", "clip.gif", "frames"]
    texts = ["a dog", "a cat sat", "dog dog", "", "our cat"]
    return [clip(media / name, text) for name, text in zip(names, texts)]


def test_arrays_have_the_promised_shapes(clips):
    arrays = Preprocessor(SMALL).fit_transform(clips)
    assert {key: (x.shape, x.dtype.name) for key, x in arrays.items()} == {
        "text": ((5, 3), "int64"), "video": ((5, 3, 8, 12, 3), "float32"), "audio": ((5, 92, 8), "float32")}


def test_one_frame_is_an_image_and_a_waveform_has_one_channel(clips):
    arrays = Preprocessor(replace(SMALL, frames=1, sound="waveform", words=5)).fit_transform(clips)
    assert {key: x.shape for key, x in arrays.items()} == {
        "text": (5, 5), "image": (5, 8, 12, 3), "audio": (5, 6000, 1)}


@pytest.mark.parametrize("sound", ["log-mel", "waveform"])
def test_training_arrays_have_mean_zero_and_deviation_one(clips, sound):
    arrays = Preprocessor(replace(SMALL, sound=sound)).fit_transform(clips)
    for x in (arrays["video"], arrays["audio"]):
        flat = x.reshape(-1, x.shape[-1]).astype(float)
        np.testing.assert_allclose(flat.mean(axis=0), 0, atol=1e-4)
        np.testing.assert_allclose(flat.std(axis=0), 1, atol=1e-3)


def test_statistics_and_words_come_from_the_training_clips_alone(clips):
    train, test = clips[:2], [replace(clips[2], text="a zebra"), clips[4]]
    preprocessor = Preprocessor(SMALL).fit(train)
    before = json.dumps(preprocessor.to_dict())
    arrays = preprocessor.transform(test)
    assert json.dumps(preprocessor.to_dict()) == before and "zebra" not in before
    assert arrays["text"][0, 1] == 1  # zebra is unknown
    raw = np.stack([read_frames(one.path, 3, (8, 12), 1.5) for one in train]).astype(float)
    mean, deviation = raw.mean((0, 1, 2, 3)), raw.std((0, 1, 2, 3))
    expected = (np.stack([read_frames(one.path, 3, (8, 12), 1.5) for one in test]) - mean) / deviation
    np.testing.assert_allclose(arrays["video"], expected, rtol=1e-4, atol=1e-4)


def test_a_sense_that_never_changes_becomes_zero(media):
    arrays = Preprocessor(replace(SMALL, sound="waveform")).fit_transform([clip(media / "silent.mp4")] * 2)
    assert not arrays["audio"].any()


def test_length_and_words_are_read_off_the_training_clips(tmp_path, write, media):
    paths = [write(tmp_path / f"{n}.mp4", frames=4, rate=1, audio=None) for n in range(2)]
    long = [clip(path, "one two three") for path in paths]
    some = [clip(media / "plain.mp4", "one")] * 18 + long  # 2 s and, one in ten, 4 s
    fitted = Preprocessor(replace(SMALL, seconds=None)).fit(some).settings
    assert fitted.seconds == pytest.approx(4.0, abs=0.01) and fitted.words == 3
    fitted = Preprocessor(replace(SMALL, seconds=None)).fit(some[:18] + long[:1] + some[:10]).settings
    assert fitted.seconds == pytest.approx(2.0, abs=0.01)
    capped = [replace(one, duration=100.0, text="word " * 80) for one in some[:2]]
    fitted = Preprocessor(replace(SMALL, seconds=None)).fit(capped).settings
    assert fitted.seconds == 10.0 and fitted.words == 50


def test_texts_that_are_all_empty_still_make_an_array(media):
    assert Preprocessor(SMALL).fit_transform([clip(media / "plain.mp4", "")])["text"].tolist() == [[0]]


def test_a_preprocessor_survives_json(clips, media):
    fitted = Preprocessor(SMALL).fit(clips)
    again = Preprocessor.from_dict(json.loads(json.dumps(fitted.to_dict())))
    assert again.settings == fitted.settings
    one, other = fitted.load_one(media / "clip.mov", "a dog"), again.load_one(media / "clip.mov", "a dog")
    for key in one:
        assert one[key].shape[0] == 1
        np.testing.assert_array_equal(one[key], other[key])


def test_load_one_equals_the_row_of_a_batch(clips):
    fitted = Preprocessor(SMALL).fit(clips)
    batch, one = fitted.transform(clips), fitted.load_one(clips[1].path, clips[1].text)
    for key in batch:
        np.testing.assert_array_equal(batch[key][1:2], one[key])


def test_the_cache_changes_nothing_and_spares_the_decoding(clips, tmp_path, monkeypatch):
    plain = Preprocessor(SMALL).fit_transform(clips)
    cache = Cache(tmp_path / "cache")
    Preprocessor(SMALL).fit(clips, cache)
    monkeypatch.setattr("tinymm.data.preprocess.feed", lambda *args: pytest.fail("decoded again"))
    cached = Preprocessor(SMALL).fit_transform(clips, cache)
    for key in plain:
        np.testing.assert_array_equal(plain[key], cached[key])


def test_a_changed_clip_or_setting_misses_its_own_entry_only(media, tmp_path, write):
    shutil.copy(media / "plain.mp4", tmp_path / "one.mp4")
    shutil.copy(media / "fast.mp4", tmp_path / "two.mp4")
    some = [clip(tmp_path / "one.mp4"), clip(tmp_path / "two.mp4")]
    cache, folder = Cache(tmp_path / "cache"), tmp_path / "cache"

    def entries():
        return {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}

    Preprocessor(SMALL).fit(some, cache)
    before = entries()
    write(tmp_path / "two.mp4", picture=write.flashing)
    kept, _ = clean(some)  # also: a digest from cleaning and one made on the spot are the same
    Preprocessor(SMALL).fit(kept, cache)
    after = entries()
    assert len(before) == 2 and len(after) == 3 and before.items() <= after.items()
    Preprocessor(replace(SMALL, sound="waveform", words=9, mels=4)).fit(kept, cache)
    assert entries() == after  # what is done after decoding needs no new entry
    Preprocessor(replace(SMALL, rate=8000)).fit(kept, cache)
    assert len(entries()) == 5


def test_frames_and_sound_are_those_of_the_readers(media):
    train = [clip(media / "plain.mp4"), clip(media / "clip.mkv")]
    fitted = Preprocessor(replace(SMALL, sound="waveform")).fit(train)
    arrays = fitted.load_one(media / "clip.webm")
    frames = read_frames(media / "clip.webm", 3, (8, 12), 1.5)
    wave = read_sound(media / "clip.webm", 4000, 1.5)[:, None]
    for key, sense, raw in [("video", "picture", frames), ("audio", "sound", wave)]:
        mean, deviation = (np.array(fitted.statistics[sense][name]) for name in ("mean", "deviation"))
        np.testing.assert_allclose(arrays[key][0], (raw - mean) / deviation, rtol=1e-3, atol=1e-3)


def test_progress_is_told_after_every_clip(clips):
    steps = []
    Preprocessor(SMALL).fit(clips, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(n, 5) for n in range(1, 6)]


@pytest.mark.parametrize("wrong, message", [
    ({"frames": 0}, "frames is 0"), ({"height": 2.5}, "height is 2.5"), ({"rate": True}, "rate is True"),
    ({"seconds": 0}, "seconds is 0"), ({"seconds": float("nan")}, "seconds is nan"),
    ({"words": 0}, "words is 0"),
    ({"sound": "mp3"}, "'mp3', take log-mel or waveform"), ({"mels": 500}, "take fewer mels"),
    ({"vocabulary": 1}, "vocabulary is 1"),
])
def test_settings_that_cannot_be_are_refused(wrong, message):
    with pytest.raises(TinymmError, match=message):
        Settings(**wrong)


def test_misuse_is_explained(clips, media):
    with pytest.raises(TinymmError, match="call fit"):
        Preprocessor().transform(clips)
    with pytest.raises(TinymmError, match="call fit"):
        Preprocessor().to_dict()
    with pytest.raises(TinymmError, match="no training clips"):
        Preprocessor().fit([])
    with pytest.raises(ClipError, match="text.mp4: is not a video"):
        Preprocessor(SMALL).fit([clip(media / "text.mp4")])
    fitted = Preprocessor(SMALL).fit(clips)
    with pytest.raises(TinymmError, match="no clips"):
        fitted.transform([])
    for damaged in ({}, {"settings": {"colour": 1}}, {**fitted.to_dict(), "statistics": {"picture": 3}}):
        with pytest.raises(TinymmError, match="damaged"):
            Preprocessor.from_dict(damaged)
