"""The article's road from clips to a model in use: acquire, preprocess, train, deploy, validate."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinymm.backend import take
from tinymm.data import Cache, Clip, LabelSet, Preprocessor, clean, read_manifest, split_clips
from tinymm.data.container import probe
from tinymm.errors import TinymmError
from tinymm.losses import LOSSES
from tinymm.metrics import confusion_matrix, precision_recall_f1
from tinymm.models import MODELS
from tinymm.saving import load
from tinymm.training import Trainer


@dataclass
class Prepared:
    """A data folder as arrays: for each of train, validation and test the clips, inputs and targets."""

    preprocessor: Preprocessor
    labels: LabelSet
    clips: dict
    inputs: dict
    targets: dict
    left_out: list


def acquire(folder, strict=False, progress=None):
    """Read and clean a data folder: -> kept clips, left out clips with their reasons.

    Raises TinymmError when no clip is usable, or, with ``strict``, when one is not.
    """
    kept, left_out = clean(read_manifest(folder), progress)
    if left_out and (strict or not kept):
        others = f" ({len(left_out) - 1} more like it)" if len(left_out) > 1 else ""
        what = f"{left_out[0].name} {left_out[0].reason}{others}"
        raise TinymmError(f"{folder}: {what}: mend or remove it from clips.csv")
    return kept, left_out


def prepare(folder, settings, seed=0, strict=False, progress=None):
    """Acquire and preprocess: -> Prepared. What is learned from data is learned from the training clips alone."""
    kept, left_out = acquire(folder, strict, progress)
    try:
        labels = LabelSet.read(kept)
    except TinymmError as error:
        if not left_out:
            raise
        first = f"{left_out[0].name}: {left_out[0].reason}"
        raise TinymmError(f"{error} ({len(left_out)} of the clips were left out, the first is {first})") from None
    clips = split_clips(kept, seed=seed)
    cache = Cache(Path(folder) / ".tinymm-cache")
    preprocessor = Preprocessor(settings)
    inputs = {"train": preprocessor.fit_transform(clips["train"], cache, progress)}
    for split in ("validation", "test"):
        if clips[split]:
            inputs[split] = preprocessor.transform(clips[split], cache, progress)
    targets = {split: labels.encode(clips[split]) for split in inputs}
    return Prepared(preprocessor, labels, clips, inputs, targets, left_out)


def build_model(name, prepared, senses=None, seed=0):
    """A freshly built model for the prepared clips: -> model, loss. senses: some of the inputs' names, or all."""
    inputs = prepared.inputs["train"]
    shapes = {sense: inputs[sense].shape[1:] for sense in senses or inputs}
    sizes = {"clips": len(prepared.clips["train"])} if name == "default" else {}
    labels = prepared.labels
    model, loss = MODELS[name](shapes, len(prepared.preprocessor.vocabulary), len(labels.names), labels.kind, **sizes)
    model.build(shapes, np.random.default_rng(seed))
    return model, loss


def make_trainer(prepared, recipe, senses=None):
    """A Trainer for all senses or some of them. recipe: model, optimizer (a function), engine, seed."""
    model, loss = build_model(recipe.model, prepared, senses, recipe.seed)
    return Trainer(model, loss, recipe.optimizer(), recipe.engine, recipe.seed)


def measure(trainer, prepared, senses=None):
    """Accuracy on the validation and the test clips; None where there are none."""
    return {
        split: trainer.evaluate(only(prepared.inputs[split], senses), prepared.targets[split])["accuracy"]
        if split in prepared.inputs else None
        for split in ("validation", "test")
    }  # fmt: skip


def require_finite(probabilities, who):
    """Raises TinymmError when a prediction holds NaN or infinity."""
    if not np.isfinite(probabilities).all():
        raise TinymmError(f"{who} answers with NaN: its training went astray, train again with a smaller --lr")
    return probabilities


def only(inputs, senses):
    """The inputs of some senses."""
    return {sense: inputs[sense] for sense in senses or inputs}


def chance(targets):
    """The accuracy of always giving the most frequent answer."""
    if targets.ndim == 1:
        return float(np.bincount(targets).max() / len(targets))
    share = targets.mean(axis=0)
    return float(np.maximum(share, 1 - share).mean())


