import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numeric import assert_pairs_agree, normal, scattered

import tinymm as mm
from tinymm import equations
from tinymm.equations.windows import sound_windows
from tinymm.errors import ShapeError
from tinymm.layers.conv1d import conv1d_backward, conv1d_forward

PAIR = conv1d_forward, conv1d_backward
LOOPS = equations.conv1d_forward, equations.conv1d_backward
sizes = st.integers(1, 3)
paddings = st.sampled_from(["valid", "same", 1, 2, ((0, 1),), ((3, 0),)])


@given(
    st.integers(0, 999),
    sizes,
    st.integers(1, 9),
    sizes,
    sizes,
    st.integers(1, 4),
    st.integers(1, 5),
    paddings,
)
def test_conv1d_equals_its_loops(seed, N, T, C, O, k, stride, padding):
    assume(sound_windows(T, k, stride, padding))
    rng = np.random.default_rng(seed)
    arrays = [normal(rng, N, T, C), normal(rng, k, C, O), normal(rng, O)]
    assert_pairs_agree(PAIR, LOOPS, arrays, rng, stride=stride, padding=padding)


@pytest.mark.parametrize("padding", ["valid", "same", 2])
def test_conv1d_equals_its_loops_with_a_stride_longer_than_its_kernel_on_scattered_memory(padding):
    rng = np.random.default_rng(0)
    arrays = [scattered(normal(rng, 2, 11, 3)), scattered(normal(rng, 2, 3, 2)), normal(rng, 2)]
    assert_pairs_agree(PAIR, LOOPS, arrays, rng, stride=4, padding=padding)


def test_the_kernel_is_not_flipped():
    x, W = np.array([[[1.0], [0.0], [0.0]]]), np.array([[[5.0]], [[7.0]]])
    y, _ = conv1d_forward(x, W, np.zeros(1))
    np.testing.assert_array_equal(y[0, :, 0], [5, 0])


def test_samples_that_no_window_reaches_get_no_gradient():
    x = np.ones((1, 6, 1))
    y, cache = conv1d_forward(x, np.ones((2, 1, 1)), np.zeros(1), stride=3)
    dx, _, _ = conv1d_backward(np.ones_like(y), cache)
    np.testing.assert_array_equal(dx[0, :, 0], [1, 1, 0, 1, 1, 0])


def test_same_padding_with_stride_one_keeps_the_length():
    assert mm.Conv1D(4, 5, padding="same").output_shape((9, 2)) == (9, 4)


def test_a_sound_without_a_channel_axis_is_told_how_to_get_one():
    with pytest.raises(ShapeError) as error:
        mm.Conv1D(4, 3).forward(np.zeros((2, 100), "float32"))
    assert str(error.value) == (
        "Conv1D wants inputs (N, time, channels) and got (N, 100): "
        "is the channels axis missing? One channel goes in as x[..., None]"
    )


def test_a_kernel_longer_than_the_sound_is_refused():
    with pytest.raises(ShapeError, match='a window of 5 does not fit into 3 cells: .*padding="same"'):
        mm.Conv1D(4, 5).build((3, 1))


def test_multiply_adds_of_conv1d_are_its_kernel_at_every_output():
    assert mm.Conv1D(4, 3, stride=2).multiply_adds((9, 2)) == 4 * (4 * 3 * 2)
