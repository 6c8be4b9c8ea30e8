"""What every layer, container and loss promises, over drawn inputs: nothing is written to, nothing is hidden."""

import copy

import numpy as np
import pytest
from drawn.example import for_each, normal
from drawn.layers import LAYERS
from drawn.losses import LOSSES
from numeric import every_place, put, scattered, snapshot

from tinymm.backend import to_host

every_layer = pytest.mark.parametrize("name", LAYERS)
every_loss = pytest.mark.parametrize("name", LOSSES)


def flat(result):
    """dx and grads, or dpred, as one list of arrays."""
    dx, grads = result if isinstance(result, tuple) and isinstance(result[1], dict) else (result, {})
    parts = dx.values() if isinstance(dx, dict) else dx if isinstance(dx, tuple) else [dx]
    return [g for g in (*parts, *grads.values()) if g is not None]


def retyped(x, dtype):
    """x with all its real arrays in dtype."""
    if isinstance(x, dict):
        return {k: retyped(a, dtype) for k, a in x.items()}
    if isinstance(x, tuple):
        return tuple(retyped(a, dtype) for a in x)
    return x.astype(dtype) if x.dtype.kind == "f" else x


@every_place
@every_layer
def test_a_pass_writes_to_nothing_and_repeats_itself_bit_for_bit(name, place):
    def check(example):
        example = example.on(place)
        layer = example.layer
        if place == "CuPy" and "Embedding" in repr(layer):
            return  # cupy.add.at adds in whatever order the GPU comes to it
        given = example.x, example.options, layer.params, layer.state
        before = snapshot(given)
        y, cache = example.forward()
        assert snapshot(given) == before
        dy = put(place, normal(1, *y.shape))
        kept = snapshot((dy, cache, y))
        first = snapshot(layer.backward(dy, cache))
        assert snapshot((dy, cache, y)) == kept and snapshot(given) == before
        assert snapshot(layer.backward(dy, cache)) == first
        assert snapshot(example.forward()[0]) == snapshot(y)

    for_each(LAYERS[name], check)


@every_place
@every_loss
def test_a_loss_writes_to_nothing_and_repeats_itself_bit_for_bit(name, place):
    def check(example):
        example = example.on(place)
        loss, before = example.layer, snapshot(example.x)
        J, cache = loss.forward(*example.x)
        kept, first = snapshot(cache), snapshot(loss.backward(cache))
        assert snapshot(loss.backward(cache)) == first
        assert snapshot(cache) == kept and snapshot(example.x) == before
        assert snapshot(loss.forward(*example.x)[0]) == snapshot(J)

    for_each(LOSSES[name], check)


@every_place
@every_layer
def test_without_an_upstream_gradient_all_gradients_are_exact_zeros(name, place):
    def check(example):
        example = example.on(place)
        y, cache = example.forward()
        assert not any(g.any() for g in flat(example.layer.backward(put(place, np.zeros(y.shape)), cache)))

    for_each(LAYERS[name], check)


@every_place
@every_layer
def test_memory_layout_changes_no_number(name, place):
    def check(example):
        example = example.on(place)
        layer, x = example.layer, example.x
        if isinstance(x, tuple):
            odd = tuple(map(scattered, x))
        else:
            odd = {k: scattered(a) for k, a in x.items()} if isinstance(x, dict) else scattered(x)
        (y, cache), (y_odd, cache_odd) = example.forward(), example.forward(x=odd)
        np.testing.assert_allclose(*to_host((y_odd, y)), rtol=1e-12, atol=1e-14)
        dy = put(place, normal(2, *y.shape))
        results = (flat(layer.backward(d, c)) for d, c in ((dy, cache), (scattered(dy), cache_odd)))
        for want, got in zip(*results, strict=True):
            np.testing.assert_allclose(*to_host((got, want)), rtol=1e-10, atol=1e-12)

    for_each(LAYERS[name], check)


# The bound on float32. An entry may differ from float64's by
#   ROUNDINGS ε of the largest number of its array, or of 1, for the sums and products behind it, and by
#   CONDITION times what it changes in float64 when all that goes in changes by 2 ε: no code in float32 can do
#   better than the question allows, as where BatchNorm divides by the tiny spread of a batch of two.
# ε is float32's, 1.2e-7.
EPSILON, ROUNDINGS, CONDITION = float(np.finfo(np.float32).eps), 64, 8
EXACT = ("Flatten", "GlobalMaxPool", "MaxPool1D", "MaxPool2D", "ReLU")


def nudged(x, rng):
    """x with every real number made smaller by up to 2 ε: probabilities stay below 1."""
    if isinstance(x, dict):
        return {k: nudged(a, rng) for k, a in x.items()}
    if isinstance(x, tuple):
        return tuple(nudged(a, rng) for a in x)
    return x * (1 - 2 * EPSILON * rng.uniform(0, 1, x.shape)) if x.dtype.kind == "f" else x


def assert_within_the_bound(results, inputs, exact=False):
    """results(*inputs) in float32 is within the bound of what it is in float64.

    Layers that only choose numbers are ``exact``: the first part of the bound is all they get, as a nudge would
    break ties.
    """
    rng = np.random.default_rng(0)
    narrow = results(*(retyped(a, np.float32) for a in inputs))
    inputs = [retyped(retyped(a, np.float32), np.float64) for a in inputs]
    wide = results(*inputs)
    near = [] if exact else [results(*(nudged(a, rng) for a in inputs)) for _ in range(4)]
    for k, (got, want) in enumerate(zip(narrow, wide, strict=True)):
        assert got.dtype == np.float32 and want.dtype == np.float64
        spread = np.max([0 * abs(want), *(abs(other[k] - want) for other in near)], axis=0)
        bound = ROUNDINGS * EPSILON * max(abs(want).max(), 1) + CONDITION * spread
        assert (abs(got - want) <= bound).all(), (k, abs(got - want).max(), want)


@every_layer
def test_float32_stays_within_the_stated_bound_of_float64(name):
    def check(example):
        layer = example.built()
        dy = normal(5, *example.forward()[0].shape)

        def results(x, dy, params):
            twin = copy.deepcopy(layer).astype(dy.dtype)
            for key, a in twin.params.items():
                a[...] = params[key]
            y, cache = example.forward(twin, x)
            return [y, *flat(twin.backward(dy, cache))]

        assert_within_the_bound(results, (example.x, dy, dict(layer.params)), name in EXACT)

    for_each(LAYERS[name], check)


@every_loss
def test_a_loss_in_float32_stays_within_the_stated_bound_of_float64(name):
    def check(example):
        def results(pred, target):
            J, cache = example.layer.forward(pred, target)
            return [np.asarray(J), example.layer.backward(cache)]

        assert_within_the_bound(results, example.x)

    for_each(LOSSES[name], check)
