import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinymm.data.resize import area_weights, centre_crop, resize


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 80), st.integers(1, 80))
def test_area_weights_average_and_use_every_pixel_alike(length, outputs):
    weights = area_weights(length, outputs, 0, length)
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(weights.sum(axis=0), outputs / length, rtol=1e-4)


def test_three_pixels_in_two_share_the_middle_one():
    np.testing.assert_allclose(area_weights(3, 2, 0, 3), [[2 / 3, 1 / 3, 0], [0, 1 / 3, 2 / 3]], rtol=1e-6)


def test_the_crop_is_as_large_as_fits():
    assert centre_crop(60, 100, (32, 32)) == (0, 60, 20, 80)
    assert centre_crop(100, 60, (30, 60)) == (35, 65, 0, 60)
    assert centre_crop(60, 60, (30, 30), pixel_aspect=2) == (0, 60, 15, 45)


@pytest.mark.parametrize("size", [(32, 32), (7, 13), (100, 90), (1, 1)])
def test_an_even_picture_stays_even_at_any_size(size):
    out = resize(np.full((37, 53, 3), 201, np.uint8), size)
    assert out.shape == (*size, 3) and (out == 201).all()


def test_a_picture_of_the_right_size_comes_back_as_it_is():
    picture = np.random.default_rng(1).integers(0, 256, (9, 9, 3), np.uint8)
    np.testing.assert_array_equal(resize(picture, (9, 9)), picture)
