"""A loss that is still being computed on a GPU: a number that waits only when somebody looks at it."""

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin


class PendingLoss(NDArrayOperatorsMixin):
    """The loss of a step. It computes and compares like a number; ``float(loss)`` waits until it is there.

    Raises NonFiniteError on the first look when the step it belongs to went bad.
    """

    def __init__(self, read):
        self.read, self.value = read, None

    def number(self):
        """The loss as a NumPy number."""
        if self.value is None:
            self.value, self.read = self.read(), None
        return self.value

    def __float__(self):
        return float(self.number())

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.number(), dtype)

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        inputs = [x.number() if isinstance(x, PendingLoss) else x for x in inputs]
        return getattr(ufunc, method)(*inputs, **options)

    def __format__(self, form):
        return format(float(self), form)

    def __repr__(self):
        return "PendingLoss(...)" if self.value is None else f"PendingLoss({self.value})"
