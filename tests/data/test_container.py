import subprocess
import sys

import numpy as np
import pytest

from tinymm.data import read_frames
from tinymm.data.container import content_digest, folder_duration, frame_files
from tinymm.errors import TinymmError


def test_the_data_package_imports_with_numpy_and_scipy_alone():
    missing = "av=None, imageio=None, rich=None, safetensors=None"
    code = f"import sys; sys.modules.update({missing}); import tinymm.data"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_missing_reader_is_named_with_the_way_to_get_it(media, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(TinymmError, match="pip install av"):
        read_frames(media / "plain.mp4", 1, (8, 8))
    monkeypatch.setitem(sys.modules, "imageio", None)
    monkeypatch.setitem(sys.modules, "imageio.v3", None)
    with pytest.raises(TinymmError, match="pip install imageio"):
        read_frames(media / "mute", 1, (8, 8))


def test_pictures_are_in_natural_order_without_hidden_and_other_files(tmp_path):
    names = ["2.png", "a10.JPG", "10.png", "a2.jpeg", "1.png"]
    for name in (*names, ".2.png", "notes.txt"):
        (tmp_path / name).touch()
    assert [file.name for file in frame_files(tmp_path)] == ["1.png", "2.png", "10.png", "a2.jpeg", "a10.JPG"]


def test_a_folder_lasts_as_long_as_its_sound_or_a_25th_of_a_second_a_picture(tmp_path, write):
    pictures = [np.zeros((4, 4, 3), np.uint8)] * 5
    assert folder_duration(write.frames(tmp_path / "mute", pictures)) == 0.2
    sounding = write.frames(tmp_path / "loud", pictures, np.zeros(8000, np.float32), rate=16000)
    assert folder_duration(sounding) == pytest.approx(0.5)


def test_the_digest_of_a_folder_follows_its_pictures_and_sound_only(tmp_path, write):
    pictures = [np.zeros((4, 4, 3), np.uint8)] * 2
    folder = write.frames(tmp_path / "clip", pictures, np.zeros(800, np.float32))
    before = content_digest(folder)
    (folder / "notes.txt").write_text("nothing")
    assert content_digest(folder) == before
    (folder / "sound.wav").write_bytes((folder / "sound.wav").read_bytes()[:-4] + b"abcd")
    assert content_digest(folder) != before
