"""Every loss, shapes drawn: right by every method, for any probabilities, logits and targets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinymm as mm
from tinymm import losses

SHAPES = st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple)
SEEDS = st.integers(0, 2**20)


@st.composite
def squares(draw):
    shape, rng = draw(SHAPES), np.random.default_rng(draw(SEEDS))
    return mm.MeanSquaredError(), (rng.normal(size=shape), rng.normal(size=shape))


@st.composite
def binary(draw):
    shape, rng, from_logits = draw(SHAPES), np.random.default_rng(draw(SEEDS)), draw(st.booleans())
    pred = 3 * rng.normal(size=shape) if from_logits else rng.uniform(0.05, 0.95, shape)
    target = rng.integers(0, 2, shape).astype(float) if draw(st.booleans()) else rng.uniform(size=shape)
    return mm.BinaryCrossEntropy(from_logits=from_logits), (pred, target)


@st.composite
def classes(draw):
    N, C = draw(st.integers(1, 4)), draw(st.integers(2, 4))
    rng, from_logits = np.random.default_rng(draw(SEEDS)), draw(st.booleans())
    pred = 3 * rng.normal(size=(N, C)) if from_logits else rng.dirichlet(np.full(C, 5.0), N)
    target = rng.integers(0, C, N) if draw(st.booleans()) else rng.uniform(size=(N, C))  # sums are not 1
    return mm.CrossEntropy(from_logits=from_logits), (pred, target)


LOSSES = {"BinaryCrossEntropy": binary(), "CrossEntropy": classes(), "MeanSquaredError": squares()}


def test_no_loss_is_forgotten():
    assert set(LOSSES) == set(losses.LOSSES)


@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_of_a_loss_is_right_by_every_method(name):
    @settings(max_examples=25)
    @given(LOSSES[name], SEEDS)
    def run(example, seed):
        loss, x = example
        report = mm.gradcheck(loss, x, seed=seed)
        assert report, str(report)
        methods = {check.method for check in report.checks}
        assert methods >= {"dy = 0", "central differences", "complex step", "full Jacobian"}

    run()
