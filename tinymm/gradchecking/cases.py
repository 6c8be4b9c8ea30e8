"""Every layer, loss and container of tinymm on small inputs that exercise its options: `tinymm gradcheck`.

The first case of each is the plain one. Shapes are uneven, so that swapped axes cannot agree by accident.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tinymm import layers as mm
from tinymm.gradchecking.check import gradcheck
from tinymm.losses import BinaryCrossEntropy, CrossEntropy, MeanSquaredError

MASK = np.array([[True, True, False, True], [False] * 4])  # a gap, and a row of padding alone


@dataclass
class Case:
    """``make()`` gives the layer, ``draw(rng)`` an input for it; ``options`` go to ``gradcheck``."""

    layer: str
    what: str
    make: Callable
    draw: Callable
    options: dict = field(default_factory=dict)

    @property
    def name(self):
        return f"{self.layer} {self.what}".strip()

    def x(self, seed=0):
        """The input that belongs to a seed."""
        return self.draw(np.random.default_rng(seed))

    def check(self, seed=0):
        """The Report on this case."""
        return gradcheck(self.make(), self.x(seed), seed=seed, name=self.name, **self.options)


def of(*shape):
    """Draw standard normal numbers."""
    return lambda rng: rng.normal(size=shape)


def ids(*shape, vocabulary=4):
    """Draw token ids; with few words some come twice."""
    return lambda rng: rng.integers(1, vocabulary, shape)


def chances(shape, target):
    """Draw probabilities away from 0 and 1 (rows sum to 1 where classes compete), and take the target."""

    def draw(rng):
        p = rng.uniform(0.1, 0.9, shape)
        return (p / p.sum(axis=-1, keepdims=True) if target.dtype.kind == "i" else p), target

    return draw


def each(**draws):
    """Draw a dict with one input for each branch."""
    return lambda rng: {name: draw(rng) for name, draw in draws.items()}


def used_twice():
    """One Dense before and after a Tanh."""
    dense = mm.Dense(3)
    return mm.Sequential(dense, mm.Tanh(), dense)


def normalised():
    """Both normalisations around a ReLU."""
    return mm.Sequential(mm.Conv1D(3, 2), mm.BatchNorm(), mm.ReLU(), mm.LayerNorm())


def video_model():
    """Text, pictures and sound into one row of three scores, as in the document's listing."""
    return mm.Sequential(
        mm.Concatenate(
            text=mm.Sequential(mm.Embedding(5, 3, padding_id=0), mm.LSTM(2)),
            image=mm.Sequential(
                mm.TimeDistributed(mm.Sequential(mm.Conv2D(2, 2), mm.ReLU(), mm.MaxPool2D(2))),
                mm.GlobalAveragePool(),
            ),
            audio=mm.Sequential(mm.Conv1D(2, 3, stride=2), mm.Tanh(), mm.GlobalMaxPool()),
        ),
        mm.Dense(3),
    )


def words(rng):
    """Two texts: one with padding behind it, one of padding alone."""
    return np.array([[2, 4, 2, 0], [0, 0, 0, 0]])


YES = np.array([[1.0, 0.0], [0.0, 0.3], [1.0, 1.0]])
CLASSES = np.array([2, 0, 2])
TRAINING = {"training": True}
ROW = {"mask": MASK}

