import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numeric import assert_pairs_agree, normal, scattered

import tinymm as mm
from tinymm import equations
from tinymm.layers.flatten import flatten_backward, flatten_forward


@given(st.integers(0, 999), st.lists(st.integers(1, 4), min_size=2, max_size=4))
def test_flatten_equals_its_loops(seed, shape):
    rng = np.random.default_rng(seed)
    loops = equations.flatten_forward, equations.flatten_backward
    assert_pairs_agree((flatten_forward, flatten_backward), loops, [scattered(normal(rng, *shape))], rng)


def test_channels_stay_together():
    x = np.arange(12.0).reshape(1, 2, 2, 3)
    np.testing.assert_array_equal(mm.Flatten().forward(x)[0], [np.arange(12)])
