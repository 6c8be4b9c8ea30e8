"""TimeDistributed: the same layer on every frame of a video.

Forward   y[n,t] = f(x[n,t])
Backward  dx[n,t] = f.backward(dy[n,t])        the gradients of f's parameters add up over n and t

The N·T frames go through f as one big batch.
"""

import math

from tinymm.errors import ShapeError
from tinymm.layers.containers import Container


def timedistributed_forward(x, forward):
    """x (N, T, ...), forward: frames (N·T, ...) -> (y, cache)  ->  y (N, T, ...), cache."""
    N, T = x.shape[:2]
    y, cache = forward(x.reshape(N * T, *x.shape[2:]))
    return y.reshape(N, T, *y.shape[1:]), (cache, x.shape)


def timedistributed_backward(dy, cache, backward):
    """dy (N, T, ...), backward: (dy of frames, cache) -> (dx of frames, grads)  ->  dx (N, T, ...), grads."""
    inner, shape = cache
    dx, grads = backward(dy.reshape(math.prod(shape[:2]), *dy.shape[2:]), inner)
    return dx if dx is None else dx.reshape(shape), grads


class TimeDistributed(Container):
    """``layer`` on each time step by itself: (N, T, ...) -> (N, T, ...). Parameters are called ``layer.…``."""

    def __init__(self, layer):
        super().__init__({"layer": layer})

    def _build_children(self, shape, rng, dtype):
        if len(shape) < 2:
            raise ShapeError(f"TimeDistributed wants inputs (N, time, ...) and got (N, {', '.join(map(str, shape))})")
        return (shape[0], *self.call("layer", "build", shape[1:], rng, dtype))

    def output_shape(self, shape):
        return (shape[0], *self.children["layer"].output_shape(shape[1:]))

    def multiply_adds(self, shape):
        return shape[0] * self.children["layer"].multiply_adds(shape[1:])

    def run(self, x, training, mask, rng):
        y, (cache, shape) = timedistributed_forward(
            x, lambda frames: self.call("layer", "forward", frames, training=training, rng=rng)
        )
        return y, {"layer": cache, "shape": shape}

    def backward(self, dy, cache):
        dx, grads = timedistributed_backward(
            dy, (cache["layer"], cache["shape"]), lambda d, c: self.call("layer", "backward", d, c)
        )
        return dx, self.gather([("layer", grads)])

    def output_mask(self, x, mask):
        return mask
