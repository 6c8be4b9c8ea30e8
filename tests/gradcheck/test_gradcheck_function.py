"""`tinymm.gradcheck` as a person calls it: what it takes, what it tells, and what it refuses."""

import importlib
import json
import re

import numpy as np
import pytest

import tinymm as mm
from tinymm.errors import TinymmError
from tinymm.gradcheck import Report, gradcheck
from tinymm.gradchecking import layer_subject
from tinymm.layers.concatenate import concatenate_backward, concatenate_forward
from tinymm.layers.dense import dense_backward, dense_forward
from tinymm.layers.embedding import embedding_backward, embedding_forward
from tinymm.layers.lstm import lstm_backward, lstm_forward


def normal(*shape):
    return np.random.default_rng(0).normal(size=shape)


DENSE = normal(3, 4), normal(4, 2), normal(2)


class Wrong:
    """Tanh with one number of the gradient too large by a part in 10**10."""

    def forward(self, x):
        return np.tanh(x), x

    def backward(self, dy, x):
        dx = dy * (1 - np.tanh(x) ** 2)
        dx[1, 2] *= 1 + 1e-10
        return dx, {}


class Doubled(mm.Dense):
    def backward(self, dy, cache):
        dx, grads = super().backward(dy, cache)
        return dx, {**grads, "W": 2 * grads["W"]}


def arrays_of(report):
    return list(dict.fromkeys(check.array for check in report.checks))


def test_it_is_a_function_under_both_names():
    assert mm.gradcheck is gradcheck
    importlib.import_module("tinymm.gradcheck")
    assert mm.gradcheck is gradcheck and isinstance(mm.gradcheck(mm.Tanh(), normal(1, 2)), Report)


def test_a_layer_is_checked_in_all_its_arrays():
    report = gradcheck(mm.LSTM(3), normal(2, 3, 2))
    assert report and arrays_of(report) == ["x", "W", "U", "b"]
    assert report.shapes == {"x": (2, 3, 2), "W": (2, 12), "U": (3, 12), "b": (12,)}


def test_the_layer_that_is_checked_is_not_changed():
    layer = mm.Sequential(mm.Dense(3), mm.BatchNorm())
    layer.build((4,))
    before = {k: a.copy() for k, a in {**layer.params, **layer.state}.items()}
    assert gradcheck(layer, normal(3, 4).astype(np.float32), training=True)
    assert all(
        (a == before[k]).all() and a.dtype == np.float32 for k, a in {**layer.params, **layer.state}.items()
    )


def test_given_parameters_are_used_and_must_fit():
    assert gradcheck(mm.Dense(2), DENSE[0], {"W": DENSE[1]})
    with pytest.raises(TinymmError, match=r"Dense has no parameter V: it has W, b"):
        gradcheck(mm.Dense(2), DENSE[0], {"V": DENSE[1]})
    with pytest.raises(TinymmError, match=r"parameter W of Dense is \(4, 2\) and was given as \(2,\)"):
        gradcheck(mm.Dense(2), DENSE[0], {"W": DENSE[2]})


def test_a_factor_one_and_a_summand_zero_hide_nothing():
    class NoGamma(mm.LayerNorm):
        def backward(self, dy, cache):
            x_hat, gamma, inverse = cache
            return super().backward(dy, (x_hat, np.ones_like(gamma), inverse))

    report = gradcheck(NoGamma(), normal(2, 3))
    assert {check.array for check in report.failures} == {"x"}
    assert "gamma, beta: numbers from 0.1 to 0.6 were added" in report.notes[0]


@pytest.mark.parametrize("arrays", [(DENSE, None), (DENSE[0], {"W": DENSE[1], "b": DENSE[2]})])
def test_a_pair_of_functions_is_checked_in_all_its_arrays(arrays):
    report = gradcheck((dense_forward, dense_backward), *arrays)
    assert report and arrays_of(report) == ["x", "W", "b"] and report.name == "dense"


