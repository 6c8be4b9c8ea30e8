import imageio.v3
import numpy as np
import pytest

from tinymm.data import ClipError, read_frames, video_duration

KINDS = ["plain.mp4", "fast.mp4", "clip.mov", "clip.webm", "clip.mkv", "pcm.mkv", "silent.mp4", "clip.gif",
         "frames", "mute"]


def numbers(frames):
    """Which picture of a counting clip each frame is."""
    return (frames.astype(float).mean((1, 2, 3)) - 10) / 4


@pytest.mark.parametrize("name", KINDS)
def test_frames_are_those_shown_at_the_middle_of_equal_intervals(media, name):
    frames = read_frames(media / name, 5, (32, 32), seconds=2.0)
    assert frames.shape == (5, 32, 32, 3) and frames.dtype == np.uint8
    # The middles 0.2, 0.6 ... 1.8 s fall on the start of pictures 5, 15 ... 45 of 25 a second.
    np.testing.assert_allclose(numbers(frames), [5, 15, 25, 35, 45], atol=0.8)


@pytest.mark.parametrize("name", KINDS)
def test_without_seconds_the_whole_clip_is_covered(media, name):
    np.testing.assert_allclose(numbers(read_frames(media / name, 2, (16, 16))), [12.5, 37.5], atol=1.2)


@pytest.mark.parametrize("name", KINDS)
def test_duration_is_told_in_seconds(media, name):
    assert video_duration(media / name) == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize("name", ["plain.mp4", "clip.webm", "clip.gif", "mute"])
def test_the_last_picture_is_held_when_the_clip_is_shorter(media, name):
    np.testing.assert_allclose(numbers(read_frames(media / name, 4, (8, 8), seconds=8.0))[1:], 49, atol=1.2)


def test_one_picture_can_stand_for_many_frames(media):
    found = numbers(read_frames(media / "plain.mp4", 200, (8, 8), seconds=2.0))
    np.testing.assert_allclose(found, np.repeat(np.arange(50), 4), atol=0.8)


def test_a_variable_frame_rate_is_read_by_its_times(tmp_path, write):
    path = write(tmp_path / "variable.mkv", pts=[0, 100, 150, 1200, 1500], audio=None)
    found = numbers(read_frames(path, 10, (8, 8), seconds=2.0))  # at 0.1, 0.3, 0.5 ... 1.9 s
    np.testing.assert_allclose(found, [1, 2, 2, 2, 2, 2, 3, 4, 4, 4], atol=0.6)


def corner(index, size):
    picture = np.full((*size, 3), 20, np.uint8)
    picture[:size[0] // 2, :size[1] // 2] = 240
    return picture


def test_a_clip_filmed_with_a_turned_phone_is_upright(tmp_path, write):
    path = write(tmp_path / "phone.mp4", picture=corner, size=(64, 96), audio=None)
    write.turn_clockwise(path)
    frame = read_frames(path, 1, (96, 64))[0].mean(-1)
    assert frame[:40, 40:].min() > 200  # what was top left is top right after a clockwise turn
    assert frame[56:].max() < 60 and frame[:, :24].max() < 60


def test_wide_pixels_count_when_the_edges_are_cropped(tmp_path, write):
    def edges(index, size):
        picture = np.full((*size, 3), 20, np.uint8)
        picture[:, :16] = picture[:, -16:] = 240
        return picture

    path = write(tmp_path / "wide.mp4", picture=edges, size=(64, 64), aspect=2, audio=None)
    assert read_frames(path, 1, (32, 32)).max() < 60  # shown 128 wide: the square in the middle is dark
    path = write(tmp_path / "square.mp4", picture=edges, size=(64, 64), audio=None)
    assert read_frames(path, 1, (32, 32)).max() > 200


def test_wide_pixels_of_a_turned_phone_become_tall_ones(tmp_path, write):
    def edges(index, size):
        picture = np.full((*size, 3), 20, np.uint8)
        picture[:, :16] = picture[:, -16:] = 240
        return picture

    path = write(tmp_path / "both.mp4", picture=edges, size=(64, 64), aspect=2, audio=None)
    write.turn_clockwise(path)
    assert read_frames(path, 1, (32, 32)).max() < 60  # shown 64 wide and 128 high
    assert read_frames(path, 1, (64, 32))[0, [0, -1]].min() > 200


def test_pictures_are_cropped_in_the_middle_and_averaged_by_area(tmp_path, write):
    picture = np.random.default_rng(0).integers(0, 256, (60, 100, 3), np.uint8)
    folder = write.frames(tmp_path / "one", [picture])
    expected = picture[:, 20:80].reshape(20, 3, 20, 3, 3).mean((1, 3))
    np.testing.assert_array_equal(read_frames(folder, 1, (20, 20))[0], np.rint(expected))


def test_frames_of_a_folder_are_sorted_as_people_count(media):
    assert numbers(read_frames(media / "mute", 50, (4, 4))).tolist() == list(range(50))


@pytest.mark.parametrize("name, reason", [
    ("missing.mp4", "no such file"), ("text.mp4", "not a video"), ("empty.mp4", "not a video"),
    ("sound.m4a", "no picture"), ("hollow", "without a png"), ("playlist.mp4", "not a video|no picture"),
])
def test_what_cannot_be_read_is_named_with_the_reason(media, name, reason):
    with pytest.raises(ClipError, match=f"{name}.*({reason})"):
        read_frames(media / name, 2, (8, 8), seconds=1.0)


def test_a_gif_shows_each_picture_as_long_as_it_says(tmp_path):
    pictures = [np.full((20, 30, 3), 40 * k, np.uint8) for k in range(4)]
    imageio.v3.imwrite(tmp_path / "a.gif", pictures, duration=[100, 300, 100, 500], plugin="pillow")
    seen = read_frames(tmp_path / "a.gif", 10, (8, 8))[:, 0, 0, 0]
    np.testing.assert_array_equal(seen, [0, 40, 40, 40, 80, 120, 120, 120, 120, 120])
