"""TimeDistributed: y[n,t] = f(x[n,t]), one frame after the other."""

import numpy as np


def timedistributed_forward(x, forward):
    """x (N, T, ...), forward: one frame (1, ...) -> (y, cache)  ->  y (N, T, ...), cache."""
    y, caches = {}, {}
    for n in range(x.shape[0]):
        for t in range(x.shape[1]):
            y[n, t], caches[n, t] = forward(x[n : n + 1, t])
    return _stacked(y, x.shape[:2]), (caches, x.shape[:2])


def timedistributed_backward(dy, cache, backward):
    """dy (N, T, ...), backward: (dy of a frame, cache) -> (its dx, grads)  ->  dx (N, T, ...), grads."""
    caches, shape = cache
    dx, grads = {}, {}
    for n, t in caches:
        dx[n, t], own = backward(dy[n : n + 1, t], caches[n, t])
        for name, grad in own.items():
            grads[name] = grads.get(name, 0) + grad  # every frame used the same parameters
    return None if dx[0, 0] is None else _stacked(dx, shape), grads


def _stacked(frames, shape):
    """Arrays (1, ...) by (n, t) as one array (N, T, ...)."""
    y = np.zeros((*shape, *frames[0, 0].shape[1:]), dtype=frames[0, 0].dtype)
    for n, t in frames:
        y[n, t] = frames[n, t][0]
    return y