CASES = [Case(*row) for row in (
    ("AveragePool1D", "", lambda: mm.AveragePool1D(2), of(2, 7, 2)),
    ("AveragePool1D", "same, overlapping", lambda: mm.AveragePool1D(3, 2, "same"), of(2, 6, 2)),
    ("AveragePool2D", "", lambda: mm.AveragePool2D(2), of(2, 5, 4, 2)),
    ("AveragePool2D", "odd padding", lambda: mm.AveragePool2D((3, 2), (1, 2), ((1, 0), 1)), of(2, 4, 3, 1)),
    ("BatchNorm", "", mm.BatchNorm, of(4, 3)),
    ("BatchNorm", "training", mm.BatchNorm, of(3, 2, 3), TRAINING),
    ("BatchNorm", "training, one sample", mm.BatchNorm, of(1, 3, 2), TRAINING),
    ("Concatenate", "", lambda: mm.Concatenate(left=mm.Dense(2), right=mm.Tanh()),
     each(left=of(2, 3), right=of(2, 4))),
    ("Concatenate", "token ids", lambda: mm.Concatenate(
        text=mm.Sequential(mm.Embedding(4, 2), mm.RNN(2)), sound=mm.Flatten()),
     each(text=ids(2, 3), sound=of(2, 3, 1))),
    ("Concatenate", "three branches",
     lambda: mm.Concatenate(text=mm.Dense(2), image=mm.Flatten(), audio=mm.Sigmoid()),
     each(text=of(2, 3), image=of(2, 2, 2), audio=of(2, 1))),
    ("Conv1D", "", lambda: mm.Conv1D(3, 2), of(2, 5, 2)),
    ("Conv1D", "same, stride 2", lambda: mm.Conv1D(2, 3, stride=2, padding="same"), of(2, 6, 2)),
    ("Conv1D", "stride over kernel", lambda: mm.Conv1D(2, 1, stride=3, padding=((2, 0),)), of(1, 5, 2)),
    ("Conv2D", "", lambda: mm.Conv2D(3, 2), of(2, 4, 3, 2)),
    ("Conv2D", "same, uneven stride", lambda: mm.Conv2D(2, (3, 2), (2, 1), "same"), of(2, 4, 3, 2)),
    ("Conv2D", "stride over kernel", lambda: mm.Conv2D(2, (1, 2), (2, 3), ((1, 0), 2)), of(1, 4, 3, 1)),
    ("Dense", "", lambda: mm.Dense(2), of(3, 4)),
    ("Dense", "on sequences", lambda: mm.Dense(2), of(2, 3, 4)),
    ("Dropout", "", lambda: mm.Dropout(0.5), of(3, 4)),
    ("Dropout", "training", lambda: mm.Dropout(0.4), of(4, 5), TRAINING),
    ("Embedding", "", lambda: mm.Embedding(4, 3), ids(2, 5)),
    ("Embedding", "padding", lambda: mm.Embedding(5, 2, padding_id=0), words),
    ("Flatten", "", mm.Flatten, of(2, 3, 2, 2)),
    ("GlobalAveragePool", "", mm.GlobalAveragePool, of(2, 3, 4, 2)),
    ("GlobalAveragePool", "mask", mm.GlobalAveragePool, of(2, 4, 3), ROW),
    ("GlobalMaxPool", "", mm.GlobalMaxPool, of(2, 3, 4, 2)),
    ("GlobalMaxPool", "mask", mm.GlobalMaxPool, of(2, 4, 3), ROW),
    ("LSTM", "", lambda: mm.LSTM(2), of(3, 4, 3)),
    ("LSTM", "sequences, mask", lambda: mm.LSTM(2, return_sequences=True), of(2, 4, 3), ROW),
    ("LSTM", "initial states", lambda: mm.LSTM(2),
     lambda rng: tuple(of(*shape)(rng) for shape in ((2, 3, 2), (2, 2), (2, 2)))),
    ("LSTM", "one step", lambda: mm.LSTM(2), of(1, 1, 1)),
    ("LayerNorm", "", mm.LayerNorm, of(3, 2, 4)),
    ("MaxPool1D", "", lambda: mm.MaxPool1D(2), of(2, 7, 2)),
    ("MaxPool1D", "same, overlapping", lambda: mm.MaxPool1D(3, 2, "same"), of(2, 6, 2)),
    ("MaxPool2D", "", lambda: mm.MaxPool2D(2), of(2, 5, 4, 2)),
    ("MaxPool2D", "padding, overlapping", lambda: mm.MaxPool2D((2, 3), 1, 1), of(2, 3, 4, 1)),
    ("MaxPool2D", "ties", lambda: mm.MaxPool2D(2, 1),
     lambda rng: rng.integers(0, 2, (1, 4, 3, 2)).astype(float)),
    ("RNN", "", lambda: mm.RNN(2), of(3, 4, 3)),
    ("RNN", "sequences, mask", lambda: mm.RNN(3, return_sequences=True), of(2, 4, 2), ROW),
    ("RNN", "initial state", lambda: mm.RNN(2), lambda rng: (of(2, 3, 2)(rng), of(2, 2)(rng))),
    ("ReLU", "", mm.ReLU, of(3, 4)),
    ("ReLU", "corners", mm.ReLU, lambda rng: rng.integers(-1, 2, (3, 4)).astype(float)),
    ("Sequential", "", lambda: mm.Sequential(mm.Dense(4), mm.ReLU(), mm.Dense(2)), of(3, 3)),
    ("Sequential", "normalised", normalised, of(3, 4, 2), TRAINING),
    ("Sequential", "a layer used twice", used_twice, of(2, 3)),
    ("Sequential", "the video model", video_model,
     each(text=words, image=of(2, 2, 5, 4, 1), audio=of(2, 7, 1))),
    ("Sigmoid", "", mm.Sigmoid, of(3, 4)),
    ("Softmax", "", mm.Softmax, of(2, 3, 4)),
    ("Tanh", "", mm.Tanh, of(3, 4)),
    ("TimeDistributed", "", lambda: mm.TimeDistributed(mm.Conv2D(2, 2)), of(2, 3, 3, 2, 1)),
    ("TimeDistributed", "normalised", lambda: mm.TimeDistributed(mm.Sequential(mm.Dense(3), mm.BatchNorm())),
     of(2, 3, 2), TRAINING),
    ("TimeDistributed", "token ids", lambda: mm.TimeDistributed(mm.Embedding(4, 2)), ids(2, 3, 2)),
    ("BinaryCrossEntropy", "", BinaryCrossEntropy, chances((3, 2), YES)),
    ("BinaryCrossEntropy", "from logits", lambda: BinaryCrossEntropy(from_logits=True),
     lambda rng: (3 * of(3, 2)(rng), YES)),
    ("CrossEntropy", "", CrossEntropy, chances((3, 4), CLASSES)),
    ("CrossEntropy", "from logits", lambda: CrossEntropy(from_logits=True),
     lambda rng: (3 * of(3, 4)(rng), CLASSES)),
    ("CrossEntropy", "from logits, distributions", lambda: CrossEntropy(from_logits=True),
     lambda rng: (of(3, 2)(rng), np.array([[0.2, 0.8], [1.0, 0.0], [0.5, 0.5]]))),
    ("CrossEntropy", "from logits, targets that do not sum to 1", lambda: CrossEntropy(from_logits=True),
     lambda rng: (of(3, 2)(rng), np.array([[0.2, 0.3], [1.0, 0.7], [0.0, 0.0]]))),
    ("MeanSquaredError", "", MeanSquaredError, lambda rng: (of(3, 2)(rng), of(3, 2)(rng))),
)]  # fmt: skip


def known(name):
    """A layer's name as a key: case, underscores and a learner's My do not count."""
    key = name.lower().replace("_", "")
    return key.removeprefix("my") if key != "my" else key


def cases_of(name):
    """The cases of one layer, loss or container, plain one first; none for a name tinymm does not have."""
    return [case for case in CASES if known(case.layer) == known(name)]


def names():
    """All that have cases, in the order of the table."""
    return list(dict.fromkeys(case.layer for case in CASES))
