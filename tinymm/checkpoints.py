"""Checkpoints: one file that holds all a Trainer needs to go on as if it had never stopped.

Beside the model's tensors it holds ``optimizer/...`` (the slots) and ``best/...`` (the best epoch's weights);
the header says where the run stood and what it was told to do. ``tinymm.load`` reads the model in it.
"""

import math
from dataclasses import asdict, dataclass, field

from tinymm.backend import to_host, write
from tinymm.errors import TinymmError
from tinymm.saving import describe, model_tensors, read_tensors, write_tensors


@dataclass
class Position:
    """How far a run has come: everything of it that is not an array."""

    epoch: int = 0
    batch: int = 0
    loss_sum: float = 0.0
    best: float = math.inf
    best_epoch: int = 0
    history: list = field(default_factory=list)


def write_checkpoint(trainer, path, metadata=None):
    """Write the trainer's state to ``path``, whole or not at all."""
    position = asdict(trainer.position)
    if math.isinf(position["best"]):
        position["best"] = None  # JSON has no infinity
    training = {**_settings(trainer), "steps": trainer.optimizer.steps, "position": position}
    tensors = {
        **model_tensors(trainer.model),
        **{f"optimizer/{k}": a for k, a in to_host(trainer.optimizer.state_arrays()).items()},
        **{f"best/{k}": a for k, a in trainer.best_arrays.items()},
    }
    header = {"architecture": describe(trainer.model), "metadata": metadata or {}, "training": training}
    write_tensors(path, tensors, header)


def read_checkpoint(trainer, path):
    """Put the state in ``path`` into the trainer.

    Raises TinymmError when the file is missing or damaged, or was written by a run with another model, loss,
    optimizer or seed.
    """
    tensors, header = read_tensors(path)
    if "training" not in header:
        raise TinymmError(f"{path} holds a model but no training state: it cannot be resumed")
    try:
        _take_up(trainer, path, tensors, header["training"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TinymmError(f"{path}: its training state does not make sense ({error!r}): start a new run") from None


def _take_up(trainer, path, tensors, training):
    for what, ours in _settings(trainer).items():
        if training[what] != ours:
            raise TinymmError(
                f"{path} was trained with {what} {training[what]}, this run asks for {ours}: "
                "use the same, or start a new run"
            )
    arrays = {**trainer.model.params, **trainer.model.state}
    if {(k, a.shape) for k, a in tensors.items() if "/" not in k} != {(k, a.shape) for k, a in arrays.items()}:
        raise TinymmError(f"{path} holds another model than this run's: use the same settings, or start a new run")
    for name, array in arrays.items():
        write(array, tensors[name])
    trainer.optimizer.restore(training["steps"], _below("optimizer/", tensors))
    trainer.best_arrays = _below("best/", tensors)
    position = training["position"]
    if position["best"] is None:
        position["best"] = math.inf
    trainer.position = Position(**position)


def _below(prefix, tensors):
    return {name.removeprefix(prefix): a for name, a in tensors.items() if name.startswith(prefix)}


def _settings(trainer):
    return {"loss": trainer.loss.config(), "optimizer": trainer.optimizer.config(), "seed": trainer.seed}