def class_numbers(answers):
    """Class numbers (N,) from targets or probabilities; None for tags, which have several answers a clip."""
    if answers.ndim == 1:
        return answers
    if answers.shape[1] == 1:
        return (answers[:, 0] >= 0.5).astype(np.int64)
    return None


def score_labels(probabilities, targets, labels):
    """-> confusion matrix (None for tags), and for each label its precision, recall, F1 and number of clips."""
    if labels.kind == "tags":
        counts, columns = None, [_yes_no(probabilities[:, k], targets[:, k]) for k in range(len(labels.names))]
    else:
        predicted = probabilities.argmax(axis=1) if labels.kind == "classes" else class_numbers(probabilities)
        true = class_numbers(targets)
        counts = confusion_matrix(predicted, true, len(labels.names))
        columns = [*zip(*precision_recall_f1(counts), counts.sum(axis=1))]
    keys = ("precision", "recall", "f1", "clips")
    return counts, [
        {"label": name, **{k: round(float(v), 4) if k != "clips" else int(v) for k, v in zip(keys, column)}}
        for name, column in zip(labels.names, columns)
    ]


def _yes_no(p, t):
    counts = confusion_matrix((p >= 0.5).astype(int), t.astype(int), 2)
    return (*(column[1] for column in precision_recall_f1(counts)), counts[1].sum())


class Classifier:
    """A trained model with all it needs to read clips: the file that ``train`` writes, in use.

    Raises TinymmError when the file is missing or damaged, or holds a model without preprocessing.
    """

    def __init__(self, path):
        path = Path(path)
        if path.is_dir():
            if not (path / "best.safetensors").exists():
                raise TinymmError(f"{path} holds no trained model: there is no best.safetensors in it")
            path = path / "best.safetensors"
        self.path, self.model = path, load(path)
        meta = self.model.metadata
        if not isinstance(meta, dict) or not {"preprocessing", "labels", "loss"} <= set(meta):
            raise TinymmError(
                f"{path} holds a model but not how to read clips for it: use one that `tinymm train` wrote"
            )
        try:
            self.preprocessor = Preprocessor.from_dict(meta["preprocessing"])
            self.labels = LabelSet.from_dict(meta["labels"])
            self.seen = set(meta.get("seen", ()))
            arguments = {k: v for k, v in meta["loss"].items() if k != "loss"}
            self.loss = LOSSES[meta["loss"]["loss"]](**arguments)
        except (KeyError, TypeError, ValueError, AttributeError, TinymmError) as error:
            raise TinymmError(f"{path}: how to read clips for the model is damaged in it ({error})") from None

    def predict(self, clips, batch_size=64, progress=None):
        """Clips -> probabilities: (N, 1) for two labels, else (N, labels)."""
        inputs = self.preprocessor.transform(clips, progress=progress)
        outputs = [
            self.loss.probabilities(self.model.forward(take(inputs, slice(start, start + batch_size)))[0])
            for start in range(0, len(clips), batch_size)
        ]
        return require_finite(np.concatenate(outputs), self.path)

    def read(self, path, text=""):
        """A file or a folder of frames as a Clip. Raises TinymmError when there is none, or it is not whole."""
        if not Path(path).exists():
            raise TinymmError(f"there is no clip {path}")
        probe(path)
        return Clip(Path(path), str(path), text, ())

    def by_label(self, probabilities):
        """One clip's probabilities (1,) or (K,) as a dict by label."""
        if self.labels.kind == "binary":
            probabilities = (1 - probabilities[0], probabilities[0])
        return {name: round(float(p), 4) for name, p in zip(self.labels.names, probabilities)}


def metadata(prepared, loss, task):
    """What goes into a model's file beside the model, so that Classifier needs nothing else."""
    seen = [clip.digest[:16] for split in ("train", "validation") for clip in prepared.clips[split]]
    return {
        "task": task,
        "preprocessing": prepared.preprocessor.to_dict(),
        "labels": prepared.labels.to_dict(),
        "loss": loss.config(),
        "seen": seen,
        "data": fingerprint(prepared),
    }


def fingerprint(prepared):
    """sha256 over content, text, labels and split of all clips in use: the same as long as they are."""
    rows = [
        (split, clip.digest, clip.text, clip.labels) for split, clips in prepared.clips.items() for clip in clips
    ]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()
