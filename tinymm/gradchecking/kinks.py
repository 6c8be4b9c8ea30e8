"""Kinks: where ReLU has its corner and max a tie, no derivative exists, and a check there proves nothing.

At a kink the slopes to the left and to the right differ however small the step h. Where f is smooth their
difference is curvature and halves with h. So it is looked at with h, h/2 and h/4: two halvings, as a kink
beside the place looks like curvature to one of them (at a third of h to the first, at a sixth to the second).
"""

from tinymm.backend import array_module
from tinymm.gradchecking.methods import changed, size_along, units
from tinymm.gradchecking.structure import index_name

REACH = 2e-5  # relative; a kink nearer than this is one, and central differences reach less than half as far
ROUNDS = 8
ROUNDING = 1e-12
TESTS = 100  # parts of one direction that are tried at most


def bend(f, arrays, name, v, h):
    """|slope to the right − slope to the left| for the output where it is largest, and the larger slope."""
    a = arrays[name]
    here, up, down = (f(changed(arrays, name, place)) for place in (a, a + h * v, a - h * v))
    right, left = (up - here) / h, (here - down) / h
    noise = ROUNDING * float(abs(here).max()) / h
    return float(abs(right - left).max()), max(float(abs(right).max()), float(abs(left).max()), 100 * noise)


def is_kink(f, arrays, name, v):
    """True when the slopes on both sides of the array along v differ by more than curvature explains."""
    h = REACH * size_along(arrays[name], v)
    wide, slope = bend(f, arrays, name, v, h)
    if not wide > 1e-2 * slope:
        return False
    middle, narrow = (bend(f, arrays, name, v, h / k)[0] for k in (2, 4))
    return not (1.7 * middle <= wide <= 2.3 * middle and 1.7 * narrow <= middle <= 2.3 * narrow)


def meets_kink(f, arrays, name, v, h):
    """The same for a v that moves many entries: each output by itself, as one kink is a small part."""
    a = arrays[name]
    here = f(arrays)
    bends = []
    for step in (h, h / 2, h / 4):
        up, down = (f(changed(arrays, name, a + sign * step * v)) for sign in (1, -1))
        bends.append(abs(up - 2 * here + down) / step)
        if step == h:
            floor = 1e-6 * abs(up - down) / (2 * h) + 20 * ROUNDING * float(abs(here).max()) / h
            if not bool((bends[0] > floor).any()):
                return False
    wide, middle, narrow = bends
    smooth = (1.7 * middle <= wide) & (wide <= 2.3 * middle)
    smooth &= (1.7 * narrow <= middle) & (middle <= 2.3 * narrow)
    return bool(((wide > floor) & ~smooth).any())


def kinks_along(f, arrays, name, v):
    """A boolean array: the entries that v moves over a kink, found by halving; all of an unclear part.

    The reach is a tenth of that of single entries. Among 10,000 entries of a ReLU one or two are always
    nearer to 0 than that of single entries is: those a smaller step of central differences gets past.
    """
    a = arrays[name]
    xp = array_module(a)
    h = REACH / 10 * size_along(a, v)
    at, parts, tests = xp.zeros(a.size, dtype=bool), [(0, a.size)], 1
    if not meets_kink(f, arrays, name, v, h):
        return at.reshape(a.shape)
    while parts:
        start, end = parts.pop()
        if end - start > 1 and tests < TESTS:
            tests += 2
            inside = xp.arange(a.size).reshape(a.shape)
            halves = (start, (start + end) // 2), ((start + end) // 2, end)
            bent = [
                half for half in halves
                if meets_kink(f, arrays, name, v * ((inside >= half[0]) & (inside < half[1])), h)
            ]  # fmt: skip
            if bent:
                parts += bent
                continue
        at[start:end] = True
    return at.reshape(a.shape)


def kinks_in(f, arrays, name, directions=None):
    """A boolean array: the entries at which f has a kink; with ``directions``, which they move over one."""
    a = arrays[name]
    xp = array_module(a)
    if directions is None:
        return xp.asarray([is_kink(f, arrays, name, v) for v in units(a)], dtype=bool).reshape(a.shape)
    at = xp.zeros(a.shape, dtype=bool)
    for v in directions:
        at |= kinks_along(f, arrays, name, v * ~at)
    return at


def away_from_kinks(f, arrays, rng, directions=None, names=None):
    """Move every entry that sits at a kink by 1 to 3 % of its array's size: -> arrays, notes.

    ``directions`` are those that will be used, by array name; without, every entry is tried by itself.
    ``names`` are the arrays to look at, all by default.
    """
    notes, before = [], arrays
    moved = {name: array_module(a).zeros(a.shape, dtype=bool) for name, a in arrays.items()}
    for _ in range(ROUNDS):
        found = {name: kinks_in(f, arrays, name, directions and directions[name]) for name in names or arrays}
        found = {name: at for name, at in found.items() if at.any()}
        if not found:
            break
        for name, at in found.items():
            a = arrays[name]
            size = float(abs(a).max()) or 1.0
            push = rng.uniform(0.01, 0.03, a.shape) * rng.choice((-1, 1), a.shape) * size
            arrays = changed(arrays, name, a + at * array_module(a).asarray(push))
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
