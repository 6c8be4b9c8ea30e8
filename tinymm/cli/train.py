"""Train a model on a folder of clips, or on clips that tinymm makes first.

Writes a run folder: best.safetensors (the model), last.safetensors (to resume), history.csv, config.json,
results.json and report.html. Ctrl-C ends politely; --resume goes on exactly where it stopped.
"""

import json
import time
from dataclasses import fields
from pathlib import Path

from tinymm.cli.evaluate import print_left_out
from tinymm.cli.output import TrainingDisplay, add_json, counting, make_console, percent, print_json
from tinymm.data.synthetic import TASKS, make_clips
from tinymm.errors import TinymmError
from tinymm.files import atomic_write
from tinymm.models import MODELS
from tinymm.pipeline import chance, make_trainer, measure, metadata, only, prepare, score_labels
from tinymm.recipe import Recipe
from tinymm.report import write_report
from tinymm.report.from_run import report_of_run


def add_arguments(parser):
    add = parser.add_argument
    add("data", metavar="DIR", nargs="?", help="a folder with clips.csv; without one, clips are made under clips/")
    add("--task", default="content", choices=TASKS, help="what the made clips are about (content)")
    add("--model", default="default", choices=MODELS, help="the article's listing, or one that generalises (default)")
    add("--frames", type=int, help="pictures a clip: 1 is the article's, more a video (6; article 1)")
    add("--size", type=int, default=32, help="height and width of the pictures in pixels (32)")
    add("--seconds", type=float, help="how much of a clip is read, at most (the clips' own length, up to 10)")
    add("--sound", choices=("log-mel", "waveform"), help="how sound goes in (log-mel; article waveform)")
    add("--epochs", type=int, help="times through the training clips (20; article 10)")
    add("--batch-size", type=int, default=32, help="clips an update (32)")
    add("--lr", type=float, help="learning rate (0.003; article 0.001)")
    add("--patience", type=int, help="stop after so many epochs without a better validation loss (never)")
    add("--no-augment", dest="augment", action="store_false", default=None, help="train on the clips as they are")
    add("--no-compare", dest="compare", action="store_false", help="do not train each sense alone for comparison")
    add("--seed", type=int, default=0, help="the same seed gives the same run (0)")
    add("--engine", default="auto", help="auto or textbook (auto)")
    add("--strict", action="store_true", help="stop when a clip cannot be used, instead of leaving it out")
    add("--out", metavar="RUN", help="the folder to write (runs/NAME-1, -2, ...)")
    add("--resume", metavar="RUN", help="go on with the run in this folder; only --epochs may change")
    add_json(parser)


def run(args):
    console = make_console(args.json)
    started = time.perf_counter()
    if args.resume:
        out, recipe = Path(args.resume), Recipe.read(args.resume)
        recipe.epochs = args.epochs or recipe.epochs
    else:
        if args.data is None:
            args.data = _made_clips(console, args.task, args.seed)
        recipe = Recipe(**{field.name: getattr(args, field.name) for field in fields(Recipe)})
        out = _run_folder(args.out, recipe.data)
    console.print(f"reading {recipe.data}")
    with counting(console, "reading clips") as progress:
        prepared = prepare(recipe.data, recipe.settings(), recipe.seed, recipe.strict, progress)
    print_left_out(console, prepared.left_out)
    sizes = ", ".join(f"{len(targets)} {split}" for split, targets in prepared.targets.items())
    console.print(f"{sizes} clips; labels: {', '.join(prepared.labels.names)}")
    trainer = make_trainer(prepared, recipe)
    if args.resume:
        trainer.resume(out)
    out.mkdir(parents=True, exist_ok=True)
    recipe.write(out)
    console.print(f"model {recipe.model}: {sum(a.size for a in trainer.model.params.values()):,} parameters")
    try:
        _fit(trainer, prepared, recipe, console, out)
        alone = _train_senses_alone(prepared, recipe, console) if recipe.compare else {}
    except KeyboardInterrupt:
        console.print(f"stopped and saved: `tinymm train --resume {out}` goes on from here")
        return 130
    results = _results(trainer, alone, prepared, recipe, time.perf_counter() - started)
    with atomic_write(out / "results.json", "w") as file:
        json.dump(results, file, indent=2)
    write_report(out / "report.html", report_of_run(trainer, alone, prepared, recipe, results))
    if args.json:
        print_json({"run": str(out), **results})
        return 0
    _print_comparison(console, results)
    console.print(f"{results['seconds']:.0f} s in all; saved in {out}: best.safetensors, report.html")
    return 0


def _made_clips(console, task, seed):
    folder = Path("clips") / (task if seed == 0 else f"{task}-{seed}")
    if not (folder / "clips.csv").exists():
        console.print(f"making clips for the task {task}, {TASKS[task]}, in {folder}")
        with counting(console, "making clips") as progress:
            make_clips(folder, task=task, seed=seed, progress=progress)
    return str(folder)


def _run_folder(out, data):
    if out is not None:
        if Path(out).exists() and (not Path(out).is_dir() or any(Path(out).iterdir())):
            raise TinymmError(f"{out} is there already: give another --out, or go on with it by --resume {out}")
        return Path(out)
    name = Path(data).resolve().name
    taken = [int(p.name.rpartition("-")[2]) for p in Path("runs").glob(f"{name}-*") if p.name.rpartition("-")[2].isdigit()]
    return Path("runs") / f"{name}-{max(taken, default=0) + 1}"


def _fit(trainer, prepared, recipe, console, out=None, senses=None):
    """Train, show it unless it is a sense alone, and put the best epoch's weights into the model."""
    inputs, targets = only(prepared.inputs["train"], senses), prepared.targets["train"]
    choice = {"epochs": recipe.epochs, "batch_size": recipe.batch_size, "patience": recipe.patience}
    if "validation" in prepared.inputs:
        choice["validation"] = only(prepared.inputs["validation"], senses), prepared.targets["validation"]
    if out is None:
        trainer.fit(inputs, targets, **choice, augment=recipe.augmentation())
    else:
        task = Path(recipe.data).resolve().name
        with TrainingDisplay(console, recipe.epochs) as display:
            trainer.fit(
                inputs, targets, **choice, augment=recipe.augmentation(), folder=out, observer=display,
                metadata=metadata(prepared, trainer.loss, task),
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
    confusion, per_label = score_labels(
        trainer.predict(prepared.inputs[last]), prepared.targets[last], prepared.labels
    )
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
    width = max(len(row["name"]) for row in results["comparison"])
    console.print(f"{'accuracy':<{width}}  validation     test")
    for row in results["comparison"]:
        cells = "".join("        -" if row[k] is None else f"  {percent(row[k])}" for k in ("validation", "test"))
        console.print(f"{row['name']:<{width}}   {cells}")
    console.print(f"{'guessing':<{width}}               {percent(results['chance'])}")
