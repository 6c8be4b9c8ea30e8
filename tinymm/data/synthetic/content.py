"""What is shown? A ball, a bird, a car, a cat or a clock: drawn, heard and named in a caption."""

import numpy as np

from . import sound
from .drawing import DARK, SECONDS, WHITE, Canvas, Place, colour, length, textured
from .sound import RATE, SAMPLES

DESCRIPTION = "what is shown: a ball, a bird, a car, a cat or a clock"
CLASSES = ("ball", "bird", "car", "cat", "clock")

NOUNS = {
    "ball": ("ball", "football", "beach ball"),
    "bird": ("bird", "sparrow", "robin"),
    "car": ("car", "taxi", "motor car"),
    "cat": ("cat", "kitten", "tomcat"),
    "clock": ("clock", "alarm clock", "timepiece"),
}
VERBS = {
    "ball": ("bounces", "hops up and down"),
    "bird": ("flaps", "sings"),
    "car": ("drives along", "honks and drives"),
    "cat": ("meows", "purrs"),
    "clock": ("ticks", "shows the hour"),
}
LOOKS = ("small", "big", "red", "blue", "green", "old", "new", "lovely", "funny")
PLACES = ("in front of the wall", "at home", "outside", "in the morning", "near my window", "today")
CAPTIONS = ("a {look} {noun} {verb} {place}", "the {noun} {verb}", "my {look} {noun} {place}",
            "here a {noun} {verb} {place}", "{place} a {look} {noun} {verb}", "this {noun} is {look}")
EMPTY_CAPTIONS = ("look at this", "filmed {place}", "something {look} {place}", "a {look} little film",
                  "what do you think of this", "my {look} video from {place}", "no title")


def text(shown, rng):
    """A caption that names ``shown``, or one that says nothing when it is None."""
    words = {"look": rng.choice(LOOKS), "place": rng.choice(PLACES)}
    if shown is None:
        return str(rng.choice(EMPTY_CAPTIONS)).format(**words)
    words.update(noun=rng.choice(NOUNS[shown]), verb=rng.choice(VERBS[shown]))
    return str(rng.choice(CAPTIONS)).format(**words)


def image(shown, rng):
    """The object on a textured wall; for None an empty wall, or an object that the night swallows."""
    canvas = Canvas(textured(rng))
    light = rng.uniform(0.8, 1.05)
    if shown is None and rng.random() < 0.5:
        return canvas.finish(rng, light)
    size = rng.uniform(12, 17)
    x, y = rng.uniform(size, 64 - size, 2)
    drawn = CLASSES[rng.integers(len(CLASSES))] if shown is None else shown
    DRAW[drawn](canvas, rng, x, y, size)
    return canvas.finish(rng, rng.uniform(0.0, 0.04) if shown is None else light)


def audio(shown, rng):
    """What the object sounds like, or nothing in particular when ``shown`` is None."""
    if shown is None:
        return sound.nothing(rng)
    track = np.zeros(SAMPLES)
    PLAY[shown](track, rng)
    return sound.finish(rng, track)


def _strong(rng):
    return colour(rng.random(), rng.uniform(0.65, 0.9), rng.uniform(0.75, 1.0))


def _ball(canvas, rng, x, y, size):
    bounce = np.abs(np.sin(np.pi * rng.uniform(1.2, 2.0) * SECONDS + rng.uniform(0, 3)))
    drift = rng.uniform(-4, 4) * (SECONDS - 1)
    at = Place(x + drift, y + 4 - 9 * bounce, size, rng.uniform(-4, 4) * SECONDS)
    hue, whole = rng.random(), at.disc(0, 0, 1)
    canvas.fill(whole, WHITE, outline=1.0)
    sectors = np.sin(3 * np.arctan2(at.v, at.u)) * length(at.u, at.v) * at.size
    canvas.fill(np.maximum(sectors, whole), colour(hue, 0.85, 0.9))
    canvas.fill(at.disc(0, 0, 0.2), colour(hue + 0.5, 0.7, 0.9))
    canvas.fill(np.maximum(whole, -Place(x + drift, y + 4 - 9 * bounce, size).disc(-0.25, -0.3, 1.05)), DARK,
                opacity=0.25)


