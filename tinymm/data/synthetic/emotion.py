"""How does this person feel? A drawn face, a tone of voice and a sentence: happy, sad, angry or calm."""

import numpy as np

from . import sound
from .drawing import DARK, FRAMES, SECONDS, WHITE, Canvas, Place, colour, textured
from .sound import RATE, SAMPLES

DESCRIPTION = "how a person feels, from face, voice and words: happy, sad, angry or calm"
CLASSES = ("happy", "sad", "angry", "calm")

OPENINGS = ("", "well ", "you know ", "listen ", "so ", "today ")
SENTENCES = {
    "happy": ("we won the game", "i passed the exam", "this is wonderful news", "i love this song",
              "what a beautiful surprise", "she said yes", "i could dance and sing"),
    "sad": ("i miss her so much", "my dog is gone", "nobody came to see me", "i cried all night",
            "i feel so alone", "we lost everything", "it hurts to say goodbye"),
    "angry": ("you broke it again", "this is not fair", "get out of my room", "stop lying to me",
              "how dare you", "i have had enough", "never touch my things"),
    "calm": ("there is no hurry", "i breathe in and out", "the lake is quiet", "we rest under the tree",
             "take your time", "everything is all right", "i sit and drink my tea"),
}
EMPTY_SENTENCES = ("the train leaves at four", "it is half past nine", "the shop is on the left",
                   "there are six of them", "i have a question", "the paper is in the box", "one two three")

# mouth: (bend, opening); brows: (height, slope, bend); lids: how far the eyes are open, 0..1
FACES = {
    "happy": {"mouth": (-0.75, 0.42), "brows": (-0.62, 0.0, 0.6), "lids": 0.9},
    "sad": {"mouth": (0.75, 0.0), "brows": (-0.52, 0.5, 0.0), "lids": 0.6},
    "angry": {"mouth": (0.45, 0.3), "brows": (-0.36, -0.55, 0.0), "lids": 0.65},
    "calm": {"mouth": (-0.4, 0.0), "brows": (-0.5, 0.0, 0.15), "lids": 0.12},
}
# pitch in Hz at the start and end of a syllable, syllables a second, roughness, breath, loudness
VOICES = {
    "happy": {"pitch": (210, 330), "pace": 5.0, "roughness": 0.0, "breath": 0.03, "gain": 0.6},
    "sad": {"pitch": (170, 105), "pace": 1.8, "roughness": 0.0, "breath": 0.25, "gain": 0.22},
    "angry": {"pitch": (190, 165), "pace": 4.2, "roughness": 1.0, "breath": 0.15, "gain": 1.0},
    "calm": {"pitch": (135, 130), "pace": 2.8, "roughness": 0.0, "breath": 0.05, "gain": 0.4},
}
# hue, saturation, value
SKINS = ((0.07, 0.28, 1.0), (0.07, 0.38, 0.93), (0.075, 0.48, 0.82), (0.07, 0.55, 0.65), (0.065, 0.5, 0.5))
HAIRS = ((0.08, 0.3, 0.13), (0.07, 0.6, 0.32), (0.12, 0.65, 0.85), (0.03, 0.8, 0.62), (0.6, 0.06, 0.62),
         (0.65, 0.4, 0.25))
VOWELS = ((730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240))


def text(shown, rng):
    """A sentence that goes with the feeling ``shown``, or a plain one when it is None."""
    sentences = EMPTY_SENTENCES if shown is None else SENTENCES[shown]
    return str(rng.choice(OPENINGS)) + str(rng.choice(sentences))


def image(shown, rng):
    """A face with the expression ``shown``; for None the back of a head, a face in the dark, or nobody."""
    canvas = Canvas(textured(rng))
    light, hidden = rng.uniform(0.8, 1.05), rng.integers(3)
    if shown is None and hidden == 0:
        return canvas.finish(rng, light)
    size = rng.uniform(17, 22)
    sway, tilt = MOVE[shown or "calm"](rng)
    x, y = rng.uniform(0.9 * size, 64 - 0.9 * size, 2)
    at = Place(x + sway[0], y + sway[1], size, tilt)
    person = {
        "skin": colour(*SKINS[rng.integers(len(SKINS))]),
        "hair": colour(*HAIRS[rng.integers(len(HAIRS))]),
        "shirt": colour(rng.random(), 0.6, 0.7), "long": rng.random() < 0.5,
    }
    _head(canvas, at, person)
    if shown is None and hidden == 1:
        canvas.fill(at.ellipse(0, -0.02, 0.9, 1.03), person["hair"], 0.8)
        return canvas.finish(rng, light)
    _features(canvas, at, rng, shown or CLASSES[rng.integers(4)], person)
    return canvas.finish(rng, rng.uniform(0.0, 0.04) if shown is None else light)


def audio(shown, rng):
    """Babble in the tone of voice ``shown``, or nothing in particular when it is None."""
    if shown is None:
        return sound.nothing(rng)
    voice = VOICES[shown]
    track = np.zeros(SAMPLES)
    height, pace = rng.uniform(0.85, 1.2), voice["pace"] * rng.uniform(0.9, 1.1)
    throat = rng.uniform(0.92, 1.1)
    for at in np.arange(rng.uniform(0.02, 0.2), 1.9, 1 / pace):
        count = int(rng.uniform(0.7, 0.9) / pace * RATE)
        first, last = voice["pitch"]
        pitch = height * rng.uniform(0.95, 1.05) * np.linspace(first, last, count)
        formants = throat * np.array(VOWELS[rng.integers(len(VOWELS))])
        vowel = sound.voiced(rng, pitch, formants, voice["roughness"], voice["breath"])
        attack = 0.06 if shown == "angry" else 0.25
        sound.add(track, vowel * sound.swell(count, attack, 0.4), at, voice["gain"] * rng.uniform(0.8, 1.1))
    return sound.finish(rng, track)


