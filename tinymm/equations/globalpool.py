"""Global pooling: the mean, or the largest, of a channel over all places that a mask leaves in."""

import numpy as np


def globalaveragepool_forward(x, mask=None):
    """x (N, *lengths, C), mask (N, T) for x (N, T, C) or None -> y (N, C), cache."""
    y = np.zeros((x.shape[0], x.shape[-1]), dtype=x.dtype)
    for n in range(x.shape[0]):
        places = _real_places(x, mask, n)
        for c in range(x.shape[-1]):
            for place in places:
                y[n, c] += x[n][place][c] / len(places)
    return y, (x, mask)


def globalaveragepool_backward(dy, cache):
    """dy (N, C) -> dx (N, *lengths, C)."""
    x, mask = cache
    dx = np.zeros(x.shape, dtype=dy.dtype)
    for n in range(x.shape[0]):
        places = _real_places(x, mask, n)
        for c in range(x.shape[-1]):
            for place in places:
                dx[n][place][c] += dy[n, c] / len(places)  # y used this x with weight 1 / count
    return dx


def globalmaxpool_forward(x, mask=None):
    """x (N, *lengths, C), mask (N, T) for x (N, T, C) or None -> y (N, C), cache."""
    y = np.zeros((x.shape[0], x.shape[-1]), dtype=x.dtype)
    for n in range(x.shape[0]):
        for c in range(x.shape[-1]):
            place = _place_of_maximum(x, mask, n, c)
            if place is not None:
                y[n, c] = x[n][place][c]
    return y, (x, mask)


def globalmaxpool_backward(dy, cache):
    """dy (N, C) -> dx (N, *lengths, C)."""
    x, mask = cache
    dx = np.zeros(x.shape, dtype=dy.dtype)
    for n in range(x.shape[0]):
        for c in range(x.shape[-1]):
            place = _place_of_maximum(x, mask, n, c)
            if place is not None:
                dx[n][place][c] += dy[n, c]  # y was this x
    return dx


def _real_places(x, mask, n):
    """The indices of sample n's places (time steps, or pixels) that the mask leaves in."""
    return [place for place in np.ndindex(x.shape[1:-1]) if mask is None or mask[n][place]]


def _place_of_maximum(x, mask, n, c):
    """The first place with the largest real part, None when the mask leaves no place."""
    best = None
    for place in _real_places(x, mask, n):
        if best is None or x[n][place][c].real > x[n][best][c].real:
            best = place
    return best
