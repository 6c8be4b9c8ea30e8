from collections import Counter

import pytest

from tinymm.data.synthetic import TASKS, ceilings, planting

NAMES = ("a", "b", "c", "d")
PLANTED = planting.plant(NAMES, 4000, seed=1)


def majority(shows):
    votes = Counter(shown for shown in shows.values() if shown is not None)
    return votes.most_common(1)[0]


def test_the_label_is_what_most_talking_senses_say_and_at_most_one_lies():
    for clip in PLANTED:
        winner, votes = majority(clip.shows)
        liars = [shown for shown in clip.shows.values() if shown not in (None, clip.label)]
        assert winner == clip.label
        assert len(liars) <= 1
        assert votes > len(liars)


@pytest.mark.parametrize("split, share", [("train", 0.6), ("validation", 0.2), ("test", 0.2)])
def test_every_split_has_its_share_of_every_class_and_of_every_state(split, share):
    clips = [clip for clip in PLANTED if clip.split == split]
    assert Counter(clip.label for clip in clips) == {name: share * 1000 for name in NAMES}
    for sense in planting.SENSES:
        clear = sum(clip.shows[sense] == clip.label for clip in clips) / len(clips)
        empty = sum(clip.shows[sense] is None for clip in clips) / len(clips)
        assert (clear, empty) == pytest.approx((0.6, 0.3), abs=0.003)


def test_a_lie_shows_every_other_class_alike():
    lies = Counter((clip.label, clip.shows["text"]) for clip in PLANTED
                   if clip.shows["text"] not in (None, clip.label))
    assert len(lies) == 12
    assert min(lies.values()) > 15


@pytest.mark.parametrize("senses", list(planting.ceilings(NAMES)))
def test_perfect_readers_reach_the_ceilings_on_planted_clips(senses):
    """A reader that says the label seen most often with what it sees, which is what Bayes' rule asks for."""
    seen = {}
    for clip in PLANTED:
        key = tuple(clip.shows[sense] for sense in senses.split("+"))
        seen.setdefault(key, Counter())[clip.label] += 1
    accuracy = sum(labels.most_common(1)[0][1] for labels in seen.values()) / len(PLANTED)
    assert accuracy == pytest.approx(planting.ceilings(NAMES)[senses], abs=0.02)


@pytest.mark.parametrize("task, single, pair", [("content", 0.66, 0.82), ("emotion", 0.675, 0.825),
                                                ("behaviour", 0.675, 0.825)])
def test_the_ceilings_are_those_in_the_documentation(task, single, pair):
    exact = ceilings(task)
    assert [exact[sense] for sense in planting.SENSES] == pytest.approx([single] * 3)
    assert exact["text+image"] == exact["text+audio"] == exact["image+audio"] == pytest.approx(pair)
    assert exact["text+image+audio"] == 1.0
    assert task in TASKS


def test_the_smallest_folder_has_every_class_in_every_split():
    smallest = planting.plant(NAMES, 12, seed=0)
    assert len({(clip.label, clip.split) for clip in smallest}) == 12


def test_the_seed_decides_the_order():
    assert planting.plant(NAMES, 40, 5) == planting.plant(NAMES, 40, 5)
    assert planting.plant(NAMES, 40, 5) != planting.plant(NAMES, 40, 6)
