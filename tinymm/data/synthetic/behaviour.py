"""What is this person doing? A figure that walks, loiters, runs or falls, its steps, and a witness's note.

One frame tells little: all four stand, stride and bend their knees, and some loiterers lie on the ground as
the fallen do. What tells them apart is how the figure moves from frame to frame.
"""

import numpy as np

from . import sound
from .drawing import DARK, FRAMES, SECONDS, SIDE, Canvas, Place, clouds, colour, textured
from .sound import SAMPLES

DESCRIPTION = "what a person does: walks, loiters, runs or falls"
CLASSES = ("walks", "loiters", "runs", "falls")

NOTES = {
    "walks": ("walked past", "strolled by", "was walking along", "took a walk"),
    "loiters": ("hung around", "was waiting about", "lingered", "loitered"),
    "runs": ("ran past", "was running", "sprinted by", "dashed off"),
    "falls": ("fell down", "tripped and fell", "collapsed", "slipped and fell"),
}
PEOPLE = ("a man", "a woman", "the person", "somebody", "a neighbour", "the visitor")
PLACES = ("by the gate", "in the yard", "on the street", "at the corner", "near the shop", "behind the house")
TIMES = ("", " at noon", " this morning", " in the evening", " around six")
EMPTY_NOTES = ("{who} was {where}{when}", "i saw {who} {where}{when}", "{who} wore a coat",
               "camera {where}{when}", "nothing to add", "i could not see well{when}")


def text(shown, rng):
    """A witness's note that says what was done, or one that does not when ``shown`` is None."""
    words = {"who": rng.choice(PEOPLE), "where": rng.choice(PLACES), "when": rng.choice(TIMES)}
    if shown is None:
        return str(rng.choice(EMPTY_NOTES)).format(**words)
    note = "{who} {did} {where}{when}" if rng.random() < 0.8 else "{who} {did}{when}"
    return note.format(did=rng.choice(NOTES[shown]), **words)


def image(shown, rng):
    """A street and the figure; for None an empty street, a figure behind a fence, or the dark."""
    floor = rng.uniform(49, 58)
    canvas = Canvas(_street(rng, floor))
    light, hidden = rng.uniform(0.8, 1.05), rng.integers(3)
    if shown is None and hidden == 0:
        return canvas.finish(rng, light)
    motion = MOVE[shown or CLASSES[rng.integers(4)]](rng)
    _figure(canvas, rng, floor + 1, motion)
    if shown is None and hidden == 1:
        _fence(canvas, rng, floor)
        return canvas.finish(rng, light)
    return canvas.finish(rng, rng.uniform(0.0, 0.04) if shown is None else light)


def audio(shown, rng):
    """Steps, shuffling, running steps or a thud in a room; for None nothing in particular."""
    if shown is None:
        return sound.nothing(rng)
    track = np.zeros(SAMPLES)
    PLAY[shown](track, rng)
    return sound.finish(rng, sound.echo(rng, track, rng.uniform(0.03, 0.09)), hush=(0.003, 0.012))


# A motion: where the feet are (24 values, pixels from the left), the phase and the width of the stride
# (radians), the side the figure faces (-1 left, 1 right), how far the body tilts (radians) and lies (0..1).

def _motion(x, phase, stride, facing, tilt=0.0, lying=0.0):
    return {"x": x, "phase": phase, "stride": stride, "facing": facing,
            "tilt": tilt + np.zeros(FRAMES), "lying": lying + np.zeros(FRAMES)}


def _travel(rng, distance, steps):
    """Cross ``distance`` pixels in the 2 s around a random place, with ``steps`` double steps a second."""
    facing = rng.choice((-1, 1))
    x = rng.uniform(22, SIDE - 22) + facing * distance * (SECONDS - 1) / 2
    return _motion(x, 2 * np.pi * steps * SECONDS + rng.uniform(0, 6), rng.uniform(0.45, 0.65), facing,
                   rng.uniform(0.02, 0.12) * facing)


def _walks(rng):
    return _travel(rng, rng.uniform(22, 30), rng.uniform(0.9, 1.1))


def _runs(rng):
    return _travel(rng, rng.uniform(68, 86), rng.uniform(1.5, 1.9))


