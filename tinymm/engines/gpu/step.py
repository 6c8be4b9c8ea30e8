"""One shape of batch on the GPU: a prediction, and a training step that is recorded once and then replayed.

The first training step of a shape is launched kernel by kernel, which compiles the kernels and fills the memory pool. The
second is recorded as a CUDA graph, and from then on a step is one launch of the whole graph. Where recording does
not work (a layer of one's own, a layer whose textbook code calls cuBLAS), every step is launched kernel by kernel.
"""

import cupy
import numpy as np

from tinymm.backend import is_cupy
from tinymm.engines.gpu.containers import make_plan, told_by
from tinymm.engines.gpu.loss import LossPlan
from tinymm.engines.gpu.plan import Surroundings


class Prediction:
    """The plans of a model for one batch shape, with the memory they need in a pool of their own.

    A recorded step writes to the same addresses in every replay, temporary arrays included; nobody else may get them.
    """

    training = False

    def __init__(self, engine, inputs):
        self.engine, self.pool = engine, cupy.cuda.MemoryPool()
        self.dtype = engine.parameters.dtype
        shape = {k: a.shape for k, a in inputs.items()} if isinstance(inputs, dict) else inputs.shape
        self.around = Surroundings(
            self.dtype, self.training, dx=False, deterministic=engine.deterministic,
            grads=engine.parameters.grad_of, seeds=engine.seeds,
        )  # fmt: skip
        with cupy.cuda.using_allocator(self.pool.malloc):
            self.plan = told_by("", make_plan, engine.model, shape, self.around)
            self.inputs = self._places(inputs)

    def run(self, inputs):
        """The model's output for a batch: a view that the next call overwrites."""
        self._check(inputs)
        with cupy.cuda.using_allocator(self.pool.malloc):
            self._load(self.inputs, inputs)
            return told_by("", self.plan.forward, self.inputs, None)

    def _places(self, arrays):
        """Arrays on the GPU where batches go: ids in 32 bits, all else in the model's numbers."""
        if isinstance(arrays, dict):
            return {k: self._places(a) for k, a in arrays.items()}
        return cupy.empty(arrays.shape, "i4" if arrays.dtype.kind in "iu" else self.dtype)

    def _load(self, places, arrays):
        """Copy a batch to its places. From the host the copy goes through pinned memory, and nobody waits for it."""
        if isinstance(places, dict):
            for k, place in places.items():
                self._load(place, arrays[k])
        else:
            places[...] = cupy.asarray(arrays)

    def _check(self, inputs):
        arrays = inputs.values() if isinstance(inputs, dict) else [inputs]
        if not any(is_cupy(a) for a in arrays):
            self.plan.check(inputs)


class TrainingStep(Prediction):
    """Forward, loss, backward and update for one batch shape. ``graph`` is None, or what is replayed.

    ``why_plain`` says why a step is launched kernel by kernel, "" while nothing stands against recording it.
    """

    training = True

    def __init__(self, engine, inputs, targets):
        super().__init__(engine, inputs)
        with cupy.cuda.using_allocator(self.pool.malloc):
            self.loss = told_by("", LossPlan, engine.loss, self.plan.output_shape, self.around)
            self.targets = cupy.empty(targets.shape, self.loss.kind_of(targets))
        self.graph, self.runs, self.why_plain = None, 0, ""
        if not (self.plan.capturable and self.loss.capturable):
            self.why_plain = "the model or the loss has parts of your own, which may do something else in every step"

    def run(self, inputs, targets, draws):
        """One step. draws() -> the ``numpy.random.SeedSequence`` that the step's random numbers come from."""
        self._check(inputs)
        self._check_targets(targets)
        control = np.zeros(self.engine.control.size, np.uint64)
        scalars = self.engine.updater.scalars()
        control[: len(scalars)] = scalars.view(np.uint64)
        if self.around.places:
            self.plan.draw(np.random.default_rng(draws()), control[len(scalars) :])
        with cupy.cuda.using_allocator(self.pool.malloc):
            self._load(self.inputs, inputs)
            self._load(self.targets, targets)
            self._load(self.engine.control, control)
            if self.graph is None and self.runs and self.engine.captures and not self.why_plain:
                self._record()
            if self.graph is None:
                self._launch()
            else:
                self.graph.launch(stream=self.engine.stream)
        self.runs += 1

    def gradients(self):
        """Forward, loss and backward, kernel by kernel."""
        pred = told_by("", self.plan.forward, self.inputs, None)
        told_by("", self.plan.backward, self.loss.forward_backward(pred, self.targets))

    def _launch(self):
        engine = self.engine
        self.gradients()
        engine.updater.update(engine.parameters, self.loss.value, engine.control)
        if engine.model.state:
            self.plan.commit((engine.updater.status == 0)[0])

    def _record(self):
        """Record the step. A recording that fails leaves no trace but the reason."""
        stream = self.engine.stream
        stream.begin_capture()
        try:
            self._launch()
        except (RuntimeError, MemoryError) as error:  # CuPy's errors of CUDA and of cuBLAS
            self.why_plain = f"it cannot be recorded ({error})"
        finally:  # also after a second Ctrl-C: nothing may be launched on a stream that still records
            try:
                graph = stream.end_capture()
            except RuntimeError as error:
                self.why_plain = self.why_plain or f"it cannot be recorded ({error})"
        if not self.why_plain:
            self.graph = graph

    def _check_targets(self, targets):
        """The textbook's own refusals, for targets that are still on the host."""
        if is_cupy(targets):
            return
        if self.targets.dtype == "i4":
            self.engine.loss.refuse_unknown(targets, self.plan.output_shape[-1])
        else:
            self.engine.loss.prepare(np.broadcast_to(np.zeros((), self.dtype), self.plan.output_shape), targets)
