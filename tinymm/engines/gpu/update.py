"""The optimizers over all parameters in one launch, and what they need to know of the step in a few numbers on the GPU.

The host decides nothing: whether loss and gradients are finite, and how much they are to be shortened, is found out by
gradient_norm.cu and by the update itself. After a bad step the updates change nothing until the host has heard of it.
"""

import cupy
import numpy as np

from tinymm.engines.gpu.kernels import kernel
from tinymm.engines.gpu.plan import attribute, cover
from tinymm.optimizers import SGD, Adam, AdamW, Momentum

SCALARS = 16  # numbers in front of the seeds in what the host sends before each step; kernels/step.cuh names them
LOSSES = 1024  # losses that are kept on the GPU until somebody reads them
PARTS = 256  # of the gradients' squared length


def momentum_numbers(optimizer, t):
    """What momentum.cu takes beside the rate."""
    return [optimizer.momentum]


def adam_numbers(optimizer, t):
    """What adam.cu takes beside the rate, for update number t."""
    b1, b2 = optimizer.beta1, optimizer.beta2
    decay = optimizer.lr * getattr(optimizer, "weight_decay", 0.0)
    return [b1, b2, 1 - b1, 1 - b2, 1 - b1**t, 1 - b2**t, optimizer.epsilon, decay]


RULES = {
    SGD: ("sgd", lambda optimizer, t: []),
    Momentum: ("momentum", momentum_numbers),
    Adam: ("adam", adam_numbers),
    AdamW: ("adam", adam_numbers),
}


class Updater:
    """``update(parameters, loss, control)`` does what the optimizer's own update does, unless the step was bad.

    ``status`` (1,) holds the number of the first bad step, 0 while there is none; ``losses`` the last LOSSES losses.
    """

    def __init__(self, optimizer, dtype):
        self.optimizer = optimizer
        self.rule, self.numbers = RULES[type(optimizer)]
        self.status, self.losses = cupy.zeros(1, np.int64), cupy.zeros(LOSSES, dtype)
        self.parts = cupy.empty(PARTS, dtype)

    def scalars(self):
        """What the host sends for the next step: SCALARS float64."""
        optimizer, row = self.optimizer, np.zeros(SCALARS)
        step = optimizer.steps + 1
        row[:4] = step, step % LOSSES, optimizer.lr, optimizer.clip_norm or 0
        numbers = self.numbers(optimizer, step)
        row[4 : 4 + len(numbers)] = numbers
        return row

    def update(self, parameters, loss, control):
        """Launch the check and the update. loss (1,) and control on the GPU."""
        dtype, fours = parameters.dtype, parameters.size // 4
        kernel("gradient_norm", dtype)((PARTS,), (256,), (parameters.grads, self.parts, fours))
        slots = [parameters.slots[slot] for slot in self.optimizer.slot_names]
        blocks = max(1, min(cover(fours, 256), 8 * attribute("MultiProcessorCount")))
        kernel(self.rule, dtype)(
            (blocks,), (256,),
            (parameters.flat, parameters.grads, *slots, fours, loss, self.parts, control, self.status, self.losses),
        )  # fmt: skip