def test_pairs_with_options_ids_lists_and_gradients_of_arrays_that_were_not_given():
    mask = np.array([[True, True, False]])
    assert gradcheck(
        (lstm_forward, lstm_backward),
        (normal(1, 3, 2), normal(2, 8), normal(2, 8), normal(8)),
        options={"mask": mask},
    )
    assert arrays_of(
        gradcheck((embedding_forward, embedding_backward), (np.array([[0, 2, 2]]), normal(3, 2)))
    ) == ["W"]
    assert arrays_of(
        gradcheck((concatenate_forward, concatenate_backward), ([normal(2, 3), normal(2, 1)],))
    ) == ["xs.0", "xs.1"]


def test_models_with_branches_losses_and_initial_states():
    model = mm.Concatenate(a=mm.Dense(2), b=mm.Embedding(3, 2), c=mm.Flatten())
    with pytest.raises(TinymmError):
        gradcheck(model, normal(2, 2))
    model = mm.Concatenate(a=mm.Dense(2), b=mm.Sequential(mm.Embedding(3, 2), mm.Flatten()))
    assert arrays_of(gradcheck(model, {"a": normal(2, 2), "b": np.array([[0, 1], [1, 1]])})) == [
        "x.a",
        "a.W",
        "a.b",
        "b.0.W",
    ]
    assert arrays_of(gradcheck(mm.CrossEntropy(from_logits=True), (normal(2, 3), np.array([0, 2])))) == [
        "pred"
    ]
    assert arrays_of(gradcheck(mm.RNN(2), (normal(1, 2, 3), normal(1, 2)))) == ["x.0", "x.1", "W", "U", "b"]


def test_dropout_draws_the_same_at_every_call():
    report = gradcheck(mm.Dropout(0.5), normal(4, 5), training=True, seed=3)
    assert report and 0 < sum(c.method == "adjoint identity" for c in report.checks)


def test_the_row_of_a_padding_token_is_meant_to_get_no_gradient():
    assert gradcheck(mm.Embedding(3, 2, padding_id=0), np.array([[0, 1, 2]]))

    class Leaky(mm.Embedding):
        def backward(self, dy, cache):
            dx, grads = super().backward(dy, cache)
            grads["W"][0] += 1e-3 * dy[0, 0]
            return dx, grads

    assert not gradcheck(Leaky(3, 2, padding_id=0), np.array([[0, 1, 2]]))


def test_larger_layers_are_checked_along_random_directions_of_each_array():
    x = normal(2, 16, 16, 3)
    report = gradcheck(mm.Conv2D(8, 3), x)
    assert report and {c.method for c in report.checks} == {
        "dy = 0",
        "central differences",
        "complex step",
        "complex step, even",
        "adjoint identity",
    }
    assert any("4 random directions" in note for note in report.notes)

    class Biased(mm.Conv2D):
        def backward(self, dy, cache):
            dx, grads = super().backward(dy, cache)
            return dx, {**grads, "b": grads["b"] * (1 + 1e-9)}

    report = gradcheck(Biased(8, 3), x)
    assert {check.array for check in report.failures} == {"b"}
    assert {check.method for check in report.failures} == {
        "complex step",
        "complex step, even",
        "adjoint identity",
    }


def test_a_failure_names_the_entry_both_values_the_count_and_the_smallest_shape():
    report = gradcheck(Doubled(2), DENSE[0])
    check = next(c for c in report.failures if c.method == "complex step")
    assert not report and check.wrong == check.size == 8 and check.got == pytest.approx(2 * check.want)
    assert re.search(
        r"wrong: W\[\d, \d\] is \S+ from backward and \S+ by complex step; 8 of 8 entries are wrong",
        str(report),
    )
    assert report.smallest == {"x": (1, 1)}


def test_a_part_in_ten_billion_in_one_entry_is_seen():
    report = gradcheck(Wrong(), normal(3, 4))
    check = next(c for c in report.failures if c.method == "complex step")
    assert (check.where, check.wrong, check.size) == ("x[1, 2]", 1, 12)
    assert "complex step" in {c.method for c in report.failures} and "central differences" not in {
        c.method for c in report.failures
    }


