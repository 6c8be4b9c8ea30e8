"""Dense: every output unit sees every input unit.

Forward  (article 4.2)    y = x W + b
Backward                  dx = dy Wᵀ     dW = xᵀ dy     db = Σₙ dyₙ

The article's σ is a layer of its own here (Sigmoid, ReLU, ...). Its bias formula, ∂J/∂b = ∂J/∂h, leaves
out σ′; with σ in its own layer, dy already carries that factor, and db = Σ dy is exact.
"""

from tinymm.initializers import INITIALIZERS, known_initializer
from tinymm.layers.base import Layer, positive


def dense_forward(x, W, b):
    """x (N, ..., D), W (D, M), b (M,) -> y (N, ..., M), cache."""
    y = x @ W + b
    return y, (x, W)


def dense_backward(dy, cache):
    """dy (N, ..., M) -> dx (N, ..., D), dW (D, M), db (M,)."""
    x, W = cache
    D, M = W.shape
    x_rows, dy_rows = x.reshape(-1, D), dy.reshape(-1, M)
    dx = dy @ W.T             # forward: y[n,m] used x[n,d] with weight W[d,m]
    dW = x_rows.T @ dy_rows   # forward: y[n,m] used W[d,m] with weight x[n,d], in every row n
    db = dy_rows.sum(axis=0)  # forward: y[n,m] used b[m] with weight 1, in every row n
    return dx, dW, db


class Dense(Layer):
    """``units`` weighted sums of all input features: (N, ..., D) -> (N, ..., units).

    Parameters W (D, units), drawn by ``initializer`` (a name from ``tinymm.initializers``), and b (units,), zeros.
    """

    axes = ("...", "features")

    def __init__(self, units, initializer="glorot_uniform"):
        super().__init__()
        self.units = positive("units", units)
        self.initializer = known_initializer(initializer)

    def parameters(self, input_shape, rng):
        W = INITIALIZERS[self.initializer]((input_shape[-1], self.units), rng)
        return {"W": W, "b": INITIALIZERS["zeros"](self.units)}

    def output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def multiply_adds(self, input_shape):
        rows = 1
        for length in input_shape[:-1]:
            rows *= length
        return rows * input_shape[-1] * self.units

    def run(self, x):
        return dense_forward(x, **self.params)

    def backward(self, dy, cache):
        dx, dW, db = dense_backward(dy, cache)
        return dx, {"W": dW, "b": db}
