"""Kinks: where ReLU has its corner and max a tie, no derivative exists, and a check there proves nothing.

At a kink the slopes to the left and to the right differ however small the step h. Where f is smooth their
difference is curvature and halves with h. So it is looked at with h, h/2 and h/4: two halvings, as a kink
beside the place looks like curvature to one of them (at a third of h to the first, at a sixth to the second).
"""

from tinymm.backend import array_module
from tinymm.gradchecking.methods import EPSILON, changed, size_along, units
from tinymm.gradchecking.structure import index_name

REACH = 2e-5  # relative; a kink nearer than this is one, and central differences reach less than half as far
NEAREST = 1e-7  # of an array's size: a number beside a kink is left there if it is larger than this
ROUNDS = 8
ROUNDING = 1e-12
TESTS = 100  # parts of one direction that are tried at most


def reach(epsilon):
    """REACH for numbers with this ε: it grows as the step of central differences does."""
    return REACH * (epsilon / EPSILON) ** (1 / 3)


def bends(f, arrays, name, v, h, epsilon=EPSILON):
    """Which outputs bend over the array along v by more than curvature explains, and which ones clearly move.

    Each output counts by itself, as one kink is a small part of many outputs.
    """
    a, here, found = arrays[name], f(arrays), []
    grain = ROUNDING * epsilon / EPSILON
    for part in (h, h / 2, h / 4):
        up, down = (f(changed(arrays, name, a + sign * part * v)) for sign in (1, -1))
        found.append(abs(up - 2 * here + down) / part)
        if part == h:
            slope = abs(up - down) / (2 * h)
            noise = (20 * grain * abs(here) + grain / 100 * float(abs(here).max())) / h
            floor, moves = 1e-6 * slope + noise, slope > noise
            if not bool((found[0] > floor).any()):
                return found[0] > floor, moves
    wide, middle, narrow = found
    smooth = (1.7 * middle <= wide) & (wide <= 2.3 * middle)
    smooth &= (1.7 * narrow <= middle) & (middle <= 2.3 * narrow)
    return (wide > floor) & ~smooth, moves


def is_kink(f, arrays, name, v, epsilon=EPSILON):
    """True when the slopes on both sides of one entry, which v moves, differ by more than curvature explains.

    A small number may lie close to a kink for its array, and far from it for itself: 1e-9 beside the corner
    of a ReLU. Where the layer is smooth in steps of its own size, it is no kink.
    """
    size, own = size_along(arrays[name], v), float(abs(arrays[name] * v).max())
    bent, _ = bends(f, arrays, name, v, reach(epsilon) * size, epsilon)
    if not bool(bent.any()) or not NEAREST * size < own < size:
        return bool(bent.any())
    still_bent, moves = bends(f, arrays, name, v, reach(epsilon) * own, epsilon)
    return bool((bent & (still_bent | ~moves)).any())


def kinks_along(f, arrays, name, v, epsilon=EPSILON):
    """A boolean array: the entries that v moves over a kink, found by halving; all of an unclear part.

    The reach is a tenth of that of single entries. Among 10,000 entries of a ReLU one or two are always
    nearer to 0 than that of single entries is: those a smaller step of central differences gets past.
    """
    a = arrays[name]
    xp = array_module(a)
    h = reach(epsilon) / 10 * size_along(a, v)
    meets = lambda v: bool(bends(f, arrays, name, v, h, epsilon)[0].any())  # noqa: E731
    at, parts, tests = xp.zeros(a.size, dtype=bool), [(0, a.size)], 1
    if not meets(v):
        return at.reshape(a.shape)
    while parts:
        start, end = parts.pop()
        if end - start > 1 and tests < TESTS:
            tests += 2
            inside = xp.arange(a.size).reshape(a.shape)
            halves = (start, (start + end) // 2), ((start + end) // 2, end)
            bent = [
                half for half in halves
                if meets(v * ((inside >= half[0]) & (inside < half[1])))
            ]  # fmt: skip
            if bent:
                parts += bent
                continue
        at[start:end] = True
    return at.reshape(a.shape)


def kinks_in(f, arrays, name, directions=None, epsilon=EPSILON):
    """A boolean array: the entries at which f has a kink; with ``directions``, which they move over one."""
    a = arrays[name]
    xp = array_module(a)
    if directions is None:
        found = [is_kink(f, arrays, name, v, epsilon) for v in units(a)]
        return xp.asarray(found, dtype=bool).reshape(a.shape)
    at = xp.zeros(a.shape, dtype=bool)
    for v in directions:
        at |= kinks_along(f, arrays, name, v * ~at, epsilon)
    return at


def away_from_kinks(f, arrays, rng, directions=None, names=None, epsilon=EPSILON):
    """Move every entry that sits at a kink by 1 to 3 % of its array's size: -> arrays, notes.

    ``directions`` are those that will be used, by array name; without, every entry is tried by itself.
    ``names`` are the arrays to look at, all by default.
    """
    notes, before = [], arrays
    moved = {name: array_module(a).zeros(a.shape, dtype=bool) for name, a in arrays.items()}
    for _ in range(ROUNDS):
        found = {
            name: kinks_in(f, arrays, name, directions and directions[name], epsilon)
            for name in names or arrays
        }
        found = {name: at for name, at in found.items() if at.any()}
        if not found:
            break
        for name, at in found.items():
            arrays = changed(arrays, name, arrays[name] + at * _push(arrays[name], rng))
            moved[name] = moved[name] | at
    for name, at in moved.items():
        if at.any():
            index = tuple(int(i) for i in array_module(at).argwhere(at)[0])
            old, new = float(before[name][index]), float(arrays[name][index])
            notes.append(
                f"{int(at.sum())} of {at.size} entries of {name} lay at a kink (a corner of ReLU or a tie of"
                f" max) and were moved away, {index_name(name, index)} from {old:.6g} to {new:.6g}"
            )
    if found:
        notes.append(
            f"{', '.join(found)} still met a kink after {ROUNDS} moves: errors there may be the kink's"
        )
    return arrays, notes


def _push(a, rng):
    """Small numbers to add to a: its extremes go inwards, as a may be a probability, all others anywhere."""
    xp, size = array_module(a), float(abs(a).max()) or 1.0
    push = xp.asarray(rng.uniform(0.01, 0.03, a.shape) * rng.choice((-1, 1), a.shape) * size)
    low, high = a.min(), a.max()
    push = xp.where((a == low) & (low < high), abs(push), push)
    return xp.where((a == high) & (low < high), -abs(push), push)
