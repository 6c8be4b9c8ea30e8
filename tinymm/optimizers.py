"""Optimizers: how a gradient changes a parameter.

α is the learning rate, t counts the updates from 1.

SGD (article 4.2)   W := W − α dW
Momentum            v := μ v + dW                  W := W − α v                              Polyak 1964
Adam                m := β₁ m + (1 − β₁) dW        v := β₂ v + (1 − β₂) dW²
                    W := W − α m̂ / (√v̂ + ε)        m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ)       Kingma and Ba 2015, algorithm 1
AdamW               as Adam, after W := W − α λ W                                            Loshchilov and Hutter 2019, algorithm 2
"""

from numbers import Real

import numpy as np

from tinymm.backend import array_module
from tinymm.errors import TinymmError


def sgd_update(W, dW, lr):
    """-> the new W."""
    return W - lr * dW


def momentum_update(W, dW, v, lr, momentum):
    """-> the new W and v."""
    v = momentum * v + dW
    return W - lr * v, v


def adam_update(W, dW, m, v, t, lr, beta1, beta2, epsilon, weight_decay=0.0):
    """-> the new W, m and v. With ``weight_decay`` it is AdamW."""
    W = W - lr * weight_decay * W
    m = beta1 * m + (1 - beta1) * dW
    v = beta2 * v + (1 - beta2) * dW * dW
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return W - lr * m_hat / (array_module(W).sqrt(v_hat) + epsilon), m, v


def global_norm(grads):
    """√ Σ g² over all numbers of all gradients in the dict."""
    return sum(abs(g * g.conj()).sum() for g in grads.values()) ** 0.5


def clip_by_global_norm(grads, max_norm):
    """Scale all gradients by one factor so that their global norm is at most ``max_norm``: -> grads, norm before.

    One factor keeps the direction. Source: Pascanu, Mikolov and Bengio, ICML 2013, algorithm 1.
    """
    norm = global_norm(grads)
    if not norm > max_norm:
        return grads, norm
    return {name: g * (max_norm / norm).astype(g.dtype) for name, g in grads.items()}, norm


class Optimizer:
    """``update(params, grads)`` changes the arrays of the dict ``params`` in place.

    ``slots`` holds what the method remembers of each parameter, ``steps`` how many updates there were;
    both are all that a resumed run needs. ``clip_norm`` bounds the gradients' global norm before the update.
    """

    slot_names = ()

    def __init__(self, lr, clip_norm=None):
        for name, value in (("the learning rate", lr), ("clip_norm", 1.0 if clip_norm is None else clip_norm)):
            if not isinstance(value, Real) or not 0 < value < float("inf"):
                raise TinymmError(f"{name} is {value!r}: give a positive number, such as 0.001 or 1.0")
        self.lr = lr
        self.clip_norm = clip_norm
        self.steps = 0
        self.slots = {}

    def update(self, params, grads):
        """One step. A parameter without an entry in ``grads`` is left alone."""
        self.steps += 1
        if self.clip_norm is not None:
            grads, _ = clip_by_global_norm(grads, self.clip_norm)
        for name, dW in grads.items():
            W = params[name]
            xp = array_module(W)
            if name not in self.slots:
                self.slots[name] = {slot: xp.zeros_like(W) for slot in self.slot_names}
            slots = self.slots[name] = {slot: xp.asarray(a) for slot, a in self.slots[name].items()}  # to where W is
            new = self.rule(W, dW, **slots)
            for old, value in zip((W, *slots.values()), new):
                old[...] = value

    def rule(self, W, dW, **slots):
        """The new W and slots, in that order."""
        raise NotImplementedError

    def config(self):
        """Name and arguments, as JSON can hold them."""
        return {"optimizer": type(self).__name__, **{k: v for k, v in vars(self).items() if k not in ("steps", "slots")}}

    def state_arrays(self):
        """All slots as one flat dict, ``name/slot`` -> array."""
        return {f"{name}/{slot}": a for name, slots in self.slots.items() for slot, a in slots.items()}

    def restore(self, steps, arrays):
        """Take up a state that ``steps`` and ``state_arrays()`` gave."""
        self.steps, self.slots = steps, {}
        for key, array in arrays.items():
            name, _, slot = key.rpartition("/")
            self.slots.setdefault(name, {})[slot] = np.array(array)
        for name, slots in self.slots.items():
            self.slots[name] = {slot: slots[slot] for slot in self.slot_names}


def _share(name, value):
    if not isinstance(value, Real) or not 0 <= value < 1:
        raise TinymmError(f"{name} is {value!r}: give a number from 0 up to but not 1")
    return value


class SGD(Optimizer):
    """Gradient descent, exactly the article's update: W := W − α ∂J/∂W, b := b − α ∂J/∂b."""

    def __init__(self, lr=0.01, clip_norm=None):
        super().__init__(lr, clip_norm)

    def rule(self, W, dW):
        return (sgd_update(W, dW, self.lr),)


class Momentum(Optimizer):
    """Gradient descent with a running sum of gradients, which damps zigzags."""

    slot_names = ("v",)

    def __init__(self, lr=0.01, momentum=0.9, clip_norm=None):
        super().__init__(lr, clip_norm)
        self.momentum = _share("momentum", momentum)

    def rule(self, W, dW, v):
        return momentum_update(W, dW, v, self.lr, self.momentum)


class Adam(Optimizer):
    """A step of about α for every parameter, whatever the size of its gradients. ε stands outside the root, as in PyTorch."""

    slot_names = ("m", "v")

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, clip_norm=None):
        super().__init__(lr, clip_norm)
        self.beta1, self.beta2, self.epsilon = _share("beta1", beta1), _share("beta2", beta2), epsilon

    def rule(self, W, dW, m, v):
        return adam_update(W, dW, m, v, self.steps, self.lr, self.beta1, self.beta2, self.epsilon)


class AdamW(Adam):
    """Adam with weights that shrink by α λ each step, apart from the gradient."""

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01, clip_norm=None):
        super().__init__(lr, beta1, beta2, epsilon, clip_norm)
        self.weight_decay = weight_decay

    def rule(self, W, dW, m, v):
        rates = (self.steps, self.lr, self.beta1, self.beta2, self.epsilon, self.weight_decay)
        return adam_update(W, dW, m, v, *rates)


OPTIMIZERS = {optimizer.__name__: optimizer for optimizer in (SGD, Momentum, Adam, AdamW)}
