"""BatchNorm: give every channel mean 0 and variance 1 over the batch, then let it choose its own.

Forward   μ = mean x     v = mean (x − μ)²     x̂ = (x − μ) / √(v + ε)     y = γ x̂ + β
Backward  dβ = Σ dy      dγ = Σ dy x̂           dx = γ/√(v + ε) · (dy − mean dy − x̂ · mean(dy x̂))

Means and sums run over all axes but the last: batch and places. μ and v depend on x, which gives the two
subtracted terms. At prediction μ and v are running averages kept from training, constants, and
dx = γ/√(v + ε) · dy. Source: Ioffe and Szegedy, ICML 2015, algorithms 1 and 2.
"""

from tinymm.backend import array_module
from tinymm.initializers import ones, zeros
from tinymm.layers.base import Layer


def batchnorm_forward(x, gamma, beta, mean=None, variance=None, epsilon=1e-5):
    """x (N, ..., C), gamma (C,), beta (C,) -> y (N, ..., C), cache.

    With mean and variance (C,) given they are constants; without, they are those of the batch.
    """
    from_batch = mean is None
    axes = tuple(range(x.ndim - 1))
    if from_batch:
        mean = x.mean(axis=axes)
        variance = ((x - mean) * (x - mean)).mean(axis=axes)
    inverse = 1 / array_module(x).sqrt(variance + epsilon)
    x_hat = (x - mean) * inverse
    y = gamma * x_hat + beta
    return y, (x_hat, gamma, inverse, mean, variance, from_batch)


def batchnorm_backward(dy, cache):
    """dy (N, ..., C) -> dx (N, ..., C), dgamma (C,), dbeta (C,)."""
    x_hat, gamma, inverse, _, _, from_batch = cache
    axes = tuple(range(dy.ndim - 1))
    dbeta = dy.sum(axis=axes)                 # forward: y used beta[c] with weight 1
    dgamma = (dy * x_hat).sum(axis=axes)      # forward: y used gamma[c] with weight x_hat
    if not from_batch:
        return dy * (gamma * inverse), dgamma, dbeta
    mean_dy, mean_dy_x_hat = dy.mean(axis=axes), (dy * x_hat).mean(axis=axes)
    dx = gamma * inverse * (dy - mean_dy - x_hat * mean_dy_x_hat)  # through x itself, through μ, through v
    return dx, dgamma, dbeta


class BatchNorm(Layer):
    """Normalise each channel over batch and places: (N, ..., C) -> (N, ..., C).

    Parameters gamma (C,) and beta (C,); state mean (C,) and variance (C,), averages over training that move
    by 1 − ``momentum`` after every step. As in PyTorch the kept variance is the unbiased one (÷ (n − 1)).
    """

    axes = ("...", "channels")
    needs = ("training",)

    def __init__(self, momentum=0.9, epsilon=1e-5):
        super().__init__()
        self.momentum = momentum
        self.epsilon = epsilon

    def parameters(self, input_shape, rng):
        return {"gamma": ones(input_shape[-1]), "beta": zeros(input_shape[-1])}

    def initial_state(self, input_shape):
        return {"mean": zeros(input_shape[-1]), "variance": ones(input_shape[-1])}

    def run(self, x, training):
        moments = {} if training else self.state
        return batchnorm_forward(x, **self.params, **moments, epsilon=self.epsilon)

    def backward(self, dy, cache):
        dx, dgamma, dbeta = batchnorm_backward(dy, cache)
        return dx, {"gamma": dgamma, "beta": dbeta}

    def next_state(self, cache):
        x_hat, _, _, mean, variance, from_batch = cache
        if not from_batch:
            return {}
        rows = x_hat.size // x_hat.shape[-1]
        seen = {"mean": mean, "variance": variance * (rows / max(rows - 1, 1))}
        return {k: self.momentum * old + (1 - self.momentum) * seen[k] for k, old in self.state.items()}
