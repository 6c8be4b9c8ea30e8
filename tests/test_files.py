import os
import stat

import pytest

from tinymm.files import atomic_write


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("mode, content", [("wb", b"\x00new"), ("w", "new 你好\n")])
def test_a_whole_file_takes_the_place_of_the_old_one(tmp_path, mode, content):
    path = tmp_path / "a.bin"
    path.write_text("old")
    with atomic_write(path, mode) as file:
        file.write(content)
        assert path.read_text() == "old"
    assert path.read_bytes() == (content if mode == "wb" else content.encode("utf-8"))
    assert names(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
def test_an_error_half_way_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "a.bin"
    path.write_text("old")
    with pytest.raises(error), atomic_write(path) as file:
        file.write(b"half")
        raise error
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.bin"]


def test_a_full_disk_is_told_with_the_name_of_the_file(tmp_path):
    with pytest.raises(OSError) as told, atomic_write(tmp_path / "a.bin"):
        raise OSError(28, "No space left on device")
    assert told.value.filename == str(tmp_path / "a.bin")
    assert names(tmp_path) == []


def test_a_missing_folder_is_told_with_the_name_of_the_file(tmp_path):
    path = tmp_path / "none" / "a.bin"
    with pytest.raises(FileNotFoundError) as told, atomic_write(path):
        pass
    assert told.value.filename == str(path)


def test_an_error_about_another_file_keeps_its_name(tmp_path):
    with pytest.raises(FileNotFoundError) as told, atomic_write(tmp_path / "a.bin"):
        (tmp_path / "b.bin").read_bytes()
    assert told.value.filename == str(tmp_path / "b.bin")


def test_a_folder_in_the_place_of_the_file_is_an_error(tmp_path):
    (tmp_path / "a.bin" / "inside").mkdir(parents=True)
    with pytest.raises(OSError), atomic_write(tmp_path / "a.bin") as file:
        file.write(b"new")
    assert names(tmp_path) == ["a.bin"] and names(tmp_path / "a.bin") == ["inside"]


@pytest.mark.skipif(os.name == "nt", reason="rights are POSIX's")
def test_the_file_has_the_rights_that_open_would_give(tmp_path):
    before = os.umask(0o027)
    try:
        with atomic_write(tmp_path / "a.bin") as file:
            file.write(b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.bin").stat().st_mode) == 0o640
