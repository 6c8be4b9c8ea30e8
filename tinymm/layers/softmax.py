"""Softmax: turn scores into probabilities that sum to 1.

Forward   yᵢ = eˣⁱ / Σⱼ eˣʲ
Backward  dxᵢ = yᵢ (dyᵢ − Σⱼ dyⱼ yⱼ)

The largest score of each row is subtracted first. That changes nothing, since it cancels, and e never overflows.
"""

from tinymm.backend import array_module
from tinymm.layers.base import Layer


def softmax_forward(x):
    """x (N, ..., K) -> y (N, ..., K), cache. Each row along the last axis sums to 1."""
    e = array_module(x).exp(x - x.real.max(axis=-1, keepdims=True))
    y = e / e.sum(axis=-1, keepdims=True)
    return y, y


def softmax_backward(dy, cache):
    """dy (N, ..., K) -> dx (N, ..., K)."""
    y = cache
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True))  # forward: ∂yⱼ/∂xᵢ = yⱼ ([i = j] − yᵢ)


class Softmax(Layer):
    """Probabilities along the last axis: (N, ..., K) -> (N, ..., K)."""

    axes = ("...", "classes")

    def run(self, x):
        return softmax_forward(x)

    def backward(self, dy, cache):
        return softmax_backward(dy, cache), {}
