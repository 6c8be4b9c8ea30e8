"""Small random changes to a batch that leave its meaning alone, so that a model does not learn it by heart.

Every function takes a batch of N clips and a NumPy Generator, changes each clip by its own random amount,
and returns a new array of the same shape and dtype. The batch is never written to. Pictures are
(N, H, W, C) or, for video, (N, T, H, W, C): all pictures of a clip are changed alike. Values are expected
to be normalised: 0 is the mean, 1 the standard deviation.
"""

from dataclasses import dataclass, fields

import numpy as np

from tinymm.data.text import PADDING, UNKNOWN
from tinymm.errors import TinymmError


def _per_clip(numbers, x):
    """(N,) random numbers with the dtype of ``x``, shaped to be broadcast over its other axes."""
    return numbers.astype(x.dtype).reshape(-1, *[1] * (x.ndim - 1))


def flip(x, rng, chance=0.5):
    """Swap left and right in a clip with probability ``chance``."""
    swapped = rng.random(len(x)) < chance
    return np.where(swapped.reshape(-1, *[1] * (x.ndim - 1)), x[..., ::-1, :], x)


def crop(x, rng, fraction=0.1):
    """Shift the picture by up to ``fraction`` of its height and width; its edge is repeated in the gap."""
    height, width = x.shape[-3:-1]
    down = rng.integers(-int(height * fraction), int(height * fraction), len(x), endpoint=True)
    right = rng.integers(-int(width * fraction), int(width * fraction), len(x), endpoint=True)
    out = np.empty_like(x)
    for n in range(len(x)):
        rows = np.clip(np.arange(height) - down[n], 0, height - 1)
        columns = np.clip(np.arange(width) - right[n], 0, width - 1)
        out[n] = x[n][..., rows[:, None], columns, :]
    return out


def brightness(x, rng, strength=0.2):
    """Multiply by 1 ± ``strength`` (contrast) and add up to ± ``strength`` (brightness)."""
    contrast = _per_clip(rng.uniform(1 - strength, 1 + strength, len(x)), x)
    return x * contrast + _per_clip(rng.uniform(-strength, strength, len(x)), x)


def noise(x, rng, strength=0.05):
    """Add normal noise with standard deviation ``strength`` to every number."""
    return x + (strength * rng.standard_normal(x.shape, np.float32)).astype(x.dtype)


def time_shift(x, rng, fraction=0.1):
    """Move sound (N, T, C) earlier or later by up to ``fraction`` of T; the gap is filled with 0."""
    length = x.shape[1]
    out = np.zeros_like(x)
    shifts = rng.integers(-int(length * fraction), int(length * fraction), len(x), endpoint=True)
    for n, by in enumerate(shifts):
        out[n, max(by, 0):length + min(by, 0)] = x[n, max(-by, 0):length - max(by, 0)]
    return out


def _mask(x, rng, fraction, axis):
    """Set one random stretch of ``axis``, up to ``fraction`` of it long, to 0 in every clip."""
    length = x.shape[axis]
    widths = rng.integers(0, int(length * fraction), len(x), endpoint=True)
    starts = rng.integers(0, length - widths, endpoint=True)
    place = np.arange(length)
    hidden = (place >= starts[:, None]) & (place < (starts + widths)[:, None])  # (N, length)
    shape = [len(x)] + [1] * (x.ndim - 1)
    shape[axis] = length
    return np.where(hidden.reshape(shape), x.dtype.type(0), x)


def mask_time(x, rng, fraction=0.2):
    """Hide a stretch of time of sound (N, T, C). (SpecAugment: Park et al. 2019, section 2)"""
    return _mask(x, rng, fraction, 1)


def mask_mels(x, rng, fraction=0.2):
    """Hide neighbouring mel bands of sound (N, T, mels). (SpecAugment: Park et al. 2019, section 2)"""
    return _mask(x, rng, fraction, 2)


def drop_words(ids, rng, rate=0.1, unknown=UNKNOWN):
    """Replace each word of (N, length) numbers by ``unknown`` with probability ``rate``; padding stays."""
    dropped = (rng.random(ids.shape) < rate) & (ids != PADDING)
    return np.where(dropped, ids.dtype.type(unknown), ids)


@dataclass(frozen=True)
class Augment:
    """How strongly each sense is changed; 0 switches a change off.

    Leave ``flip`` at 0 where left and right carry the label, as in a clip of somebody pointing.
    """

    flip: float = 0.5
    crop: float = 0.1
    brightness: float = 0.2
    noise: float = 0.05
    time_shift: float = 0.1
    mask_time: float = 0.2
    mask_mels: float = 0.2
    drop_words: float = 0.1

    def __post_init__(self):
        for field in fields(self):
            if not 0 <= getattr(self, field.name) <= 1:
                raise TinymmError(f"augmentation: {field.name} is {getattr(self, field.name)}, take 0 to 1")

    def __call__(self, inputs, rng):
        """Change a dict of arrays with any of the keys text, image, video, audio; returns a new dict."""
        out = dict(inputs)
        for key in ("image", "video"):
            if key in inputs:
                x = flip(inputs[key], rng, self.flip)
                x = brightness(crop(x, rng, self.crop), rng, self.brightness)
                out[key] = noise(x, rng, self.noise)
        if "audio" in inputs:
            x = mask_time(time_shift(inputs["audio"], rng, self.time_shift), rng, self.mask_time)
            out["audio"] = mask_mels(x, rng, self.mask_mels) if x.shape[2] > 1 else x
        if "text" in inputs:
            out["text"] = drop_words(inputs["text"], rng, self.drop_words)
        return out
