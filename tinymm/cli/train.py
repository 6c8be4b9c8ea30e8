"""Train a model on a folder of clips, or on clips that tinymm makes first.

Writes a run folder: best.safetensors (the model), last.safetensors (to
resume), history.csv, config.json, results.json and report.html. Ctrl-C ends
politely; --resume goes on exactly where it stopped.

DIR holds clips.csv, with the columns path, text, label and, if wanted, split
(train, validation or test), and the clips that it names.
"""

import contextlib
import json
import os
import time

from tinymm.cli.arguments import path
from tinymm.cli.evaluate import print_left_out
from tinymm.cli.output import add_json, print_json
from tinymm.cli.run_folder import begin, continue_from, take_up
from tinymm.data.preprocess import SOUNDS
from tinymm.data.synthetic import TASKS
from tinymm.display import TrainingDisplay, counting, make_console, percent
from tinymm.errors import NonFiniteError, TinymmError
from tinymm.files import atomic_write
from tinymm.models import MODELS
from tinymm.pipeline import chance, make_trainer, measure, metadata, only, prepare, require_finite, score_labels
from tinymm.recipe import CHOICES
from tinymm.report import write_report
from tinymm.report.from_run import report_of_run


def add_arguments(parser):
    """Every choice is None unless given, so that ``Recipe`` alone knows the defaults (here in brackets)."""
    add = parser.add_argument_group("clips").add_argument
    add("data", type=path, metavar="DIR", nargs="?",
        help="a folder with clips.csv; without one, clips are made in clips/TASK")  # fmt: skip
    add("--task", choices=TASKS, metavar="TASK", help=f"what the made clips are about: {', '.join(TASKS)} (content)")
    add("--frames", type=int, metavar="N", help="pictures a clip: 1 is a still, more a video (6; article 1)")
    add("--size", type=int, metavar="N", help="height and width of the pictures in pixels, 8 or more (32)")
    add("--seconds", type=float, metavar="S", help="how much of a clip is read (as long as they are, at most 10)")
    add("--sound", choices=SOUNDS, metavar="KIND",
        help="how sound goes in: log-mel or waveform (log-mel; article waveform)")  # fmt: skip
    add("--strict", action="store_true", default=None,
        help="stop when a clip cannot be used, instead of leaving it out")  # fmt: skip
    add = parser.add_argument_group("training").add_argument
    add("--model", choices=MODELS, metavar="NAME",
        help="article, as in its listing, or default, which needs fewer clips (default)")  # fmt: skip
    add("--epochs", type=int, metavar="N", help="times through the training clips (20; article 10)")
    add("--batch-size", type=int, metavar="N", help="clips for one update of the weights (32)")
    add("--lr", type=float, metavar="X", help="learning rate, the length of an update (0.003; article 0.001)")
    add("--patience", type=int, metavar="N", help="stop after N epochs without a better validation loss (never)")
    add("--no-augment", dest="augment", action="store_false", default=None,
        help="train on the clips as they are, without random small changes (article)")  # fmt: skip
    add("--no-compare", dest="compare", action="store_false", default=None,
        help="do not train text, picture and sound alone for comparison")  # fmt: skip
    add("--seed", type=int, metavar="N", help="the same seed gives the same run (0)")
    add("--engine", metavar="NAME", help=f"what does the computing: {', '.join(CHOICES['engine'])} (auto)")
    add = parser.add_argument_group("run").add_argument
    add("--out", type=path, metavar="RUN", help="the folder to write, new or empty (runs/NAME-1, -2, ...)")
    add("--resume", type=path, metavar="RUN",
        help="go on with the run in this folder, with its settings; --epochs may be given to train longer, "
        "DIR when the clips were moved")  # fmt: skip
    add_json(parser)


