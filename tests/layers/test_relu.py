import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numeric import assert_pairs_agree, normal

from tinymm import equations
from tinymm.layers.relu import relu_backward, relu_forward


@given(st.integers(0, 999), st.lists(st.integers(1, 4), min_size=1, max_size=4), st.booleans())
def test_relu_equals_its_loops(seed, shape, with_corners):
    rng = np.random.default_rng(seed)
    x = rng.integers(-1, 2, shape).astype(float) if with_corners else normal(rng, *shape)
    assert_pairs_agree(
        (relu_forward, relu_backward), (equations.relu_forward, equations.relu_backward), [x], rng
    )


def test_the_corner_at_zero_has_the_slope_zero():
    y, cache = relu_forward(np.array([-1.0, 0.0, -0.0, 2.0]))
    np.testing.assert_array_equal(y, [0, 0, 0, 2])
    np.testing.assert_array_equal(relu_backward(np.full(4, 3.0), cache), [0, 0, 0, 3])


def test_a_complex_number_passes_whole_when_its_real_part_is_positive():
    y, _ = relu_forward(np.array([1 + 5j, -1 + 5j]))
    np.testing.assert_array_equal(y, [1 + 5j, 0])
