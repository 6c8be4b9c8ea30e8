"""Small wrong layers: each makes one typical mistake, and the report must say which."""

import inspect

import numpy as np
import pytest

from tinymm.errors import TinymmError
from tinymm.gradchecking.own import check_own
from tinymm.layers import lstm

DENSE = """
import numpy as np

def my_dense_forward(x, W, b):
    return x @ W + b, (x, W)

def my_dense_backward(dy, cache):
    x, W = cache
    dx, dW, db = dy @ W.T, x.T @ dy, dy.sum(axis=0)
    {mistake}
    return dx, dW, db
"""
TANH = """
import numpy as np

class MyTanh:
    def forward(self, x):
        y = np.tanh(x)
        return y, y

    def backward(self, dy, y):
        return {mistake}, {{}}
"""
SEQUENCE = """
import numpy as np

class Sums:
    def __init__(self):
        self.params = {{"W": np.linspace(-1, 2, 6).reshape(3, 2), "b": np.array([0.3, -0.2])}}

    def forward(self, x):
        return np.cumsum(x, axis=1) @ self.params["W"] + self.params["b"], x

    def backward(self, dy, x):
        back = lambda d: np.cumsum(d[:, ::-1], axis=1)[:, ::-1]
        h, W = np.cumsum(x, axis=1), self.params["W"]
        dx, dW, db = back(dy) @ W.T, np.einsum("ntd,ntm->dm", h, dy), dy.sum(axis=(0, 1))
        {mistake}
        return dx, {{"W": dW, "b": db}}
"""
CONV = """
import numpy as np

class MyConv2D:
    def __init__(self, filters=3, kernel_size=2):
        self.filters, self.k = filters, kernel_size
        self.params = {{}}

    def build(self, shape, rng):
        k = self.k if isinstance(self.k, int) else self.k[0]
        self.k = k
        self.params = {{"W": rng.normal(size=(k, k, shape[-1], self.filters)), "b": np.zeros(self.filters)}}

    def forward(self, x):
        k, W = self.k, self.params["W"]
        H, V = x.shape[1] - k + 1, x.shape[2] - k + 1
        y = sum(x[:, i:i + H, j:j + V] @ W[i, j] for i in range(k) for j in range(k)) + self.params["b"]
        return y, x

    def backward(self, dy, x):
        k, W = self.k, self.params["W"]
        H, V = dy.shape[1:3]
        dW, dx = np.zeros_like(W), np.zeros_like(x)
        for i in range(k):
            for j in range(k):
                dW[i, j] = np.tensordot(x[:, i:i + H, j:j + V], dy, axes=((0, 1, 2), (0, 1, 2)))
                dx[:, i:i + H, j:j + V] {update} dy @ W[i, j].T
        {mistake}
        return dx, {{"W": dW, "b": dy.sum(axis=(0, 1, 2))}}
"""


def report_on(tmp_path, source, name, **parts):
    path = tmp_path / "wrong.py"
    path.write_text(source.format(**{"mistake": "pass", **parts}), encoding="utf-8")
    return check_own(f"{path}:{name}")[0]


