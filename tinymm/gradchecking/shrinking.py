"""The smallest input on which a check still fails: a mistake is easier to find in 2 numbers than in 200.

Greedy: halve an axis, or take one off it, as long as the check goes on failing. The idea is Zeller's and
Hildebrandt's, IEEE Transactions on Software Engineering 28, 2002.
"""

import time
from itertools import combinations

TRIES = 300
SECONDS = 10  # of computing, so that a busy machine shrinks as far


def shrink(inputs, fails):
    """inputs, a dict of arrays, cut to the smallest that ``fails(inputs)``. -> inputs

    Axes are tried one by one, and axes of one length together, since arrays have to fit each other.
    An input that raises an error does not count as failing.
    """
    tries, progress, end = 0, True, time.process_time() + SECONDS
    while progress and tries < TRIES and time.process_time() < end:
        progress = False
        for axes in _groups(inputs):
            for smaller in _lengths(inputs, axes):
                tries += 1
                candidate = _cut(inputs, axes, smaller)
                if _fails(fails, candidate):
                    inputs, progress = candidate, True
                    break
            if progress or tries >= TRIES or time.process_time() >= end:
                break
    return inputs


def _fails(fails, candidate):
    try:
        return fails(candidate)
    except Exception:  # the arrays no longer fit each other, or the layer refuses the shape
        return False


def _groups(inputs):
    """The batch axis of all arrays, each axis alone, all axes that share a length, and any two of them."""
    axes = [(name, k) for name, a in inputs.items() for k in range(a.ndim) if a.shape[k] > 1]
    batch = [(name, k) for name, k in axes if k == 0]
    lengths = sorted({inputs[name].shape[k] for name, k in axes}, reverse=True)
    equal = [[(name, k) for name, k in axes if inputs[name].shape[k] == n] for n in lengths]
    pairs = [list(pair) for group in equal for pair in combinations(group, 2)]
    groups = [batch, *([axis] for axis in axes), *equal, *pairs]
    return [group for k, group in enumerate(groups) if group and group not in groups[:k]]


def _lengths(inputs, axes):
    length = min(inputs[name].shape[k] for name, k in axes)
    return sorted({length // 2, length - 1})


def _cut(inputs, axes, length):
    cut = dict(inputs)
    for name, k in axes:
        cut[name] = cut[name][(slice(None),) * k + (slice(length),)]
    return cut
