import numpy as np
import pytest

from tinymm.data.synthetic import emotion
from tinymm.data.synthetic.drawing import FRAMES, SIDE, Canvas, Place, clouds, one_frame, textured

BLACK = np.zeros((SIDE, SIDE, 3))


def area(distance):
    canvas = Canvas(BLACK)
    canvas.fill(distance, (1, 1, 1))
    return canvas.pixels[..., 0].sum(axis=(1, 2))


@pytest.mark.parametrize("shape, exact", [
    (lambda at: at.disc(0, 0, 1), np.pi),
    (lambda at: at.ellipse(0, 0, 1.2, 0.6), np.pi * 1.2 * 0.6),
    (lambda at: at.box(0, 0, 0.8, 0.5), 1.6),
    (lambda at: at.box(0.1, 0, 0.8, 0.5, angle=0.7), 1.6),
    (lambda at: at.capsule(-0.5, 0, 0.5, 0.2, 0.3), 0.6 * np.hypot(1, 0.2) + np.pi * 0.09),
    (lambda at: at.triangle((-1, 0), (1, 0), (0, 1)), 1.0),
    (lambda at: at.triangle((1, 0), (-1, 0), (0, 1)), 1.0),
])
def test_a_shape_covers_its_area(shape, exact):
    size = 14
    assert area(shape(Place(31.3, 32.7, size, 0.4)))[0] == pytest.approx(exact * size**2, rel=0.02)


def test_a_place_moves_turns_and_mirrors_what_is_drawn_in_it():
    moving = Place(20 + np.arange(FRAMES), 30, 5).disc(0, 0, 1)
    assert np.allclose(moving[3, 30, 23:33], moving[0, 30, 20:30], atol=1e-4)
    right, down = Place(32, 32, 10).disc(1, 0, 0.5), Place(32, 32, 10, np.pi / 2).disc(1, 0, 0.5)
    assert right[0, 32, 42] < 0 < right[0, 42, 32]
    assert down[0, 42, 32] < 0 < down[0, 32, 42]
    assert Place(32, 32, 10, flip=-1).disc(1, 0, 0.5)[0, 32, 22] < 0


def test_a_parabola_separates_above_from_below():
    at = Place(32, 32, 10)
    assert at.below(0.5)[0, 50, 32] < 0 < at.below(0.5)[0, 10, 32]
    assert at.below(0, 1.0)[0, 40, 32] < 0 < at.below(0, 1.0)[0, 40, 45]
    assert at.curve(0, 0, 0.5, 0.0, 0.1)[0, 32, 32] < 0 < at.curve(0, 0, 0.5, 0.0, 0.1)[0, 32, 45]


def test_what_is_painted_later_covers_what_was_painted_before():
    canvas, at = Canvas(BLACK), Place(32, 32, 10)
    canvas.fill(at.disc(0, 0, 1), (1, 0, 0))
    canvas.fill(at.disc(0, 0, 0.5), (0, 1, 0))
    canvas.fill(at.disc(0, 0, 0.2), (0, 0, 1), opacity=0.5)
    canvas.fill(at.disc(9, 9, 0.2), (1, 1, 1))
    assert np.allclose(canvas.pixels[:, 32, 40], (1, 0, 0))
    assert np.allclose(canvas.pixels[:, 32, 35], (0, 1, 0))
    assert np.allclose(canvas.pixels[:, 32, 32], (0, 0.5, 0.5))
    assert canvas.pixels[:, 0].sum() == 0


def test_an_outline_darkens_the_rim():
    canvas = Canvas(np.ones((SIDE, SIDE, 3)))
    canvas.fill(Place(32, 32, 10).disc(0, 0, 1), (1, 1, 1), outline=2.0)
    assert canvas.pixels[0, 32, 43, 0] < 0.6
    assert canvas.pixels[0, 32, 32, 0] == 1


def test_finished_frames_are_bytes_and_light_scales_them():
    wall = textured(np.random.default_rng(0))
    day = Canvas(wall).finish(np.random.default_rng(1), 1.0)
    night = Canvas(wall).finish(np.random.default_rng(1), 0.05)
    assert day.shape == (FRAMES, SIDE, SIDE, 3) and day.dtype == np.uint8
    assert night.mean() < 0.1 * day.mean()
    assert 0 <= clouds(np.random.default_rng(2), 5).min() and clouds(np.random.default_rng(2), 5).max() <= 1


@pytest.mark.parametrize("shown", ["happy", "sad", "angry", None])
def test_one_frame_alone_is_drawn_as_it_is_among_all(shown):
    for seed in range(3):
        frames = emotion.image(shown, np.random.default_rng(seed))
        with one_frame(7):
            alone = emotion.image(shown, np.random.default_rng(seed))
        assert alone.shape == (1, 64, 64, 3)
        np.testing.assert_array_equal(alone[0], frames[7])
    assert len(emotion.image(shown, np.random.default_rng(0))) == FRAMES