@pytest.mark.parametrize(
    ("mistake", "array", "words"),
    [
        ("dW = -dW", "W", "sign is flipped"),
        ("dW = dW / 2", "W", "half of the right value"),
        ("dx = dx * 2", "x", "twice the right value"),
        ("db = np.zeros_like(db)", "b", "zero throughout"),
        ("dW = dW / len(x)", "W", "divided by 3: the mean over the batch in the place of the sum"),
        ("dW = dW * 1.5", "W", "1.5 times the right value"),
        ("dx = np.ones_like(dy) @ W.T", "x", "not multiplied by the upstream gradient"),
        ("dW = x.T @ dy ** 2", "W", "dy comes in squared"),
        (
            "db = dy[0]",
            "b",
            "only the first sample of the batch counts: db equals the right one without the sum",
        ),
        ("dW = x[-1:].T @ dy[-1:]", "W", "only the last sample of the batch counts"),
        ("dx = dx[::-1]", "x", "dy is read backwards along axis 0 (the batch)"),
        ("dx = dx[:, ::-1]", "x", "its order is reversed along axis 1 (the last, channels or features)"),
        ("dx = np.roll(dx, 1, axis=1)", "x", "shifted by one along axis 1"),
        ("dW = dy.T @ x; dW = dW.reshape(W.shape)", "W", "transposed and then reshaped"),
        ("dx = x", "x", "it is x itself"),
        ("dW = dW.copy(); dW[:, -1] = 0", "W", "the last entries along axis 1 get no gradient"),
    ],
)
def test_a_wrong_dense_is_told_what_it_did(tmp_path, mistake, array, words):
    report = report_on(tmp_path, DENSE, "my_dense", mistake=mistake)
    assert {check.array for check in report.failures} == {array}
    assert len(report.diagnosis) == 1 and report.diagnosis[0].startswith(f"the gradient of {array}: "), (
        report.diagnosis
    )
    assert words in report.diagnosis[0]
    assert report.diagnosis[0] in str(report)


def test_each_of_two_mistakes_is_named(tmp_path):
    report = report_on(tmp_path, DENSE, "my_dense", mistake="dx, db = -dx, 2 * db")
    assert [s.split(": ")[0] for s in report.diagnosis] == ["the gradient of x", "the gradient of b"]


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        ("dy", "simply dy"),
        ("1 - y * y", "not multiplied by the upstream gradient"),
        ("dy * (1 - y)", "tinymm.layers.tanh, line"),
        ("dy * y * (1 - y * y)", "a factor y too many"),
        ("-dy * (1 - y * y)", "sign is flipped"),
    ],
)
def test_a_wrong_activation_is_told_what_it_did(tmp_path, mistake, words):
    assert words in " ".join(report_on(tmp_path, TANH, "MyTanh", mistake=mistake).diagnosis)


@pytest.mark.parametrize(
    ("mistake", "array", "words"),
    [
        (
            "db = dy[:, -1].sum(axis=0)",
            "b",
            "only the last time step counts: db equals the right one without the sum over time",
        ),
        ("dW = np.einsum('ntd,ntm->dm', h[:, 1:], dy[:, 1:])", "W", "the first time step is left out"),
        ("dx = back(dy[:, ::-1]) @ W.T", "x", "dy is read backwards along axis 1"),
        ("db = db / dy.shape[1]", "b", "the mean over time in the place of the sum"),
        ("d = np.zeros_like(dy); d[:, :-1] = dy[:, 1:]; dx = back(d) @ W.T", "x", "off by one along axis 1"),
    ],
)
def test_a_layer_that_mistreats_time_is_told_what_it_did(tmp_path, mistake, array, words):
    report = report_on(tmp_path, SEQUENCE, "Sums", mistake=mistake)
    assert {check.array for check in report.failures} == {array}
    assert words in report.diagnosis[0]


@pytest.mark.parametrize(
    ("mistake", "update", "words"),
    [
        ("dW = dW[::-1, ::-1]", "+=", "as by a flipped kernel"),
        ("dx = dx[..., ::-1]", "+=", "its order is reversed along axis 3 (the last, channels or features)"),
        ("dW = dW.swapaxes(0, 1)", "+=", "axes 0 and 1 are swapped"),
        ("pass", "=", "= instead of +="),
        ("dy = dy[:, 1:]", "+=", "b: the first row of axis 1 (height) is left out"),
    ],
)
def test_a_wrong_convolution_is_told_what_it_did(tmp_path, mistake, update, words):
    report = report_on(tmp_path, CONV, "MyConv2D", mistake=mistake, update=update)
    assert not report
    assert words in " ".join(report.diagnosis), report.diagnosis


