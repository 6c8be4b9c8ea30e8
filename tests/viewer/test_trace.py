"""Traces of every layer: the numbers of the float64 run, forward and backward, and gradients that are slopes."""

import copy

import numpy as np
import pytest

import tinymm as mm
from tinymm.gradchecking.cases import CASES
from tinymm.losses import Loss
from tinymm.viewer.arrays import values
from tinymm.viewer.checking import slopes
from tinymm.viewer.examples import EXAMPLES
from tinymm.viewer.nodes import Node
from tinymm.viewer.panels import Layout
from tinymm.viewer.trace import trace

RUNS = {f"{case.name} (case)": (case.make, case.x, case.options) for case in CASES}
RUNS |= {name: (lambda e=e: e.build()[0], lambda e=e: e.build()[1], e.options) for name, e in EXAMPLES.items()}
every_run = pytest.mark.parametrize("name", RUNS)


def close(got, wanted):
    np.testing.assert_allclose(values(got), wanted, rtol=1e-12, atol=1e-13)


def numbers(x, name="x"):
    if isinstance(x, dict):
        return {key: a for part in x for key, a in numbers(x[part], part).items()}
    if isinstance(x, tuple):
        return dict(zip(("x", "h0", "c0"), x))
    return {} if x is None else {name: x}


def as_float(x):
    if isinstance(x, dict):
        return {name: as_float(part) for name, part in x.items()}
    if isinstance(x, tuple):
        return tuple(map(as_float, x))
    return x if x.dtype.kind in "iu" else x.astype(float)


@every_run
def test_the_trace_has_the_numbers_of_the_float64_run(name):
    make, draw, options = RUNS[name]
    layer, x = make(), as_float(draw())
    done = trace(layer, x, **options)
    if isinstance(layer, Loss):
        J, cache = layer.forward(*x)
        close(np.array(done.loss, dtype=object), J)
        close(done.dinputs["pred"], layer.backward(cache))
        return
    twin = copy.deepcopy(layer).astype(np.float64)
    run = {key: options[key] for key in ("training", "mask") if key in options}
    y, cache = twin.forward(x, rng=np.random.default_rng(0), **run)
    close(done.y, y)
    if "loss" in options:
        J, loss_cache = options["loss"].forward(y, options["target"])
        close(np.array(done.loss, dtype=object), J)
        close(done.dy, options["loss"].backward(loss_cache))
    dx, grads = twin.backward(values(done.dy), cache)
    assert list(done.dparams) == list(grads)
    for key, grad in grads.items():
        close(done.dparams[key], grad)
    for key, grad in numbers(dx).items():
        assert (key in done.dinputs) == (grad is not None)
        if grad is not None:
            close(done.dinputs[key], grad)


KINKS = ("ties", "corners", "the video model")  # where two branches meet there is no slope; zeros of a ReLU tie in a pool
SMOOTH = [name for name in RUNS if not any(word in name for word in KINKS)]


@pytest.mark.parametrize("name", SMOOTH)
def test_every_gradient_on_the_page_is_the_slope_of_the_result(name):
    make, draw, options = RUNS[name]
    done = trace(make(), draw(), **options)
    checked = 0
    for panel in Layout(done).panels:
        if panel.values is None or panel.grads is None or panel.given:
            continue
        pairs = {v.index: (v, g) for v, g in zip(panel.values.flat, panel.grads.flat) if isinstance(v, Node)}
        if name == "Embedding padding (case)":  # the row of the padding token is kept at 0 by the code
            pairs = {k: (v, g) for k, (v, g) in pairs.items() if isinstance(g, Node)}
        wanted = slopes(done, [v for v, _ in pairs.values()])
        got = np.array([g.value if isinstance(g, Node) else g for _, g in pairs.values()])
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-7, err_msg=panel.name)
        checked += len(pairs)
    assert checked or "Dropout (case)" == name


def test_what_was_given_is_left_as_it_was(rng):
    layer, x = mm.Dense(2), rng.normal(size=(3, 4))
    before = x.copy()
    trace(layer, x)
    np.testing.assert_array_equal(x, before)
    assert layer.params == {} and layer.input_shape is None


def test_the_upstream_gradient_may_be_chosen_and_must_fit(rng):
    x, dy = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    close(trace(mm.Tanh(), x, dy=dy).dinputs["x"], dy * (1 - np.tanh(x) ** 2))
    with pytest.raises(mm.ShapeError, match=r"\(3,\).*\(3, 4\)"):
        trace(mm.Tanh(), x, dy=np.ones(3))


class Cube(mm.Layer):
    """A layer that tinymm has no words for."""

    def run(self, x):
        squared = x * x
        return squared * x, (x, squared)

    def backward(self, dy, cache):
        x, squared = cache
        return dy * squared * 3, {}


def test_a_layer_without_words_for_it_is_traced_as_well(rng):
    done = trace(Cube(), rng.normal(size=(2, 3)))
    panels = {panel.name: panel for panel in Layout(done).panels}
    assert set(panels) == {"x", "squared", "y"} and panels["y"].given
    close(panels["squared"].values, values(done.inputs["x"]) ** 2)


def test_an_operation_without_a_traced_form_is_one_error(rng):
    class Cosine(mm.Layer):
        def run(self, x):
            return np.arccosh(x), None

    with pytest.raises(mm.TinymmError, match="cannot trace"):
        trace(Cosine(), 2 + rng.random((2, 3)))
