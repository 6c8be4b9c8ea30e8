"""Sigmoid: squeeze any number into (0, 1).

Forward  (article 4.2, σ)   y = 1 / (1 + e⁻ˣ) = ½ (1 + tanh(x/2))
Backward                    dx = dy · y (1 − y)

The second form is the same function and never overflows.
"""

from tinymm.backend import array_module
from tinymm.layers.base import Layer


def sigmoid_forward(x):
    """x (N, ...) -> y (N, ...), cache."""
    y = 0.5 * (1 + array_module(x).tanh(0.5 * x))
    return y, y


def sigmoid_backward(dy, cache):
    """dy (N, ...) -> dx (N, ...)."""
    y = cache
    return dy * y * (1 - y)  # forward: dy/dx = σ′(x) = y (1 − y)


class Sigmoid(Layer):
    """1 / (1 + e⁻ˣ), number by number: (N, ...) -> (N, ...)."""

    def run(self, x):
        return sigmoid_forward(x)

    def backward(self, dy, cache):
        return sigmoid_backward(dy, cache), {}