def _loiters(rng):
    facing, x = rng.choice((-1, 1)), rng.uniform(14, SIDE - 14)
    phase = rng.uniform(0, 6) + np.zeros(FRAMES)
    if rng.random() < 0.25:
        tilt = facing * 1.5 + 0.03 * np.sin(2 * np.pi * 0.4 * SECONDS)
        return _motion(x + 0 * phase, phase, 0.15, facing, tilt, 1.0)
    pace = np.sin(2 * np.pi * rng.uniform(0.3, 0.5) * SECONDS + rng.uniform(0, 6))
    return _motion(x + 1.5 * pace, phase + 1.5 * pace, rng.uniform(0.3, 0.65), facing)


def _falls(rng):
    motion = _travel(rng, rng.uniform(5, 30), rng.uniform(0.8, 1.4))
    start = rng.uniform(0.45, 0.95)
    down = np.clip((SECONDS - start) / 0.45, 0, 1) ** 2
    stop = np.minimum(SECONDS, start + 0.3)
    at_stop = np.interp(stop, SECONDS, motion["x"])
    motion.update(x=np.clip(at_stop, 14, SIDE - 14), phase=np.interp(stop, SECONDS, motion["phase"]),
                  tilt=motion["tilt"] * (1 - down) + motion["facing"] * 1.5 * down, lying=down)
    return motion


MOVE = {"walks": _walks, "loiters": _loiters, "runs": _runs, "falls": _falls}


def _figure(canvas, rng, floor, motion):
    """A person 27 to 34 pixels tall: head, torso, two arms and two legs that swing with the phase."""
    tall = rng.uniform(27, 34)
    phase, stride, facing = motion["phase"], motion["stride"], motion["facing"]
    shirt, trousers = colour(rng.random(), 0.85, rng.uniform(0.45, 0.75)), colour(rng.random(), 0.6, 0.3)
    skin = colour(rng.uniform(0.03, 0.1), rng.uniform(0.3, 0.6), rng.uniform(0.6, 0.95))
    lift = motion["lying"] * 0.09 * tall
    x = motion["x"] - 0.45 * tall * np.sin(motion["tilt"]) * motion["lying"]
    shadow = Place(motion["x"], floor, tall)
    canvas.fill(shadow.ellipse(0, 0, 0.2 + 0.3 * motion["lying"], 0.05), DARK, opacity=0.35)
    at = Place(x, floor - lift, tall, motion["tilt"])
    hip, neck = -0.46 + 0.02 * np.cos(2 * phase) * stride, -0.78
    for leg in (0, np.pi):
        swing = stride * np.sin(phase + leg) * facing
        bend = 0.9 * stride * np.maximum(np.cos(phase + leg), 0) * facing
        knee = 0.23 * np.sin(swing), hip + 0.23 * np.cos(swing)
        foot = knee[0] + 0.23 * np.sin(swing - bend), knee[1] + 0.23 * np.cos(swing - bend)
        limb = np.minimum(at.capsule(0, hip, *knee, 0.06), at.capsule(*knee, *foot, 0.05))
        canvas.fill(limb, trousers, 0.7)
        canvas.fill(at.capsule(*foot, foot[0] + 0.07 * facing, foot[1], 0.045), DARK)
    _arm(canvas, at, -stride * np.sin(phase) * facing, facing, neck, shirt, skin)
    canvas.fill(at.capsule(0, hip - 0.05, 0, neck + 0.08, 0.105), shirt, 0.7)
    _arm(canvas, at, stride * np.sin(phase) * facing, facing, neck, shirt, skin)
    canvas.fill(at.disc(0.02 * facing, neck - 0.1, 0.105), skin, 0.7)
    hair = np.maximum(at.disc(0.0, neck - 0.11, 0.115), -at.disc(0.09 * facing, neck - 0.05, 0.13))
    canvas.fill(hair, colour(rng.uniform(0, 0.12), 0.6, rng.uniform(0.1, 0.5)))


def _arm(canvas, at, swing, facing, neck, shirt, skin):
    elbow = 0.17 * np.sin(swing), neck + 0.06 + 0.17 * np.cos(swing)
    hand = elbow[0] + 0.15 * np.sin(swing + 0.5 * facing), elbow[1] + 0.15 * np.cos(swing + 0.5 * facing)
    limb = np.minimum(at.capsule(0, neck + 0.06, *elbow, 0.045), at.capsule(*elbow, *hand, 0.035))
    canvas.fill(limb, shirt, 0.6)
    canvas.fill(at.disc(*hand, 0.05), skin)


