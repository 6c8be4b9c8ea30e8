"""The CPU engine: the textbook's mathematics, planned for a whole training step.

A plan is made once for a model and a batch shape. Layers without a plan run their textbook code, so every model
trains here; a model that uses one layer in two places, or computes in other numbers than float32 and float64,
is left to the textbook as a whole. TINYMM_THREADS sets the number of threads; the results do not depend on it.
"""

import numpy as np

from tinymm.backend import is_cupy, take
from tinymm.engines.cpu.containers import make_plan
from tinymm.engines.cpu.loss import LossPlan
from tinymm.engines.cpu.plan import Surroundings
from tinymm.engines.cpu.threads import Crew, thread_count
from tinymm.engines.cpu.update import Updater
from tinymm.engines.diagnosis import name_first_bad
from tinymm.engines.textbook import TextbookEngine
from tinymm.layers import Container

KEPT = 4  # plans at a time: full batches, the last batch, both for training and for prediction


class CpuEngine(TextbookEngine):
    """Trains on NumPy arrays, faster than the textbook and to the same results up to rounding."""

    def __init__(self, model, loss, optimizer, seed=0):
        super().__init__(model, loss, optimizer, seed)
        self.crew = Crew(thread_count())
        self.loss_plan, self.updater, self.plans = LossPlan(loss, self.crew), Updater(optimizer, self.crew), {}

    def _step(self, inputs, targets):
        if not self._plannable(inputs):
            return super()._step(inputs, targets)
        draws = np.random.SeedSequence(entropy=self.seed, spawn_key=(self.optimizer.steps,))
        with self.crew.at_work():
            plan = self._plan(inputs, training=True)
            pred = plan.forward(inputs, None, np.random.default_rng(draws))
            loss, dpred = self.loss_plan.forward_backward(pred, targets)
            plan.backward(dpred)
            if not (np.isfinite(loss) and plan.finite()):
                name_first_bad(self.model, self.loss, inputs, targets, np.random.default_rng(draws))
            self.updater.update(self.model.params, plan.grads)
            plan.commit()
        return loss

    def predict(self, inputs):
        if not self._plannable(inputs):
            return super().predict(inputs)
        with np.errstate(all="ignore"), self.crew.at_work():
            return self._plan(inputs, training=False).forward(inputs, None, None).copy()

    def _plannable(self, inputs):
        """Numbers and arrays that plans are made for, as many of each input, and every layer in one place only."""
        arrays = list(inputs.values()) if isinstance(inputs, dict) else [inputs]
        if any(is_cupy(a) or a.dtype.kind not in "iuf" for a in arrays) or len({len(a) for a in arrays}) > 1:
            return False
        self.model.accept(inputs)
        kinds = {a.dtype for a in self.model.params.values()} | {a.dtype for a in arrays if a.dtype.kind == "f"}
        leaves = list(_leaves(self.model))
        return len(kinds) == 1 and kinds <= {np.dtype("f4"), np.dtype("f8")} and len(leaves) == len(set(map(id, leaves)))

    def _plan(self, inputs, training):
        shape = {k: inputs[k].shape for k in inputs} if isinstance(inputs, dict) else inputs.shape
        key = (training, *(shape.items() if isinstance(shape, dict) else shape))
        if key not in self.plans:
            self.model.forward(take(inputs, slice(0, 1)))  # the textbook's own checks of shapes and numbers
            if len(self.plans) == KEPT:
                self.plans.pop(next(iter(self.plans)))
            dtype = next(iter(self.model.params.values())).dtype
            self.plans[key] = make_plan(self.model, shape, Surroundings(self.crew, dtype, training, dx=False))
        return self.plans[key]


def _leaves(layer):
    if isinstance(layer, Container):
        for child in layer.children.values():
            yield from _leaves(child)
    else:
        yield layer