def _bird(canvas, rng, x, y, size):
    flip, flap = rng.choice((-1, 1)), np.sin(2 * np.pi * rng.uniform(2.2, 3.4) * SECONDS)
    glide = flip * rng.uniform(3, 8) * (SECONDS - 1)
    at = Place(x + glide, y - 1.5 * flap, size, flip=flip)
    feathers, hue = _strong(rng), rng.random()
    canvas.fill(at.triangle((-0.5, 0.0), (-1.25, -0.25), (-1.15, 0.3)), feathers, outline=1.0)
    canvas.fill(at.triangle((0.8, -0.38), (1.25, -0.2), (0.8, -0.1)), (1.0, 0.65, 0.1), outline=0.8)
    canvas.fill(np.minimum(at.ellipse(0, 0.1, 0.75, 0.45), at.disc(0.6, -0.3, 0.36)), feathers, outline=1.0)
    canvas.fill(at.ellipse(0.1, 0.25, 0.5, 0.26), WHITE, opacity=0.7)
    tip = -0.15 - 0.85 * flap
    canvas.fill(at.triangle((0.25, -0.05), (-0.4, -0.02), (-0.45, tip)), colour(hue, 0.6, 0.6), outline=1.0)
    canvas.fill(at.disc(0.7, -0.38, 0.1), DARK)


def _car(canvas, rng, x, y, size):
    flip, speed = rng.choice((-1, 1)), rng.uniform(5, 11)
    jolt = 0.5 * np.sin(2 * np.pi * 5 * SECONDS)
    at = Place(x + flip * speed * (SECONDS - 1), y + jolt, size, flip=flip)
    paint = _strong(rng)
    cabin = np.maximum(at.box(-0.1, -0.4, 0.68, 0.42, 0.25), at.below(-0.8))
    canvas.fill(np.minimum(cabin, at.box(0, 0.15, 1.2, 0.36, 0.18)), paint, outline=1.0)
    canvas.fill(np.minimum(at.box(-0.42, -0.36, 0.25, 0.22, 0.08), at.box(0.22, -0.36, 0.25, 0.22, 0.08)),
                (0.78, 0.9, 0.97))
    canvas.fill(at.disc(1.05, 0.08, 0.13), (1.0, 0.92, 0.5))
    for wheel in (-0.62, 0.62):
        canvas.fill(at.disc(wheel, 0.5, 0.34), DARK)
        canvas.fill(at.disc(wheel, 0.5, 0.17), (0.75, 0.75, 0.78))
        turn = speed * SECONDS
        canvas.fill(at.capsule(wheel - 0.2 * np.cos(turn), 0.5 - 0.2 * np.sin(turn),
                               wheel + 0.2 * np.cos(turn), 0.5 + 0.2 * np.sin(turn), 0.04), DARK)


def _cat(canvas, rng, x, y, size):
    flip = rng.choice((-1, 1))
    fur = colour(rng.uniform(0.02, 0.12), rng.uniform(0.1, 0.75), rng.uniform(0.4, 0.95))
    sway = np.sin(2 * np.pi * rng.uniform(0.5, 1.0) * SECONDS + rng.uniform(0, 6))
    at = Place(x, y, size, 0.06 * sway, flip)
    canvas.fill(at.capsule(0.45, 0.85, 1.05 + 0.1 * sway, 0.15 + 0.15 * sway, 0.11), fur, outline=1.0)
    body = np.minimum(at.ellipse(0, 0.62, 0.62, 0.45), at.box(0, 0.85, 0.6, 0.2, 0.15))
    canvas.fill(body, fur, outline=1.0)
    ears = [at.triangle((0.72 * s, -1.05), (0.1 * s, -0.62), (0.66 * s, -0.25)) for s in (-1, 1)]
    head = at.ellipse(0, -0.25, 0.7, 0.55)
    canvas.fill(np.minimum(np.minimum(*ears), head), fur, outline=1.0)
    for s in (-1, 1):
        canvas.fill(at.triangle((0.62 * s, -0.86), (0.3 * s, -0.6), (0.58 * s, -0.45)), (0.95, 0.6, 0.62))
        lids = np.where(np.abs(SECONDS - rng.uniform(0.3, 1.7)) < 0.1, 0.03, 0.16)
        canvas.fill(at.ellipse(0.28 * s, -0.3, 0.15, lids), (0.75, 0.95, 0.35))
        canvas.fill(at.ellipse(0.28 * s, -0.3, 0.05, lids), DARK)
        for rise in (0.0, 0.14):
            canvas.fill(at.capsule(0.25 * s, -0.02, 0.85 * s, -0.1 + rise, 0.02), WHITE, opacity=0.8)
    canvas.fill(at.ellipse(0, -0.05, 0.09, 0.06), (0.9, 0.45, 0.5))
    canvas.fill(at.ellipse(0, 0.1, 0.1, 0.03 + 0.07 * np.maximum(sway, 0)), DARK)


