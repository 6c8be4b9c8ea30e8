from dataclasses import replace

import numpy as np
import pytest

from tinymm.data import LabelSet, Settings
from tinymm.data.synthetic import make_clips
from tinymm.errors import TinymmError
from tinymm.pipeline import (
    Classifier,
    acquire,
    build_model,
    chance,
    class_numbers,
    fingerprint,
    make_trainer,
    measure,
    metadata,
    only,
    prepare,
    require_finite,
    score_labels,
)  # fmt: skip
from tinymm.recipe import Recipe
from tinymm.saving import save

SETTINGS = Settings(frames=2, height=16, width=16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_clips(tmp_path_factory.mktemp("made") / "clips", task="emotion", clips=18)


@pytest.fixture(scope="module")
def prepared(folder):
    return prepare(folder, SETTINGS)


def test_clips_become_arrays_split_by_split(prepared):
    assert list(prepared.inputs) == ["train", "validation", "test"]
    for split, clips in prepared.clips.items():
        assert {len(array) for array in prepared.inputs[split].values()} == {len(clips)}
        assert prepared.targets[split].tolist() == [prepared.labels.names.index(clip.labels[0]) for clip in clips]
    assert prepared.inputs["train"]["video"].shape[1:] == (2, 16, 16, 3)


def test_what_is_learned_from_data_is_learned_from_the_training_clips(prepared):
    words = {word for clip in prepared.clips["train"] for word in clip.text.lower().replace(".", "").split()}
    assert set(prepared.preprocessor.vocabulary.words[2:]) <= {word.strip("!?,") for word in words}
    assert abs(prepared.inputs["train"]["video"].mean()) < 1e-4
    assert abs(prepared.inputs["test"]["video"].mean()) > 1e-4


def test_decoded_clips_are_kept_for_the_next_time(folder, prepared):
    again = prepare(folder, SETTINGS)
    assert list((folder / ".tinymm-cache").glob("*.npz"))
    for split, inputs in prepared.inputs.items():
        assert all((again.inputs[split][sense] == array).all() for sense, array in inputs.items())


def test_strict_and_hopeless_folders_are_refused(folder, tmp_path):
    (tmp_path / "bad.mp4").touch()
    good = folder / "clips" / "0000.mp4"
    (tmp_path / "clips.csv").write_text(f"path,text,label\n{good},,a\nbad.mp4,,a\n")
    kept, left_out = acquire(tmp_path)
    assert ([clip.name for clip in kept], [clip.name for clip in left_out]) == ([str(good)], ["bad.mp4"])
    with pytest.raises(TinymmError, match="bad.mp4 .*empty"):
        acquire(tmp_path, strict=True)
    (tmp_path / "clips.csv").write_text("path,text,label\nbad.mp4,,a\nbad.mp4,b,a\n")
    with pytest.raises(TinymmError, match="1 more like it"):
        acquire(tmp_path)


@pytest.mark.parametrize("senses", [None, ["text"], ["video"], ["audio"], ["text", "audio"]])
def test_a_model_takes_all_senses_or_some(prepared, senses):
    model, loss = build_model("default", prepared, senses)
    pred = model.forward(only(prepared.inputs["test"], senses))[0]
    assert pred.shape == (4, 4)
    assert np.isfinite(loss.forward(pred, prepared.targets["test"])[0])


def test_the_seed_decides_the_first_weights(prepared):
    def weights(seed):
        return np.concatenate([a.ravel() for a in build_model("default", prepared, seed=seed)[0].params.values()])

    assert (weights(1) == weights(1)).all() and (weights(1) != weights(2)).any()


def test_accuracy_is_none_where_there_are_no_clips(prepared):
    trainer = make_trainer(prepared, Recipe("d"))
    without = replace(prepared, inputs={k: v for k, v in prepared.inputs.items() if k != "test"})
    measured = measure(trainer, without)
    assert measured["test"] is None and 0 <= measured["validation"] <= 1


def test_chance_is_the_share_of_the_most_frequent_answer():
    assert chance(np.array([0, 1, 1, 2])) == 0.5
    assert chance(np.array([[1.0], [0.0], [0.0], [0.0]])) == 0.75
    assert chance(np.array([[1.0, 0.0], [1.0, 1.0]])) == 0.75


def test_answers_become_class_numbers_except_for_tags():
    assert class_numbers(np.array([2, 0])).tolist() == [2, 0]
    assert class_numbers(np.array([[0.5], [0.4]])).tolist() == [1, 0]
    assert class_numbers(np.ones((2, 3))) is None


def test_scores_of_two_labels():
    labels = LabelSet("binary", ("no", "yes"))
    counts, rows = score_labels(np.array([[0.9], [0.2], [0.7]]), np.array([[1.0], [1.0], [0.0]]), labels)
    assert counts.tolist() == [[0, 1], [1, 1]]
    assert rows[0] == {"label": "no", "precision": 0.0, "recall": 0.0, "f1": 0.0, "clips": 1}
    assert rows[1] == {"label": "yes", "precision": 0.5, "recall": 0.5, "f1": 0.5, "clips": 2}


def test_scores_of_classes():
    counts, rows = score_labels(np.eye(3), np.array([0, 1, 1]), LabelSet("classes", ("a", "b", "c")))
    assert counts.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]
    assert [row["recall"] for row in rows] == [1.0, 0.5, 0.0]
    assert [row["clips"] for row in rows] == [1, 2, 0]


