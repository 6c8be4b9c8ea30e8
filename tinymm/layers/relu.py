"""ReLU: let the positive part through.

Forward   y = max(x, 0)
Backward  dx = dy · [x > 0]        (0 at the corner x = 0, as in PyTorch)
"""

from tinymm.layers.base import Layer


def relu_forward(x):
    """x (N, ...) -> y (N, ...), cache. A complex x is judged by its real part."""
    positive = x.real > 0
    y = x * positive
    return y, positive


def relu_backward(dy, cache):
    """dy (N, ...) -> dx (N, ...)."""
    positive = cache
    return dy * positive  # forward: y = x where x > 0, else the constant 0


class ReLU(Layer):
    """max(x, 0), number by number: (N, ...) -> (N, ...). Source: Nair and Hinton, ICML 2010."""

    def run(self, x):
        return relu_forward(x)

    def backward(self, dy, cache):
        return relu_backward(dy, cache), {}
