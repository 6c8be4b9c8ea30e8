"""Resizing by area: every output pixel is the mean of the piece of picture it covers."""

from functools import lru_cache

import numpy as np


@lru_cache(maxsize=64)
def area_weights(length, outputs, start, stop):
    """How much of each of ``length`` pixels lies in each of ``outputs`` equal parts of [start, stop).

    Returns float32 (outputs, length); every row sums to 1. ``start`` and ``stop`` may lie inside a pixel.
    """
    edges = np.linspace(start, stop, outputs + 1)[:, None]
    pixels = np.arange(length)
    overlap = np.minimum(edges[1:], pixels + 1) - np.maximum(edges[:-1], pixels)
    weights = np.maximum(overlap, 0)
    weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    weights.flags.writeable = False
    return weights


def centre_crop(height, width, size, pixel_aspect=1.0):
    """The largest box in the middle that has the aspect of ``size`` = (height, width).

    ``pixel_aspect`` is the width of one pixel over its height. Returns (top, bottom, left, right) in
    pixels, as floats.
    """
    target = size[1] / size[0]
    crop_height = min(height, width * pixel_aspect / target)
    crop_width = min(width, height * target / pixel_aspect)
    top, left = (height - crop_height) / 2, (width - crop_width) / 2
    return top, top + crop_height, left, left + crop_width


def resize(picture, size, pixel_aspect=1.0):
    """Crop the middle of uint8 (H, W, C) to the aspect of ``size``, then scale: uint8 (height, width, C)."""
    height, width, channels = picture.shape
    if (height, width) == tuple(size) and pixel_aspect == 1:
        return picture
    top, bottom, left, right = centre_crop(height, width, size, pixel_aspect)
    rows = area_weights(height, size[0], top, bottom)
    columns = area_weights(width, size[1], left, right)
    lines = picture.reshape(height, width * channels)
    tall = np.empty((size[0], width * channels), np.float32)
    for out, weights in zip(tall, rows):  # row by row, because most weights of a large picture are 0
        covered = np.flatnonzero(weights)
        covered = slice(covered[0], covered[-1] + 1)
        np.matmul(weights[covered], lines[covered].astype(np.float32), out=out)
    return np.rint(columns @ tall.reshape(size[0], width, channels)).astype(np.uint8)
