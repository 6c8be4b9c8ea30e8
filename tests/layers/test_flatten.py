import numpy as np
import pytest
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


@pytest.mark.parametrize("sense, shape", [("image", (6, 8, 8, 3)), ("audio", (6, 28, 1))])
def test_a_picture_or_sound_of_another_size_is_told_by_branch_with_both_sizes(sense, shape):
    rng = np.random.default_rng(0)
    x = {"image": rng.random((6, 10, 10, 3)), "audio": rng.random((6, 30, 1))}
    branches = {
        "image": mm.Sequential(mm.Conv2D(2, 3), mm.Flatten()), "audio": mm.Sequential(mm.Conv1D(2, 3), mm.Flatten())
    }  # fmt: skip
    model = mm.Sequential(mm.Concatenate(**branches), mm.Dense(1))
    model.forward(x)
    with pytest.raises(mm.ShapeError, match=rf"layer {sense}\.1: Flatten was built for inputs \(N, .* and got .*another size"):
        model.forward({**x, sense: rng.random(shape)})


def test_channels_stay_together():
    x = np.arange(12.0).reshape(1, 2, 2, 3)
    np.testing.assert_array_equal(mm.Flatten().forward(x)[0], [np.arange(12)])
