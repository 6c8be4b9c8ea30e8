"""Drawing with signed distances: soft-edged shapes on all 24 frames of a clip at once.

The signed distance of a pixel to a shape is negative inside and positive outside, in pixels. A pixel is
covered by ``clip(0.5 - distance, 0, 1)``, which gives smooth edges. The union of two shapes is the minimum
of their distances, the intersection the maximum, and "a without b" is ``maximum(a, -b)``.
"""

import colorsys
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
from scipy.ndimage import zoom

SIDE = 64
FPS = 12
FRAMES = 24
SECONDS = np.arange(FRAMES, dtype=np.float32) / FPS  # the time of each frame

_COLUMNS = (np.arange(SIDE, dtype=np.float32) + 0.5)[None, None, :]
_ROWS = (np.arange(SIDE, dtype=np.float32) + 0.5)[None, :, None]
DARK = (0.13, 0.11, 0.14)
WHITE = (0.97, 0.96, 0.93)
_drawn = ContextVar("drawn", default=slice(None))


@contextmanager
def one_frame(number):
    """Inside this block only frame ``number`` of a clip is drawn, as it would be among all 24, in a tenth of the time."""
    token = _drawn.set(slice(number, number + 1))
    try:
        yield
    finally:
        _drawn.reset(token)


def colour(hue, saturation, value):
    """Hue, saturation and value in 0..1 (hue wraps around) -> (red, green, blue)."""
    return colorsys.hsv_to_rgb(hue % 1, saturation, value)


def over_time(value):
    """A number or a (24,) array, one value a frame -> float32 that broadcasts against (frames drawn, 64, 64)."""
    value = np.asarray(value, dtype=np.float32).reshape(-1, 1, 1)
    return value[_drawn.get()] if len(value) == FRAMES else value


def length(a, b):
    """The length of the vectors (a, b). Much faster than np.hypot, which guards against overflow."""
    return np.sqrt(a * a + b * b)


class Place:
    """A coordinate system: the origin at pixel (x, y), one unit is ``size`` pixels, y points down.

    ``x``, ``y``, ``size`` and ``angle`` (radians, clockwise) are numbers or (24,) arrays. ``flip=-1`` mirrors
    left and right. Every shape takes units and returns its signed distance in pixels, (1 or 24, 64, 64).
    """

    def __init__(self, x, y, size=1.0, angle=0.0, flip=1):
        dx, dy = _COLUMNS - over_time(x), _ROWS - over_time(y)
        cos, sin = np.cos(over_time(angle)), np.sin(over_time(angle))
        self.size = over_time(size)
        self.u = (cos * dx + sin * dy) * np.float32(flip) / self.size
        self.v = (cos * dy - sin * dx) / self.size

    def disc(self, x, y, radius):
        return (length(self.u - over_time(x), self.v - over_time(y)) - over_time(radius)) * self.size

    def ellipse(self, x, y, width, height, angle=0.0):
        """Half axes ``width`` and ``height``; the distance is exact only on the edge."""
        u, v = self._turned(x, y, angle)
        width, height = over_time(width), over_time(height)
        reach = length(u / width, v / height)
        slope = length(u / width**2, v / height**2) + np.float32(1e-6)
        return reach * (reach - 1) / slope * self.size

    def box(self, x, y, width, height, corner=0.0, angle=0.0):
        """Half sides ``width`` and ``height``, corners rounded with radius ``corner``."""
        u, v = self._turned(x, y, angle)
        a = np.abs(u) - over_time(width) + np.float32(corner)
        b = np.abs(v) - over_time(height) + np.float32(corner)
        outside = length(np.maximum(a, 0), np.maximum(b, 0))
        return (outside + np.minimum(np.maximum(a, b), 0) - np.float32(corner)) * self.size

    def capsule(self, x1, y1, x2, y2, radius):
        """A line from (x1, y1) to (x2, y2) with round ends."""
        x1, y1, x2, y2 = (over_time(value) for value in (x1, y1, x2, y2))
        du, dv, a, b = self.u - x1, self.v - y1, x2 - x1, y2 - y1
        along = np.clip((du * a + dv * b) / (a * a + b * b + np.float32(1e-6)), 0, 1)
        return (length(du - along * a, dv - along * b) - over_time(radius)) * self.size

    def triangle(self, a, b, c):
        """Three corners (x, y): the intersection of three half planes."""
        (ax, ay), (bx, by), (cx, cy) = (tuple(map(over_time, corner)) for corner in (a, b, c))
        turn = np.sign((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))
        edges = [(ax, ay, bx, by), (bx, by, cx, cy), (cx, cy, ax, ay)]
        sides = [((self.u - x) * (q - y) - (self.v - y) * (p - x)) * turn / length(p - x, q - y)
                 for x, y, p, q in edges]
        return np.maximum(np.maximum(sides[0], sides[1]), sides[2]) * self.size

    def below(self, y, bend=0.0):
        """Everything below the parabola v = y + bend u²; distances to first order."""
        bend = over_time(bend)
        return (over_time(y) + bend * self.u**2 - self.v) / length(1, 2 * bend * self.u) * self.size

    def curve(self, x, y, half, bend, radius):
        """A stroke along the parabola v = y + bend (u - x)², for |u - x| up to ``half``."""
        u, bend = self.u - np.float32(x), over_time(bend)
        away = np.abs(self.v - over_time(y) - bend * u**2) / length(1, 2 * bend * u)
        past = np.maximum(np.abs(u) - over_time(half), 0)
        return (length(away, past) - over_time(radius)) * self.size

    def _turned(self, x, y, angle):
        du, dv, angle = self.u - over_time(x), self.v - over_time(y), over_time(angle)
        if not angle.any():
            return du, dv
        return np.cos(angle) * du + np.sin(angle) * dv, np.cos(angle) * dv - np.sin(angle) * du


