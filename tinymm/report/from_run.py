"""What a finished training run has to report: its numbers, and the clips it got most wrong."""

from pathlib import Path

import numpy as np

from tinymm.data import read_frames
from tinymm.report.page import Report
from tinymm.summary import summary_text

WORST = 8


def report_of_run(trainer, alone, prepared, recipe, results):
    """trainer: the fused model's; alone: trainers of single senses by name; results: as in results.json. -> Report."""
    parameters = sum(a.size for a in trainer.model.params.values())
    settings = prepared.preprocessor.settings
    return Report(
        title=Path(recipe.data).resolve().name,
        facts={
            "model": f"{recipe.model}, {parameters:,} parameters",
            "clips": ", ".join(f"{n} {split}" for split, n in results["clips"].items()),
            "pictures": f"{settings.frames} of {settings.height}×{settings.width} pixels",
            "sound": f"{settings.sound}, {settings.seconds} s at {settings.rate} Hz",
            "training": f"{len(trainer.position.history)} epochs of batches of {recipe.batch_size}, "
            f"{trainer.optimizer.config()['optimizer']} at {recipe.lr}, seed {recipe.seed}",
            "best epoch": str(results["best_epoch"]),
            "time": f"{results['seconds']} s, comparison included",
        },
        history=trainer.position.history,
        comparison=results["comparison"],
        chance=results["chance"],
        labels=list(prepared.labels.names),
        confusion=None if results["confusion"] is None else np.array(results["confusion"]),
        per_label=results["labels"],
        worst=worst_clips(trainer, alone, prepared, results["measured_on"]),
        left_out=[(row["clip"], row["reason"]) for row in results["left_out"]],
        summary=summary_text(trainer.model),
    )


def worst_clips(trainer, alone, prepared, split, most=WORST):
    """The clips whose true label got the least probability, among those answered wrongly, with frames to look at."""
    clips, labels, settings = prepared.clips[split], prepared.labels, prepared.preprocessor.settings
    fused = trainer.predict(prepared.inputs[split])
    senses = {name: one.predict({name: prepared.inputs[split][name]}) for name, one in alone.items()}
    answers = labels.decode(fused)
    truth = _given_to(prepared.targets[split], fused)
    confidence = confidence_in(labels)
    wrong = [n for n in np.argsort(truth, kind="stable") if set(answers[n]) != set(clips[n].labels)]
    return [
        {
            "clip": clips[n].name,
            "text": clips[n].text,
            "true": "|".join(clips[n].labels),
            "predicted": _name(answers[n]),
            "probability": float(confidence(fused)[n]),
            "frames": read_frames(clips[n].path, 6, (64, 64), settings.seconds),
            "senses": {
                name: (_name(labels.decode(p[n : n + 1])[0]), float(confidence(p)[n])) for name, p in senses.items()
            },
        }
        for n in wrong[:most]
    ]


def _name(answer):
    return "|".join(answer) or "no tag"


def _given_to(targets, probabilities):
    """The probability that each clip's true answer got."""
    if targets.ndim == 1:
        return probabilities[np.arange(len(targets)), targets]
    return np.where(targets >= 0.5, probabilities, 1 - probabilities).prod(axis=1)


def confidence_in(labels):
    """A function from probabilities to the probability of each clip's given answer."""
    if labels.kind == "classes":
        return lambda p: p.max(axis=1)
    return lambda p: np.maximum(p, 1 - p).prod(axis=1)
