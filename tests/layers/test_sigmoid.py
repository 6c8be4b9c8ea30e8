import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric import assert_pairs_agree, normal

from tinymm import equations
from tinymm.layers.sigmoid import sigmoid_backward, sigmoid_forward


@given(
    st.integers(0, 999), st.lists(st.integers(1, 4), min_size=1, max_size=4), st.sampled_from([1, 10, 1000])
)
def test_sigmoid_equals_its_loops(seed, shape, scale):
    rng = np.random.default_rng(seed)
    loops = equations.sigmoid_forward, equations.sigmoid_backward
    assert_pairs_agree((sigmoid_forward, sigmoid_backward), loops, [scale * normal(rng, *shape)], rng)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", ("float32", "float64"))
def test_huge_inputs_end_at_zero_and_one_without_overflow(dtype):
    y, cache = sigmoid_forward(np.array([-1e4, 0, 1e4], dtype))
    np.testing.assert_array_equal(y, [0, 0.5, 1])
    np.testing.assert_array_equal(sigmoid_backward(np.ones(3, dtype), cache), [0, 0.25, 0])


def test_sigmoid_of_two_is_the_textbook_number():
    assert sigmoid_forward(np.array([2.0]))[0][0] == pytest.approx(1 / (1 + math.exp(-2)), rel=1e-15)
