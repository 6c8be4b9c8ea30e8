"""Names of works, their arrays, and what is said to a name that there is not."""

import numpy as np
import pytest

from tinymm.bench.works import WORKS, StepWork, works_named
from tinymm.errors import TinymmError


def test_a_name_means_all_works_that_begin_with_it():
    assert [work.name for work in works_named(["LSTM", "conv2d-64"])] == ["conv2d-64", "lstm-128", "lstm-256"]
    assert [work.name for work in works_named(["step"])] == ["step-8", "step-32", "step-128"]


@pytest.mark.parametrize("word, hint", [("lsmt", "did you mean lstm[?]"), ("densse", "did you mean dense[?]"), ("qq", "there are conv2d-3"), ("", "there are")])
def test_an_unknown_name_is_answered_with_the_nearest_or_all(word, hint):
    with pytest.raises(TinymmError, match=hint):
        works_named([word])


def test_every_name_is_used_once():
    assert len({work.name for work in WORKS}) == len(WORKS)


def test_everybody_gets_the_same_numbers_and_weights():
    work = works_named(["dense"])[0].tiny
    for first, second in zip(work.arrays(), work.arrays()):
        np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(work.layer().params["W"], work.layer().params["W"])
    x, dy = work.arrays()
    assert x.dtype == dy.dtype == np.float32 and dy.shape == work.layer().forward(x)[0].shape


def test_the_step_is_the_article_model_with_its_shapes():
    inputs, targets = StepWork(3, text=4, side=8, samples=30, vocabulary=11).arrays()
    assert {name: a.shape for name, a in inputs.items()} == {"text": (3, 4), "image": (3, 8, 8, 3), "audio": (3, 30, 1)}
    assert inputs["text"].max() < 11 and set(np.unique(targets)) <= {0, 1}