def run(args):
    console = make_console(args.json)
    started = time.perf_counter()
    out, recipe = take_up(args) if args.resume is not None else begin(args, console)
    out.mkdir(parents=True, exist_ok=True)  # before the clips are read, which can take minutes
    try:
        prepared = _read(recipe, console)
        trainer = make_trainer(prepared, recipe)
    except BaseException:
        with contextlib.suppress(OSError):
            out.rmdir()  # only a folder without a run in it is empty
        raise
    if args.resume is not None and not continue_from(trainer, prepared, recipe, out):
        console.print(f"{out} was stopped before anything was saved: starting from the beginning")
    recipe.write(out)
    console.print(f"model {recipe.model}: {sum(a.size for a in trainer.model.params.values()):,} parameters")
    try:
        _fit(trainer, prepared, recipe, console, out)
        alone = _train_senses_alone(prepared, recipe, console) if recipe.compare else {}
        results = _results(trainer, alone, prepared, recipe, time.perf_counter() - started)
        with atomic_write(out / "results.json", "w") as file:
            json.dump(results, file, indent=2, allow_nan=False)
        write_report(out / "report.html", report_of_run(trainer, alone, prepared, recipe, results))
    except KeyboardInterrupt:
        console.print(f"stopped and saved: `tinymm train --resume {out}` goes on from here")
        return 130
    except NonFiniteError as error:
        raise TinymmError(f"{error} (--lr is {recipe.lr:g}; what was saved before stays in {out})") from None
    if args.json:
        print_json({"run": str(out), **results})
        return 0
    _print_comparison(console, results)
    console.print(f"{results['seconds']:.0f} s in all; saved in {out}: best.safetensors, report.html")
    return 0


def _read(recipe, console):
    console.print(f"reading {recipe.data}")
    with counting(console, "reading clips") as progress:
        prepared = prepare(recipe.data, recipe.settings(), recipe.seed, recipe.strict, progress)
    print_left_out(console, prepared.left_out)
    sizes = ", ".join(f"{len(targets)} {split}" for split, targets in prepared.targets.items())
    console.print(f"{sizes} clips; labels: {', '.join(prepared.labels.names)}")
    return prepared


def _fit(trainer, prepared, recipe, console, out=None, senses=None):
    """Train, show it unless it is a sense alone, and put the best epoch's weights into the model."""
    inputs, targets = only(prepared.inputs["train"], senses), prepared.targets["train"]
    choice = {"epochs": recipe.epochs, "batch_size": recipe.batch_size, "patience": recipe.patience}
    if "validation" in prepared.inputs:
        choice["validation"] = only(prepared.inputs["validation"], senses), prepared.targets["validation"]
    if out is None:
        trainer.fit(inputs, targets, **choice, augment=recipe.augmentation())
    else:
        with TrainingDisplay(console, recipe.epochs) as display:
            trainer.fit(
                inputs, targets, **choice, augment=recipe.augmentation(), folder=out, observer=display,
                metadata=metadata(prepared, trainer.loss, os.path.basename(recipe.data)),
            )  # fmt: skip
    trainer.restore_best()


def _train_senses_alone(prepared, recipe, console):
    """For every sense a model that has it alone, trained in the same way: a dict of trainers."""
    alone = {}
    for sense in prepared.inputs["train"]:
        console.print(f"training {sense} alone, to compare")
        alone[sense] = make_trainer(prepared, recipe, [sense])
        _fit(alone[sense], prepared, recipe, console, senses=[sense])
    return alone


def _results(trainer, alone, prepared, recipe, seconds):
    inputs, last = prepared.inputs["train"], list(prepared.inputs)[-1]
    probabilities = require_finite(trainer.predict(prepared.inputs[last]), "the trained model")
    confusion, per_label = score_labels(probabilities, prepared.targets[last], prepared.labels)
    comparison = [{"name": " + ".join(inputs), **measure(trainer, prepared)}]
    comparison += [{"name": f"{sense} alone", **measure(one, prepared, [sense])} for sense, one in alone.items()]
    return {
        "model": recipe.model,
        "clips": {split: len(targets) for split, targets in prepared.targets.items()},
        "left_out": [{"clip": clip.name, "reason": clip.reason} for clip in prepared.left_out],
        "comparison": comparison,
        "chance": chance(prepared.targets[last]),
        "measured_on": last,
        "labels": per_label,
        "confusion": None if confusion is None else confusion.tolist(),
        "best_epoch": trainer.position.best_epoch,
        "seconds": round(seconds, 1),
    }


def _print_comparison(console, results):
    if results["measured_on"] == "train":
        console.print("no clip was held back, so how the model does on new clips is not known")
        return
    width = max(len(row["name"]) for row in results["comparison"])
    console.print(f"{'accuracy':<{width}}  validation     test")
    for row in results["comparison"]:
        cells = "".join("        -" if row[k] is None else f"  {percent(row[k])}" for k in ("validation", "test"))
        console.print(f"{row['name']:<{width}}   {cells}")
    best = percent(results["chance"]).strip()
    console.print(f"always the most frequent answer would be right for {best} of the {results['measured_on']} clips")
