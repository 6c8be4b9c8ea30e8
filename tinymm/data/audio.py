"""The sound of a clip: a mono wave in step with the picture, and its log-mel spectrogram."""

from functools import lru_cache
from math import ceil, gcd

import numpy as np
from scipy.signal import firwin, resample_poly

from tinymm.data.container import ClipError, feed, sound_file, start_time
from tinymm.errors import TinymmError

HIGHEST_RATE = 768_000  # Hz; a damaged file can claim any number, and memory is set aside for it
MARGIN = 0.1  # seconds read past the end, so that the resampling filter has something to look at


def read_sound(path, rate, seconds):
    """The first ``seconds`` of a clip's sound: float32 (round(seconds * rate),), mono, in [-1, 1].

    Time 0 is the first picture. Samples are placed by the times in the file, so the silence that AAC and
    Opus put in front is gone and sound and picture stay aligned. The channels are averaged. Where there
    is no sound, or no sound track at all, the wave is 0.

    Raises ClipError when the clip cannot be read.
    """
    collector = SoundCollector(path, rate, seconds)
    feed(path, collector)
    return collector.result()


class SoundCollector:
    """A reader (see `tinymm.data.container.feed`) that lays decoded samples out on a line of time."""

    def __init__(self, path, rate, seconds):
        self.path, self.rate, self.seconds = path, rate, seconds
        self.wave = None  # at the rate of the file, made when the first samples tell it

    def choose(self, container):
        streams = [stream for stream in container.streams.audio if stream.codec_context is not None]
        if not streams:
            return None
        self.start = start_time((*container.streams.video, *streams)[0])
        return streams[0]

    def read_folder(self, folder):
        if wav := sound_file(folder):
            feed(wav, self)

    def read_gif(self, path):
        """A GIF is silent."""

    def add(self, frame):
        if self.wave is None:
            if frame.sample_rate > HIGHEST_RATE:
                raise ClipError(self.path, f"is damaged: its sound claims to be at {frame.sample_rate} Hz")
            self.native_rate = frame.sample_rate
            self.wave = np.zeros(ceil((self.seconds + MARGIN) * frame.sample_rate), np.float32)
            self.end = 0
        samples = mono(frame)
        begin = self.end if frame.time is None else round((frame.time - self.start) * self.native_rate)
        # Matroska rounds times to 1 ms; frames that almost touch do touch.
        if self.end and abs(begin - self.end) < 0.005 * self.native_rate:
            begin = self.end
        self.end = begin + len(samples)
        place = slice(max(begin, 0), max(min(self.end, len(self.wave)), 0))
        self.wave[place] = samples[place.start - begin:][:max(place.stop - place.start, 0)]
        return self.end < len(self.wave)

    def result(self):
        """float32 (round(seconds * rate),)."""
        out = np.zeros(round(self.seconds * self.rate), np.float32)
        if self.wave is not None:
            wave = np.clip(resample(self.wave, self.native_rate, self.rate), -1, 1)[:len(out)]
            out[:len(wave)] = wave
        return out


def mono(frame):
    """The mean over the channels of a PyAV audio frame: float32 (samples,) in [-1, 1], NaN as 0."""
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(frame.samples, -1).T
    if samples.dtype.kind == "f":
        return np.nan_to_num(samples.mean(axis=0, dtype=np.float32), nan=0.0, posinf=1.0, neginf=-1.0)
    half = 2.0 ** (8 * samples.dtype.itemsize - 1)
    offset = half if samples.dtype.kind == "u" else 0.0
    return ((samples.mean(axis=0) - offset) / half).astype(np.float32)


@lru_cache(maxsize=16)
def _lowpass(up, down):
    """The filter scipy's resample_poly designs on every call: Kaiser window, 10 zero crossings a side."""
    widest = max(up, down)
    return firwin(20 * widest + 1, 1 / widest, window=("kaiser", 5.0)).astype(np.float32)


def resample(wave, old, new):
    """Change the sampling rate of float32 (samples,) from ``old`` to ``new`` Hz, without a delay."""
    common = gcd(old, new)
    up, down = new // common, old // common
    return wave if up == down else resample_poly(wave, up, down, window=_lowpass(up, down))


def mel_filters(rate, points, mels):
    """Triangular filters, evenly spaced on the mel scale from 0 to rate / 2: float32 (mels, points // 2 + 1).

    mel(f) = 2595 log10(1 + f / 700)    (The HTK Book, section 5.4, "Filterbank Analysis")

    Filter m rises from 0 at the centre of filter m-1 to 1 at its own and falls to 0 at the centre of m+1.
    ``points`` is the length of the Fourier transform. Raises TinymmError when a filter would be empty.
    """
    top = 2595 * np.log10(1 + rate / 2 / 700)
    centres = 700 * (10 ** (np.linspace(0, top, mels + 2) / 2595) - 1)
    frequencies = np.fft.rfftfreq(points, 1 / rate)
    below, centre, above = centres[:-2, None], centres[1:-1, None], centres[2:, None]
    rising = (frequencies - below) / (centre - below)
    falling = (above - frequencies) / (above - centre)
    filters = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    if not filters.any(axis=1).all():
        raise TinymmError(
            f"{mels} mel bands are too narrow for {points} samples a window at {rate} Hz: take fewer mels"
        )
    return filters


def log_mel(wave, rate, mels=32, window=0.032, hop=0.016):
    """How loud each band of pitch is over time: float32 (T, mels) from float32 (samples,).

    Frame t is cut from sample t * hop on, ``window`` seconds long, weighted with a Hann window w:

        X[t, k] = sum over n of w[n] wave[t hop + n] exp(-2 pi i k n / points)
        y[t, m] = log(1e-6 + sum over k of filter[m, k] |X[t, k]|^2 / sum of w^2)

    The filters are those of `mel_filters`. T = 1 + (samples - window) // hop, all in samples; a wave
    shorter than one window is padded with zeros to one. Silence is log(1e-6) = -13.8.
    """
    points, step = round(window * rate), round(hop * rate)
    wave = np.pad(wave, (0, max(0, points - len(wave))))
    cuts = np.lib.stride_tricks.sliding_window_view(wave, points)[::step]
    hann = np.hanning(points + 1)[:-1].astype(np.float32)
    power = np.abs(np.fft.rfft(cuts * hann)) ** 2 / np.sum(hann**2)
    return np.log(1e-6 + power @ mel_filters(rate, points, mels).T).astype(np.float32)
