"""How parameters start: each function draws a float64 array of the given shape.

``fan_in`` is the number of inputs one output unit sees, ``fan_out`` the number of outputs one input
feeds. For a kernel (kh, kw, C_in, C_out) they are kh*kw*C_in and kh*kw*C_out.
"""

import numpy as np

from tinymm.errors import TinymmError


def fans(shape):
    """(fan_in, fan_out) of a weight array whose last two axes are inputs and outputs."""
    receptive = int(np.prod(shape[:-2]))
    return receptive * shape[-2], receptive * shape[-1]


def glorot_uniform(shape, rng):
    """U(-a, a) with a = sqrt(6 / (fan_in + fan_out)).

    Keeps the variance of signals and of gradients alike through linear layers.
    Source: Glorot and Bengio, AISTATS 2010, equation 16. Keras's default for Dense and Conv.
    """
    limit = np.sqrt(6 / sum(fans(shape)))
    return rng.uniform(-limit, limit, shape)


def he_normal(shape, rng):
    """N(0, 2 / fan_in): twice the variance, because a ReLU lets only half of the signal through.

    Source: He et al., "Delving deep into rectifiers", ICCV 2015, equation 10.
    """
    return rng.normal(0, np.sqrt(2 / fans(shape)[0]), shape)


def orthogonal(shape, rng):
    """A matrix with orthonormal rows or columns: repeated products neither explode nor vanish.

    Source: Saxe, McClelland and Ganguli, ICLR 2014. The QR signs are fixed so that the draw is uniform
    over all orthogonal matrices (Mezzadri, Notices of the AMS 54, 2007).
    """
    rows, columns = shape
    q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
    q = q * np.sign(np.diag(r))
    return q if rows >= columns else q.T


def uniform(shape, rng):
    """U(-0.05, 0.05), Keras's default for Embedding."""
    return rng.uniform(-0.05, 0.05, shape)


def zeros(shape, rng=None):
    """All zeros."""
    return np.zeros(shape)


def ones(shape, rng=None):
    """All ones."""
    return np.ones(shape)


def known_initializer(name):
    """The name, if it is one of those here. Raises TinymmError when it is not."""
    if name not in INITIALIZERS:
        raise TinymmError(f"there is no initializer {name!r}: choose {', '.join(INITIALIZERS)}")
    return name


INITIALIZERS = {f.__name__: f for f in (glorot_uniform, he_normal, orthogonal, uniform, zeros, ones)}
