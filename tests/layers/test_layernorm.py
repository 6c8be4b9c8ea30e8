import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numeric import assert_pairs_agree, normal, scattered

import tinymm as mm
from tinymm import equations
from tinymm.layers.layernorm import layernorm_backward, layernorm_forward


@given(st.integers(0, 999), st.lists(st.integers(1, 5), min_size=2, max_size=4))
def test_layernorm_equals_its_loops(seed, shape):
    rng = np.random.default_rng(seed)
    arrays = [scattered(normal(rng, *shape)), normal(rng, shape[-1]), normal(rng, shape[-1])]
    loops = equations.layernorm_forward, equations.layernorm_backward
    assert_pairs_agree((layernorm_forward, layernorm_backward), loops, arrays, rng, epsilon=1e-2)


def test_every_row_leaves_with_mean_zero_and_deviation_one():
    x = np.random.default_rng(0).normal(7, 3, (5, 4, 30))
    y, _ = layernorm_forward(x, np.ones(30), np.zeros(30), epsilon=0)
    np.testing.assert_allclose(y.mean(axis=-1), 0, atol=1e-14)
    np.testing.assert_allclose(y.std(axis=-1), 1, rtol=1e-13)


def test_a_row_does_not_depend_on_the_batch_around_it():
    layer, x = mm.LayerNorm(), np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_array_equal(layer.forward(x)[0][2:3], layer.forward(x[2:3])[0])


def test_a_row_of_equal_numbers_stays_finite():
    y, cache = layernorm_forward(np.full((1, 4), 3.0), np.ones(4), np.full(4, 0.5))
    np.testing.assert_array_equal(y, np.full((1, 4), 0.5))
    assert np.isfinite(layernorm_backward(np.arange(4.0)[None], cache)[0]).all()
