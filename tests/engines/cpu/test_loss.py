"""The fused cross-entropy gives the textbook's loss and gradient, and its errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinymm as mm
from tinymm.engines.cpu.loss import LossPlan
from tinymm.engines.cpu.threads import Crew


def both(loss, pred, target):
    crew = Crew(2)
    with crew.at_work():
        value, gradient = LossPlan(loss, crew).forward_backward(pred, target)
    wanted, cache = loss.forward(pred, target)
    return (value, gradient), (wanted, loss.backward(cache))


@given(n=st.integers(1, 40), k=st.integers(1, 9), scale=st.sampled_from([1, 1000]), dtype=st.sampled_from(["f4", "f8"]))
def test_class_numbers_from_logits(n, k, scale, dtype):
    rng = np.random.default_rng(n)
    z = (scale * rng.normal(size=(n, k))).astype(dtype)
    got, wanted = both(mm.CrossEntropy(from_logits=True), z, rng.integers(0, k, n))
    tolerance = {"rtol": 1e-5, "atol": 1e-6} if dtype == "f4" else {"rtol": 1e-12, "atol": 1e-14}
    np.testing.assert_allclose(got[0], wanted[0], **tolerance)
    np.testing.assert_allclose(got[1], wanted[1], **tolerance)
    assert got[1].dtype == got[0].dtype == z.dtype


def test_many_rows_are_cut_into_blocks(rng):
    z, t = rng.normal(size=(1000, 300)), rng.integers(0, 300, 1000)
    got, wanted = both(mm.CrossEntropy(from_logits=True), z, t)
    np.testing.assert_allclose(got[0], wanted[0], rtol=1e-12)
    np.testing.assert_allclose(got[1], wanted[1], rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("loss, target", [
    (mm.MeanSquaredError(), lambda rng: rng.normal(size=(5, 3))),
    (mm.BinaryCrossEntropy(from_logits=True), lambda rng: rng.integers(0, 2, (5, 3))),
    (mm.CrossEntropy(from_logits=True), lambda rng: np.eye(3)[[0, 1, 2, 1, 0]]),
])  # fmt: skip
def test_other_losses_and_targets_are_the_textbooks_own(loss, target, rng):
    got, wanted = both(loss, rng.normal(size=(5, 3)), target(rng))
    assert got[0] == wanted[0]
    np.testing.assert_array_equal(got[1], wanted[1])


def test_a_class_number_too_large_is_refused(rng):
    with pytest.raises(mm.ShapeError, match="from 0 to 2 and got 0 to 3"):
        both(mm.CrossEntropy(from_logits=True), rng.normal(size=(2, 3)), np.array([0, 3]))
