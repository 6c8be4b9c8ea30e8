import numpy as np
import pytest

from tinymm.data.synthetic import behaviour, content, emotion

TASKS = [content, emotion, behaviour]
EVERY = [(task, shown) for task in TASKS for shown in (*task.CLASSES, None)]


def name(value):
    return getattr(value, "__name__", str(value)).rsplit(".", 1)[-1]


def rng(seed=0):
    return np.random.default_rng(seed)


def travelled(frames):
    """How far, in pixels, what is not background goes sideways; the background is the median frame."""
    pixels = frames.astype(float)
    moved = np.abs(pixels - np.median(pixels, axis=0)).sum(axis=(1, 3))
    moved = np.maximum(moved - 1.5 * np.median(moved), 0) + 1e-9
    centre = (moved * np.arange(64)).sum(axis=1) / moved.sum(axis=1)
    return np.ptp(centre)


@pytest.mark.parametrize("task, shown", EVERY, ids=name)
def test_every_class_and_nothing_can_be_drawn_played_and_said(task, shown):
    frames, track, words = task.image(shown, rng()), task.audio(shown, rng()), task.text(shown, rng())
    assert frames.shape == (24, 64, 64, 3) and frames.dtype == np.uint8
    assert track.shape == (32000,) and track.dtype == np.float32
    assert np.isfinite(track).all() and np.abs(track).max() <= 1
    assert words == words.strip() and "{" not in words
    assert np.array_equal(frames, task.image(shown, rng()))
    assert np.array_equal(track, task.audio(shown, rng()))


@pytest.mark.parametrize("task", TASKS, ids=name)
def test_texts_of_different_classes_never_coincide(task):
    said = {shown: {task.text(shown, rng(seed)) for seed in range(200)} for shown in (*task.CLASSES, None)}
    for a in said:
        for b in said:
            assert a == b or not said[a] & said[b]
    assert all(len(texts) >= 10 for texts in said.values())


@pytest.mark.parametrize("shown", content.CLASSES)
def test_a_caption_names_what_it_shows_and_nothing_else(shown):
    for seed in range(50):
        words = content.text(shown, rng(seed))
        named = [other for other in content.CLASSES if any(noun in words for noun in content.NOUNS[other])]
        assert named == [shown]


@pytest.mark.parametrize("shown", content.CLASSES)
def test_objects_stand_anywhere_and_move(shown):
    middles = []
    for seed in range(12):
        frames = content.image(shown, rng(seed)).astype(float)
        assert np.abs(np.diff(frames.mean(axis=3), axis=0)).max() > 40
        edges = (np.abs(np.diff(frames[0].mean(axis=2), axis=1)) ** 2).sum(axis=0)
        middles.append((edges * np.arange(63)).sum() / edges.sum())
    assert np.ptp(middles) > 10


@pytest.mark.parametrize("task", TASKS, ids=name)
def test_an_empty_picture_is_dark_or_still_or_turned_away(task):
    kinds = set()
    for seed in range(20):
        frames = task.image(None, rng(seed)).astype(float)
        still = np.abs(frames - frames.mean(axis=0)).max() < 30
        kinds.add("dark" if frames.mean() < 12 else "still" if still else "turned away")
    assert {"dark", "still"} <= kinds
    assert ("turned away" in kinds) == (task is emotion)


def test_the_classes_of_behaviour_differ_in_how_far_the_figure_goes():
    distance = {shown: np.median([np.ptp(behaviour.MOVE[shown](rng(seed))["x"]) for seed in range(40)])
                for shown in behaviour.CLASSES}
    assert distance["runs"] > 2 * distance["walks"] > 10 * distance["loiters"]
    seen = {shown: np.median([travelled(behaviour.image(shown, rng(seed))) for seed in range(10)])
            for shown in ("runs", "loiters")}
    assert seen["runs"] > 25


def test_a_frame_of_a_runner_has_the_stride_of_a_walker():
    strides = {shown: [behaviour.MOVE[shown](rng(seed))["stride"] for seed in range(200)]
               for shown in ("walks", "runs")}
    assert np.mean(strides["walks"]) == pytest.approx(np.mean(strides["runs"]), rel=0.05)


def test_the_fallen_stand_first_and_lie_in_the_end_while_some_loiterers_lie_all_the_time():
    for seed in range(40):
        lying = behaviour.MOVE["falls"](rng(seed))["lying"]
        assert lying[0] == 0 and lying[-1] == 1 and np.all(np.diff(lying) >= 0)
    resting = [behaviour.MOVE["loiters"](rng(seed))["lying"].mean() for seed in range(200)]
    assert set(resting) == {0.0, 1.0} and 0.15 < np.mean(resting) < 0.4


def test_running_steps_come_twice_as_fast_as_walking_steps():
    def steps(shown, seed):
        loud = np.abs(behaviour.audio(shown, rng(seed))).reshape(-1, 320).max(axis=1)
        onset = (loud[1:] > 0.25 * loud.max()) & (loud[1:] > 2 * loud[:-1])
        return onset.sum()

    assert np.mean([steps("runs", seed) for seed in range(10)]) > 1.6 * np.mean(
        [steps("walks", seed) for seed in range(10)])


def test_voices_differ_in_loudness_and_pitch():
    def loudness(shown):
        return np.mean([np.sqrt(np.mean(emotion.audio(shown, rng(seed)) ** 2)) for seed in range(10)])

    assert loudness("angry") > 1.5 * loudness("calm") > 1.5 * loudness("sad")
    assert emotion.VOICES["happy"]["pitch"][1] > emotion.VOICES["happy"]["pitch"][0]
