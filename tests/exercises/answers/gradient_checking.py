import numpy as np


def central_difference(f, a, h):
    gradient = np.zeros_like(a)
    for k in np.ndindex(a.shape):
        moved = a.copy()
        moved[k] = a[k] + h
        up = f(moved)
        moved[k] = a[k] - h
        down = f(moved)
        gradient[k] = (up - down) / (2 * h)
    return gradient


def complex_step(f, a):
    gradient = np.zeros_like(a)
    for k in np.ndindex(a.shape):
        moved = a + 0j
        moved[k] += 1e-40j
        gradient[k] = np.imag(f(moved)) / 1e-40
    return gradient