class Canvas:
    """The 24 pictures of a clip, (24, 64, 64, 3) float32 in 0..1, painted from back to front."""

    def __init__(self, backdrop):
        self.pixels = np.repeat(np.asarray(backdrop, np.float32)[None], len(SECONDS[_drawn.get()]), axis=0)

    def fill(self, distance, paint, outline=0.0, opacity=1.0):
        """Cover where ``distance`` is negative with a colour (3,) or with a picture (64, 64, 3)."""
        paint = np.asarray(paint, np.float32)
        if outline:
            self.fill(distance - np.float32(outline), np.float32(0.3) * paint, opacity=opacity)
        near = distance.min(axis=0) < 0.5
        if not near.any():
            return
        rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
        window = (slice(None), slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        if paint.ndim == 3:
            paint = paint[window[1:]]
        cover = np.clip(0.5 - distance[window], 0, 1)[..., None] * np.float32(opacity)
        part = self.pixels[window]
        part += cover * (paint - part)

    def finish(self, rng, light=1.0):
        """Film grain and exposure, then bytes: (24, 64, 64, 3) uint8. ``light`` 0.05 is the dead of night."""
        grain = np.float32(0.012) * rng.standard_normal((FRAMES, SIDE, SIDE, 1), np.float32)[_drawn.get()]
        return np.uint8(np.clip(self.pixels * np.float32(light) + grain, 0, 1) * 255 + 0.5)


def clouds(rng, cells):
    """Smooth noise in 0..1, (64, 64, 1): a random grid of ``cells`` x ``cells`` blown up with splines."""
    smooth = zoom(rng.random((cells, cells)), SIDE / cells, order=3, mode="nearest")
    return np.clip(smooth, 0, 1).astype(np.float32)[..., None]


def textured(rng, value=(0.55, 0.9), strength=0.28):
    """A wall of muted colours, lit from above, with blotches and often stripes, dots or checks: (64, 64, 3).

    ``value`` is the range of its brightness, ``strength`` the largest saturation of its colour.
    """
    hue, bright = rng.random(), rng.uniform(*value)
    top = np.array(colour(hue, rng.uniform(0.3, 1) * strength, bright))
    bottom = np.array(colour(hue + rng.normal(0, 0.06), rng.uniform(0.5, 1) * strength, 0.85 * bright))
    fade = _ROWS[0, :, :, None] / SIDE
    wall = top * (1 - fade) + bottom * fade
    wall = wall * (0.86 + 0.22 * clouds(rng, 4) + 0.08 * clouds(rng, 16))
    return np.clip(wall * (1 + rng.uniform(0.03, 0.09) * _pattern(rng)), 0, 1).astype(np.float32)


def _pattern(rng):
    """Values in -1..1, (64, 64, 1): stripes at any angle, dots, checks, or nothing."""
    angle, period = rng.uniform(0, np.pi), rng.uniform(7, 15)
    across = (np.cos(angle) * _COLUMNS + np.sin(angle) * _ROWS)[0] * (2 * np.pi / period)
    along = (np.cos(angle) * _ROWS - np.sin(angle) * _COLUMNS)[0] * (2 * np.pi / period)
    choices = (np.sin(across), np.sin(across) * np.sin(along), np.sin(across) + np.sin(along) - 1, 0 * across)
    return np.tanh(3 * choices[rng.integers(4)])[..., None]
