"""Clips that tinymm makes itself, so that a person without data can train on real video files in a minute.

``make_clips`` draws, plays and writes 2-second clips for one of three tasks, and encodes them as MP4. The
truth of a clip is spread over its text, its pictures and its sound (see ``planting``), so that a model that
reads all three beats a model that reads one. The best accuracy that any reader can reach, from ``ceilings``:

    task                  one sense   two senses   all three   guessing
    content (5 classes)   0.660       0.820        1.000       0.200
    emotion (4)           0.675       0.825        1.000       0.250
    behaviour (4)         0.675       0.825        1.000       0.250
"""

import csv
import hashlib
import io
import json
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from tinymm.errors import TinymmError
from tinymm.files import atomic_write

from . import behaviour, content, emotion, planting
from .encode import encode

_MODULES = {"content": content, "emotion": emotion, "behaviour": behaviour}
TASKS = {name: module.DESCRIPTION for name, module in _MODULES.items()}


def ceilings(task):
    """The best accuracy in 0..1 of any reader of ``task``, for every combination of senses (see planting)."""
    return planting.ceilings(_module(task).CLASSES)


def make_clips(folder, task="content", clips=600, seed=0, progress=None):
    """Write a data folder: ``clips/0000.mp4``, ... and, when all of them stand, ``clips.csv``.

    A clip is 2 s long: 24 pictures of 64 x 64 pixels (H.264), 16 kHz mono sound (AAC). ``clips.csv`` has the
    columns path, text, label, split; every class is split 60/20/20 into train, validation and test. The same
    arguments give the same bytes. ``recipe.json`` keeps the arguments, so that the folder can be made again.

    folder: made when missing. task: a key of ``TASKS``. clips: at least 3 a class. seed: int >= 0.
    progress: called as ``progress(done, clips)`` after every clip. Returns the folder as a Path.

    Raises TinymmError for an unknown task, too few clips, or a folder with clips from elsewhere, and OSError
    when the folder cannot be written or the disk is full.
    """
    module = _module(task)
    _check_numbers(module, clips, seed)
    planted = planting.plant(module.CLASSES, clips, seed)
    table = _table(module, planted, seed)
    folder = Path(folder)
    stale = _claim(folder, task)
    (folder / "clips").mkdir(parents=True, exist_ok=True)
    (folder / "clips.csv").unlink(missing_ok=True)
    for index in range(clips, stale):
        (folder / _path(index)).unlink(missing_ok=True)
    recipe = {"task": task, "clips": clips, "seed": seed, "sha256": _sha256(table)}
    _write(folder / "recipe.json", (json.dumps(recipe) + "\n").encode())
    for index, data in enumerate(_encoded(module, planted, seed)):
        _write(folder / _path(index), data)
        if progress is not None:
            progress(index + 1, clips)
    _write(folder / "clips.csv", table)
    return folder


def _module(task):
    if task not in _MODULES:
        raise TinymmError(f"there is no task called {task!r}: choose one of {', '.join(TASKS)}")
    return _MODULES[task]


def _check_numbers(module, clips, seed):
    least = 3 * len(module.CLASSES)
    if not isinstance(clips, (int, np.integer)) or clips < least:
        raise TinymmError(f"clips is {clips}, but it must be a whole number of at least {least}, 3 a class")
    if not isinstance(seed, (int, np.integer)) or seed < 0:
        raise TinymmError(f"seed is {seed}, but it must be a whole number, 0 or more")


def _claim(folder, task):
    """Refuse a folder that was not made here for this task; return how many clips it was made for."""
    recipe, table = folder / "recipe.json", folder / "clips.csv"
    if folder.exists() and not folder.is_dir():
        raise TinymmError(f"{folder} is a file, but clips go into a folder: choose another name")
    if not recipe.exists():
        if table.exists() or any((folder / "clips").glob("*")):
            raise TinymmError(f"{folder} already holds clips that were not made here: choose another folder")
        return 0
    try:
        made = json.loads(recipe.read_text(encoding="utf-8"))
        before, count, sha256 = made["task"], int(made["clips"]), made["sha256"]
    except (ValueError, KeyError, TypeError):
        raise TinymmError(f"{recipe} cannot be read: choose another folder, or delete this one") from None
    if before != task:
        raise TinymmError(f"{folder} holds clips of the task {before}: choose another folder for {task}")
    if table.exists() and _sha256(table.read_bytes()) != sha256:
        raise TinymmError(f"{table} was changed after it was made: choose another folder, or delete this one")
    return count


def _rng(seed, index, sense):
    """Every sense of every clip has its own random numbers, so it does not matter who draws first."""
    return np.random.default_rng([seed, index, planting.SENSES.index(sense)])


def _table(module, planted, seed):
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("path", "text", "label", "split"))
    for index, clip in enumerate(planted):
        words = module.text(clip.shows["text"], _rng(seed, index, "text"))
        rows.writerow((_path(index), words, clip.label, clip.split))
    return text.getvalue().encode()


def _encoded(module, planted, seed):
    """The bytes of every clip in order, made by a thread for each core this process may use."""
    def make(index):
        shows = planted[index].shows
        frames = module.image(shows["image"], _rng(seed, index, "image"))
        return encode(frames, module.audio(shows["audio"], _rng(seed, index, "audio")))

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with ThreadPoolExecutor(cores) as pool:
        waiting = deque()
        for index in range(len(planted)):
            waiting.append(pool.submit(make, index))
            if len(waiting) > 2 * cores:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _write(path, data):
    with atomic_write(path) as file:
        file.write(data)


def _path(index):
    return f"clips/{index:04d}.mp4"


def _sha256(data):
    return hashlib.sha256(data).hexdigest()
