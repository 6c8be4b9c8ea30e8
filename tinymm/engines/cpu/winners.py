"""Max pooling without argmax: planes, and masks of who won.

A plane holds the cells at one place of all windows; a ReLU behind the pool is one more plane, of zeros, before them.
One comparison gives the cells that equal the maximum. Where several do, the first counts; that
is settled in booleans, an eighth of the work, for many tiles at once. Backward is then a single multiplication.
Few calls on large arrays matter as much as little work: a thread that comes back from NumPy needs Python's lock, and
if another thread has it at that moment, waking up costs 25 µs.
"""

from functools import partial

import numpy as np


def competition(planes, y, won=None):
    """The calls from planes (P, ...) to y, their maximum, and won (P, ...), when given, where each plane equals it."""
    if len(planes) == 1:
        return [partial(np.copyto, y, planes[0])]
    calls = [partial(np.maximum, planes[0], planes[1], out=y)]
    calls += [partial(np.maximum, y, plane, out=y) for plane in planes[2:]]
    return calls if won is None else [*calls, partial(np.equal, planes, y, out=won)]


def first_only(won, floor):
    """Leave one winner where several are equal: the first. won[0] is used up; without a ``floor`` it holds no mask."""
    taken = won[0]
    if not floor:
        taken[...] = False
    for mask in won[1:]:
        np.greater(mask, taken, out=mask)  # and not taken
        taken |= mask
