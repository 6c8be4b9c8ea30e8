"""A small example of every layer and loss, with numbers that are short to write: `tinymm view` shows them."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tinymm import layers as mm
from tinymm.losses import BinaryCrossEntropy, CrossEntropy, MeanSquaredError

PICTURE = [[0, 1, 2, 1, 0], [1, 2, 0, 0, 1], [3, 1, 0, 2, 0], [0, 1, 1, 0, 2], [1, 0, 0, 1, 3]]
EDGES = [[1, 0, -1], [2, 0, -2], [1, 0, -1]]


@dataclass(frozen=True)
class Example:
    """``make()`` gives the layer, ``x()`` its input; ``options`` go to ``view``, ``params`` replace drawn ones."""

    make: Callable
    x: Callable
    options: dict = field(default_factory=dict)
    params: dict = field(default_factory=dict)

    def build(self):
        """The layer, built for its input, with parameters of one decimal: -> layer, x."""
        layer, x = self.make(), self.x()
        if isinstance(layer, mm.Layer):
            layer.forward(x, rng=np.random.default_rng(0))
            layer.astype(np.float64)
            rng = np.random.default_rng(4)
            _round(layer, rng)
            for path, value in self.params.items():
                layer.params[path][...] = np.asarray(value).reshape(layer.params[path].shape)
        return layer, x


def _round(layer, rng):
    """Parameters as they were drawn, but with one decimal and nowhere 0 by chance; biases are not all alike."""
    for name, a in layer.params.items():
        if not a.any() and name.rpartition(".")[2] == "b":
            a[...] = rng.integers(-3, 4, a.shape) / 10
        elif np.abs(a).max() < 0.1:  # a fresh Embedding's
            a[...] = rng.integers(-9, 10, a.shape) / 10
        a[...] = np.where((a != 0) & (np.round(a, 1) == 0), 0.1 * np.sign(a), np.round(a, 1))


def of(*shape, seed=0):
    """Normal numbers with one decimal, none of them 0."""

    def draw():
        x = np.random.default_rng(seed).normal(size=shape).round(1)
        return np.where(x == 0, 0.1, x)

    return draw


def table(*rows):
    """The array as it stands here."""
    return lambda: np.array(rows)


def fusion():
    """The article's model, as small as it can be: three senses into one yes or no."""
    text = mm.Sequential(mm.Embedding(4, 2), mm.LSTM(2))
    image = mm.Sequential(mm.Conv2D(1, 2), mm.ReLU(), mm.MaxPool2D(2), mm.Flatten())
    audio = mm.Sequential(mm.Conv1D(1, 3), mm.ReLU(), mm.MaxPool1D(2), mm.Flatten())
    return mm.Sequential(mm.Concatenate(text=text, image=image, audio=audio), mm.Dense(1), mm.Sigmoid())


def senses():
    """One text of three tokens, one picture of 3×3 cells, one sound of six samples."""
    return {
        "text": np.array([[2, 0, 3]]),
        "image": np.array([[1.0, 0, 2], [0, 1, 1], [2, 0, 1]]).reshape(1, 3, 3, 1),
        "audio": np.array([0.2, 0.9, -0.4, 0.5, 1.1, -0.3]).reshape(1, 6, 1),
    }


def probabilities():
    """Three answers between 0 and 1, and what was true."""
    return np.array([[0.9, 0.2], [0.4, 0.7], [0.1, 0.6]]), np.array([[1.0, 0], [1, 1], [0, 0]])


LOGITS = np.array([[2.0, -1], [0.5, 1.5], [-2, 0.3]])
SCORES = np.array([[2.0, 0.5, -1], [0.3, 1.2, 0.1]])
SHARES = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1]])
TRAINING = {"training": True}

EXAMPLES = {
    "Dense": Example(lambda: mm.Dense(2), of(3, 4)),
    "Conv1D": Example(lambda: mm.Conv1D(2, 3), of(1, 6, 2, seed=1)),
    "Conv2D": Example(lambda: mm.Conv2D(1, 3), lambda: np.array(PICTURE, dtype=float).reshape(1, 5, 5, 1),
                      params={"W": EDGES, "b": 0.5}),
    "MaxPool1D": Example(lambda: mm.MaxPool1D(2), of(1, 6, 2, seed=2)),
    "MaxPool2D": Example(lambda: mm.MaxPool2D(2), of(1, 4, 4, 1, seed=3)),
    "AveragePool1D": Example(lambda: mm.AveragePool1D(2), of(1, 6, 2, seed=2)),
    "AveragePool2D": Example(lambda: mm.AveragePool2D(2), of(1, 4, 4, 1, seed=3)),
    "GlobalAveragePool": Example(mm.GlobalAveragePool, of(1, 3, 3, 2, seed=3)),
    "GlobalMaxPool": Example(mm.GlobalMaxPool, of(1, 3, 3, 2, seed=3)),
    "Embedding": Example(lambda: mm.Embedding(5, 3), table([2, 0, 4, 2])),
    "RNN": Example(lambda: mm.RNN(2), of(1, 4, 2, seed=5)),
    "LSTM": Example(lambda: mm.LSTM(2), of(1, 4, 2, seed=6)),
    "Concatenate": Example(lambda: mm.Concatenate(text=mm.Flatten(), image=mm.Flatten(), audio=mm.Flatten()),
                           lambda: {"text": of(2, 2)(), "image": of(2, 3, seed=1)(), "audio": of(2, 1, seed=2)()}),
    "Flatten": Example(mm.Flatten, of(1, 3, 2, 2, seed=7)),
    "ReLU": Example(mm.ReLU, of(3, 4, seed=1)),
    "Sigmoid": Example(mm.Sigmoid, lambda: 2 * of(3, 4, seed=8)()),
    "Tanh": Example(mm.Tanh, lambda: 2 * of(3, 4, seed=8)()),
    "Softmax": Example(mm.Softmax, of(2, 4, seed=9)),
    "Dropout": Example(lambda: mm.Dropout(0.4), of(3, 4, seed=8), TRAINING),
    "BatchNorm": Example(mm.BatchNorm, of(4, 3, seed=10), TRAINING, {"gamma": [1.5, 1, 0.5], "beta": [0.1, 0, -0.2]}),
    "LayerNorm": Example(mm.LayerNorm, of(2, 4, seed=10), {}, {"gamma": [1.5, 1, 0.5, 2], "beta": [0.1, 0, -0.2, 0.3]}),
    "TimeDistributed": Example(lambda: mm.TimeDistributed(mm.Dense(2)), of(1, 3, 2, seed=11)),
    "BinaryCrossEntropy": Example(BinaryCrossEntropy, probabilities),
    "BinaryCrossEntropy from logits": Example(lambda: BinaryCrossEntropy(from_logits=True),
                                              lambda: (LOGITS, probabilities()[1])),
    "CrossEntropy": Example(CrossEntropy, lambda: (SHARES, np.array([0, 2]))),
    "CrossEntropy from logits": Example(lambda: CrossEntropy(from_logits=True), lambda: (SCORES, np.array([0, 2]))),
    "MeanSquaredError": Example(MeanSquaredError, lambda: (of(3, 2, seed=12)(), of(3, 2, seed=13)())),
    "fusion": Example(fusion, senses, {"loss": BinaryCrossEntropy(), "target": np.array([[1.0]])}),
}  # fmt: skip
