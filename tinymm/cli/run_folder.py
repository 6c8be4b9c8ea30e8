"""Where a training run writes: a new folder, or that of a run to go on with."""

import os
from dataclasses import fields
from pathlib import Path

from tinymm.data.synthetic import TASKS, make_clips
from tinymm.display import counting
from tinymm.engines import require_engine
from tinymm.errors import TinymmError
from tinymm.pipeline import fingerprint
from tinymm.recipe import Recipe, flag
from tinymm.saving import load

CHECKPOINT = "last.safetensors"


def begin(args, console):
    """-> the folder and the recipe of a new run. Without a data folder, makes clips for ``--task``."""
    given = _given(args)
    if args.data is not None and args.task is not None:
        raise TinymmError("--task is about clips that tinymm makes: give it without DIR, or DIR without --task")
    data = args.data or str(_made_folder(args.task or "content", given.get("seed", 0)))
    recipe = Recipe(**{**given, "data": os.path.abspath(data)})
    require_engine(recipe.engine)
    if args.data is None:
        _make_clips(console, Path(data), args.task or "content", recipe.seed)
    return _new_folder(args.out, recipe.data), recipe


def take_up(args):
    """-> the folder and the recipe of the run that ``--resume`` names, with more epochs if ``--epochs`` says so."""
    given = _given(args)
    others = [name for name in ("task", "out") if getattr(args, name) is not None]
    fixed = [flag(name) for name in (*given, *others) if name not in ("data", "epochs")]
    if fixed:
        raise TinymmError(f"--resume goes on with the run's own settings: leave out {' and '.join(fixed)}")
    recipe = Recipe.read(args.resume)
    if args.data is not None:
        recipe.data = os.path.abspath(args.data)
    if args.epochs is not None:
        recipe.epochs = args.epochs
        recipe.__post_init__()
    require_engine(recipe.engine)
    return Path(args.resume), recipe


def continue_from(trainer, prepared, recipe, out):
    """Put the state of the run in ``out`` into the trainer: -> False when nothing had been saved yet.

    Raises TinymmError when the clips are no longer those the run began with, when the checkpoint is
    damaged, and when more epochs are done than are asked for.
    """
    path = out / CHECKPOINT
    if not path.exists():
        return False
    if load(path).metadata.get("data") != fingerprint(prepared):
        raise TinymmError(
            f"{recipe.data}: clips, texts or labels are not those that the run in {out} began with: "
            "put them back, or start a new run"
        )
    trainer.resume(out)
    done = trainer.position.epoch
    if done > recipe.epochs:
        raise TinymmError(f"{out} has {done} epochs behind it already: give --epochs {done} or more")
    return True


def _given(args):
    """The choices of a recipe that stand on the command line."""
    choices = {field.name: getattr(args, field.name) for field in fields(Recipe)}
    return {name: value for name, value in choices.items() if value is not None}


def _made_folder(task, seed):
    return Path("clips") / (task if seed == 0 else f"{task}-{seed}")


def _make_clips(console, folder, task, seed):
    if (folder / "clips.csv").exists():
        return
    console.print(f"making 600 clips in {folder} for the task {task} ({TASKS[task]})")
    with counting(console, "making clips") as progress:
        make_clips(folder, task=task, seed=seed, progress=progress)


def _new_folder(out, data):
    if out is not None:
        out = Path(out)
        if (out / "config.json").exists():
            raise TinymmError(f"{out} holds a run already: give another --out, or go on with it by --resume {out}")
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise TinymmError(f"{out} is there already, but is no empty folder: give another --out")
        return out
    name, runs = Path(data).name or "run", Path("runs")
    taken = [path.name.rpartition("-") for path in runs.iterdir()] if runs.is_dir() else []
    numbers = [int(number) for start, _, number in taken if start == name and number.isdecimal()]
    return runs / f"{name}-{max(numbers, default=0) + 1}"
