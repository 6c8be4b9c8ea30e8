"""Losses: one number that says how wrong a batch of predictions is, and its gradient.

Each is the mean over the batch, so that a gradient does not grow with the batch size:

binary cross-entropy    J = −mean (t log p + (1 − t) log(1 − p))        dp = (p − t) / (p (1 − p)) / n
  from logits z         J =  mean (max(z, 0) − z t + log(1 + e^−|z|))   dz = (σ(z) − t) / n
cross-entropy           J = −mean_n log p[n, t_n]                       dp[n, t_n] = −1 / p[n, t_n] / N
  from logits z         J =  mean_n (log Σ e^z − z[n, t_n])             dz = (softmax(z) − onehot(t)) / N
mean squared error      J =  mean (p − t)²                              dp = 2 (p − t) / n

n counts all numbers, N the rows. The forms from logits are exact at ±1000, where p would round to 0 or 1.
Probabilities are kept ε = the dtype's rounding unit away from 0 and 1 before the logarithm.
"""

import numpy as np

from tinymm.backend import array_module, is_cupy, refuse_two_kinds
from tinymm.errors import ShapeError
from tinymm.layers.sigmoid import sigmoid_forward
from tinymm.layers.softmax import softmax_forward


def binary_cross_entropy_forward(p, t):
    """p (N, ...) probabilities, t (N, ...) in [0, 1] -> J, cache."""
    xp = array_module(p)
    p = _inside(p)
    J = -(t * xp.log(p) + (1 - t) * xp.log1p(-p)).mean()
    return J, (p, t)


def binary_cross_entropy_backward(cache):
    """-> dp (N, ...)."""
    p, t = cache
    return (p - t) / (p * (1 - p)) / p.size


def binary_cross_entropy_logits_forward(z, t):
    """z (N, ...) logits, t (N, ...) in [0, 1] -> J, cache."""
    xp = array_module(z)
    positive = z.real > 0
    magnitude = xp.where(positive, z, -z)
    J = (z * positive - z * t + xp.log1p(xp.exp(-magnitude))).mean()
    return J, (z, t)


def binary_cross_entropy_logits_backward(cache):
    """-> dz (N, ...)."""
    z, t = cache
    return (sigmoid_forward(z)[0] - t) / z.size


def cross_entropy_forward(p, t):
    """p (N, ..., K) probabilities, t (N, ..., K) one-hot or any distribution -> J, cache."""
    p = _inside(p)
    J = -(t * array_module(p).log(p)).sum(axis=-1).mean()
    return J, (p, t)


