"""Rung 1 == rung 2: the loops give the textbook's numbers, for every layer, container and loss, inputs drawn."""

import re

import numpy as np
import pytest
from drawn.example import for_each, normal
from drawn.layers import LAYERS
from drawn.losses import LOSSES
from equations.by_loops import pair, run


def assert_same(got, want):
    """One array, None, or a dict or tuple of them."""
    if isinstance(want, dict):
        assert got.keys() == want.keys()
        got, want = list(got.values()), list(want.values())
    if isinstance(want, (tuple, list)):
        for one, other in zip(got, want, strict=True):
            assert_same(one, other)
    elif want is None:
        assert got is None
    else:
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", LAYERS)
def test_the_loops_of_the_equations_give_the_same_numbers(name):
    def check(example):
        layer = example.built()
        y, cache = example.forward()
        y_loops, back = run(layer, example.x, rng=np.random.default_rng(3), **example.options)
        assert_same(y_loops, y)
        dy = normal(6, *y.shape)
        (dx, grads), (dx_loops, grads_loops) = layer.backward(dy, cache), back(dy)
        assert_same(dx_loops, dx)
        assert_same({k: grads_loops[k] for k in grads}, grads)

    for_each(LAYERS[name], check)


@pytest.mark.parametrize("name", LOSSES)
def test_the_loops_of_a_loss_give_the_same_numbers(name):
    def check(example):
        loss, (pred, target) = example.layer, example.x
        logits = "_logits" if getattr(loss, "from_logits", False) else ""
        forward, backward = pair(re.sub("(?<!^)(?=[A-Z])", "_", name).lower() + logits)
        J, cache = loss.forward(pred, target)
        J_loops, cache_loops = forward(pred, loss.prepare(pred, target))
        assert_same(J_loops, J)
        assert_same(backward(cache_loops), loss.backward(cache))

    for_each(LOSSES[name], check)