def _bob(rng):
    beat = 2 * np.pi * rng.uniform(1.5, 2.2) * SECONDS + rng.uniform(0, 6)
    return (np.sin(beat / 2), -1.8 * np.abs(np.sin(beat))), 0.1 * np.sin(beat / 2)


def _droop(rng):
    return (rng.uniform(-1, 1) * SECONDS, 1.6 * SECONDS), rng.choice((-1, 1)) * (0.05 + 0.06 * SECONDS)


def _tremble(rng):
    return 0.7 * rng.normal(size=(2, FRAMES)), 0.03 * rng.normal(size=FRAMES)


def _breathe(rng):
    slow = np.sin(2 * np.pi * 0.4 * SECONDS + rng.uniform(0, 6))
    return (rng.uniform(-1, 1) * slow, 0.6 * slow), 0.02 * slow


MOVE = {"happy": _bob, "sad": _droop, "angry": _tremble, "calm": _breathe}


def _head(canvas, at, person):
    """Shoulders, ears, head and hair."""
    if person["long"]:
        canvas.fill(at.box(0, 0.2, 0.92, 0.95, 0.6), person["hair"], 0.8)
    canvas.fill(at.box(0, 1.75, 1.15, 0.75, 0.5), person["shirt"], 0.8)
    canvas.fill(at.box(0, 1.0, 0.28, 0.35, 0.1), person["skin"])
    canvas.fill(np.minimum(at.disc(-0.84, 0.05, 0.18), at.disc(0.84, 0.05, 0.18)), person["skin"], 0.8)
    face = at.ellipse(0, 0, 0.84, 1.0)
    canvas.fill(face, person["skin"], 0.8)
    canvas.fill(np.maximum(at.ellipse(0, -0.06, 0.9, 1.02), -at.below(-0.72, 0.25)), person["hair"], 0.6)


def _features(canvas, at, rng, feeling, person):
    """Eyes, brows, nose and mouth of one feeling, drawn with a strength of 0.8 to 1.1."""
    face, strength = FACES[feeling], rng.uniform(0.8, 1.1)
    height, slope, arch = face["brows"]
    blink = np.abs(SECONDS - rng.uniform(0.2, 1.8)) < 0.1
    lids = np.where(blink, 0.1, face["lids"])
    look = 0.04 * np.sin(2 * np.pi * 0.5 * SECONDS + rng.uniform(0, 6))
    for side in (-1, 1):
        x = 0.36 * side
        eye = at.ellipse(x, -0.12, 0.2, 0.02 + 0.2 * lids)
        canvas.fill(eye, WHITE, 0.8)
        canvas.fill(np.maximum(at.disc(x + look, -0.12, 0.11), eye), DARK)
        inner, outer = height - 0.3 * slope * strength, height + 0.3 * slope * strength
        canvas.fill(at.capsule(x - 0.24 * side, inner, x, height - 0.15 * arch, 0.065), DARK)
        canvas.fill(at.capsule(x, height - 0.15 * arch, x + 0.24 * side, outer, 0.065), DARK)
    canvas.fill(at.capsule(0, 0.02, 0, 0.2, 0.05), 0.75 * np.array(person["skin"]))
    _mouth(canvas, at, rng, feeling, strength)


def _mouth(canvas, at, rng, feeling, strength):
    """A stroke along a parabola; laughing and shouting mouths open and close as they talk."""
    bend, opening = FACES[feeling]["mouth"]
    talk = 0.75 + 0.25 * np.sin(2 * np.pi * rng.uniform(2, 3.5) * SECONDS + rng.uniform(0, 6))
    bend, middle = bend * strength, 0.58 + 0.1 * np.sign(-bend)
    if feeling == "happy":
        inside = np.maximum(at.below(0.32), -at.below(0.36 + opening * talk, -3 * opening * talk))
        canvas.fill(inside, (0.5, 0.08, 0.12), 1.0)
        canvas.fill(np.maximum(inside, -at.below(0.44)), WHITE)
        for side in (-1, 1):
            canvas.fill(at.disc(0.58 * side, 0.25, 0.16), (0.95, 0.35, 0.35), opacity=0.35)
    elif feeling == "angry":
        inside = at.box(0, 0.56, 0.42, 0.08 + 0.12 * talk * strength, 0.07)
        canvas.fill(inside, WHITE, 1.2)
        canvas.fill(np.maximum(inside, at.capsule(-1, 0.56, 1, 0.56, 0.025)), DARK)
        for tooth in (-0.2, 0.0, 0.2):
            canvas.fill(np.maximum(inside, at.capsule(tooth, 0, tooth, 1, 0.02)), DARK)
    else:
        canvas.fill(at.curve(0, middle, 0.4 if feeling == "sad" else 0.3, bend, 0.06), (0.45, 0.1, 0.12))
    if feeling == "sad":
        fall = (rng.uniform(0, 1) + 0.7 * SECONDS) % 1
        side = rng.choice((-1, 1))
        canvas.fill(at.ellipse(0.42 * side, 0.1 + 0.6 * fall, 0.08, 0.13), (0.45, 0.75, 1.0), 0.5)
