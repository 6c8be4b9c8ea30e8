"""Where the truth of a clip is planted: across text, image and audio, so that no sense holds all of it.

A sense of a clip is in one of three states: *clear* (it shows the label), *empty* (it shows nothing) or
*at odds* (it shows another class). Ten patterns are allowed, and they are equally frequent: all three senses
clear (1 pattern), one empty (3), two empty (3), one at odds with two clear ones (3). The label is therefore
always what the majority of the talking senses says, and over all clips each single sense is clear in 60 %,
empty in 30 % and at odds in 10 %.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

SENSES = ("text", "image", "audio")
SPLITS = ("train", "validation", "test")
CLEAR, EMPTY, ODD = "clear", "empty", "odd"


def _patterns():
    patterns = [(CLEAR, CLEAR, CLEAR)]
    for sense in range(3):
        patterns.append(tuple(EMPTY if i == sense else CLEAR for i in range(3)))
        patterns.append(tuple(CLEAR if i == sense else EMPTY for i in range(3)))
        patterns.append(tuple(ODD if i == sense else CLEAR for i in range(3)))
    return tuple(patterns)


PATTERNS = _patterns()


@dataclass(frozen=True)
class Planted:
    """One clip before it is drawn: its label, its split and, for each sense, the class it shows or None."""

    label: str
    split: str
    shows: dict


def plant(classes, clips, seed):
    """Decide label, split and shown classes of every clip.

    Each class is split 60/20/20, and within a class and split the patterns take turns, so that the
    shares above hold nearly exactly in every split.

    classes: names; clips: how many, at least 3 a class; seed: int. Returns a shuffled list of ``Planted``.
    """
    rng = np.random.default_rng(seed)
    planted = []
    for k, label in enumerate(classes):
        total = len(range(k, clips, len(classes)))
        held_out = max(1, round(0.2 * total))
        for split, count in zip(SPLITS, (total - 2 * held_out, held_out, held_out)):
            for i in range(count):
                pattern = PATTERNS[(i + 2 * k) % len(PATTERNS)]
                others = [name for name in classes if name != label]
                lie = others[rng.integers(len(others))]
                shown = {CLEAR: label, EMPTY: None, ODD: lie}
                shows = {sense: shown[state] for sense, state in zip(SENSES, pattern)}
                planted.append(Planted(label, split, shows))
    return [planted[i] for i in rng.permutation(len(planted))]


def ceilings(classes):
    """The best accuracy any reader can reach, exactly, for every combination of senses.

    A reader who recognises everything a sense shows still cannot know whether it is at odds. For each thing
    it may see, the best guess is the label that goes with it most often (Bayes' rule); the ceiling is the
    share of clips on which that guess is right.

    Returns a dict from ``"text"``, ``"text+image"``, ..., ``"text+image+audio"`` to accuracies in 0..1.
    """
    accuracies = {}
    for size in (1, 2, 3):
        for senses in combinations(range(3), size):
            weights = {}
            for label in classes:
                for pattern in PATTERNS:
                    for lie in classes:
                        if lie != label:
                            shown = {CLEAR: label, EMPTY: None, ODD: lie}
                            seen = tuple(shown[pattern[s]] for s in senses)
                            of_label = weights.setdefault(seen, {})
                            of_label[label] = of_label.get(label, 0) + 1
            best = sum(max(of_label.values()) for of_label in weights.values())
            every = sum(sum(of_label.values()) for of_label in weights.values())
            accuracies["+".join(SENSES[s] for s in senses)] = best / every
    return accuracies
