"""The textbook engine: forward, loss, backward, update, each by the layers' own code."""

import numpy as np

from tinymm.backend import array_module
from tinymm.engines.diagnosis import name_first_bad


class TextbookEngine:
    """Trains any model on the arrays it is given, NumPy or CuPy."""

    def __init__(self, model, loss, optimizer, seed=0):
        self.model, self.loss, self.optimizer, self.seed = model, loss, optimizer, seed

    def step(self, inputs, targets):
        """One update of the model's parameters from one batch: -> the loss before it.

        Raises NonFiniteError, and changes nothing, when the loss or a gradient is NaN or infinite. The
        error names the first layer whose output or gradient went bad.
        """
        with np.errstate(all="ignore"):  # what overflows is found below, and named
            return self._step(inputs, targets)

    def _step(self, inputs, targets):
        draws = np.random.SeedSequence(entropy=self.seed, spawn_key=(self.optimizer.steps,))
        pred, cache = self.model.forward(inputs, training=True, rng=np.random.default_rng(draws))
        loss, loss_cache = self.loss.forward(pred, targets)
        _, grads = self.model.backward(self.loss.backward(loss_cache), cache)
        xp = array_module(pred)
        if not (xp.isfinite(loss) and all(xp.isfinite(g.sum()) for g in grads.values())):
            name_first_bad(self.model, self.loss, inputs, targets, np.random.default_rng(draws))
        self.optimizer.update(self.model.params, grads)
        state = self.model.state
        for path, value in self.model.next_state(cache).items():
            state[path][...] = value
        return loss

    def predict(self, inputs):
        """The model's output for a batch, without dropout."""
        return self.model.forward(inputs)[0]


class TextbookPasses:
    """The passes of a plan for any layer, by the layer's own code, the same on the CPU and on the GPU."""

    def forward(self, x, mask, rng=None):
        y, self.cache = self.layer.forward(x, training=self.around.training, mask=mask, rng=rng)
        if self.y is None:
            return y
        self.y[...] = y
        return self.y

    def backward(self, dy):
        dx, grads = self.layer.backward(dy, self.cache)
        for name, grad in grads.items():
            self.grads[name][...] = grad
        return dx
