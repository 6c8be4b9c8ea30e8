"""Sentences say what the numbers say, and no more."""

import numpy as np
import pytest

from tinymm.report import sentences
from tinymm.report.formatting import NBSP


def _plain(text):
    return text.replace(NBSP, " ")


def test_the_headline_compares_all_senses_with_the_best_single_one(report):
    expected = "Together 93 % of test clips are right; the best single sense, video, reaches 71 %."
    assert _plain(sentences.headline(report)) == expected


def test_the_headline_admits_that_a_single_sense_does_better(report):
    report.comparison[2]["test"] = 0.97
    assert _plain(sentences.headline(report)).endswith(
        "the best single sense, video, does better, with 97 %."
    )
    report.comparison[2]["test"] = 0.93
    assert _plain(sentences.headline(report)).endswith("video, reaches as much, 93 %.")


def test_the_headline_warns_when_saying_one_label_does_as_well(report):
    report.chance = 0.95
    assert _plain(sentences.headline(report)).endswith("Always saying the most frequent label gets 95 %.")


def test_the_headline_speaks_of_validation_clips_when_there_was_no_test(report):
    for row in report.comparison:
        row["test"] = None
    expected = "Together 94 % of validation clips are right; the best single sense, video, reaches 72 %."
    assert _plain(sentences.headline(report)) == expected


def test_one_model_alone_is_compared_with_chance(report):
    report.comparison = report.comparison[:1]
    expected = "93 % of test clips are right; always saying the most frequent label gets 25 %."
    assert _plain(sentences.headline(report)) == expected


def test_tags_are_counted_in_answers(report):
    report.confusion = None
    assert "93 % of the answers on test clips are right" in _plain(sentences.headline(report))


def test_the_wilson_interval_agrees_with_the_roots_of_its_equation():
    low, high = sentences.wilson(0.9, 120)
    for p in (low, high):  # the bounds are the p with (p̂ − p)² = z² p (1 − p) / n
        assert (0.9 - p) ** 2 == pytest.approx(1.96**2 * p * (1 - p) / 120, rel=1e-9)
    assert sentences.wilson(1.0, 10)[1] == pytest.approx(1.0) and sentences.wilson(1.0, 10)[0] < 0.75


def test_the_best_epoch_has_the_lowest_validation_loss(report):
    assert sentences.best_epoch(report.history) == 3
    without = [{"epoch": r["epoch"], "loss": r["loss"]} for r in report.history]
    assert sentences.best_epoch(without) == 4
    assert sentences.best_epoch([{"epoch": 1, "loss": float("nan")}]) is None


def test_learning_by_heart_is_named_only_when_the_curves_part(report):
    assert "learns its training clips by heart" in sentences.loss_reading(report.history)
    assert "more epochs may help" in sentences.loss_reading(report.history[:3])
    rising = [*report.history[:3], {**report.history[3], "loss": 0.6}]
    assert "by heart" not in sentences.loss_reading(rising)
    assert "would not show here" in sentences.loss_reading([{"epoch": 1, "loss": 1.0}])


def test_the_matrix_reading_names_the_most_frequent_mistake(report):
    text = _plain(sentences.confusion_reading(report.confusion, report.labels))
    assert text.endswith("3 of the 30 clips with “ball” were called “car”.")
    assert sentences.confusion_reading(np.diag([3, 4]), ["a", "b"]).endswith("There is no mistake in it.")
