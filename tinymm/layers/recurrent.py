"""What layers that read step by step share: an initial state, a mask, and the choice of output."""

import numpy as np

from tinymm.backend import array_module
from tinymm.errors import ShapeError
from tinymm.initializers import glorot_uniform, orthogonal, zeros
from tinymm.layers.base import Layer, positive


class Recurrent(Layer):
    """(N, T, D) -> (N, units), the state after the last real step, or (N, T, units) with ``return_sequences``.

    x may be a tuple (x, h0, ...) that brings the initial states (N, units); dx then is a tuple as well.
    A step where mask (N, T) is False leaves the state as it was and gets no gradient.
    """

    axes = ("time", "features")
    gates = 1

    def __init__(self, units, return_sequences=False):
        super().__init__()
        self.units = positive("units", units)
        self.return_sequences = return_sequences

    def parameters(self, input_shape, rng):
        """W Glorot uniform, U orthogonal gate by gate, b zeros: as in Keras."""
        D, M = input_shape[-1], self.units
        U = np.concatenate([orthogonal((M, M), rng) for _ in range(self.gates)], axis=1)
        return {"W": glorot_uniform((D, self.gates * M), rng), "U": U, "b": zeros(self.gates * M)}

    def output_shape(self, input_shape):
        return (input_shape[0], self.units) if self.return_sequences else (self.units,)

    def multiply_adds(self, input_shape):
        T, D = input_shape
        return T * self.gates * self.units * (D + self.units)

    def output_mask(self, x, mask):
        return mask if self.return_sequences else None

    def forward(self, x, training=False, mask=None, rng=None):
        x, *states = x if isinstance(x, tuple) else (x,)
        self.accept(x)
        if mask is not None and mask.shape != x.shape[:2]:
            raise ShapeError(f"{type(self).__name__} wants a mask (N, time) = {x.shape[:2]} and got {mask.shape}")
        h, cache = self.run(x, mask, *states)
        return h if self.return_sequences else h[:, -1], (cache, h.shape, len(states))

    def backward(self, dy, cache):
        cache, shape, states = cache
        if self.return_sequences:
            dh = dy
        else:
            dh = array_module(dy).zeros(shape, dtype=dy.dtype)
            dh[:, -1] = dy  # forward: y = h[:, -1]; padded steps carry the last real state to the end
        dx, grads, dstates = self.run_backward(dh, cache)
        return (dx, *dstates[:states]) if states else dx, grads

    def run(self, x, mask, *states):
        """x (N, T, D) -> h (N, T, units), cache."""
        raise NotImplementedError

    def run_backward(self, dh, cache):
        """dh (N, T, units) -> dx (N, T, D), grads, gradients of the initial states."""
        raise NotImplementedError

    def check(self, shape):
        super().check(shape)
        if shape[0] == 0:
            raise ShapeError(f"{type(self).__name__} got sequences without time steps: it needs at least one")