def test_scores_of_tags_are_yes_and_no_for_each():
    counts, rows = score_labels(
        np.array([[0.9, 0.9], [0.1, 0.8]]), np.array([[1.0, 0.0], [0.0, 1.0]]), LabelSet("tags", ("x", "y"))
    )
    assert counts is None
    assert [(row["precision"], row["recall"], row["clips"]) for row in rows] == [(1.0, 1.0, 1), (0.5, 1.0, 1)]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_predictions_that_are_not_finite_are_refused(bad):
    good = np.array([0.5, 0.5])
    assert require_finite(good, "it") is good
    with pytest.raises(TinymmError, match="it answers with NaN"):
        require_finite(np.array([0.5, bad]), "it")


def test_the_fingerprint_tells_any_change_of_the_clips(prepared):
    def changed(**change):
        clips = {**prepared.clips, "train": [replace(prepared.clips["train"][0], **change), *prepared.clips["train"][1:]]}
        return fingerprint(replace(prepared, clips=clips))

    same = fingerprint(prepared)
    assert changed() == same and changed(name="moved.mp4") == same
    others = {changed(digest="0"), changed(text="other"), changed(labels=("calm", "x"))}
    moved = {"train": prepared.clips["train"][1:], "test": [prepared.clips["train"][0], *prepared.clips["test"]]}
    others.add(fingerprint(replace(prepared, clips={**prepared.clips, **moved})))
    assert len(others) == 4 and same not in others


@pytest.mark.parametrize("name", ["default", "article"])
def test_a_saved_model_answers_as_the_trained_one_did(prepared, tmp_path, name):
    trainer = make_trainer(prepared, Recipe("d", name))
    save(trainer.model, tmp_path / "best.safetensors", metadata(prepared, trainer.loss, "emotion"))
    classifier = Classifier(tmp_path)
    clips = prepared.clips["test"]
    np.testing.assert_allclose(classifier.predict(clips), trainer.predict(prepared.inputs["test"]), rtol=1e-5)
    np.testing.assert_allclose(classifier.predict(clips, batch_size=1), classifier.predict(clips), rtol=1e-4)
    assert {clip.digest[:16] for clip in clips}.isdisjoint(classifier.seen)
    assert {clip.digest[:16] for clip in prepared.clips["train"]} <= classifier.seen
    shares = classifier.by_label(np.array([0.1, 0.2, 0.3, 0.4]))
    assert list(shares) == list(prepared.labels.names) and shares["sad"] == 0.4


def test_a_model_saved_without_its_preprocessing_is_refused(prepared, tmp_path):
    save(build_model("default", prepared)[0], tmp_path / "m.safetensors")
    with pytest.raises(TinymmError, match="not how to read clips"):
        Classifier(tmp_path / "m.safetensors")
