"""Ways to know a derivative without trusting backward, each along a direction v of one array.

central differences   (f(a + hv) − f(a − hv)) / 2h           error ε^⅔ for h = ε^⅓ · size of a
                      Press et al., Numerical Recipes, 3rd ed., section 5.7
complex step          Im f(a + ihv) / h                      nothing is subtracted: h = 1e-30 loses no digit
                      Squire and Trapp, SIAM Review 40, 1998, pages 110-112
adjoint identity      ⟨J u, v⟩ = ⟨u, Jᵀ v⟩                   for linear f: J u is f(u) − f(0)
                      Claerbout, Earth Soundings Analysis, 1992, the dot-product test
"""

import numpy as np

from tinymm.backend import array_module

EPSILON = float(np.finfo(np.float64).eps)
COMPLEX_STEP = 1e-30


def changed(arrays, name, value):
    """The same arrays with another one under ``name``."""
    return {**arrays, name: value}


def size_along(a, v):
    """The size of the entries of a that v moves, in units of v: 1 where all of a is zero."""
    moved = float(abs(a * (v != 0)).max())
    typical = float((a * a).mean()) ** 0.5
    return (max(moved, typical / 100) or 1.0) / float(abs(v).max())


def step(a, v, times=1.0, epsilon=EPSILON):
    """times h, with h = ε^⅓ · the size of what v moves, as a power of two: a ± h then rounds little."""
    return 2.0 ** round(np.log2(times * epsilon ** (1 / 3) * size_along(a, v)))


def central_difference(f, arrays, name, v, times=1.0, epsilon=EPSILON):
    """The derivative of f, arrays -> y, along v in the array ``name``; shaped like y. The step is times h."""
    h = step(arrays[name], v, times, epsilon)
    up, down = (f(changed(arrays, name, arrays[name] + sign * h * v)) for sign in (1, -1))
    return (up - down) / (2 * h)


def complex_step(f, arrays, name, v, h=COMPLEX_STEP):
    """The same for an analytic f that takes complex numbers. ReLU and max branch on the real part."""
    moved = arrays[name].astype(np.complex128)
    moved.imag = h * v
    return f(changed(arrays, name, moved)).imag / h


def units(a):
    """Every direction that moves one entry of a alone."""
    for k in range(a.size):
        v = array_module(a).zeros(a.size)
        v[k] = 1
        yield v.reshape(a.shape)


def jacobian(slope, f, arrays, name):
    """All derivatives, one column for each entry of the array: -> (y.size, a.size)."""
    xp = array_module(arrays[name])
    return xp.stack([slope(f, arrays, name, v).ravel() for v in units(arrays[name])], axis=1)


def is_linear(f, arrays, name, rng):
    """True when y − f(0) is a linear function of the array, all others fixed: tried at six places.

    f(x + a), f(−x − a) and f(±1000 (x + a)) must be what linearity foretells. Opposite signs and large
    numbers find ReLU, max and clipping even where all drawn numbers lie on one side.
    """
    x = arrays[name]
    a = array_module(x).copysign(
        array_module(x).asarray(rng.normal(size=x.shape)), x
    )  # so x + a is larger than both
    try:
        zero, at_x, at_a, both, minus, large, low = (
            f(changed(arrays, name, place))
            for place in (0 * x, x, a, x + a, -x - a, 1000 * (x + a), -1000 * (x + a))
        )
    except Exception:  # a forward that refuses zeros or large numbers is not linear
        return False
    parts = [
        (both - zero, at_x - zero + at_a - zero),
        (minus - zero, zero - both),
        (large - zero, 1000 * (both - zero)),
        (low - zero, 1000 * (zero - both)),
    ]
    change = float(abs(at_x - zero).max() + abs(at_a - zero).max())
    allowed = 1e-11 * change + 64 * EPSILON * (abs(zero) + abs(at_x) + abs(at_a))
    return all(
        bool((abs(got - want) <= factor * allowed).all()) for (got, want), factor in zip(parts, (1, 1, 1000, 1000))
    )


def adjoint_sides(f, gradients, arrays, name, u, rng):
    """⟨J u, v⟩ and ⟨u, Jᵀ v⟩ for a random v, and the size both are made of."""
    zero = f(changed(arrays, name, 0 * u))
    Ju = f(changed(arrays, name, u)) - zero
    v = array_module(u).asarray(rng.normal(size=Ju.shape))
    g = gradients(arrays, v)[name]
    size = float((abs(Ju) + abs(zero)).ravel() @ abs(v).ravel())
    return float((Ju * v).sum()), float((u * g).sum()), size
