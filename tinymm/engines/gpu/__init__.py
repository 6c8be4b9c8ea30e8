"""The GPU engine: the textbook's mathematics as CUDA kernels, one training step after the other without waiting.

A step is planned once for a model and a batch shape. Layers without a plan run their textbook code on CuPy arrays, so
every model trains here; a model that uses one layer or one array in two places, computes in other numbers than float32 and
float64, or draws random numbers in a layer of its own, is left to the textbook as a whole, as is an optimizer of
one's own. ``step`` returns a PendingLoss; the host may run ahead of the GPU by many steps.
"""

import contextlib
import weakref
from collections import deque

import cupy
import numpy as np
from cupy.cuda.memory import OutOfMemoryError

from tinymm.backend import is_cupy, refuse_two_kinds, take, to_device, to_host
from tinymm.engines.diagnosis import name_first_bad
from tinymm.engines.gpu.containers import told_by
from tinymm.engines.gpu.memory import GpuMemoryError, explain
from tinymm.engines.gpu.parameters import Parameters, leaves
from tinymm.engines.gpu.step import Prediction, TrainingStep
from tinymm.engines.gpu.update import LOSSES, RULES, SCALARS, Updater
from tinymm.engines.pending import PendingLoss
from tinymm.engines.textbook import TextbookEngine
from tinymm.errors import NonFiniteError
from tinymm.layers import Dropout

KEPT = 4  # plans at a time: full batches, the last batch, both for training and for prediction
REMEMBERED = 8  # batches that are kept so that a bad step among the last few can be repeated, and its layer named


