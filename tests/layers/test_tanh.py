import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric import assert_pairs_agree, normal

from tinymm import equations
from tinymm.layers.tanh import tanh_backward, tanh_forward


@given(
    st.integers(0, 999), st.lists(st.integers(1, 4), min_size=1, max_size=4), st.sampled_from([0.01, 1, 100])
)
def test_tanh_equals_its_loops(seed, shape, scale):
    rng = np.random.default_rng(seed)
    loops = equations.tanh_forward, equations.tanh_backward
    assert_pairs_agree((tanh_forward, tanh_backward), loops, [scale * normal(rng, *shape)], rng)


def test_the_slope_at_zero_is_one_and_far_out_none():
    y, cache = tanh_forward(np.array([0.0, 0.5, 50.0]))
    assert y[1] == pytest.approx(math.tanh(0.5), rel=1e-15)
    np.testing.assert_allclose(tanh_backward(np.ones(3), cache), [1, 1 - math.tanh(0.5) ** 2, 0], rtol=1e-15)
