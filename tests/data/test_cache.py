import numpy as np
import pytest

from tinymm.data import Cache


class Maker:
    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return {"frames": np.arange(12, dtype=np.uint8).reshape(3, 4), "wave": np.float32([0.5, -0.5])}


def test_what_was_made_once_is_read_from_disk(tmp_path):
    make = Maker()
    first = Cache(tmp_path / "deep" / "cache").fetch({"clip": "a", "rate": 8000}, make)
    again = Cache(tmp_path / "deep" / "cache").fetch({"rate": 8000, "clip": "a"}, make)
    assert make.calls == 1 and first.keys() == again.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], again[name])
        assert first[name].dtype == again[name].dtype


def test_whatever_differs_is_another_entry(tmp_path, monkeypatch):
    make, cache = Maker(), Cache(tmp_path)
    for key in ({"clip": "a", "rate": 1}, {"clip": "b", "rate": 1}, {"clip": "a", "rate": 2}):
        cache.fetch(key, make)
    assert make.calls == 3 and len(list(tmp_path.iterdir())) == 3
    monkeypatch.setattr("tinymm.data.cache.VERSION", 10**6)
    cache.fetch({"clip": "a", "rate": 1}, make)
    assert make.calls == 4


@pytest.mark.parametrize("damage", [
    lambda data: b"", lambda data: data[:len(data) // 2], lambda data: b"nonsense" * 20,
    lambda data: data[:140] + bytes([data[140] ^ 255]) + data[141:],
    lambda data: b"PK\5\6" + bytes(18),  # an archive with nothing in it
])
def test_a_damaged_entry_is_made_again(tmp_path, damage):
    make, cache = Maker(), Cache(tmp_path)
    cache.fetch({"clip": "a"}, make)
    entry = next(tmp_path.iterdir())
    entry.write_bytes(damage(entry.read_bytes()))
    mended = cache.fetch({"clip": "a"}, make)
    assert make.calls == 2
    np.testing.assert_array_equal(mended["frames"], make()["frames"])
    cache.fetch({"clip": "a"}, make)
    assert make.calls == 3  # 2 and the comparison above: the entry was mended on disk too


def test_a_folder_that_cannot_be_written_means_no_cache(tmp_path):
    (tmp_path / "file").write_text("in the way")
    make = Maker()
    for _ in range(2):
        assert Cache(tmp_path / "file" / "cache").fetch({"clip": "a"}, make)["wave"].shape == (2,)
    assert make.calls == 2