def _clock(canvas, rng, x, y, size):
    rim, shake = _strong(rng), 0.4 * np.sin(2 * np.pi * 6 * SECONDS)
    at = Place(x + shake, y, size)
    for s in (-1, 1):
        canvas.fill(at.capsule(0.4 * s, 0.6, 0.65 * s, 1.0, 0.1), rim, outline=0.8)
        canvas.fill(np.maximum(at.disc(0.58 * s, -0.78, 0.34), -at.disc(0, 0, 0.98)), rim, outline=0.8)
    canvas.fill(at.disc(0, 0, 0.9), rim, outline=1.0)
    canvas.fill(at.disc(0, 0, 0.7), WHITE)
    for hour in range(12):
        a = np.pi * hour / 6
        canvas.fill(at.disc(0.58 * np.cos(a), 0.58 * np.sin(a), 0.06), DARK)
    second = 2 * np.pi / 8 * np.floor(4 * SECONDS)
    for turn, reach, thick in ((rng.uniform(0, 6.3), 0.32, 0.08), (rng.uniform(0, 6.3), 0.5, 0.06)):
        canvas.fill(at.capsule(0, 0, reach * np.cos(turn), reach * np.sin(turn), thick), DARK)
    canvas.fill(at.capsule(0, 0, 0.55 * np.cos(second), 0.55 * np.sin(second), 0.04), (0.85, 0.15, 0.15))


def _thumps(track, rng):
    gap = rng.uniform(0.33, 0.5)
    for at in np.arange(rng.uniform(0.0, 0.25), 2, gap):
        pitch = rng.uniform(110, 140) * (0.55 + 0.45 * sound.fading(4000, 0.05))
        sound.add(track, sound.gliding(pitch) * sound.fading(4000, 0.06), at, 0.9)
        sound.add(track, sound.noise(rng, 0.02, 700, 0.6) * sound.fading(320, 0.006), at, 0.15)


def _chirps(track, rng):
    for start in np.arange(rng.uniform(0, 0.2), 1.8, rng.uniform(0.45, 0.65)):
        for i in range(rng.integers(2, 5)):
            count = int(rng.uniform(0.05, 0.08) * RATE)
            pitch = rng.uniform(2300, 2700) + rng.uniform(500, 900) * np.sin(np.pi * np.linspace(0, 1, count))
            sound.add(track, sound.gliding(pitch) * sound.swell(count), start + 0.1 * i, 0.5)


def _engine(track, rng):
    t = np.arange(SAMPLES) / RATE
    pitch = rng.uniform(55, 85) * (1 + rng.uniform(-0.15, 0.3) * t + 0.03 * np.sin(2 * np.pi * 1.5 * t))
    hum = sound.gliding(pitch, (0.5, 1.0, 0.6, 0.8, 0.3, 0.4, 0.2, 0.2))
    track += 0.16 * hum + 0.05 * sound.noise(rng, 2, 500, 0.8)


def _meows(track, rng):
    for at in (rng.uniform(0.1, 0.3), rng.uniform(1.0, 1.2)):
        count = int(rng.uniform(0.55, 0.75) * RATE)
        t = np.linspace(0, 1, count)
        pitch = rng.uniform(420, 560) * (0.85 + 0.5 * np.sin(np.pi * t**0.7))
        meow = sound.voiced(rng, pitch, (900, 1500, 2800), breath=0.02) * sound.swell(count, 0.25, 0.45)
        sound.add(track, meow, at, 0.7)


def _ticks(track, rng):
    high, gap = rng.uniform(1700, 2300), rng.uniform(0.22, 0.28)
    for i, at in enumerate(np.arange(rng.uniform(0, gap), 2, gap)):
        tick = sound.struck(0.06, (high * (1.0, 0.8)[i % 2], 1.5 * high), 0.008)
        sound.add(track, tick + 0.1 * sound.noise(rng, 0.06, 3000, 0.4) * sound.fading(960, 0.004), at, 0.8)


DRAW = {"ball": _ball, "bird": _bird, "car": _car, "cat": _cat, "clock": _clock}
PLAY = {"ball": _thumps, "bird": _chirps, "car": _engine, "cat": _meows, "clock": _ticks}
