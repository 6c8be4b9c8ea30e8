"""Every layer and container, shapes drawn: all methods, rung 1, memory layouts, no gradient without dy."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numeric import scattered

import tinymm as mm
from tinymm import equations, losses
from tinymm.gradchecking.cases import CASES, Case
from tinymm.gradchecking.own import functions_named, options_of

EXAMPLES = settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
sizes = st.integers(1, 3)
lengths = st.integers(1, 4)
seeds = st.integers(0, 2**20)


@dataclass
class Example:
    """A layer and an input for it, with options of forward."""

    layer: object
    x: object
    options: dict = field(default_factory=dict)

    def forward(self, layer=None, x=None):
        rng = np.random.default_rng(3)
        return (layer or self.layer).forward(self.x if x is None else x, rng=rng, **self.options)


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def paddings(sizes_of_window):
    """valid, same, a number, or uneven cells before and after, always less than the window."""
    uneven = st.tuples(*(st.tuples(st.integers(0, k - 1), st.integers(0, k - 1)) for k in sizes_of_window))
    return st.one_of(st.sampled_from(("valid", "same")), st.integers(0, min(sizes_of_window) - 1), uneven)


@st.composite
def windowed(draw, make, axes):
    """A convolution or pool whose window fits; strides may be uneven and larger than the window."""
    window = draw(st.tuples(*[sizes] * axes))
    stride = draw(st.tuples(*[st.integers(1, 4)] * axes))
    longer = draw(st.tuples(*[st.integers(0, 3)] * axes))
    shape = (draw(sizes), *(k + more for k, more in zip(window, longer)), draw(st.integers(1, 2)))
    x = normal(draw(seeds), *shape)
    return Example(
        make(draw, window, stride, draw(paddings(window))), x.round() if draw(st.booleans()) else x
    )  # ties


def pools(kind):
    axes = 1 if kind.__name__.endswith("1D") else 2
    return windowed(lambda draw, window, stride, padding: kind(window, stride, padding), axes)


def convolutions(kind):
    axes = 1 if kind.__name__.endswith("1D") else 2
    return windowed(
        lambda draw, window, stride, padding: kind(draw(st.integers(1, 2)), window, stride, padding), axes
    )


@st.composite
def rows(draw, make, axes=(1, 3), training=None):
    """A layer that takes features along the last axis and any axes before it."""
    shape = draw(st.lists(sizes, min_size=axes[0] + 1, max_size=axes[1] + 1))
    mode = None if training is None else draw(training)
    return Example(make(draw), normal(draw(seeds), *shape), {} if mode is None else {"training": mode})


@st.composite
def masks(draw, N, T):
    """None, or (N, T) booleans with gaps; often a row of padding alone."""
    mask = draw(st.lists(st.lists(st.booleans(), min_size=T, max_size=T), min_size=N, max_size=N))
    return draw(st.sampled_from((None, np.array(mask), np.array([*mask[:-1], [False] * T]))))


@st.composite
def in_time(draw, make):
    N, T, D = draw(sizes), draw(lengths), draw(sizes)
    return Example(make(draw), normal(draw(seeds), N, T, D), {"mask": draw(masks(N, T))})


@st.composite
def texts(draw):
    N, T, V = draw(sizes), draw(lengths), draw(st.integers(2, 4))
    ids = np.random.default_rng(draw(seeds)).integers(0, V, (N, T))
    return Example(mm.Embedding(V, draw(sizes), padding_id=draw(st.sampled_from((None, 0)))), ids)


@st.composite
def branches(draw):
    N, D, E = draw(sizes), draw(sizes), draw(sizes)
    x = {"left": normal(draw(seeds), N, D), "right": normal(draw(seeds), N, E)}
    return Example(mm.Concatenate(left=mm.Dense(draw(sizes)), right=mm.Tanh()), x)


@st.composite
def frames(draw):
    shape = (
        draw(sizes),
        draw(sizes),
        draw(st.integers(2, 3)),
        draw(st.integers(2, 3)),
        draw(st.integers(1, 2)),
    )
    return Example(mm.TimeDistributed(mm.Conv2D(draw(st.integers(1, 2)), 2)), normal(draw(seeds), *shape))


@st.composite
def stacks(draw):
    return Example(
        mm.Sequential(mm.Dense(draw(sizes)), mm.ReLU(), mm.LayerNorm(), mm.Dense(2)),
        normal(draw(seeds), draw(sizes), draw(sizes)),
    )


whether = st.booleans()
recurrent = {
    kind.__name__: in_time(lambda draw, kind=kind: kind(draw(sizes), return_sequences=draw(whether)))
    for kind in (mm.LSTM, mm.RNN)
}
LAYERS = {
    **{
        kind.__name__: pools(kind)
        for kind in (mm.AveragePool1D, mm.AveragePool2D, mm.MaxPool1D, mm.MaxPool2D)
    },
    **{kind.__name__: convolutions(kind) for kind in (mm.Conv1D, mm.Conv2D)},
    **{
        kind.__name__: rows(lambda draw, kind=kind: kind())
        for kind in (mm.Flatten, mm.ReLU, mm.Sigmoid, mm.Softmax, mm.Tanh)
    },
    **{
        kind.__name__: in_time(lambda draw, kind=kind: kind())
        for kind in (mm.GlobalAveragePool, mm.GlobalMaxPool)
    },
    **recurrent,
    "BatchNorm": rows(lambda draw: mm.BatchNorm(), training=st.booleans()),
    "Concatenate": branches(),
    "Dense": rows(lambda draw: mm.Dense(draw(sizes))),
    "Dropout": rows(lambda draw: mm.Dropout(draw(st.floats(0, 0.9))), training=st.booleans()),
    "Embedding": texts(),
    "LayerNorm": rows(lambda draw: mm.LayerNorm()),
    "Sequential": stacks(),
    "TimeDistributed": frames(),
}
every_layer = pytest.mark.parametrize("name", LAYERS)


def test_no_layer_or_loss_is_forgotten():
    kinds = {name for name in mm.layers.__all__ if name not in ("Layer", "Container")}
    assert kinds == set(LAYERS)
    assert kinds | set(losses.LOSSES) == {case.layer for case in CASES}


@every_layer
def test_gradients_are_right_by_every_method(name):
    @EXAMPLES
    @given(LAYERS[name], seeds)
    def run(example, seed):
        report = mm.gradcheck(example.layer, example.x, seed=seed, **example.options)
        assert report, str(report)
        assert not any("no complex step" in note or "still met" in note for note in report.notes), (
            report.notes
        )
        arrays = {check.array for check in report.checks}
        assert {c.array for c in report.checks if c.method == "complex step"} == arrays

    run()


@pytest.mark.parametrize(
    "name", ["GlobalMaxPool", "LSTM", "MaxPool1D", "MaxPool2D", "RNN", "ReLU", "Sigmoid", "Softmax", "Tanh"]
)
def test_no_curved_or_bent_layer_is_taken_for_linear(name):
    @EXAMPLES
    @given(LAYERS[name], seeds)
    def run(example, seed):
        x, checks = example.x, mm.gradcheck(example.layer, example.x, seed=seed, **example.options).checks
        linear = {c.array for c in checks if c.method == "adjoint identity" and c.error > 1e-12}
        assert not linear, (x.shape, linear)

    run()


@every_layer
def test_without_an_upstream_gradient_all_gradients_are_exact_zeros(name):
    @EXAMPLES
    @given(LAYERS[name])
    def run(example):
        y, cache = example.forward()
        dx, grads = example.layer.backward(np.zeros_like(y), cache)
        parts = dx.values() if isinstance(dx, dict) else [dx]
        assert all(not g.any() for g in (*parts, *grads.values()) if g is not None)

    run()


@every_layer
def test_memory_layout_changes_no_number(name):
    @EXAMPLES
    @given(LAYERS[name])
    def run(example):
        x = example.x
        odd = {k: scattered(a) for k, a in x.items()} if isinstance(x, dict) else scattered(x)
        y, cache = example.forward()
        y_odd, cache_odd = example.forward(x=odd)
        np.testing.assert_allclose(y_odd, y, rtol=1e-12, atol=1e-14)
        dy = normal(2, *y.shape)
        for want, got in zip(
            *(flat(example.layer.backward(d, c)) for d, c in ((dy, cache), (scattered(dy), cache_odd)))
        ):
            np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)

    run()


def flat(result):
    """(dx, grads) as a list of arrays in a fixed order."""
    dx, grads = result
    parts = [dx[k] for k in sorted(dx)] if isinstance(dx, dict) else [*dx] if isinstance(dx, tuple) else [dx]
    return [g for g in (*parts, *(grads[k] for k in sorted(grads))) if g is not None]


@pytest.mark.parametrize(
    "name", [n for n in LAYERS if n not in ("Concatenate", "Sequential", "TimeDistributed")]
)
def test_the_loops_of_the_equations_give_the_same_numbers(name):
    @EXAMPLES
    @given(LAYERS[name])
    def run(example):
        x, layer = example.x, example.layer
        layer.build(x.shape[1:], dtype=np.float64)
        pair = functions_named(name)
        loops = [getattr(equations, f"{name.lower()}_{way}") for way in ("forward", "backward")]
        arrays = (x, *layer.params.values())
        options = options_of(Case(name, "", lambda: layer, None, example.options), loops[0], len(arrays))
        y, cache = pair[0](*arrays, **options)
        y_loops, cache_loops = loops[0](*arrays, **options)
        np.testing.assert_allclose(y, y_loops, rtol=1e-11, atol=1e-12)
        dy = normal(6, *y.shape)
        for got, want in zip(
            *(as_list(f(dy, c)) for f, c in ((pair[1], cache), (loops[1], cache_loops))), strict=True
        ):
            np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-11)

    run()


def as_list(result):
    return list(result) if isinstance(result, (tuple, list)) else [result]
