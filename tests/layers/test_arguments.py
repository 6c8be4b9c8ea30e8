"""Arguments that cannot be are refused when the layer is made, each in one sentence that says what would do."""

import numpy as np
import pytest

import tinymm as mm


@pytest.mark.parametrize("make, message", [
    (lambda: mm.Dense(0), "units is 0"),
    (lambda: mm.Dense(-1), "units is -1"),
    (lambda: mm.Dense(2.5), "units is 2.5"),
    (lambda: mm.Dense(3, "nope"), "no initializer 'nope': choose glorot_uniform"),
    (lambda: mm.Conv1D(0, 3), "filters is 0"),
    (lambda: mm.Conv2D(3, 0), "kernel_size is 0"),
    (lambda: mm.LSTM(0), "units is 0"),
    (lambda: mm.Embedding(0, 3), "vocabulary is 0"),
    (lambda: mm.Embedding(5, 3, padding_id=9), "padding_id is 9: give a token id from 0 to 4"),
    (lambda: mm.Embedding(5, 3, padding_id=-1), "padding_id is -1"),
    (lambda: mm.Sequential(5), "Sequential takes layers"),
    (lambda: mm.Dropout(1), "from 0 up to but not 1"),
    (lambda: mm.SGD("a"), "learning rate is 'a'"),
    (lambda: mm.SGD(float("inf")), "learning rate is inf"),
    (lambda: mm.Adam(clip_norm=-1), "clip_norm is -1"),
    (lambda: mm.Adam(beta1=2), "beta1 is 2"),
    (lambda: mm.Momentum(momentum=-3), "momentum is -3"),
    (lambda: mm.Trainer(mm.Dense(1), mm.MeanSquaredError(), mm.SGD()).fit(np.ones((2, 1)), np.ones((2, 1)), batch_size=0),
     "batch_size is 0"),
])  # fmt: skip
def test_an_argument_that_cannot_be(make, message):
    with pytest.raises(mm.TinymmError, match=message):
        make()
