"""What is measured: the pieces of work, each with its name on the command line, its shapes, and its cost on paper.

A layer's time is forward + backward; the whole step's has the update too. ``tiny`` is the size at which loops are timed.
"""

import difflib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

import tinymm as mm
from tinymm.bench import counts
from tinymm.errors import TinymmError
from tinymm.models import article

VOCABULARY = 10000
PHASES = ("forward", "backward", "update")


@dataclass(frozen=True)
class LayerWork:
    """One layer, or a few that belong together. ``shape`` has the batch axis; ``dx``: is the input's gradient wanted?"""

    name: str
    title: str
    make: object
    shape: tuple
    tiny: object  # LayerWork, or None for a work that is not given to the loops
    dx: bool = True
    counted = PHASES[:2]

    def layer(self):
        """The layer, built; everybody gets the same weights."""
        layer = self.make()
        layer.build(self.shape[1:], np.random.default_rng(1))
        return layer

    def arrays(self):
        """x, and dy shaped like the layer's output: random normal numbers; token ids for an Embedding."""
        rng, layer = np.random.default_rng(0), self.make()
        if isinstance(layer, mm.Embedding):
            x = rng.integers(0, layer.vocabulary, self.shape)
        else:
            x = rng.standard_normal(self.shape, np.float32)
        return x, rng.standard_normal(counts.after(self.layer(), self.shape), np.float32)

    @cached_property
    def counts(self):
        layer = self.layer()
        cost = counts.of_layer(layer, self.shape, self.dx)
        parameters = sum(a.size for a in layer.params.values())
        return {**cost, "update": counts.of_update(parameters)} if parameters else cost


@dataclass(frozen=True)
class LossWork:
    """Softmax cross-entropy from logits, with class numbers."""

    name: str
    title: str
    rows: int
    classes: int
    tiny: object
    counted = PHASES[:2]

    def arrays(self):
        """Logits and class numbers."""
        rng = np.random.default_rng(0)
        return rng.standard_normal((self.rows, self.classes), np.float32), rng.integers(0, self.classes, self.rows)

    @cached_property
    def counts(self):
        return counts.of_cross_entropy(self.rows, self.classes)


@dataclass(frozen=True)
class StepWork:
    """A whole training step of the article's model: forward, loss, backward, Adam."""

    batch: int
    text: int = 50
    side: int = 64
    samples: int = 8000
    vocabulary: int = VOCABULARY
    counted = PHASES

    @property
    def name(self):
        return f"step-{self.batch}"

    @property
    def title(self):
        return f"whole step, batch {self.batch}"

    @property
    def tiny(self):
        return StepWork(1, text=1, side=6, samples=40, vocabulary=10)

    @property
    def shapes(self):
        return {"text": (self.text,), "image": (self.side, self.side, 3), "audio": (self.samples, 1)}

    def model(self):
        """The article's model, built, and its loss."""
        model, loss = article(self.shapes, self.vocabulary, 2, "binary")
        model.build(self.shapes, np.random.default_rng(1))
        return model, loss

    def arrays(self):
        """Inputs and targets."""
        rng = np.random.default_rng(0)
        inputs = {
            "text": rng.integers(0, self.vocabulary, (self.batch, self.text)),
            "image": rng.standard_normal((self.batch, self.side, self.side, 3), np.float32),
            "audio": rng.standard_normal((self.batch, self.samples, 1), np.float32),
        }
        return inputs, rng.integers(0, 2, (self.batch, 1)).astype(np.float32)

    @cached_property
    def counts(self):
        model, _ = self.model()
        shapes = {name: (self.batch, *shape) for name, shape in self.shapes.items()}
        parameters = sum(a.size for a in model.params.values())
        return {**counts.of_layer(model, shapes, False), "update": counts.of_update(parameters)}


def _conv2d(filters):
    return lambda: mm.Sequential(mm.Conv2D(filters, 3), mm.ReLU(), mm.MaxPool2D(2))


def _conv1d(filters):
    return lambda: mm.Sequential(mm.Conv1D(filters, 3), mm.ReLU(), mm.MaxPool1D(2))


def conv2d_work(batch=32, side=64, filters=32, tiny=None):
    """Conv2D on pictures of 3 colours, ReLU, MaxPool."""
    title = f"Conv2D 3→{filters} + ReLU + pool, {batch}×{side}×{side}"
    return LayerWork("conv2d-3", title, _conv2d(filters), (batch, side, side, 3), tiny, dx=False)


def lstm_work(units, batch=32, length=50, tiny=None):
    """LSTM over ``length`` steps of as many features as it has units."""
    title = f"LSTM {units}, {batch}×{length}×{units}"
    return LayerWork(f"lstm-{units}", title, lambda: mm.LSTM(units), (batch, length, units), tiny)


def _tiny(make, *shape, dx=True):
    return LayerWork("tiny", "×".join(map(str, shape)), make, shape, None, dx)


WORKS = (
    conv2d_work(tiny=_tiny(_conv2d(4), 1, 12, 12, 3, dx=False)),
    LayerWork("conv1d", "Conv1D 1→32 + ReLU + pool, 32×8000", _conv1d(32), (32, 8000, 1),
              _tiny(_conv1d(4), 1, 400, 1, dx=False), dx=False),
    LayerWork("conv2d-64", "Conv2D 64→64, 32×32×32", lambda: mm.Conv2D(64, 3, padding="same"), (32, 32, 32, 64),
              _tiny(lambda: mm.Conv2D(4, 3, padding="same"), 1, 12, 12, 4)),
    LayerWork("dense", "Dense 1024→1024, 256", lambda: mm.Dense(1024), (256, 1024), _tiny(lambda: mm.Dense(64), 4, 64)),
    lstm_work(128, tiny=lstm_work(16, batch=1, length=3)),
    lstm_work(256, tiny=lstm_work(16, batch=1, length=3)),
    LayerWork("maxpool", "MaxPool 2×2, 32×62×62×32", lambda: mm.MaxPool2D(2), (32, 62, 62, 32),
              _tiny(lambda: mm.MaxPool2D(2), 1, 30, 30, 8)),
    LayerWork("batchnorm", "BatchNorm + ReLU, 32×32×32×32", lambda: mm.Sequential(mm.BatchNorm(), mm.ReLU()),
              (32, 32, 32, 32), _tiny(lambda: mm.Sequential(mm.BatchNorm(), mm.ReLU()), 1, 16, 16, 8)),
    LayerWork("embedding", "Embedding 10000×128, 32×50", lambda: mm.Embedding(VOCABULARY, 128), (32, 50),
              _tiny(lambda: mm.Embedding(100, 32), 2, 50, dx=False), dx=False),
    LossWork("cross-entropy", "softmax cross-entropy 1024×1000", 1024, 1000, LossWork("tiny", "1×60", 1, 60, None)),
    StepWork(8), StepWork(32), StepWork(128),
)  # fmt: skip


def works_named(words):
    """The works whose names begin with one of ``words``, in the order of WORKS.

    Raises TinymmError for a word that names none, with the nearest name.
    """
    names = [work.name for work in WORKS]
    chosen = set()
    for word in words:
        found = {name for name in names if name.startswith(word.lower())}
        if not (word and found):
            raise TinymmError(unknown(word, names, "nothing to measure"))
        chosen |= found
    return [work for work in WORKS if work.name in chosen]


def unknown(word, names, what):
    """One sentence on a word that is none of ``names``."""
    stems = [name.rpartition("-")[0] for name in names if name[-1].isdigit()]
    near = difflib.get_close_matches(word.lower(), [*filter(None, stems), *names], 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
    return f"{word!r} is {what}: {hint}"
