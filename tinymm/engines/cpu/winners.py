"""Max pooling without argmax: planes, and in one byte for each result the number of the plane that won.

A plane holds the cells at one place of all windows; a ReLU behind the pool is one more plane, of zeros, before them.
A plane lost where it is not equal to the maximum. With lost₀, lost₁, ... as 0 or 1 the winner is the first that did not lose:
number lost₀(1 + lost₁(1 + ...)). That sum works on bytes, for many tiles at once; few calls on large arrays matter as
much as little work, since a thread that comes back from NumPy needs Python's lock, and if another thread has it at
that moment, waking up costs 25 µs. Backward, each plane takes the gradient where its number stands.
"""

from functools import partial

import numpy as np

FEW = 3  # planes: to compare them one by one is faster than to reduce, with more the calls' own cost counts


def competition(planes, y, lost=None):
    """The calls from planes (P, ...) to y, their maximum, and to lost (P − 1, ...), when given: who is below it."""
    if len(planes) == 1:
        return [partial(np.copyto, y, planes[0])]
    if len(planes) > FEW:
        calls = [partial(np.maximum.reduce, planes, axis=0, out=y)]
    else:
        calls = [partial(np.maximum, planes[0], planes[1], out=y)]
        calls += [partial(np.maximum, y, plane, out=y) for plane in planes[2:]]
    return calls if lost is None else [*calls, partial(np.not_equal, planes[:-1], y, out=lost)]


def ranking(lost, winner):
    """The calls from ``lost`` to the number of each winner, an array of bytes."""
    *before, number = lost.view(np.uint8)
    calls = [] if before else [partial(np.copyto, winner, number)]
    for plane in reversed(before):
        calls += [partial(np.add, number, 1, out=winner), partial(np.multiply, winner, plane, out=winner)]
        number = winner
    return calls


def number_type(planes):
    """The type of the numbers of so many planes."""
    return np.min_scalar_type(planes - 1)


def won(winner, first, out):
    """The call that says of each plane in ``out`` (P, ...) where it won; ``first`` is the number of the first."""
    numbers = np.arange(first, first + len(out), dtype=winner.dtype).reshape(-1, *(1,) * winner.ndim)
    return partial(np.equal, winner, numbers, out=out)
