import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numeric import assert_pairs_agree, normal, scattered

import tinymm as mm
from tinymm import equations
from tinymm.equations.windows import picture_windows
from tinymm.errors import ShapeError
from tinymm.layers.conv2d import conv2d_backward, conv2d_forward

PAIR = conv2d_forward, conv2d_backward
LOOPS = equations.conv2d_forward, equations.conv2d_backward
sizes = st.integers(1, 3)
lengths = st.tuples(st.integers(1, 6), st.integers(1, 6))
kernels = st.tuples(sizes, sizes)
strides = st.tuples(st.integers(1, 4), st.integers(1, 4))
paddings = st.sampled_from(["valid", "same", 1, (0, 2), ((1, 0), (0, 2)), ((2, 1), 0)])


@given(st.integers(0, 999), st.integers(1, 2), lengths, st.integers(1, 2), sizes, kernels, strides, paddings)
def test_conv2d_equals_its_loops(seed, N, length, C, O, kernel, stride, padding):
    assume(all(picture_windows(length, kernel, stride, padding)))
    rng = np.random.default_rng(seed)
    arrays = [normal(rng, N, *length, C), normal(rng, *kernel, C, O), normal(rng, O)]
    assert_pairs_agree(PAIR, LOOPS, arrays, rng, stride=stride, padding=padding)


@pytest.mark.parametrize("padding", ["valid", "same", ((1, 2), 0)])
def test_conv2d_equals_its_loops_with_a_stride_longer_than_its_kernel_on_scattered_memory(padding):
    rng = np.random.default_rng(0)
    arrays = [scattered(normal(rng, 2, 7, 6, 2)), scattered(normal(rng, 2, 1, 2, 3)), normal(rng, 3)]
    assert_pairs_agree(PAIR, LOOPS, arrays, rng, stride=3, padding=padding)


def test_a_picture_of_one_channel_done_by_hand():
    x = np.arange(9.0).reshape(1, 3, 3, 1)
    W = np.array([[1.0, 0.0], [0.0, 10.0]]).reshape(2, 2, 1, 1)
    y, cache = conv2d_forward(x, W, np.array([0.5]))
    np.testing.assert_array_equal(y[0, :, :, 0], [[40.5, 51.5], [73.5, 84.5]])
    dx, dW, db = conv2d_backward(np.ones_like(y), cache)
    np.testing.assert_array_equal(dx[0, :, :, 0], [[1, 1, 0], [1, 11, 10], [0, 10, 10]])
    np.testing.assert_array_equal(dW[:, :, 0, 0], [[8, 12], [20, 24]])
    np.testing.assert_array_equal(db, [4])


def test_channels_first_pictures_are_told_how_to_move_the_axis():
    layer = mm.Conv2D(4, 3)
    layer.build((32, 32, 3))
    with pytest.raises(ShapeError) as error:
        layer.forward(np.zeros((2, 3, 32, 32), "float32"))
    assert str(error.value) == (
        "Conv2D wants inputs (N, height, width, channels=3) and got (N, 3, 32, 32): "
        "the channels axis comes last; move it with np.moveaxis(x, 1, -1)"
    )


def test_a_picture_alone_is_told_that_the_batch_axis_is_missing():
    layer = mm.Conv2D(4, 3)
    layer.build((32, 32, 3))
    with pytest.raises(ShapeError, match=r"is the batch axis missing\? A single sample goes in as x\[None\]"):
        layer.forward(np.zeros((32, 32, 3), "float32"))


def test_bytes_are_refused_with_the_way_to_make_floats():
    with pytest.raises(ShapeError) as error:
        mm.Conv2D(4, 3).forward(np.zeros((2, 8, 8, 3), "uint8"))
    assert str(error.value) == (
        'Conv2D wants floating-point numbers and got uint8: x.astype("float32"), and divide pictures by 255'
    )


def test_another_picture_size_than_at_the_build_is_welcome():
    layer = mm.Conv2D(4, 3)
    layer.build((32, 32, 3))
    assert layer.forward(np.zeros((1, 5, 7, 3), "float32"))[0].shape == (1, 3, 5, 4)


def test_multiply_adds_of_conv2d_are_its_kernel_at_every_output():
    assert mm.Conv2D(4, (2, 3)).multiply_adds((5, 6, 2)) == 4 * 4 * 4 * (2 * 3 * 2)
