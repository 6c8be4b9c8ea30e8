"""Decoded clips kept on disk, because decoding takes longer than anything else that is done to them."""

import hashlib
import json
from pathlib import Path

import numpy as np

from tinymm.files import atomic_write

VERSION = 1  # raise it when decoding or resizing gives other numbers than before


class Cache:
    """A folder of .npz files, one for each clip and way of reading it.

    An entry is found by the sha256 of what it depends on. So a changed clip or setting misses its own
    entry and no other, and nothing ever has to be invalidated. A damaged entry is made again. Where the
    folder cannot be written, everything works as without a cache.
    """

    def __init__(self, folder):
        self.folder = Path(folder)

    def fetch(self, depends_on, make):
        """The arrays that ``make()`` returns as a dict, from disk where they are known.

        ``depends_on`` is a dict of plain values, all that the arrays depend on.
        """
        key = json.dumps({"version": VERSION, **depends_on}, sort_keys=True)
        path = self.folder / f"{hashlib.sha256(key.encode()).hexdigest()}.npz"
        arrays = _load(path)
        if arrays is None:
            arrays = make()
            self._store(path, arrays)
        return arrays

    def _store(self, path, arrays):
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as file:
                np.savez(file, **arrays)
        except OSError:
            pass  # no right to write, or no room: the clip is decoded again next time


def _load(path):
    """The arrays of an .npz, or None when it is missing or damaged."""
    try:
        with np.load(path, allow_pickle=False) as entry:
            return {name: entry[name] for name in entry.files} or None
    except Exception:  # whatever ails the file (the kinds are many), the clip itself is still there
        return None