EMBEDDING = """
import numpy as np

class MyEmbedding:
    def __init__(self, vocabulary_size, dim):
        self.params = {{"W": np.random.default_rng(0).normal(size=(vocabulary_size, dim))}}

    def forward(self, ids):
        return self.params["W"][ids], ids

    def backward(self, dy, ids):
        dW = np.zeros_like(self.params["W"])
        {mistake}
        return None, {{"W": dW}}
"""


def test_an_embedding_that_counts_repeated_tokens_once_is_told_so(tmp_path):
    assert report_on(tmp_path, EMBEDDING, "MyEmbedding", mistake="np.add.at(dW, ids, dy)")
    report = report_on(tmp_path, EMBEDDING, "MyEmbedding", mistake="dW[ids] += dy")
    assert not report and "the gradient of W: repeated tokens count only once" in report.diagnosis[0]


def test_gates_in_the_wrong_order_are_named(tmp_path):
    source = """
from tinymm.layers.lstm import lstm_forward as my_lstm_forward
from tinymm.layers.lstm import lstm_backward

def my_lstm_backward(dh, cache):
    dx, dW, dU, db, *_ = lstm_backward(dh, cache)
    M = dU.shape[0]
    db = db.reshape(4, M)[[1, 0, 2, 3]].ravel()
    return dx, dW, dU, db
"""
    assert "the gates i and f" in " ".join(report_on(tmp_path, source, "my_lstm").diagnosis)


def test_a_mistake_inside_an_lstm_is_found_among_the_mutants(tmp_path):
    right = inspect.getsource(lstm.lstm_backward)
    wrong = right.replace("di * i * (1 - i)", "di * f * (1 - f)").replace("lstm_backward", "my_lstm_backward")
    assert wrong.count("di * f * (1 - f)") == 1
    path = tmp_path / "wrong.py"
    path.write_text(
        "from tinymm.backend import array_module\n"
        f"from tinymm.layers.lstm import lstm_forward as my_lstm_forward\n\n{wrong}",
        encoding="utf-8",
    )
    report, *_ = check_own(f"{path}:my_lstm")
    assert {check.array for check in report.failures} == {"x", "W", "U", "b"}
    assert "the gradient of gate i was computed with gate f's derivative" in report.diagnosis[-1]
    assert "tinymm.layers.lstm, line" in report.diagnosis[-1]


def test_a_mistake_nobody_knows_gets_no_name(tmp_path):
    report = report_on(tmp_path, DENSE, "my_dense", mistake="dW = np.exp(dW) + np.cumsum(dW, axis=1)")
    assert not report and report.diagnosis == []


def test_a_right_layer_gets_no_diagnosis_and_equals_the_engine(tmp_path):
    report = report_on(tmp_path, DENSE, "my_dense")
    assert report and report.diagnosis == []
    assert {c.array for c in report.checks if c.method == "tinymm's dense"} == {"y", "x", "W", "b"}
    report = report_on(tmp_path, CONV, "MyConv2D", update="+=")
    assert report, str(report)
    assert {c.array for c in report.checks if c.method == "tinymm's Conv2D"} == {"y", "x", "W", "b"}


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        ("db = dy", "would be right: db equals the right one without the sum over the batch"),
        ("dW = dW.T", "transposed the gradient of W would be right"),
        ("dW = dW.ravel()", "only their shape is not: reshape it to (4, 2)"),
    ],
)
def test_a_wrong_shape_is_told_what_would_make_it_right(tmp_path, mistake, words):
    with pytest.raises(TinymmError, match="must have the shape of") as error:
        report_on(tmp_path, DENSE, "my_dense", mistake=mistake)
    assert words in str(error.value)


def test_the_sentences_hold_for_other_random_numbers_too(tmp_path):
    path = tmp_path / "wrong.py"
    path.write_text(DENSE.format(mistake="dW = -dW"))
    for seed in range(3):
        (report,) = check_own(f"{path}:my_dense", seed=seed)
        assert report.diagnosis == ["the gradient of W: its sign is flipped"]
        assert np.isfinite(report.worst())
