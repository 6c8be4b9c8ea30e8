import numpy as np
import pytest

from tinymm.data import Augment
from tinymm.data import augment as a
from tinymm.errors import TinymmError

CASES = [
    (a.flip, "video"), (a.crop, "video"), (a.brightness, "video"), (a.noise, "video"), (a.flip, "image"),
    (a.crop, "image"), (a.brightness, "image"), (a.noise, "image"), (a.time_shift, "mel"),
    (a.mask_time, "mel"), (a.mask_mels, "mel"), (a.time_shift, "wave"), (a.mask_time, "wave"),
    (a.drop_words, "text"),
]


def batch(kind):
    rng = np.random.default_rng(0)
    if kind == "text":
        return np.concatenate([rng.integers(1, 50, (16, 20)), np.zeros((16, 10), np.int64)], axis=1)
    shape = {"video": (16, 4, 20, 30, 3), "image": (16, 20, 30, 3), "mel": (16, 60, 32), "wave": (16, 400, 1)}
    return rng.normal(size=shape[kind]).astype(np.float32)


@pytest.mark.parametrize("function, kind", CASES)
def test_a_change_is_new_repeatable_and_leaves_its_input_alone(function, kind):
    x = batch(kind)
    x.flags.writeable = False
    out = function(x, np.random.default_rng(3))
    assert out.shape == x.shape and out.dtype == x.dtype and not np.shares_memory(out, x)
    assert (out != x).any() and out.flags.writeable
    np.testing.assert_array_equal(out, function(x, np.random.default_rng(3)))
    assert (out != function(x, np.random.default_rng(4))).any()


@pytest.mark.parametrize("function, kind", CASES)
def test_double_precision_stays_double(function, kind):
    if kind != "text":
        assert function(batch(kind).astype(np.float64), np.random.default_rng(0)).dtype == np.float64


@pytest.mark.parametrize("function, kind", CASES)
def test_a_strength_of_zero_changes_nothing(function, kind):
    x = batch(kind)
    np.testing.assert_allclose(function(x, np.random.default_rng(0), 0), x)


def test_flip_turns_about_half_of_the_clips_and_each_as_a_whole():
    x = batch("video")
    out = a.flip(x, np.random.default_rng(0))
    turned = [(one == before[:, :, ::-1]).all() for one, before in zip(out, x)]
    kept = [(one == before).all() for one, before in zip(out, x)]
    assert np.logical_xor(turned, kept).all() and 3 < sum(turned) < 13


def test_crop_shifts_all_pictures_of_a_clip_alike_and_repeats_the_edge():
    x = np.broadcast_to(np.arange(20, dtype=np.float32)[:, None, None], (16, 4, 20, 30, 3))
    out = a.crop(x, np.random.default_rng(0), 0.2)
    shifts = 10 - out[:, :, 10, 0, 0]
    assert (shifts == shifts[:, :1]).all()
    assert set(shifts[:, 0]) <= set(range(-4, 5)) and len(set(shifts[:, 0])) > 3
    expected = np.clip(np.arange(20) - shifts[:, 0, None], 0, 19)
    np.testing.assert_array_equal(out[:, 0, :, 0, 0], expected)


def test_brightness_is_one_line_per_clip():
    x = batch("image")
    out = a.brightness(x, np.random.default_rng(0), 0.2)
    slopes = []
    for before, after in zip(x, out):
        slope, offset = np.polyfit(before.ravel(), after.ravel(), 1)
        np.testing.assert_allclose(after, slope * before + offset, atol=1e-5)
        assert 0.8 <= slope <= 1.2 and -0.2 <= offset <= 0.2
        slopes.append(slope)
    assert np.ptp(slopes) > 0.1


def test_noise_has_the_strength_asked_for():
    x = batch("video")
    assert (a.noise(x, np.random.default_rng(0), 0.3) - x).std() == pytest.approx(0.3, rel=0.02)


def test_time_shift_moves_and_fills_with_zero():
    x = np.broadcast_to(np.arange(1, 101, dtype=np.float32)[:, None], (40, 100, 1))
    out = a.time_shift(x, np.random.default_rng(0), 0.1)[:, :, 0]
    shifts = 51 - out[:, 50]
    assert shifts.min() < -5 and shifts.max() > 5 and np.abs(shifts).max() <= 10
    wanted = np.arange(1, 101) - shifts[:, None]
    np.testing.assert_array_equal(out, np.where((wanted >= 1) & (wanted <= 100), wanted, 0))


@pytest.mark.parametrize("function, axis", [(a.mask_time, 1), (a.mask_mels, 2)])
def test_a_mask_is_one_stretch_of_limited_width(function, axis):
    x = np.ones((200, 40, 30), np.float32)
    out = function(x, np.random.default_rng(0), 0.25)
    line = out.max(axis=3 - axis)
    np.testing.assert_array_equal(out, np.broadcast_to(np.expand_dims(line, 3 - axis), x.shape))
    widths = (line == 0).sum(axis=1)
    assert widths.max() == int(0.25 * x.shape[axis]) and widths.min() == 0
    edges = np.abs(np.diff(np.pad(line, ((0, 0), (1, 1)), constant_values=1), axis=1)).sum(axis=1)
    assert set(edges) <= {0, 2}
    assert (line[:, 0] == 0).any() and (line[:, -1] == 0).any()  # the ends can be hidden too


def test_dropped_words_become_unknown_and_padding_stays():
    ids = np.full((50, 100), 7)
    ids[:, 60:] = 0
    out = a.drop_words(ids, np.random.default_rng(0), 0.3)
    assert (out[:, 60:] == 0).all() and set(np.unique(out[:, :60])) == {1, 7}
    assert (out[:, :60] == 1).mean() == pytest.approx(0.3, abs=0.03)


def test_augment_changes_every_sense_and_passes_on_the_rest():
    inputs = {"text": batch("text"), "video": batch("video"), "audio": batch("mel"), "other": np.zeros(3)}
    for x in inputs.values():
        x.flags.writeable = False
    out = Augment()(inputs, np.random.default_rng(0))
    assert out.keys() == inputs.keys() and out["other"] is inputs["other"]
    assert all((out[key] != inputs[key]).any() for key in ("text", "video", "audio"))
    wave = Augment()({"audio": batch("wave"), "image": batch("image")}, np.random.default_rng(0))
    assert wave["audio"].shape == (16, 400, 1) and wave["image"].shape == (16, 20, 30, 3)


def test_augment_at_zero_changes_nothing():
    inputs = {"text": batch("text"), "video": batch("video"), "audio": batch("mel")}
    out = Augment(0, 0, 0, 0, 0, 0, 0, 0)(inputs, np.random.default_rng(0))
    assert all((out[key] == inputs[key]).all() for key in inputs)


def test_a_strength_out_of_range_is_refused():
    with pytest.raises(TinymmError, match="crop is 1.5, take 0 to 1"):
        Augment(crop=1.5)
