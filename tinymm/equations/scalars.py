"""The functions of one number that the equations use: ``math`` for real, ``cmath`` for complex numbers."""

import cmath
import math

import numpy as np


def exp(z):
    """eᶻ."""
    return _module(z).exp(z)


def log(z):
    """The natural logarithm of z."""
    return _module(z).log(z)


def sqrt(z):
    """√z."""
    return _module(z).sqrt(z)


def tanh(z):
    """The hyperbolic tangent of z."""
    return _module(z).tanh(z)


def sigmoid(z):
    """σ(z) = 1 / (1 + e⁻ᶻ); for negative z the same as eᶻ / (1 + eᶻ), where no power is large."""
    return 1 / (1 + exp(-z)) if z.real > 0 else exp(z) / (1 + exp(z))


def _module(z):
    return cmath if isinstance(z, (complex, np.complexfloating)) else math