def test_a_gradient_that_is_right_for_ones_alone_is_wrong():
    class Softmax(mm.Softmax):
        def backward(self, dy, cache):
            return 0 * dy, {}

    assert {c.method for c in gradcheck(Softmax(), normal(2, 3)).failures} >= {
        "complex step",
        "full Jacobian",
    }


def test_a_gradient_without_an_upstream_one_must_be_zero():
    class Leaks(mm.Tanh):
        def backward(self, dy, cache):
            dx, grads = super().backward(dy, cache)
            return dx + 1e-300, grads

    assert [c.method for c in gradcheck(Leaks(), normal(2, 3)).failures] == ["dy = 0"]


def test_nan_in_a_gradient_is_wrong():
    class Broken(mm.Tanh):
        def backward(self, dy, cache):
            return dy * np.nan, {}

    report = gradcheck(Broken(), normal(2, 3))
    assert not report
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False))["passed"] is False


def test_functions_that_take_no_complex_numbers_are_checked_without():
    pair = (lambda x: (np.abs(x), x)), (lambda dy, x: dy * np.sign(x))
    report = gradcheck(pair, normal(3))
    assert report and "not analytic" in report.notes[0]
    pair = (lambda x: (np.arctan2(x, 1.0), x)), (lambda dy, x: dy / (1 + x * x))
    report = gradcheck(pair, normal(3))
    assert report and "does not take complex numbers" in report.notes[0]
    assert {c.method for c in report.checks} == {"dy = 0", "central differences", "full Jacobian"}


class InFloat32:
    """Tanh that falls to float32, and stays there or comes back."""

    def __init__(self, comes_back, factor=1):
        self.dtype, self.factor = (np.float64 if comes_back else np.float32), np.float32(factor)

    def forward(self, x):
        y = np.tanh(x.astype(np.float32))
        return y.astype(self.dtype), y

    def backward(self, dy, y):
        return (dy.astype(np.float32) * (1 - y * y) * self.factor).astype(self.dtype), {}


@pytest.mark.parametrize("shape", [(3, 4), (25, 20)])
@pytest.mark.parametrize("comes_back", [False, True])
def test_a_forward_in_float32_is_checked_to_three_digits_and_told_to_keep_the_type(shape, comes_back):
    report = gradcheck(InFloat32(comes_back), normal(*shape))
    assert report, str(report)
    assert any("forward computes in float32" in note and "keep x.dtype" in note for note in report.notes)
    assert not gradcheck(InFloat32(comes_back, 1.01), normal(*shape))


class OnTheDevice(np.ndarray):
    """An array that says it lies on the GPU."""


@pytest.mark.parametrize("values", [np.array([[0, 2, 2]]), np.array([[0.5, 1.0]])])
def test_a_layer_goes_to_where_its_input_lies_be_it_numbers_or_ids(monkeypatch, values):
    went = []
    monkeypatch.setattr(layer_subject, "is_cupy", lambda a: isinstance(a, OnTheDevice))
    monkeypatch.setattr(mm.layers.Layer, "to", lambda self, device: went.append(device))
    gradcheck(mm.Embedding(4, 3) if values.dtype.kind == "i" else mm.Dense(2), values.view(OnTheDevice))
    assert "gpu" in went


def test_the_report_is_a_table_and_json():
    report = gradcheck(mm.Dense(2), DENSE[0])
    head = str(report).splitlines()[1].split("  ")
    assert [word.strip() for word in head if word] == [
        "array",
        "method",
        "worst error",
        "allowed",
        "where",
        "verdict",
    ]
    told = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert told["passed"] and told["shapes"]["W"] == [4, 2] and len(told["checks"]) == 15
    assert set(told["checks"][0]) == {
        "array",
        "method",
        "passed",
        "error",
        "allowed",
        "got",
        "want",
        "where",
        "wrong",
        "size",
    }


def test_the_same_seed_gives_the_same_report():
    assert (
        gradcheck(mm.RNN(2), normal(1, 2, 2), seed=5).to_dict()
        == gradcheck(mm.RNN(2), normal(1, 2, 2), seed=5).to_dict()
    )
