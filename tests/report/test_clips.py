"""Film strips: which frames, where, and that the PNG gives them back."""

import imageio.v3 as imageio
import numpy as np
import pytest

from tinymm.report.clips import FRAMES, GAP, clip_card, filmstrip, png


def test_a_strip_shows_six_frames_from_first_to_last_with_clear_gaps():
    frames = np.arange(11, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 10, 3), dtype=np.uint8)
    strip = filmstrip(frames)
    assert strip.shape == (8, FRAMES * 10 + (FRAMES - 1) * GAP, 4)
    assert strip[0, :: 10 + GAP, 0].tolist() == [0, 2, 4, 6, 8, 10]
    assert strip[:, 10 : 10 + GAP, 3].max() == 0 and strip[:, :10, 3].min() == 255


def test_large_frames_are_shrunk_to_the_mean_of_blocks():
    frames = np.random.default_rng(0).integers(0, 256, (1, 130, 97, 3), dtype=np.uint8)
    strip = filmstrip(frames)
    assert strip.shape == (43, 32, 4)
    assert strip[1, 2, :3] == pytest.approx(frames[0, 3:6, 6:9].mean(axis=(0, 1)), abs=0.5)


@pytest.mark.parametrize("shape", [(1, 200, 2, 3), (2, 1, 1, 3), (3, 64, 64, 3)])
def test_frames_of_any_shape_make_a_strip(shape):
    strip = filmstrip(np.full(shape, 7, dtype=np.uint8))
    assert max(strip.shape[0], (strip.shape[1] + GAP) // shape[0] - GAP) <= 64
    assert strip[0, 0].tolist() == [7, 7, 7, 255]


def test_the_png_gives_back_every_pixel():
    image = np.random.default_rng(1).integers(0, 256, (5, 9, 4), dtype=np.uint8)
    assert np.array_equal(imageio.imread(png(image), extension=".png"), image)


def test_a_card_says_what_each_sense_said_and_whether_it_was_right(report, read):
    text = read(clip_card(report.worst[0])).text
    assert "Called  car  with 98 %, is  ball" in text
    assert "✗ wrong:  car 90 %" in text and "✓ right:  ball 61 %" in text


def test_a_clip_without_frames_text_or_senses_still_has_a_card(report, read):
    clip = report.worst[0] | {"frames": None, "text": "", "senses": {}}
    card = read(clip_card(clip))
    assert not card.all("img") and not card.all("ul") and "clips/0003.mp4" in card.text
