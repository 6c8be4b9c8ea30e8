"""The exercises, one for each lesson from 1 on, in their order."""

import difflib

from tinymm.errors import TinymmError
from tinymm.exercises.course import (
    adam,
    clipping,
    conv1d,
    conv2d,
    dense,
    dropout,
    embedding,
    fusion,
    gradient_checking,
    losses,
    lstm,
    maxpool,
    neuron,
    rnn,
    spectrogram,
)

COURSE = tuple(
    module.EXERCISE
    for module in (
        neuron, dense, losses, gradient_checking, clipping, conv1d, conv2d, maxpool, spectrogram, embedding, rnn, lstm,
        dropout, fusion, adam,
    )
)  # fmt: skip


def exercise(word):
    """The Exercise with that name or lesson number. Raises TinymmError for another word."""
    for one in COURSE:
        if str(word).lower() in (one.name, str(one.lesson), f"{one.lesson:02d}"):
            return one
    near = difflib.get_close_matches(str(word).lower(), [one.name for one in COURSE], 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(one.name for one in COURSE)}"
    raise TinymmError(f"there is no exercise {word}: {hint}")
