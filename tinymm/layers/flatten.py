"""Flatten: a picture becomes one long row.

Forward   y[n, (p·W + q)·C + c] = x[n,p,q,c]
Backward  dx[n,p,q,c] = dy[n, (p·W + q)·C + c]
"""

import math

from tinymm.errors import ShapeError
from tinymm.layers.base import Layer


def flatten_forward(x):
    """x (N, ...) -> y (N, product of the rest), cache."""
    return x.reshape(len(x), -1), x.shape


def flatten_backward(dy, cache):
    """dy (N, D) -> dx, shaped like x."""
    shape = cache
    return dy.reshape(shape)  # forward: every number moved, none changed


class Flatten(Layer):
    """All axes but the batch axis become one: (N, H, W, C) -> (N, H·W·C)."""

    keeps_time = False

    def check(self, shape):
        """The whole shape must be the one it was built for: a Dense behind it has a weight for every place."""
        if self.input_shape is not None and tuple(shape) != self.input_shape:
            built, got = (", ".join(map(str, s)) for s in (self.input_shape, shape))
            raise ShapeError(
                f"Flatten was built for inputs (N, {built}) and got (N, {got}): pictures, sounds or texts of another "
                "size than the model was built for?"
            )

    def output_shape(self, input_shape):
        return (math.prod(input_shape),)

    def run(self, x):
        return flatten_forward(x)

    def backward(self, dy, cache):
        return flatten_backward(dy, cache), {}
