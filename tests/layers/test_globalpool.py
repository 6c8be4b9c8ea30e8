import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numeric import assert_pairs_agree, normal

import tinymm as mm
from tinymm import equations
from tinymm.layers import globalpool

AVERAGE = globalpool.globalaveragepool_forward, globalpool.globalaveragepool_backward
AVERAGE_LOOPS = equations.globalaveragepool_forward, equations.globalaveragepool_backward
MAX = globalpool.globalmaxpool_forward, globalpool.globalmaxpool_backward
MAX_LOOPS = equations.globalmaxpool_forward, equations.globalmaxpool_backward
sizes = st.integers(1, 4)


@pytest.mark.parametrize(
    ("pair", "loops"), [(AVERAGE, AVERAGE_LOOPS), (MAX, MAX_LOOPS)], ids=["average", "max"]
)
class TestGlobalPools:
    @given(st.integers(0, 999), sizes, st.lists(sizes, min_size=1, max_size=3), sizes)
    def test_equal_their_loops_over_any_number_of_axes(self, pair, loops, seed, N, lengths, C):
        rng = np.random.default_rng(seed)
        assert_pairs_agree(pair, loops, [normal(rng, N, *lengths, C)], rng)

    @given(st.integers(0, 999), sizes, sizes, sizes)
    def test_equal_their_loops_with_masks_and_ties(self, pair, loops, seed, N, T, C):
        rng = np.random.default_rng(seed)
        x, mask = rng.integers(-2, 2, (N, T, C)).astype(float), rng.random((N, T)) < 0.5
        assert_pairs_agree(pair, loops, [x], rng, mask=mask)

    def test_a_row_without_real_steps_gives_zero_and_gets_no_gradient(self, pair, loops):
        x, mask = np.full((2, 3, 1), -7.0), np.array([[False] * 3, [True, False, True]])
        y, cache = pair[0](x, mask)
        np.testing.assert_array_equal(y, [[0], [-7]])
        dx = pair[1](np.ones_like(y), cache)
        assert not dx[0].any() and dx[1, 1] == 0 and dx[1].sum() == 1


def test_the_mean_counts_real_steps_alone():
    x = np.array([2.0, 100.0, 4.0]).reshape(1, 3, 1)
    assert globalpool.globalaveragepool_forward(x, np.array([[True, False, True]]))[0] == 3


def test_a_mask_behind_an_embedding_reaches_the_pool():
    model = mm.Sequential(mm.Embedding(5, 3, padding_id=0), mm.GlobalAveragePool())
    short, long = np.array([[1, 2]]), np.array([[1, 2, 0, 0]])
    np.testing.assert_array_equal(model.forward(short)[0], model.forward(long)[0])


def test_complex_numbers_are_judged_by_their_real_part_and_the_first_of_equals_wins():
    x = np.array([1 + 0j, 2 + 1j, 2 + 9j, 0 + 99j]).reshape(1, 4, 1)
    y, cache = globalpool.globalmaxpool_forward(x)
    np.testing.assert_array_equal(y, [[2 + 1j]])
    dx = globalpool.globalmaxpool_backward(np.ones_like(y), cache)
    np.testing.assert_array_equal(dx.ravel(), [0, 1, 0, 0])


def test_pictures_are_pooled_whatever_the_mask_of_another_axis_says():
    x = np.ones((2, 3, 4, 5), "float32")
    mask = np.zeros((2, 3), bool)
    np.testing.assert_array_equal(mm.GlobalMaxPool().forward(x, mask=mask)[0], np.ones((2, 5)))
