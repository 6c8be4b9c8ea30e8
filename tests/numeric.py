"""What the layer tests share: random arrays, central differences and two comparisons of gradients."""

import functools
import importlib.util

import numpy as np
import pytest

from tinymm.backend import array_module, to_device, to_host


@functools.cache
def has_gpu():
    """True where CuPy is installed and can compute, be it on an emulated GPU."""
    if importlib.util.find_spec("cupy") is None:
        return False
    import cupy

    return cupy.is_available()


PLACES = ("NumPy", "CuPy") if has_gpu() else ("NumPy",)
every_place = pytest.mark.parametrize("place", PLACES)


def put(place, x):
    """Arrays of the place's kind: NumPy's own, or copies on the GPU."""
    return x if place == "NumPy" else to_device(x)


def carried(place, function):
    """``function`` in NumPy's terms, whose work is done on arrays of the place's kind."""
    if place == "NumPy":
        return function
    return lambda *arguments, **options: to_host(function(*to_device(arguments), **to_device(options)))


def normal(rng, *shape, dtype=np.float64):
    """Standard normal numbers; for a complex dtype both parts are."""
    x = rng.normal(size=shape)
    return np.asarray(x + 1j * rng.normal(size=shape) if np.dtype(dtype).kind == "c" else x).astype(dtype)


def scattered(x):
    """The same numbers with gaps and backward steps in memory."""
    xp = array_module(x)
    apart = xp.empty((*x.shape[:-1], 2 * x.shape[-1]), x.dtype, order="F")
    apart[...] = xp.repeat(x[..., ::-1], 2, axis=-1)
    return apart[..., ::-2]


def central_differences(f, arrays, dy, h=1e-5):
    """The gradient of Σ dy·f(*arrays) with respect to each array, one number at a time."""
    gradients = [np.zeros_like(a) for a in arrays]
    for k, a in enumerate(arrays):
        for index in np.ndindex(a.shape):
            up, down = a.copy(), a.copy()
            up[index] += h
            down[index] -= h
            change = f(*arrays[:k], up, *arrays[k + 1 :]) - f(*arrays[:k], down, *arrays[k + 1 :])
            gradients[k][index] = (dy * change).sum() / (2 * h)
    return gradients


def gradients_of(backward, dy, cache):
    result = backward(dy, cache)
    return list(result) if isinstance(result, (tuple, list)) else [result]


def assert_gradients(forward, backward, arrays, rng, **options):
    """backward gives what central differences of forward give, for a random normal dy."""
    y, cache = forward(*arrays, **options)
    dy = normal(rng, *y.shape, dtype=y.dtype)
    wanted = central_differences(lambda *a: forward(*a, **options)[0], arrays, dy)
    for got, want in zip(gradients_of(backward, dy, cache), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-7)


def assert_pairs_agree(pair, loops, arrays, rng, **options):
    """A (forward, backward) pair gives, on NumPy arrays and on CuPy arrays where there is a GPU, what another gives on
    NumPy arrays: the same outputs and the same gradients for a random normal dy."""
    y_loops, cache_loops = loops[0](*arrays, **options)
    dy = normal(rng, *y_loops.shape, dtype=y_loops.dtype)
    wanted = gradients_of(loops[1], dy, cache_loops)
    for place in PLACES:
        forward, backward = (carried(place, function) for function in pair)
        y, cache = forward(*arrays, **options)
        np.testing.assert_allclose(y, y_loops, rtol=1e-11, atol=1e-12)
        for got, want in zip(gradients_of(backward, dy, cache), wanted, strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-11)


def snapshot(x):
    """All bits of a structure of arrays, to prove later that nobody wrote to it."""
    if isinstance(x, dict):
        return {key: snapshot(value) for key, value in x.items()}
    if isinstance(x, (tuple, list)):
        return [snapshot(value) for value in x]
    return (str(x.dtype), x.shape, x.tobytes()) if hasattr(x, "dtype") else x
