"""From clips to arrays a model can take, with everything that was learned from the training clips."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from tinymm.data.audio import SoundCollector, log_mel, mel_filters
from tinymm.data.clips import Clip
from tinymm.data.container import content_digest, feed
from tinymm.data.text import Vocabulary, tokenize
from tinymm.data.video import FramePicker, video_duration
from tinymm.errors import TinymmError

SOUNDS = ("log-mel", "waveform")
LONGEST = 10.0  # seconds, where the clips themselves decide
MOST_WORDS = 50


@dataclass(frozen=True)
class Settings:
    """What a clip is turned into. ``seconds`` and ``words`` are read off the training clips when None.

    frames pictures of height x width pixels, evenly spread over ``seconds``; sound at ``rate`` Hz as a
    log-mel spectrogram with ``mels`` bands or as the wave itself; the first ``words`` words of the text, out
    of at most ``vocabulary``. Raises TinymmError for a value that cannot be.
    """

    frames: int = 6
    height: int = 32
    width: int = 32
    seconds: float | None = None
    rate: int = 8000
    sound: str = "log-mel"
    mels: int = 32
    words: int | None = None
    vocabulary: int = 10000

    def __post_init__(self):
        least = {"frames": 1, "height": 1, "width": 1, "rate": 1000, "mels": 1, "words": 1, "vocabulary": 2}
        for name, smallest in least.items():
            value = getattr(self, name)
            if name == "words" and value is None:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < smallest:
                raise TinymmError(f"settings: {name} is {value!r}, take a whole number of {smallest} or more")
        if self.seconds is not None:
            if not isinstance(self.seconds, (int, float)) or not 0.1 <= self.seconds <= 3600:
                raise TinymmError(f"settings: seconds is {self.seconds!r}, take 0.1 to 3600")
        if self.sound not in SOUNDS:
            raise TinymmError(f"settings: sound is {self.sound!r}, take {' or '.join(SOUNDS)}")
        if self.sound == "log-mel":
            mel_filters(self.rate, round(0.032 * self.rate), self.mels)


class Preprocessor:
    """Turns clips into arrays; `fit` on the training clips first.

    ========  =======================================  ========================================
    key       shape                                    holds
    ========  =======================================  ========================================
    text      int64 (N, words)                         numbers of words, 0 where the text ends
    image     float32 (N, height, width, 3)            the picture, where frames is 1
    video     float32 (N, frames, height, width, 3)    the pictures, where frames is more
    audio     float32 (N, T, mels) or (N, samples, 1)  log-mel spectrogram or wave
    ========  =======================================  ========================================

    Pictures and sound are normalised, (x - mean) / standard deviation, with one mean and one deviation
    for each colour and each mel band (one for the whole wave), taken over the training clips.
    """

    def __init__(self, settings=None):
        self.settings = settings or Settings()
        self.vocabulary = None
        self.statistics = None  # {"picture": {"mean": [...], "deviation": [...]}, "sound": the same}

    def fit(self, clips, cache=None, progress=None):
        """Learn length, vocabulary, means and deviations from the training clips; returns itself."""
        self.fit_transform(clips, cache, progress)
        return self

    def fit_transform(self, clips, cache=None, progress=None):
        """`fit`, then `transform` of the same clips, opening each only once."""
        if not clips:
            raise TinymmError("there are no training clips to learn the preprocessing from")
        texts, settings = [clip.text for clip in clips], self.settings
        if settings.seconds is None:
            durations = [clip.duration or video_duration(clip.path) for clip in clips]
            seconds = float(min(LONGEST, max(0.1, np.percentile(durations, 95))))
            settings = replace(settings, seconds=round(seconds, 3))
        if settings.words is None:
            longest = max(len(tokenize(text)) for text in texts)
            settings = replace(settings, words=max(1, min(MOST_WORDS, longest)))
        self.settings, self.vocabulary = settings, Vocabulary.build(texts, settings.vocabulary)
        frames, sound = self._read(clips, cache, progress)
        self.statistics = {"picture": _statistics(frames), "sound": _statistics(sound)}
        return self._arrays(texts, frames, sound)

    def transform(self, clips, cache=None, progress=None):
        """The arrays of the table above, a dict. ``progress(done, total)`` is called after each clip.

        Raises TinymmError before `fit`, without clips, and (ClipError) when a clip cannot be read.
        """
        if self.statistics is None:
            raise TinymmError("the preprocessor has learned nothing yet, call fit with training clips")
        if not clips:
            raise TinymmError("there are no clips to turn into arrays")
        return self._arrays([clip.text for clip in clips], *self._read(clips, cache, progress))

    def load_one(self, path, text=""):
        """The arrays of a single clip, N = 1."""
        return self.transform([Clip(Path(path), str(path), text, ())])

    def _arrays(self, texts, frames, sound):
        pictures = _normalise(frames, self.statistics["picture"])
        key, pictures = ("image", pictures[:, 0]) if self.settings.frames == 1 else ("video", pictures)
        text = self.vocabulary.encode(texts, self.settings.words)
        return {"text": text, key: pictures, "audio": _normalise(sound, self.statistics["sound"])}

    def _read(self, clips, cache, progress):
        """uint8 frames (N, frames, height, width, 3) and float32 sound (N, T, mels) or (N, samples, 1)."""
        frames, sound = [], []
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:  # PyAV decodes outside of Python's lock
            for done, clip in enumerate(pool.map(lambda clip: self._read_clip(clip, cache), clips), 1):
                frames.append(clip["frames"])
                sound.append(self._sound(clip["wave"]))
                if progress:
                    progress(done, len(clips))
        return np.stack(frames), np.stack(sound)

    def _read_clip(self, clip, cache):
        s = self.settings

        def decode():
            picker = FramePicker(clip.path, s.frames, (s.height, s.width), s.seconds)
            collector = SoundCollector(clip.path, s.rate, s.seconds)
            feed(clip.path, picker, collector)
            return {"frames": picker.result(), "wave": collector.result()}

        if cache is None:
            return decode()
        settings = {name: getattr(s, name) for name in ("frames", "height", "width", "seconds", "rate")}
        return cache.fetch({"clip": clip.digest or content_digest(clip.path), **settings}, decode)

    def _sound(self, wave):
        s = self.settings
        return wave[:, None] if s.sound == "waveform" else log_mel(wave, s.rate, s.mels)

    def to_dict(self):
        """Settings, vocabulary and statistics as JSON can hold them. Raises TinymmError before `fit`."""
        if self.statistics is None:
            raise TinymmError("the preprocessor has learned nothing yet, call fit with training clips")
        return {
            "settings": asdict(self.settings),
            "vocabulary": self.vocabulary.to_dict(),
            "statistics": self.statistics,
        }

    @classmethod
    def from_dict(cls, saved):
        """The inverse of `to_dict`. Raises TinymmError when ``saved`` is something else."""
        try:
            made = cls(Settings(**saved["settings"]))
            made.vocabulary = Vocabulary.from_dict(saved["vocabulary"])
            made.statistics = {
                sense: {name: [float(x) for x in numbers[name]] for name in ("mean", "deviation")}
                for sense, numbers in saved["statistics"].items()
            }
        except (KeyError, TypeError, ValueError):
            raise TinymmError("the saved preprocessing is damaged, save the model anew") from None
        return made


def _statistics(x):
    """Mean and standard deviation over all but the last axis, clip by clip to save memory."""
    count = x[..., 0].size
    axes = tuple(range(x.ndim - 2))
    mean = sum(clip.sum(axis=axes, dtype=np.float64) for clip in x) / count
    variance = sum(((clip - mean) ** 2).sum(axis=axes) for clip in x) / count
    deviation = np.where(variance > 1e-12, np.sqrt(variance), 1.0)  # something constant stays 0
    return {"mean": mean.tolist(), "deviation": deviation.tolist()}


def _normalise(x, statistics):
    out = x.astype(np.float32)
    out -= np.float32(statistics["mean"])
    out /= np.float32(statistics["deviation"])
    return out
