import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numeric import assert_pairs_agree, normal, scattered

import tinymm as mm
from tinymm import equations
from tinymm.equations.windows import picture_windows, sound_windows
from tinymm.errors import ShapeError
from tinymm.layers import maxpool

PAIR_1D = maxpool.maxpool1d_forward, maxpool.maxpool1d_backward
LOOPS_1D = equations.maxpool1d_forward, equations.maxpool1d_backward
PAIR_2D = maxpool.maxpool2d_forward, maxpool.maxpool2d_backward
LOOPS_2D = equations.maxpool2d_forward, equations.maxpool2d_backward
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
    st.sampled_from(["valid", "same", 1]),
)
def test_maxpool1d_equals_its_loops_even_on_ties(seed, N, T, C, size, stride, padding):
    assume(padding != 1 or size > 1)
    assume(sound_windows(T, size, stride or size, padding))
    rng = np.random.default_rng(seed)
    for x in (normal(rng, N, T, C), rng.integers(-2, 2, (N, T, C)).astype(float)):
        assert_pairs_agree(PAIR_1D, LOOPS_1D, [x], rng, size=size, stride=stride, padding=padding)


@given(
    st.integers(0, 999), st.tuples(st.integers(1, 6), st.integers(1, 6)), sizes, pairs, strides | pairs,
    st.sampled_from(["valid", "same", 1, ((0, 1), 0)]),
)  # fmt: skip
def test_maxpool2d_equals_its_loops_even_on_ties(seed, lengths, C, size, stride, padding):
    assume(padding in ("valid", "same") or min(size) > 1)
    assume(all(picture_windows(lengths, size, stride or size, padding)))
    rng = np.random.default_rng(seed)
    for x in (normal(rng, 2, *lengths, C), rng.integers(-2, 2, (2, *lengths, C)).astype(float)):
        assert_pairs_agree(PAIR_2D, LOOPS_2D, [scattered(x)], rng, size=size, stride=stride, padding=padding)


def test_on_a_tie_the_first_cell_gets_the_whole_gradient():
    y, cache = maxpool.maxpool2d_forward(np.ones((1, 2, 2, 1)), 2)
    dx = maxpool.maxpool2d_backward(np.full_like(y, 5.0), cache)
    np.testing.assert_array_equal(dx[0, :, :, 0], [[5, 0], [0, 0]])


def test_complex_numbers_are_judged_by_their_real_part_and_the_first_of_equals_wins():
    x = np.array([2 + 1j, 2 + 9j, 0 + 99j]).reshape(1, 3, 1)
    y, cache = maxpool.maxpool1d_forward(x, 3)
    np.testing.assert_array_equal(y.ravel(), [2 + 1j])
    np.testing.assert_array_equal(maxpool.maxpool1d_backward(np.ones_like(y), cache).ravel(), [1, 0, 0])


def test_windows_that_share_a_winner_add_their_gradients():
    x = np.array([0.0, 9.0, 1.0]).reshape(1, 3, 1)
    y, cache = maxpool.maxpool1d_forward(x, 2, 1)
    dx = maxpool.maxpool1d_backward(np.array([3.0, 4.0]).reshape(1, 2, 1), cache)
    np.testing.assert_array_equal(y.ravel(), [9, 9])
    np.testing.assert_array_equal(dx.ravel(), [0, 7, 0])


def test_padding_never_wins_over_negative_numbers():
    x = np.full((1, 3, 3, 1), -5.0)
    y, cache = maxpool.maxpool2d_forward(x, 2, 1, 1)
    np.testing.assert_array_equal(y, np.full((1, 4, 4, 1), -5.0))
    assert maxpool.maxpool2d_backward(np.ones_like(y), cache).sum() == y.size


@pytest.mark.parametrize("padding", [2, ((0, 3),)])
def test_a_padding_that_could_fill_a_whole_window_is_refused(padding):
    with pytest.raises(ShapeError, match="padding .* must be smaller than the window of 2"):
        mm.MaxPool1D(2, padding=padding).forward(np.zeros((1, 6, 1)))


def test_the_stride_defaults_to_the_window():
    assert mm.MaxPool2D((2, 3)).stride == (2, 3)
    assert mm.MaxPool2D((2, 3)).output_shape((7, 7, 5)) == (3, 2, 5)


def test_a_window_larger_than_the_picture_is_refused():
    with pytest.raises(ShapeError, match="a window of 4×4 does not fit into 3×9 cells"):
        mm.MaxPool2D(4).forward(np.zeros((1, 3, 9, 1)))


def test_a_stride_of_zero_is_refused():
    with pytest.raises(ShapeError, match="stride is 0: give one positive whole number"):
        mm.MaxPool1D(2, stride=0)
