import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from numeric import assert_pairs_agree, normal, scattered

import tinymm as mm
from tinymm import equations
from tinymm.equations.windows import picture_windows, sound_windows
from tinymm.layers import averagepool

PAIR_1D = averagepool.averagepool1d_forward, averagepool.averagepool1d_backward
LOOPS_1D = equations.averagepool1d_forward, equations.averagepool1d_backward
PAIR_2D = averagepool.averagepool2d_forward, averagepool.averagepool2d_backward
LOOPS_2D = equations.averagepool2d_forward, equations.averagepool2d_backward
sizes = st.integers(1, 3)
strides = st.none() | st.integers(1, 4)
pairs = st.tuples(sizes, sizes)


@given(
    st.integers(0, 999),
    sizes,
    st.integers(1, 9),
    sizes,
    sizes,
    strides,
    st.sampled_from(["valid", "same", 1, 3]),
)
def test_averagepool1d_equals_its_loops(seed, N, T, C, size, stride, padding):
    assume(sound_windows(T, size, stride or size, padding))
    rng = np.random.default_rng(seed)
    assert_pairs_agree(
        PAIR_1D, LOOPS_1D, [normal(rng, N, T, C)], rng, size=size, stride=stride, padding=padding
    )


@given(
    st.integers(0, 999), st.tuples(st.integers(1, 6), st.integers(1, 6)), sizes, pairs, strides | pairs,
    st.sampled_from(["valid", "same", 1, ((0, 3), 0)]),
)  # fmt: skip
def test_averagepool2d_equals_its_loops(seed, lengths, C, size, stride, padding):
    assume(all(picture_windows(lengths, size, stride or size, padding)))
    rng = np.random.default_rng(seed)
    x = scattered(normal(rng, 2, *lengths, C))
    assert_pairs_agree(PAIR_2D, LOOPS_2D, [x], rng, size=size, stride=stride, padding=padding)


def test_padding_is_not_averaged_in():
    x = np.full((1, 3, 3, 1), 4.0)
    y, cache = averagepool.averagepool2d_forward(x, 2, 1, 1)
    np.testing.assert_array_equal(y, np.full((1, 4, 4, 1), 4.0))
    dx = averagepool.averagepool2d_backward(np.ones_like(y), cache)
    assert (
        dx[0, 0, 0, 0] == 1 + 1 / 2 + 1 / 2 + 1 / 4
    )  # alone in the corner, one of 2 on the edges, one of 4 inside


def test_a_window_of_nothing_but_padding_has_the_mean_zero_and_passes_no_gradient():
    y, cache = averagepool.averagepool1d_forward(np.ones((1, 2, 1)), 1, 1, 1)
    np.testing.assert_array_equal(y.ravel(), [0, 1, 1, 0])
    np.testing.assert_array_equal(averagepool.averagepool1d_backward(np.ones_like(y), cache).ravel(), [1, 1])


def test_the_stride_defaults_to_the_window():
    assert mm.AveragePool1D(3).output_shape((10, 2)) == (3, 2)
