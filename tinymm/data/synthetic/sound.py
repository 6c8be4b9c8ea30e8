"""Sounds from a few ingredients: noise in a band, struck tones, gliding tones and a voice with formants.

Every sound is a float array at 16,000 samples a second; a clip holds 2 s of it, 32,000 samples.
"""

import numpy as np
from scipy.signal import lfilter

RATE = 16000
SAMPLES = 2 * RATE


def noise(rng, seconds, centre, octaves):
    """Noise of strength 1 (root mean square) in a band ``octaves`` wide to either side of ``centre`` Hz."""
    count = int(seconds * RATE)
    spectrum = np.fft.rfft(rng.normal(size=count))
    frequency = np.maximum(np.fft.rfftfreq(count, 1 / RATE), 1.0)
    shaped = np.fft.irfft(spectrum * np.exp(-0.5 * (np.log2(frequency / centre) / octaves) ** 2), count)
    return shaped / (np.sqrt(np.mean(shaped**2)) + 1e-9)


def struck(seconds, frequencies, decay):
    """Something hit: sines of ``frequencies`` Hz that fall to 1/e in ``decay`` seconds."""
    t = np.arange(int(seconds * RATE)) / RATE
    return sum(np.sin(2 * np.pi * f * t) for f in frequencies) / len(frequencies) * np.exp(-t / decay)


def gliding(pitch, harmonics=(1.0,)):
    """A tone at ``pitch`` Hz (one value a sample), with the given strengths of its harmonics."""
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    return sum(strength * np.sin((i + 1) * phase) for i, strength in enumerate(harmonics))


def swell(count, attack=0.1, release=0.3):
    """A gentle start and end: (count,) in 0..1, rising over the first and falling over the last share."""
    t = np.linspace(0, 1, count)
    return np.sin(0.5 * np.pi * np.clip(np.minimum(t / attack, (1 - t) / release), 0, 1)) ** 2


def fading(count, decay):
    """exp(-t / decay), decay in seconds: (count,)."""
    return np.exp(-np.arange(count) / (decay * RATE))


def voiced(rng, pitch, formants, roughness=0.0, breath=0.05):
    """A vowel: a buzz at ``pitch`` Hz (one value a sample) through resonances at ``formants`` Hz.

    ``roughness`` 0..1 shakes the loudness at 70 Hz and lets the pitch wander, as a strained throat does;
    ``breath`` mixes in noise. The resonators, here in parallel, are those of Klatt, "Software for a
    cascade/parallel formant synthesizer", J. Acoust. Soc. Am. 67 (1980), equations 1 and 2.
    """
    count = len(pitch)
    shake = np.sin(2 * np.pi * 70 * np.arange(count) / RATE + rng.uniform(0, 6))
    phase = np.cumsum(pitch * (1 + 0.06 * roughness * rng.normal(size=count).cumsum() / 30)) / RATE
    buzz = 1 - 2 * (phase % 1) + breath * rng.normal(size=count)
    buzz *= 1 + 0.8 * roughness * shake
    total = np.zeros(count)
    for i, formant in enumerate(formants):
        bandwidth = 60 + 0.06 * formant
        radius = np.exp(-np.pi * bandwidth / RATE)
        b, c = 2 * radius * np.cos(2 * np.pi * formant / RATE), -(radius**2)
        total += 0.7**i * lfilter([1 - b - c], [1, -b, -c], buzz)
    return total / (np.abs(total).max() + 1e-9)


def add(track, piece, at, gain=1.0):
    """Add ``piece`` to ``track`` from ``at`` seconds on, in place; what sticks out is cut off."""
    start = max(0, int(at * RATE))
    piece = piece[: max(0, len(track) - start)]
    track[start : start + len(piece)] += gain * piece


def echo(rng, track, seconds):
    """The track in a room whose echo falls to 1/e in ``seconds``; as loud as before at its peak."""
    count = int(3 * seconds * RATE)
    room = rng.normal(size=count) * fading(count, seconds) * 0.04
    room[0] = 1.0
    size = 1 << int(np.ceil(np.log2(len(track) + count)))
    wet = np.fft.irfft(np.fft.rfft(track, size) * np.fft.rfft(room, size), size)[: len(track)]
    return wet * (np.abs(track).max() + 1e-9) / (np.abs(wet).max() + 1e-9)


def finish(rng, track, hush=(0.002, 0.008)):
    """The track over the rumble ``hush`` of a quiet room, softly limited: (32000,) float32 in -1..1."""
    room = noise(rng, SAMPLES / RATE, 250, 1.5) * rng.uniform(*hush)
    return np.tanh(rng.uniform(0.6, 0.9) * track + room).astype(np.float32)


def nothing(rng):
    """A track that tells nothing: near silence, wind, rain or a humming fridge: (32000,) float32."""
    seconds = SAMPLES / RATE
    t = np.arange(SAMPLES) / RATE
    kind = rng.integers(4)
    if kind == 0:
        track = np.zeros(SAMPLES)
    elif kind == 1:
        gusts = 1 + 0.6 * np.sin(2 * np.pi * rng.uniform(0.2, 0.6) * t + rng.uniform(0, 6))
        track = noise(rng, seconds, 350, 0.8) * gusts * rng.uniform(0.03, 0.08)
    elif kind == 2:
        track = noise(rng, seconds, 2500, 1.2) * rng.uniform(0.02, 0.06)
    else:
        hum = np.full(SAMPLES, rng.uniform(180, 210))
        track = gliding(hum, (1.0, 0.3)) * rng.uniform(0.02, 0.05)
    return finish(rng, track)