def _street(rng, floor):
    """A pale wall with windows, and the pavement below row ``floor``: (64, 64, 3)."""
    canvas = Canvas(textured(rng, (0.8, 0.97), 0.12))
    at = Place(0, 0)
    glass = colour(rng.uniform(0.5, 0.65), 0.12, rng.uniform(0.75, 0.9))
    frame = colour(rng.random(), 0.1, 0.7)
    left, gap = rng.uniform(0, 12), rng.uniform(18, 26)
    for i in range(4):
        canvas.fill(at.box(left + gap * i, floor - 37, 6, 7, 1), frame)
        canvas.fill(at.box(left + gap * i, floor - 37, 5, 6, 1), glass)
        canvas.fill(at.box(left + gap * i, floor - 29, 7, 1), frame)
    ground = np.array(colour(rng.random(), 0.08, rng.uniform(0.55, 0.75))) * (0.85 + 0.3 * clouds(rng, 16))
    canvas.fill(at.below(floor - 3), ground)
    canvas.fill(at.box(32, floor - 3, 40, 0.5), DARK, opacity=0.5)
    return canvas.pixels[0]


def _fence(canvas, rng, floor):
    """Boards across the whole picture, tall enough to hide anybody."""
    at = Place(0, 0)
    paint = np.array(colour(rng.uniform(0.03, 0.12), rng.uniform(0.2, 0.6), rng.uniform(0.4, 0.7)))
    canvas.fill(at.box(32, floor - 18, 40, 22), paint)
    width = rng.uniform(6, 10)
    for i in range(int(SIDE / width) + 2):
        canvas.fill(at.box(width * i, floor - 18, 0.4, 22), 0.5 * paint)
    for rail in (floor - 32, floor - 6):
        canvas.fill(at.box(32, rail, 40, 1.5), 0.8 * paint, 0.6)


def _step(track, rng, at, gain, pitch=(90, 120)):
    beat = sound.struck(0.12, (rng.uniform(*pitch), rng.uniform(180, 260)), 0.03)
    sound.add(track, beat, at, gain)
    sound.add(track, sound.noise(rng, 0.08, 900, 0.7) * sound.fading(1280, 0.015), at, 0.35 * gain)


def _steps(track, rng):
    for at in np.arange(rng.uniform(0.05, 0.3), 2, rng.uniform(0.48, 0.58)):
        _step(track, rng, at + rng.normal(0, 0.01), 0.45)


def _running(track, rng):
    for at in np.arange(rng.uniform(0, 0.15), 2, rng.uniform(0.2, 0.26)):
        _step(track, rng, at + rng.normal(0, 0.008), 0.8)


def _shuffling(track, rng):
    at = rng.uniform(0.0, 0.2)
    while at < 1.8:
        length = rng.uniform(0.18, 0.4)
        scrape = sound.noise(rng, length, rng.uniform(1800, 2800), 0.4)
        sound.add(track, scrape * sound.swell(len(scrape), 0.3, 0.5), at, rng.uniform(0.08, 0.14))
        at += length + rng.uniform(0.1, 0.35)


def _thud(track, rng):
    impact = rng.uniform(0.8, 1.3)
    for at in np.arange(rng.uniform(0.05, 0.2), impact - 0.3, rng.uniform(0.4, 0.55)):
        _step(track, rng, at, 0.4)
    pitch = 75 * (0.6 + 0.4 * sound.fading(9600, 0.08))
    sound.add(track, sound.gliding(pitch, (1.0, 0.5)) * sound.fading(9600, 0.13), impact, 1.2)
    sound.add(track, sound.noise(rng, 0.5, 600, 1.0) * sound.fading(8000, 0.08), impact, 0.5)
    for i in range(4):
        rattle = sound.struck(0.08, (rng.uniform(1500, 3200), rng.uniform(900, 1500)), 0.02)
        sound.add(track, rattle, impact + 0.12 + 0.09 * i + rng.uniform(0, 0.03), 0.25 / (i + 1))


PLAY = {"walks": _steps, "loiters": _shuffling, "runs": _running, "falls": _thud}
