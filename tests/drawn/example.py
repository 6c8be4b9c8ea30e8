"""What is drawn: a layer or a loss with an input, from one strategy for each corner that hides mistakes.

``for_each`` runs a test on a few examples of every corner, so that none is left to chance: two each by default,
more with ``--hypothesis-profile=thorough``.
"""

from dataclasses import dataclass, field

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numeric import put, scattered

import tinymm as mm

sizes = st.integers(1, 3)
seeds = st.integers(0, 2**20)


@dataclass
class Example:
    """A layer and an input for it, or a loss and (pred, target), with options of forward."""

    layer: object
    x: object
    options: dict = field(default_factory=dict)

    def forward(self, layer=None, x=None):
        """y, cache; the same random numbers every time."""
        rng = np.random.default_rng(3)
        return (layer or self.layer).forward(self.x if x is None else x, rng=rng, **self.options)

    def on(self, place):
        """The same layer, built, and the same numbers on arrays of the place's kind."""
        layer = self.built().to("gpu" if place == "CuPy" else "cpu") if hasattr(self.layer, "to") else self.layer
        return Example(layer, *put(place, (self.x, self.options)))

    def built(self):
        """The layer, with float64 parameters none of which is 0 or 1 throughout."""
        if self.layer.input_shape is None:
            first = self.x[0] if isinstance(self.x, tuple) else self.x
            self.layer.build(mm.layers.containers.shapes_of(first), np.random.default_rng(4), np.float64)
            rng = np.random.default_rng(5)
            for a in (*self.layer.params.values(), *self.layer.state.values()):
                a += rng.uniform(0.1, 0.6, a.shape)
        return self.layer


def for_each(strategies, check, share=1.0):
    """Run check(example) on some Examples of every corner; ``share`` below 1 for checks that cost more."""
    count = max(1, round(share * settings().max_examples / 12))
    for corner, strategy in strategies.items():

        @settings(max_examples=count, suppress_health_check=list(HealthCheck))
        @given(strategy, st.just(corner))
        def run(example, corner):
            check(example)

        run()


def normal(seed, *shape):
    """Standard normal numbers."""
    return np.random.default_rng(seed).normal(size=shape)


def tied(x):
    """The numbers rounded, so that many are equal and some are 0."""
    return np.round(x)


def changed(strategy, change):
    """The strategy with ``change`` applied to the inputs."""

    def on(example):
        x = example.x
        if isinstance(x, tuple):
            return Example(example.layer, tuple(map(change, x)), example.options)
        parts = {k: change(a) for k, a in x.items()} if isinstance(x, dict) else change(x)
        return Example(example.layer, parts, example.options)

    return strategy.map(on)


def scatter(corners):
    """The corners and one more: inputs whose numbers do not lie one after the other in memory."""
    return {**corners, "scattered": changed(next(iter(corners.values())), scattered)}


def corners(strategy, *names):
    """The strategy for each corner, and scattered inputs."""
    return scatter({corner: strategy(corner) for corner in names})
