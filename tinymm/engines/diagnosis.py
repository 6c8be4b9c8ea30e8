"""Finding where a training step first met NaN or infinity."""

import numpy as np

from tinymm.backend import array_module
from tinymm.errors import NonFiniteError
from tinymm.layers import Container, Layer


def name_first_bad(model, loss, inputs, targets, rng):
    """Repeat a step layer by layer; raise NonFiniteError at the first bad output or gradient."""
    arrays = inputs if isinstance(inputs, dict) else {"x": inputs}
    for name, x in arrays.items():
        if not _finite(x):
            raise NonFiniteError(f"the input {name} holds NaN or infinity: check how it was prepared")
    watched = model.map_layers(Watched) if isinstance(model, Container) else Watched(model)
    with np.errstate(all="ignore"):
        pred, cache = watched.forward(inputs, training=True, rng=rng)
        value, loss_cache = loss.forward(pred, targets)
        if not _finite(value):
            raise NonFiniteError(f"the loss {type(loss).__name__} is {value} though every layer's output is finite")
        watched.backward(loss.backward(loss_cache), cache)
    raise NonFiniteError("a sum of gradients overflowed: lower the learning rate")


class Watched(Layer):
    """A layer that refuses to hand on NaN or infinity."""

    def __init__(self, layer):
        self.layer = layer

    def __getattr__(self, name):
        return getattr(self.layer, name)

    def forward(self, x, training=False, mask=None, rng=None):
        y, cache = self.layer.forward(x, training=training, mask=mask, rng=rng)
        self._refuse("output", y)
        return y, cache

    def backward(self, dy, cache):
        dx, grads = self.layer.backward(dy, cache)
        for name, gradient in {"its input": dx, **grads}.items():
            self._refuse(f"gradient of {name}", gradient)
        return dx, grads

    def output_mask(self, x, mask):
        return self.layer.output_mask(x, mask)

    def _refuse(self, what, value):
        for array in value if isinstance(value, tuple) else (value,):
            if array is not None and not _finite(array):
                raise NonFiniteError(
                    f"the {what} of {type(self.layer).__name__} went bad (NaN or infinity): "
                    "lower the learning rate"
                )


def _finite(x):
    return x.dtype.kind not in "fc" or bool(array_module(x).isfinite(x).all())