class GpuEngine(TextbookEngine):
    """Trains on the GPU. Batches may be NumPy arrays or CuPy arrays; the first one moves the model to the GPU."""

    captures = True

    def __init__(self, model, loss, optimizer, seed=0, deterministic=True):
        super().__init__(model, loss, optimizer, seed)
        self.deterministic = deterministic
        self.stream = cupy.cuda.Stream(non_blocking=True)
        self.parameters, self.plans = None, {}
        self.failed = []  # the numbers of the steps that went bad, one a failure
        self.recent, self.unread = deque(maxlen=REMEMBERED), weakref.WeakValueDictionary()

    def step(self, inputs, targets):
        """One update from one batch: -> the loss before it, a PendingLoss that waits for the GPU when it is looked at.

        A step whose loss or gradient is NaN or infinite changes nothing, nor do those behind it; the first look at its
        loss, or at a later one, raises NonFiniteError, which names the layer that went bad first.
        """
        plan = self._known(TrainingStep, inputs, targets)
        if plan is None and not self._plannable(inputs):
            self.model.to("gpu")
            with self._memory_explained(self._textbook_attempt, inputs, targets):
                return super().step(to_device(inputs), to_device(targets))
        number = self.optimizer.steps + 1
        if number % LOSSES in self.unread:
            self.unread[number % LOSSES].number()
        with self._on_stream(), self._memory_explained(self._attempt, inputs, targets):
            plan = plan or self._plan(TrainingStep, inputs, targets)
            self.parameters.take_slots()
            plan.run(inputs, targets, lambda: self._draws(number - 1))
        self.optimizer.steps = number
        self.recent.append((number, inputs, targets))
        failures = len(self.failed)
        loss = self.unread[number % LOSSES] = PendingLoss(lambda: self._read(number, failures))
        return loss

    def predict(self, inputs):
        """The model's output for a batch, without dropout: on the GPU for CuPy arrays, on the host for NumPy arrays."""
        on_gpu = all(is_cupy(a) for a in _arrays(inputs))
        plan = self._known(Prediction, inputs)
        if plan is None and not self._plannable(inputs):
            self.model.to("gpu")
            with self._memory_explained(self._textbook_attempt, inputs):
                y = super().predict(to_device(inputs))
        else:
            with self._on_stream(), self._memory_explained(self._attempt, inputs):
                y = (plan or self._plan(Prediction, inputs)).run(inputs).copy()
        return y if on_gpu else to_host(y)

    def why_plain(self):
        """Why the last training step was launched kernel by kernel, or "" when it was replayed or may be."""
        steps = [plan for plan in self.plans.values() if isinstance(plan, TrainingStep)]
        return steps[-1].why_plain if steps else ""

    def _plannable(self, inputs):
        """Numbers, layers and optimizer that plans are made for, and every array in one place only."""
        arrays, model = _arrays(inputs), self.model
        if model.input_shape is None:
            model.accept(inputs)
        params = [a for layer in leaves(model) for a in layer.params.values()]
        kinds = {a.dtype for a in params} | {a.dtype for a in arrays if a.dtype.kind not in "iu"}
        layers = list(leaves(model))
        alone = len(params) == len(set(map(id, params))) and len(layers) == len(set(map(id, layers)))
        drawn = [layer for layer in layers if "rng" in layer.needs and type(layer) is not Dropout]
        return (
            alone and not drawn and len({len(a) for a in arrays}) == 1 and type(self.optimizer) in RULES
            and len(kinds) == 1 and kinds <= {np.dtype("f4"), np.dtype("f8")} and bool(params)
        )  # fmt: skip

    def _adopt(self):
        """Move the model's parameters into one array on the GPU, unless they are there already."""
        if self.parameters is not None and self.parameters.still_home():
            return
        self.plans.clear()
        self.parameters = told_by("", Parameters, self.model, self.optimizer)
        self.updater = Updater(self.optimizer, self.parameters.dtype)
        drawn = sum(type(layer) is Dropout for layer in leaves(self.model))
        self.control = cupy.zeros(SCALARS + drawn, np.uint64)
        self.seeds = self.control[SCALARS:]

    def _known(self, kind, inputs, *targets):
        """The plan that was made for such a batch, None when there is none or the model has been moved since."""
        if isinstance(inputs, dict):
            refuse_two_kinds(**inputs)
        return self.plans.get(_key(kind, inputs, targets)) if self.parameters and self.parameters.still_home() else None

    def _plan(self, kind, inputs, *targets):
        self._adopt()
        first = slice(0, 1)
        pred, _ = self.model.forward(to_device(take(inputs, first)))  # the textbook's own checks of shapes and numbers
        for t in targets:
            self.loss.forward(pred, to_device(t[first]))
        if len(self.plans) == KEPT:
            self.stream.synchronize()
            self.plans.pop(next(iter(self.plans)))
        plan = self.plans[_key(kind, inputs, targets)] = kind(self, inputs, *targets)
        return plan

    @contextlib.contextmanager
    def _on_stream(self):
        """Work on the engine's stream: behind what the caller's stream has been given so far, and before what comes."""
        here = cupy.cuda.get_current_stream()
        self.stream.wait_event(here.record())
        try:
            with self.stream:
                yield
        finally:
            here.wait_event(self.stream.record())

    @contextlib.contextmanager
    def _memory_explained(self, attempt, inputs, *targets):
        try:
            yield
        except (GpuMemoryError, OutOfMemoryError) as error:
            error = error if isinstance(error, GpuMemoryError) else GpuMemoryError(str(error))
            self.plans.clear()
            raise explain(error, len(_arrays(inputs)[0]), lambda n: attempt(*(take(a, slice(0, n)) for a in (inputs, *targets)))) from None

    def _attempt(self, inputs, *targets):
        """Work on a batch, without an update. Raises MemoryError when it is too large."""
        plan = (TrainingStep if targets else Prediction)(self, inputs, *targets)
        with cupy.cuda.using_allocator(plan.pool.malloc):
            plan.gradients() if targets else plan.run(inputs)

    def _textbook_attempt(self, inputs, *targets):
        """The same by the layers' own code."""
        y, cache = self.model.forward(to_device(inputs), training=bool(targets), rng=np.random.default_rng(0))
        for t in targets:
            self.model.backward(self.loss.backward(self.loss.forward(y, to_device(t))[1]), cache)

    def _draws(self, steps):
        return np.random.SeedSequence(entropy=self.seed, spawn_key=(steps,))

    def _read(self, number, failures):
        """The loss of a step, once it is there. failures: how many there had been when it was launched."""
        if failures < len(self.failed) and number >= self.failed[failures]:
            raise NonFiniteError(f"step {number} changed nothing, since step {self.failed[failures]} before it went bad")
        with self.stream:
            first_bad = int(self.updater.status.get()[0])
            loss = self.updater.losses[number % LOSSES].get()[()]
        if first_bad and number >= first_bad:
            self._fail(first_bad)
        return loss

    def _fail(self, number):
        """Forget the steps that changed nothing, and tell which layer of the first of them went bad."""
        self.updater.status[...] = 0
        self.failed.append(number)
        for later in range(number, self.optimizer.steps + 1):
            self.unread.pop(later % LOSSES, None)
        batch = next((batch for batch in self.recent if batch[0] == number), None)
        self.recent.clear()
        self.optimizer.steps = min(self.optimizer.steps, number - 1)
        if batch is not None:
            self.model.to("cpu")  # the textbook on the host refuses more, and more clearly
            try:
                name_first_bad(self.model, self.loss, *to_host(batch[1:]), np.random.default_rng(self._draws(number - 1)))
            finally:
                self.model.to("gpu")
        raise NonFiniteError(
            f"the loss or a gradient of step {number} was NaN or infinite, and nothing has changed since: "
            "look at the loss after every step to learn in which layer"
        )


def _key(kind, inputs, targets):
    names = tuple(inputs) if isinstance(inputs, dict) else ()
    return (kind, names, *((a.shape, a.dtype) for a in (*_arrays(inputs), *targets)))


def _arrays(inputs):
    return list(inputs.values()) if isinstance(inputs, dict) else [inputs]
