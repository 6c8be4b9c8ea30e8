"""A few hundred made clips as arrays, for the lessons that train: no files, no video codec, some seconds."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from tinymm.data.audio import log_mel, resample
from tinymm.data.synthetic import emotion, planting
from tinymm.data.synthetic.drawing import FRAMES, one_frame
from tinymm.data.text import Vocabulary

RATE, HALF = 16000, 8000  # Hz: as the clips are made, and as they are heard here
TEXT = 8  # words


@dataclass
class Clips:
    """``inputs`` is a dict with text (N, 8) ids, image (N, 32, 32, 3) and audio (N, 124, 32); ``y`` is (N, 1) of 0 and 1.

    Pictures and spectrograms are normalised with mean and deviation of the training clips (``train`` is a mask
    (N,)); ``texts``, ``pictures`` (in 0..1) and ``planted`` are the clips as a person meets them.
    """

    inputs: dict
    y: np.ndarray
    train: np.ndarray
    texts: list
    pictures: np.ndarray
    planted: list
    vocabulary: Vocabulary

    def part(self, train, senses=("text", "image", "audio")):
        """(inputs, targets) of the training clips, or of the others."""
        chosen = self.train == train
        return {sense: self.inputs[sense][chosen] for sense in senses}, self.y[chosen]


def made_clips(classes=("sad", "happy"), count=500, seed=0):
    """Faces, voices and sentences of two feelings; the second is the answer 1. -> Clips"""
    planted = planting.plant(classes, count, seed)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:  # every clip has its own random numbers, so order does not matter
        texts, pictures, sounds = zip(*pool.map(lambda k: _clip(planted[k], seed, k), range(count)))
    train = np.array([clip.split == "train" for clip in planted])
    words = Vocabulary.build([text for text, known in zip(texts, train) if known], 1000)
    pictures, sounds = np.stack(pictures), np.stack(sounds)
    inputs = {"text": words.encode(texts, TEXT), "image": _normal(pictures, train), "audio": _normal(sounds, train)}
    y = np.array([[clip.label == classes[1]] for clip in planted], np.float32)
    return Clips(inputs, y, train, list(texts), pictures, planted, words)


def _clip(clip, seed, k):
    """The sentence, the middle picture at half size in 0..1, and the log-mel spectrogram of one clip."""
    rng = [np.random.default_rng([seed, k, sense]) for sense in range(3)]
    with one_frame(FRAMES // 2):
        (frame,) = emotion.image(clip.shows["image"], rng[1])
    picture = frame.reshape(32, 2, 32, 2, 3).mean(axis=(1, 3)) / 255
    wave = np.asarray(emotion.audio(clip.shows["audio"], rng[2]), np.float32)
    return emotion.text(clip.shows["text"], rng[0]), picture, log_mel(resample(wave, RATE, HALF), HALF)


def _normal(x, train):
    """Mean 0 and deviation 1 for each channel, over the training clips."""
    axes = tuple(range(x.ndim - 1))
    return ((x - x[train].mean(axis=axes)) / x[train].std(axis=axes)).astype(np.float32)
