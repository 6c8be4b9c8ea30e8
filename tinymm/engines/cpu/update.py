"""The optimizers in place, in slices that fit into the cache.

The textbook writes a new array for every operation; here every operation writes where its result is needed, and
a slice of 64K numbers stays in the cache through all of them. Measured, 1.4 million parameters: 0.3 of the
textbook's time.
"""

import numpy as np

from tinymm.engines.cpu.threads import ranges
from tinymm.optimizers import SGD, Adam, AdamW, Momentum, clip_by_global_norm, global_norm

SLICE = 1 << 16


def update(optimizer, params, grads, crew):
    """What ``optimizer.update(params, grads)`` does. The gradients are used up."""
    if type(optimizer) not in RULES:
        optimizer.update(params, grads)
        return
    if optimizer.clip_norm is not None and global_norm(grads) > optimizer.clip_norm:
        grads, _ = clip_by_global_norm(grads, optimizer.clip_norm)
    optimizer.steps += 1
    rule, pieces = RULES[type(optimizer)], []
    for name, dW in grads.items():
        W = params[name]
        if name not in optimizer.slots:
            optimizer.slots[name] = {slot: np.zeros_like(W) for slot in optimizer.slot_names}
        flat = [a.reshape(-1) for a in (W, dW, *optimizer.slots[name].values())]
        pieces += [
            lambda part=part, flat=flat: rule(optimizer, *(a[part] for a in flat))
            for part in ranges(W.size, -(-W.size // SLICE))
        ]
    groups = ranges(len(pieces), 4 * crew.size)
    crew.run([lambda group=group: [piece() for piece in pieces[group]] for group in groups])


def sgd(optimizer, W, dW):
    """W := W − α dW."""
    W -= dW * optimizer.lr


def momentum(optimizer, W, dW, v):
    """v := μ v + dW, W := W − α v."""
    v *= optimizer.momentum
    v += dW
    W -= v * optimizer.lr


def adam(optimizer, W, dW, m, v):
    """Adam, and AdamW where the optimizer has a weight decay."""
    a, b1, b2, t = optimizer.lr, optimizer.beta1, optimizer.beta2, optimizer.steps
    decay = getattr(optimizer, "weight_decay", 0)
    if decay:
        W *= 1 - a * decay
    m *= b1
    work = dW * (1 - b1)
    m += work
    v *= b2
    np.multiply(dW, dW, out=work)
    work *= 1 - b2
    v += work
    np.multiply(v, 1 / (1 - b2**t), out=work)
    np.sqrt(work, out=work)
    work += optimizer.epsilon
    np.divide(m, work, out=work)
    work *= a / (1 - b1**t)
    W -= work


RULES = {SGD: sgd, Momentum: momentum, Adam: adam, AdamW: adam}
