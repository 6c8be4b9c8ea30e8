"""What `tinymm.gradcheck` refuses: one sentence that names the function and what was expected of it."""

import sys

import numpy as np
import pytest

import tinymm as mm
from tinymm.errors import TinymmError
from tinymm.gradcheck import gradcheck
from tinymm.layers.dense import dense_backward, dense_forward


def normal(*shape):
    return np.random.default_rng(0).normal(size=shape)


DENSE = normal(3, 4), normal(4, 2), normal(2)


class Layer:
    """y = x, with any part replaced."""

    def __init__(self, forward=None, backward=None, params=None):
        self.forward = forward or (lambda x: (x * 1.0, None))
        self.backward = backward or (lambda dy, cache: (dy * 1.0, {}))
        self.params = params or {}


def doubling_in_place(x):
    x *= 2
    return x.copy(), None


def eating_its_cache(dy, cache):
    cache.append(1)
    return dy * len(cache), {}


def changing_dy(dy, cache):
    dy *= 2
    return dy.copy(), {}


X = normal(2, 3)
REFUSED = [
    (object(), X, "object has no forward"),
    (mm.Dense, X, "Dense is a class"),
    (Layer(), X.astype(int), "x holds whole numbers (int64), which have no gradient"),
    (mm.Dense(2), X.astype(int), 'x.astype("float32")'),
    ((lambda x: (x * 1.0, None), lambda dy, c: ()), X.astype(int), "nothing to check"),
    (Layer(), X.astype(complex), "x is complex128"),
    (Layer(), "words", "x is a str"),
    (Layer(), X * np.nan, "x holds NaN"),
    (Layer(), X[:0], "x is empty"),
    (Layer(lambda x: x), X, "forward of Layer returns an array: it must return (y, cache)"),
    (Layer(lambda x: (x, 1, 2)), X, "forward of Layer returns 3 values"),
    (Layer(lambda x: None), X, "forward of Layer returns None"),
    (Layer(lambda x: (x > 0, None)), X, "forward of Layer gives an array of bool"),
    (Layer(lambda x: (x / 0, None)), X, "every y must be finite"),
    (Layer(lambda x: (x * np.random.rand(), None)), X, "other numbers the second time"),
    (Layer(doubling_in_place), X, "forward of Layer writes to its input x"),
    (Layer(lambda x: (x @ x, None)), X, "forward of Layer fails with ValueError"),
    (Layer(backward=lambda dy, c: dy), X, "backward of Layer returns an array: it must return (dx, grads)"),
    (Layer(backward=lambda dy, c: (dy, {}, 1)), X, "backward of Layer returns 3 values"),
    (Layer(backward=lambda dy, c: (None, {})), X, "backward of Layer returns None for x"),
    (Layer(backward=lambda dy, c: (dy.T, {})), X, "backward of Layer returns a gradient (3, 2) for x"),
    (Layer(backward=lambda dy, c: (dy, {"W": dy})), X, "a gradient for W, but params holds nothing"),
    (Layer(params={"W": X}), X, "returns no gradient for W"),
    (Layer(lambda x: (x * 1.0, []), eating_its_cache), X, "a second backward of Layer gives another"),
    (Layer(backward=changing_dy), X, "backward of Layer writes to dy"),
    (Layer(backward=lambda dy, c: 1 / 0), X, "ZeroDivisionError: division by zero (test_refusals.py, line"),
    ((dense_forward, lambda dy, c: dy), DENSE, "backward of dense returns 1 gradient for x, W, b"),
    ((dense_forward, dense_backward), (*DENSE, X), "takes 3 arguments and was given 4 arrays"),
    (Layer(lambda x: (x[:0], None)), X, "forward of Layer gives an empty y, (0, 3)"),
    (Layer(lambda x: sys.exit(3)), X, "forward of Layer fails with SystemExit: 3 (test_refusals.py, line"),
    (Layer(backward=lambda dy: dy), X, "backward of Layer takes 1 argument: it needs (dy, cache)"),
    (mm.MeanSquaredError(), X, "MeanSquaredError is a loss: give gradcheck x = (pred, target)"),
]  # fmt: skip


@pytest.mark.parametrize(("subject", "x", "words"), REFUSED, ids=[words[:40] for *_, words in REFUSED])
def test_what_cannot_be_checked_is_refused_in_one_sentence(subject, x, words):
    with pytest.raises(TinymmError) as error:
        gradcheck(subject, x)
    assert words in str(error.value) and "\n" not in str(error.value)
