"""LayerNorm: give every row of features mean 0 and variance 1, then let each feature choose its own.

Forward   μ = mean x     v = mean (x − μ)²     x̂ = (x − μ) / √(v + ε)     y = γ x̂ + β
Backward  dβ = Σ dy      dγ = Σ dy x̂           dx = (g − mean g − x̂ · mean(g x̂)) / √(v + ε)     with g = γ dy

Means run over the last axis, the features of one sample; the sums for dγ and dβ over all others. Nothing
depends on the rest of the batch. Source: Ba, Kiros and Hinton, 2016, arXiv:1607.06450, equation 4.
"""

from tinymm.backend import array_module
from tinymm.initializers import ones, zeros
from tinymm.layers.base import Layer


def layernorm_forward(x, gamma, beta, epsilon=1e-5):
    """x (N, ..., D), gamma (D,), beta (D,) -> y (N, ..., D), cache."""
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred * centred).mean(axis=-1, keepdims=True)
    inverse = 1 / array_module(x).sqrt(variance + epsilon)
    x_hat = centred * inverse
    y = gamma * x_hat + beta
    return y, (x_hat, gamma, inverse)


def layernorm_backward(dy, cache):
    """dy (N, ..., D) -> dx (N, ..., D), dgamma (D,), dbeta (D,)."""
    x_hat, gamma, inverse = cache
    rows = tuple(range(dy.ndim - 1))
    dbeta = dy.sum(axis=rows)                 # forward: y used beta[d] with weight 1
    dgamma = (dy * x_hat).sum(axis=rows)      # forward: y used gamma[d] with weight x_hat
    g = gamma * dy                            # forward: y used x_hat with weight gamma
    mean_g, mean_g_x_hat = g.mean(axis=-1, keepdims=True), (g * x_hat).mean(axis=-1, keepdims=True)
    dx = inverse * (g - mean_g - x_hat * mean_g_x_hat)  # through x itself, through μ, through v
    return dx, dgamma, dbeta


class LayerNorm(Layer):
    """Normalise the features of each sample: (N, ..., D) -> (N, ..., D). Parameters gamma (D,) and beta (D,)."""

    axes = ("...", "features")

    def __init__(self, epsilon=1e-5):
        super().__init__()
        self.epsilon = epsilon

    def parameters(self, input_shape, rng):
        return {"gamma": ones(input_shape[-1]), "beta": zeros(input_shape[-1])}

    def run(self, x):
        return layernorm_forward(x, **self.params, epsilon=self.epsilon)

    def backward(self, dy, cache):
        dx, dgamma, dbeta = layernorm_backward(dy, cache)
        return dx, {"gamma": dgamma, "beta": dbeta}
