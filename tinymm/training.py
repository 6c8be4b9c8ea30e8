"""The Trainer: epochs, validation, checkpoints, and a run that can be stopped and taken up again exactly.

Nothing random has a hidden state. The order of epoch e is drawn from (seed, e), the augmentation and the
dropout of update t from (seed, t). So a run is the same whether or not it was interrupted: weights,
optimizer slots and the position in the epoch are all that a checkpoint must hold.
"""

import contextlib
import csv
import math
import signal
import threading
import time
from pathlib import Path

import numpy as np

from tinymm.backend import take, to_host, write
from tinymm.checkpoints import Position, read_checkpoint, write_checkpoint
from tinymm.display import TrainingDisplay, make_console
from tinymm.engines import make_engine
from tinymm.engines.diagnosis import name_first_bad
from tinymm.engines.pending import PendingLoss
from tinymm.errors import NonFiniteError, TinymmError
from tinymm.files import atomic_write
from tinymm.layers.base import positive
from tinymm.metrics import accuracy
from tinymm.saving import model_tensors, save

ORDER, AUGMENT = 1, 2  # keys of the random streams; the engine's dropout draws without one
AHEAD = 8  # batches that the host may run ahead of the GPU before it looks at their losses


class Trainer:
    """Trains a model on arrays in memory, batch by batch.

    model is any layer, usually a Sequential; loss and optimizer are tinymm's; engine and deterministic as in
    ``make_engine``; seed fixes the order of the samples, the augmentation and dropout, the same on CPU and GPU.
    """

    def __init__(self, model, loss, optimizer, engine="auto", seed=0, deterministic=True):
        self.model, self.loss, self.optimizer, self.seed = model, loss, optimizer, seed
        self.engine = make_engine(model, loss, optimizer, engine, seed, deterministic)
        self.position = Position()
        self.best_arrays = {}
        self.pending = []

    def fit(self, inputs, targets, epochs=10, batch_size=32, validation=None, augment=None, patience=None,
            folder=None, observer=None, metadata=None, progress=False):  # fmt: skip
        """Train until ``epochs`` are done in all, counting those before a ``resume``. -> history, a list of dicts.

        inputs: an array (N, ...) or a dict of them; targets (N, ...). validation: a pair (inputs, targets) that is
        measured after every epoch and decides which epoch is the best. augment(inputs, rng) -> inputs is applied
        to every training batch. patience: stop after that many epochs without a better validation loss.
        folder: where ``last.safetensors``, ``best.safetensors`` (with ``metadata``) and ``history.csv`` go.
        progress: show a bar in a terminal, and a line an epoch anywhere. observer: an object of one's own with
        ``batch(position, batches, loss)`` and ``epoch(row)``, called after each. On the GPU the loss of a batch is
        pending: it waits for the GPU when it is used as a number.

        Ctrl-C ends after the batch at work, saves ``last.safetensors`` and raises KeyboardInterrupt; a second one
        ends at once. Raises NonFiniteError when the loss or a gradient is NaN or infinite; the files keep what
        was good. Raises TinymmError when inputs and targets do not have the same number of samples.
        """
        if progress and observer is None:
            with TrainingDisplay(make_console(), epochs) as display:
                return self.fit(inputs, targets, epochs, batch_size, validation, augment, patience, folder, display, metadata)
        samples, batch_size = _count(inputs, targets), positive("batch_size", batch_size)
        batches = math.ceil(samples / batch_size)
        at = self.position
        with _stop_on_interrupt() as stop:
            while at.epoch < epochs and not self._out_of_patience(patience):
                started = time.perf_counter()
                order = self._random(ORDER, at.epoch).permutation(samples)
                while at.batch < batches:
                    chosen = order[at.batch * batch_size : (at.batch + 1) * batch_size]
                    loss = self._train(take(inputs, chosen), targets[chosen], augment)
                    self.pending.append((loss, len(chosen)))
                    at.batch += 1
                    if observer:
                        observer.batch(at, batches, loss)
                    if not isinstance(loss, PendingLoss) or len(self.pending) == AHEAD or stop.is_set():
                        self._settle()
                    if stop.is_set():
                        self._save(folder, metadata)
                        raise KeyboardInterrupt
                self._settle()
                self._end_epoch(samples, validation, batch_size, time.perf_counter() - started)
                self._save(folder, metadata)
                if observer:
                    observer.epoch(at.history[-1])
            if stop.is_set():  # during the last epoch's validation
                raise KeyboardInterrupt
        return at.history

    def evaluate(self, inputs, targets, batch_size=64):
        """-> {"loss": mean loss, "accuracy": share of right answers} over all samples, without training."""
        _count(inputs, targets)
        pred = self._outputs(inputs, batch_size)
        targets = to_host(targets)
        loss = float(self.loss.forward(pred, targets)[0])
        return {"loss": loss, "accuracy": accuracy(self.loss.probabilities(pred), targets)}

    def predict(self, inputs, batch_size=64):
        """-> probabilities (or, after a mean squared error, values) for all samples, a NumPy array."""
        return self.loss.probabilities(self._outputs(inputs, batch_size))

    def restore_best(self):
        """Put the parameters of the best epoch back into the model."""
        arrays = {**self.model.params, **self.model.state}
        for name, best in self.best_arrays.items():
            write(arrays[name], best)

    def resume(self, folder):
        """Take up the run that left ``last.safetensors`` in ``folder``, in the middle of an epoch if need be.

        The model must have the same architecture, the trainer the same loss, optimizer and seed.
        Raises TinymmError when it does not, or when there is no checkpoint.
        """
        read_checkpoint(self, Path(folder) / "last.safetensors")

    def _train(self, inputs, targets, augment):
        if augment:
            inputs = augment(inputs, self._random(AUGMENT, self.optimizer.steps))
        loss = self.engine.step(inputs, targets)
        return loss if isinstance(loss, PendingLoss) else float(loss)

    def _settle(self):
        """Add up the losses that are still pending. Raises NonFiniteError when one of their steps went bad."""
        pending, self.pending = self.pending, []
        for k, (loss, samples) in enumerate(pending):
            try:
                self.position.loss_sum += float(loss) * samples
            except NonFiniteError:
                self.position.batch -= len(pending) - k  # none of these has changed anything
                raise

    def _end_epoch(self, samples, validation, batch_size, seconds):
        at = self.position
        at.epoch += 1
        row = {"epoch": at.epoch, "loss": at.loss_sum / samples}
        score = row["loss"]
        if validation is not None:
            measured = self.evaluate(*validation, batch_size)
            score = measured["loss"]
            if not math.isfinite(score):
                some = slice(0, batch_size)
                self.model.to("cpu")  # the diagnosis is the textbook's, and its errors the clearest there
                name_first_bad(self.model, self.loss, take(to_host(validation[0]), some), to_host(validation[1][some]),
                               self._random(AUGMENT, self.optimizer.steps))  # fmt: skip
            row |= {"validation_loss": score, "validation_accuracy": measured["accuracy"]}
        at.history.append({**row, "seconds": round(seconds, 3)})
        at.batch, at.loss_sum = 0, 0.0
        if score < at.best:
            at.best, at.best_epoch = score, at.epoch
            self.best_arrays = {k: a.copy() for k, a in model_tensors(self.model).items()}

    def _out_of_patience(self, patience):
        return patience is not None and self.position.epoch - self.position.best_epoch >= patience

    def _save(self, folder, metadata):
        if folder is None:
            return
        folder, at = Path(folder), self.position
        folder.mkdir(parents=True, exist_ok=True)
        if at.batch == 0 and at.best_epoch == at.epoch:
            save(self.model, folder / "best.safetensors", metadata)
        write_checkpoint(self, folder / "last.safetensors", metadata)
        if at.history:
            with atomic_write(folder / "history.csv", "w") as file:
                writer = csv.DictWriter(file, list(at.history[0]))
                writer.writeheader()
                writer.writerows(at.history)

    def _outputs(self, inputs, batch_size):
        samples = _count(inputs)
        starts = range(0, samples, batch_size)
        return np.concatenate(
            [to_host(self.engine.predict(take(inputs, slice(s, s + batch_size)))) for s in starts]
        )

    def _random(self, stream, counter):
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(stream, counter)))


def _count(inputs, targets=None):
    counts = {k: len(x) for k, x in (inputs if isinstance(inputs, dict) else {"inputs": inputs}).items()}
    if targets is not None:
        counts["targets"] = len(targets)
    if len(set(counts.values())) != 1:
        listed = ", ".join(f"{k} {n}" for k, n in counts.items())
        raise TinymmError(f"every input needs as many samples as there are targets: got {listed}")
    samples = next(iter(counts.values()))
    if samples == 0:
        raise TinymmError("there are no samples to work on")
    return samples


@contextlib.contextmanager
def _stop_on_interrupt():
    """An event that the first Ctrl-C sets; the second raises KeyboardInterrupt as usual."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.getsignal(signal.SIGINT)

    def on_interrupt(number, frame):
        stop.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