def cross_entropy_backward(cache):
    """-> dp (N, ..., K)."""
    p, t = cache
    return -t / p / (p.size // p.shape[-1])


def cross_entropy_logits_forward(z, t):
    """z (N, ..., K) logits, t (N, ..., K) one-hot or any distribution -> J, cache."""
    xp = array_module(z)
    top = z.real.max(axis=-1, keepdims=True)
    log_p = z - top - xp.log(xp.exp(z - top).sum(axis=-1, keepdims=True))
    J = -(t * log_p).sum(axis=-1).mean()
    return J, (z, t)


def cross_entropy_logits_backward(cache):
    """-> dz (N, ..., K)."""
    z, t = cache
    p = softmax_forward(z)[0]
    return (p * t.sum(axis=-1, keepdims=True) - t) / (z.size // z.shape[-1])


def mean_squared_error_forward(p, t):
    """p (N, ...), t (N, ...) -> J, cache."""
    difference = p - t
    return (difference * difference).mean(), difference


def mean_squared_error_backward(cache):
    """-> dp (N, ...)."""
    difference = cache
    return 2 * difference / difference.size


def _inside(p):
    """p, at least one rounding unit away from 0 and 1."""
    epsilon = np.finfo(p.dtype if p.dtype.kind in "fc" else np.float64).eps
    xp = array_module(p)
    p = xp.where(p.real < epsilon, epsilon, p)
    return xp.where(p.real > 1 - epsilon, 1 - epsilon, p)


class Loss:
    """``forward(pred, target)`` -> (J, cache); ``backward(cache)`` -> dpred, shaped like pred.

    J is a number of pred's dtype (a 0-d array on the GPU, so that nothing waits for it).
    """

    def forward(self, pred, target):
        return self.functions()[0](pred, self.prepare(pred, target))

    def backward(self, cache):
        return self.functions()[1](cache)

    def functions(self):
        """The pure pair that computes this loss."""
        raise NotImplementedError

    def prepare(self, pred, target):
        """The target in pred's dtype and shape. Raises ShapeError when it cannot be."""
        refuse_two_kinds(prediction=pred, target=target)
        if target.shape != pred.shape:
            raise ShapeError(
                f"{type(self).__name__} wants a target of the prediction's shape {pred.shape} and got {target.shape}"
            )
        return target.astype(pred.dtype, copy=False)

    def probabilities(self, pred):
        """What the model says, as a person reads it: logits become probabilities."""
        return pred

    def config(self):
        """Name and arguments, as JSON can hold them."""
        return {"loss": type(self).__name__, **vars(self)}


class BinaryCrossEntropy(Loss):
    """For yes/no questions: pred (N, M) probabilities, or logits with ``from_logits``; target (N, M) of 0 and 1."""

    def __init__(self, from_logits=False):
        self.from_logits = from_logits

    def functions(self):
        if self.from_logits:
            return binary_cross_entropy_logits_forward, binary_cross_entropy_logits_backward
        return binary_cross_entropy_forward, binary_cross_entropy_backward

    def prepare(self, pred, target):
        target = super().prepare(pred, target)
        if not is_cupy(target) and target.size and not 0 <= target.real.min() <= target.real.max() <= 1:
            raise ShapeError(
                f"BinaryCrossEntropy wants targets from 0 to 1 and got {target.real.min():g} to "
                f"{target.real.max():g}: write no as 0 and yes as 1"
            )
        return target

    def probabilities(self, pred):
        return sigmoid_forward(pred)[0] if self.from_logits else pred


class CrossEntropy(Loss):
    """For one class out of K: pred (N, K) probabilities, or logits with ``from_logits``.

    target is (N,) class numbers 0 to K − 1, or (N, K) with one 1 (or a distribution) in each row.
    """

    def __init__(self, from_logits=False):
        self.from_logits = from_logits

    def functions(self):
        if self.from_logits:
            return cross_entropy_logits_forward, cross_entropy_logits_backward
        return cross_entropy_forward, cross_entropy_backward

    def prepare(self, pred, target):
        refuse_two_kinds(prediction=pred, target=target)
        K = pred.shape[-1]
        if target.dtype.kind not in "iu" or target.shape == pred.shape:
            return super().prepare(pred, target)
        if target.shape != pred.shape[:-1]:
            raise ShapeError(
                f"CrossEntropy wants class numbers of shape {pred.shape[:-1]} for predictions {pred.shape} "
                f"and got {target.shape}"
            )
        self.refuse_unknown(target, K)
        return (array_module(pred).arange(K) == target[..., None]).astype(pred.dtype)

    def refuse_unknown(self, target, K):
        """Raise ShapeError for class numbers outside 0 to K − 1. Not on the GPU, since that would wait for it."""
        if not is_cupy(target) and target.size and not 0 <= target.min() <= target.max() < K:
            raise ShapeError(
                f"CrossEntropy wants class numbers from 0 to {K - 1} and got {target.min()} to {target.max()}: "
                "give the last Dense one unit a class"
            )

    def probabilities(self, pred):
        return softmax_forward(pred)[0] if self.from_logits else pred


class MeanSquaredError(Loss):
    """For quantities: pred (N, ...) and target (N, ...)."""

    def functions(self):
        return mean_squared_error_forward, mean_squared_error_backward


LOSSES = {loss.__name__: loss for loss in (BinaryCrossEntropy, CrossEntropy, MeanSquaredError)}
