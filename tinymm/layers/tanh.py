"""Tanh: squeeze any number into (-1, 1).

Forward   y = tanh x
Backward  dx = dy · (1 − y²)
"""

from tinymm.backend import array_module
from tinymm.layers.base import Layer


def tanh_forward(x):
    """x (N, ...) -> y (N, ...), cache."""
    y = array_module(x).tanh(x)
    return y, y


def tanh_backward(dy, cache):
    """dy (N, ...) -> dx (N, ...)."""
    y = cache
    return dy * (1 - y * y)  # forward: dy/dx = 1 − tanh² x


class Tanh(Layer):
    """tanh x, number by number: (N, ...) -> (N, ...)."""

    def run(self, x):
        return tanh_forward(x)

    def backward(self, dy, cache):
        return tanh_backward(dy, cache), {}
