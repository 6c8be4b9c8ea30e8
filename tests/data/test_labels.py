from pathlib import Path

import numpy as np
import pytest

from tinymm.data import Clip, LabelSet
from tinymm.errors import TinymmError


def clips(*labels):
    return [Clip(Path("x"), f"{n}.mp4", "", tuple(label.split("|"))) for n, label in enumerate(labels)]


BINARY = clips("yes", "no", "yes", "no")
CLASSES = clips("dog", "cat", "cow", "cow", "cat", "dog")
TAGS = clips("loud|red", "red", "loud", "blue|loud", "blue")


@pytest.mark.parametrize("some, kind, names", [
    (BINARY, "binary", ("no", "yes")), (CLASSES, "classes", ("cat", "cow", "dog")),
    (TAGS, "tags", ("blue", "loud", "red")),
    (clips("a|b", "a", "b"), "tags", ("a", "b")),  # a bar means tags, even with two labels
])
def test_the_kind_is_read_off_the_labels(some, kind, names):
    assert LabelSet.read(some) == LabelSet(kind, names)


@pytest.mark.parametrize("some, array", [
    (BINARY, np.float32([[1], [0], [1], [0]])),
    (CLASSES, np.int64([2, 0, 1, 1, 0, 2])),
    (TAGS, np.float32([[0, 1, 1], [0, 0, 1], [0, 1, 0], [1, 1, 0], [1, 0, 0]])),
])
def test_labels_become_numbers_and_come_back(some, array):
    labels = LabelSet.read(some)
    encoded = labels.encode(some)
    np.testing.assert_array_equal(encoded, array)
    assert encoded.dtype == array.dtype
    certain = np.eye(3)[encoded] if labels.kind == "classes" else encoded
    assert labels.decode(certain) == [tuple(sorted(clip.labels)) for clip in some]


def test_one_half_counts_as_yes_and_no_tag_at_all_is_an_answer():
    assert LabelSet.read(BINARY).decode([[0.5], [0.49]]) == [("yes",), ("no",)]
    assert LabelSet.read(TAGS).decode([[0.1, 0.2, 0.3], [0.5, 0.9, 0.3]]) == [(), ("blue", "loud")]
    assert LabelSet.read(CLASSES).decode([[0.2, 0.3, 0.1]]) == [("cow",)]


@pytest.mark.parametrize("some, message", [
    ([], "there are no clips"),
    (clips("a", "a"), "every clip is labelled 'a'"),
    (clips("a", "a", "b"), "only one clip has the label 'b', add a second"),
    (clips("a", "a", "b", "c", "d"), r"'b' \(the same goes for 2 others\)"),
    ([Clip(Path("x"), "bare.mp4", "", ())], "bare.mp4: has no label"),
])
def test_labels_nothing_can_be_learned_from_are_refused(some, message):
    with pytest.raises(TinymmError, match=message):
        LabelSet.read(some)


def test_labels_that_were_not_learned_are_refused():
    with pytest.raises(TinymmError, match="0.mp4: the label 'maybe' is none of those learned: no, yes"):
        LabelSet.read(BINARY).encode(clips("maybe"))
    with pytest.raises(TinymmError, match="0.mp4: has 2 labels"):
        LabelSet.read(BINARY).encode(clips("yes|no"))


def test_probabilities_of_another_shape_are_refused():
    with pytest.raises(TinymmError, match=r"\(2, 1\), not \(N, 3\)"):
        LabelSet.read(CLASSES).decode(np.zeros((2, 1)))


def test_saved_labels_come_back_and_damaged_ones_are_refused():
    labels = LabelSet.read(CLASSES)
    assert LabelSet.from_dict(labels.to_dict()) == labels
    for damaged in ({}, None, {"kind": "other", "names": []}, {"kind": "tags", "names": [1]}):
        with pytest.raises(TinymmError, match="damaged"):
            LabelSet.from_dict(damaged)
