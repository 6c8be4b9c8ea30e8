"""Every layer, container and loss over drawn inputs: all methods, alone, behind another layer, used twice."""

import numpy as np
import pytest
from drawn.example import for_each, normal
from drawn.layers import LAYERS
from drawn.losses import LOSSES
from numeric import every_place, put, snapshot

import tinymm as mm
from tinymm import losses
from tinymm.gradchecking.cases import CASES

every_layer = pytest.mark.parametrize("name", LAYERS)
every_loss = pytest.mark.parametrize("name", LOSSES)


def assert_right(subject, x, **options):
    """All gradients are right, by the complex step too, and every array was looked at without a kink."""
    report = mm.gradcheck(subject, x, **options)
    assert report, str(report)
    assert not any("no complex step" in note or "still met" in note for note in report.notes), report.notes
    methods = {}
    for check in report.checks:
        methods.setdefault(check.array, set()).add(check.method)
    for used in methods.values():
        assert used >= {"dy = 0", "central differences", "complex step", "full Jacobian"}
    return methods


def test_no_layer_container_or_loss_is_forgotten():
    kinds = {name for name in mm.layers.__all__ if name not in ("Layer", "Container")}
    assert kinds == set(LAYERS)
    assert set(losses.LOSSES) == set(LOSSES)
    assert kinds | set(LOSSES) == {case.layer for case in CASES}


@every_place
@every_layer
def test_gradients_are_right_by_every_method(name, place):
    def check(example):
        example = example if place == "NumPy" else example.on(place)
        used = assert_right(example.layer, example.x, seed=7, **example.options)
        assert set(example.built().params) <= set(used)

    for_each(LAYERS[name], check, share=0.5)


@every_place
@every_loss
def test_the_gradient_of_a_loss_is_right_by_every_method(name, place):
    for_each(LOSSES[name], lambda example: assert_right(example.layer, put(place, example.x), seed=7))


@pytest.mark.parametrize(
    "name", ["GlobalMaxPool", "LSTM", "MaxPool1D", "MaxPool2D", "RNN", "ReLU", "Sigmoid", "Softmax", "Tanh"]
)
def test_no_curved_or_bent_layer_is_taken_for_linear(name):
    def check(example):
        checks = mm.gradcheck(example.layer, example.x, **example.options).checks
        linear = {c.array for c in checks if c.method == "adjoint identity" and c.error > 1e-12}
        assert not linear

    for_each(LAYERS[name], check, share=0.5)


def behind(example):
    """The layer behind a Dense, or with a Dense in front of each branch that takes numbers."""
    layer, x = example.layer, example.x
    if isinstance(layer, mm.Concatenate):
        numbers = {k: a.dtype.kind == "f" for k, a in x.items()}
        return mm.Concatenate(
            **{
                k: mm.Sequential(mm.Dense(x[k].shape[-1]), branch) if numbers[k] else branch
                for k, branch in layer.children.items()
            }
        )
    return mm.Sequential(mm.Dense(x.shape[-1]), layer)


def takes_numbers(name, corner):
    """Nothing trainable can stand in front of token ids; initial states come from outside."""
    return name != "Embedding" and corner != "initial states" and (name, corner) != ("TimeDistributed", "tokens")


@every_layer
def test_a_trainable_layer_in_front_gets_the_right_gradient(name):
    def check(example):
        used = assert_right(behind(example), example.x, **example.options)
        assert any(key.endswith("0.W") for key in used)

    for_each({k: s for k, s in LAYERS[name].items() if takes_numbers(name, k)}, check, share=0.5)


class Loss(mm.layers.Layer):
    """A loss as the last layer of a model."""

    def __init__(self, loss, target):
        super().__init__()
        self.loss, self.target = loss, target

    def run(self, x):
        return self.loss.forward(x, self.target)

    def backward(self, dy, cache):
        return dy * self.loss.backward(cache), {}


@every_loss
def test_a_trainable_layer_in_front_of_a_loss_gets_the_right_gradient(name):
    def check(example):
        pred, target = example.x
        layers = [mm.Dense(pred.shape[-1]), Loss(example.layer, target)]
        if getattr(example.layer, "from_logits", True) is False:
            layers.insert(1, mm.Sigmoid() if name == "BinaryCrossEntropy" else mm.Softmax())
        assert {"0.W", "0.b"} <= set(assert_right(mm.Sequential(*layers), normal(9, *pred.shape)))

    for_each(LOSSES[name], check, share=0.5)


def backwards(x):
    """Other inputs of the same shapes: the samples in the opposite order, numbers moved a little."""
    if isinstance(x, dict):
        return {k: backwards(a) for k, a in x.items()}
    if isinstance(x, tuple):
        return tuple(backwards(a) for a in x)
    return x[::-1] + 0.5 if x.dtype.kind == "f" else x[::-1]


def shapes(x):
    x = x[0] if isinstance(x, tuple) else x
    return {k: shapes(a) for k, a in x.items()} if isinstance(x, dict) else x.shape[1:]


@every_layer
def test_a_layer_used_in_two_branches_gets_the_sum(name):
    def check(example):
        layer, x = example.built(), {"a": example.x, "b": backwards(example.x)}
        masks = {k: example.options.get("mask") for k in x}
        masks["b"] = None if masks["b"] is None else backwards(masks["b"])
        training = example.options.get("training", False)
        model = mm.Concatenate(a=mm.Sequential(layer, mm.Flatten()), b=mm.Sequential(layer, mm.Flatten()))
        model.build({k: shapes(part) for k, part in x.items()}, dtype=np.float64)
        y, cache = model.forward(x, training, masks, np.random.default_rng(3))
        dy = normal(6, *y.shape)
        dx, grads = model.backward(dy, cache)
        alone, start = [], 0
        for key, rng in zip(x, np.random.default_rng(3).spawn(2)):
            y_own, cache = layer.forward(x[key], training=training, mask=masks[key], rng=rng)
            width = y_own.size // len(y_own)
            dx_own, own = layer.backward(dy[:, start : start + width].reshape(y_own.shape), cache)
            assert snapshot(dx[key]) == snapshot(dx_own)
            alone.append(own)
            start += width
        assert len(grads) == len(layer.params)
        for got, own in zip(grads.values(), layer.params):
            np.testing.assert_array_equal(got, alone[0][own] + alone[1][own])

    for_each(LAYERS[name], check)
