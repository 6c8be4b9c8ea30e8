import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinymm.equations.windows import axis_padding, count_windows
from tinymm.errors import ShapeError
from tinymm.layers.windows import output_lengths, pad, per_axis, resolve_padding, sliding_windows, unpad


@given(st.integers(1, 20), st.integers(1, 6), st.integers(1, 7))
def test_same_padding_gives_one_window_for_every_begun_stride(length, size, stride):
    pads = resolve_padding("same", (length,), (size,), (stride,))
    assert output_lengths((length,), (size,), (stride,), pads) == (-(-length // stride),)
    assert pads == (axis_padding(length, size, stride, "same"),)
    assert 0 <= pads[0][1] - pads[0][0] <= 1


@given(st.integers(1, 20), st.integers(1, 6), st.integers(1, 7), st.integers(0, 3), st.integers(0, 3))
def test_as_many_windows_as_one_can_count(length, size, stride, before, after):
    counted = count_windows(before + length + after, size, stride)
    if counted:
        assert output_lengths((length,), (size,), (stride,), ((before, after),)) == (counted,)
    else:
        with pytest.raises(
            ShapeError, match=f"a window of {size} does not fit into {before + length + after} cells"
        ):
            output_lengths((length,), (size,), (stride,), ((before, after),))


@pytest.mark.parametrize(
    ("padding", "pads"),
    [
        ("valid", ((0, 0), (0, 0))),
        (2, ((2, 2), (2, 2))),
        ((1, 0), ((1, 1), (0, 0))),
        (((1, 2), 3), ((1, 2), (3, 3))),
        ("same", ((0, 1), (1, 1))),
    ],
)
def test_padding_may_be_a_word_a_number_or_an_entry_an_axis(padding, pads):
    assert resolve_padding(padding, (4, 5), (3, 3), (2, 2)) == pads


@pytest.mark.parametrize("padding", ["full", -1, 1.5, (1, 2, 3), ((1, 2),), ((1, -2), 0), (1, None), None])
def test_any_other_padding_is_refused_with_the_choices(padding):
    with pytest.raises(ShapeError) as error:
        resolve_padding(padding, (4, 5), (3, 3), (2, 2))
    assert f"padding is {padding!r}" in str(error.value)
    assert 'choose "valid", "same", a number, or one number or (before, after) an axis' in str(error.value)


@pytest.mark.parametrize("value", [0, -1, (1, 2, 3), (2, 0), 1.5, (1.5, 2), "ab", None])
def test_sizes_and_strides_are_positive_whole_numbers(value):
    with pytest.raises(ShapeError) as error:
        per_axis(value, 2, "stride")
    assert str(error.value) == f"stride is {value!r}: give one positive whole number, or 2 of them"


def test_one_number_serves_all_axes():
    assert per_axis(3, 2, "stride") == (3, 3)
    assert per_axis([3, 1], 2, "stride") == (3, 1)


def test_windows_are_views_of_the_input():
    x = np.arange(12.0).reshape(1, 6, 2)
    windows = sliding_windows(x, (3,), (2,))
    assert windows.shape == (1, 2, 3, 2)
    assert np.shares_memory(windows, x)
    np.testing.assert_array_equal(windows[0, 1, :, 0], [4, 6, 8])


def test_unpad_takes_away_what_pad_added():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 1))
    pads = ((1, 2), (0, 3))
    assert pad(x, pads).shape == (2, 6, 7, 1)
    np.testing.assert_array_equal(unpad(pad(x, pads), pads), x)
    assert pad(x, ((0, 0), (0, 0))) is x
