"""The cross-entropies, loss and gradient in one kernel; other losses by their own code. Nothing waits for the GPU."""

import numpy as np

from tinymm.engines.gpu.kernels import kernel
from tinymm.engines.gpu.plan import Plan, cover
from tinymm.losses import BinaryCrossEntropy, CrossEntropy, Loss


class LossPlan(Plan):
    """``forward_backward(pred, target)`` -> dpred; the loss itself goes into ``value`` (1,), on the GPU."""

    def __init__(self, loss, shape, around):
        self.loss, self.shape, self.around = loss, shape, around
        self.value = self.array(1)
        self.fused = type(loss) in (BinaryCrossEntropy, CrossEntropy)
        self.capturable = type(loss).__module__ == Loss.__module__
        if self.fused:
            self.dpred = self.array(*shape)
            self.size = int(np.prod(shape))
            self.rows = self.size // shape[-1]
            self.blocks = min(256, cover(self.size, 256))
            self.parts = self.array(self.blocks if type(loss) is BinaryCrossEntropy else self.rows)

    def kind_of(self, target):
        """The dtype in which the targets go to the GPU: class numbers as whole numbers, everything else like pred."""
        classes = type(self.loss) is CrossEntropy and target.dtype.kind in "iu" and target.shape != self.shape
        return np.dtype("i4") if classes else self.around.dtype

    def forward_backward(self, pred, target):
        """What the loss's own forward and backward give. dpred is overwritten by the next call."""
        if not self.fused:
            value, cache = self.loss.forward(pred, target)
            self.value[...] = value
            return self.loss.backward(cache)
        import cupy

        pred, epsilon, dtype = cupy.ascontiguousarray(pred), float(np.finfo(pred.dtype).eps), pred.dtype
        if type(self.loss) is BinaryCrossEntropy:
            divisor = self.size
            kernel("binary_cross_entropy", dtype, LOGITS=self.loss.from_logits)(
                (self.blocks,), (256,), (pred, target, self.dpred, self.parts, self.size, epsilon)
            )
        else:
            divisor, classes = self.rows, target.dtype.kind == "i"
            kernel("cross_entropy", dtype, LOGITS=self.loss.from_logits, CLASSES=classes)(
                (cover(self.rows, 4),), (32, 4),
                (pred, 0 if classes else target, target if classes else 0, self.dpred, self.parts, self.rows,
                 self.shape[-1], epsilon),
            )  # fmt: skip
        kernel("total", dtype)((1,), (1024,), (self.parts, self.parts.size, 1 / divisor, self.value))
        return self.dpred
