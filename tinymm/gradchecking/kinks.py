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


def kinks_in(f, arrays, name, directions=None):
    """A boolean array: the entries at which f has a kink. With ``directions``, all when one meets a kink."""
    a = arrays[name]
    xp = array_module(a)
    if directions is not None:
        return xp.full(a.shape, any(is_kink(f, arrays, name, v) for v in directions))
    return xp.asarray([is_kink(f, arrays, name, v) for v in units(a)], dtype=bool).reshape(a.shape)


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
