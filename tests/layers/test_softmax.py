import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric import assert_pairs_agree, normal, scattered

from tinymm import equations
from tinymm.layers.softmax import softmax_backward, softmax_forward


@given(st.integers(0, 999), st.lists(st.integers(1, 4), min_size=1, max_size=3), st.sampled_from([1, 100]))
def test_softmax_equals_its_loops(seed, shape, scale):
    rng = np.random.default_rng(seed)
    loops = equations.softmax_forward, equations.softmax_backward
    assert_pairs_agree(
        (softmax_forward, softmax_backward), loops, [scattered(scale * normal(rng, *shape))], rng
    )


@pytest.mark.filterwarnings("error")
def test_scores_of_a_thousand_do_not_overflow():
    y, cache = softmax_forward(np.array([[1000.0, 0.0, -1000.0], [-1000.0, -1000.0, -1000.0]]))
    np.testing.assert_allclose(y, [[1, 0, 0], [1 / 3] * 3], rtol=1e-15)
    assert np.isfinite(softmax_backward(np.ones_like(y), cache)).all()


def test_rows_sum_to_one_and_their_gradients_to_zero():
    rng = np.random.default_rng(0)
    y, cache = softmax_forward(normal(rng, 2, 3, 5))
    np.testing.assert_allclose(y.sum(axis=-1), 1, rtol=1e-15)
    np.testing.assert_allclose(softmax_backward(normal(rng, 2, 3, 5), cache).sum(axis=-1), 0, atol=1e-15)
