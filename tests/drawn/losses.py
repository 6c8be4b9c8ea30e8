"""``LOSSES[name][corner]``: a strategy for each corner of every loss."""

import numpy as np
from drawn.example import Example, scatter, seeds, sizes
from hypothesis import strategies as st

import tinymm as mm


@st.composite
def losses(draw, kind, corner):
    shape = draw(st.lists(sizes, min_size=2, max_size=3))
    shape[0] = 1 if corner == "one sample" else shape[0]
    rng, from_logits = np.random.default_rng(draw(seeds)), corner not in ("probabilities", "of classes")
    if kind is mm.MeanSquaredError:
        target = rng.normal(size=shape)
        pred = target.copy() if corner == "no error" else rng.normal(size=shape)
        return Example(kind(), (pred, target))
    if kind is mm.BinaryCrossEntropy:
        pred = 3 * rng.normal(size=shape) if from_logits else rng.uniform(0.05, 0.95, shape)
        hard = rng.integers(0, 2, shape).astype(float)
        target = rng.uniform(size=shape) if draw(st.booleans()) else hard
        return Example(kind(from_logits), (20 * pred if corner == "large" else pred, target))
    shape[-1] += 1
    pred = 3 * rng.normal(size=shape) if from_logits else rng.dirichlet(np.full(shape[-1], 5.0), shape[:-1])
    target = rng.integers(0, shape[-1], shape[:-1])
    if corner in ("distributions", "probabilities"):
        target = rng.dirichlet(np.ones(shape[-1]), shape[:-1])
    return Example(kind(from_logits), (20 * pred if corner == "large" else pred, target))


CORNERS = {
    "BinaryCrossEntropy": ("probabilities", "logits", "one sample", "large"),
    "CrossEntropy": ("probabilities", "of classes", "logits", "distributions", "one sample", "large"),
    "MeanSquaredError": ("many", "one sample", "no error"),
}
LOSSES = {
    name: scatter({corner: losses(getattr(mm, name), corner) for corner in names})
    for name, names in CORNERS.items()
}
