"""Two fusion models: the article's listing, and a small modern one that generalises from few clips.

Both are made from the shapes of the inputs (a dict without the batch axis, any of text, image, video,
audio), so that the same definition serves all senses together and each sense alone.
"""

from tinymm.layers import (
    LSTM,
    BatchNorm,
    Concatenate,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePool,
    GlobalMaxPool,
    MaxPool1D,
    MaxPool2D,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    TimeDistributed,
)  # fmt: skip
from tinymm.losses import BinaryCrossEntropy, CrossEntropy


def article(shapes, vocabulary, labels, kind):
    """The listing of the article's section 5.2, layer for layer: -> model, loss.

    It ends in probabilities. Several classes need a Softmax in the place of the listing's Sigmoid, several
    frames its picture branch on every frame.
    """
    picture = Sequential(Conv2D(32, 3), ReLU(), MaxPool2D(2), Flatten())
    branches = {
        "text": lambda: Sequential(Embedding(vocabulary, 128), LSTM(128)),
        "image": lambda: picture,
        "video": lambda: Sequential(TimeDistributed(picture), Flatten()),
        "audio": lambda: Sequential(Conv1D(32, 3), ReLU(), MaxPool1D(2), Flatten()),
    }
    senses = Concatenate(**{name: branches[name]() for name in shapes})
    if kind == "classes":
        return Sequential(senses, Dense(labels), Softmax()), CrossEntropy()
    return Sequential(senses, Dense(1 if kind == "binary" else labels), Sigmoid()), BinaryCrossEntropy()


def default(shapes, vocabulary, labels, kind, clips=500):
    """A translation-tolerant model whose width grows with the number of training clips: -> model, loss.

    Every branch ends in a pool over all places, so that what was learned on the left is known on the right,
    and with BatchNorm it trains quickly. The hidden layer after the joint can weigh the senses against each
    other, which a single Dense cannot. It ends in logits; the loss knows.
    """
    width = 16 if clips < 2000 else 24 if clips < 10000 else 32
    branches = {
        "text": lambda shape: Sequential(Embedding(vocabulary, 2 * width, padding_id=0), GlobalAveragePool()),
        "image": lambda shape: picture(shape, width),
        "video": lambda shape: Sequential(TimeDistributed(picture(shape[1:], width)), LSTM(3 * width)),
        "audio": lambda shape: sound(shape, width),
    }
    outputs = 1 if kind == "binary" else labels
    model = Sequential(
        Concatenate(**{name: branches[name](shape) for name, shape in shapes.items()}),
        Dropout(0.3), Dense(4 * width, "he_normal"), ReLU(),
        Dropout(0.3), Dense(outputs),
    )  # fmt: skip
    return model, CrossEntropy(from_logits=True) if kind == "classes" else BinaryCrossEntropy(from_logits=True)


def picture(shape, width):
    """Convolutions that shrink the picture to at most 8 cells a side, then the strongest answer of each filter."""
    layers, side, filters = _conv(width, 5, stride=2), min(shape[:2]) // 2, width
    while side > 8:
        filters = min(2 * filters, 4 * width)
        layers += [*_conv(filters, 3), MaxPool2D(2, padding="same")]
        side //= 2
    return Sequential(*layers, *_conv(4 * width, 3), GlobalMaxPool())


def _conv(filters, size, stride=1):
    return [Conv2D(filters, size, stride, padding="same", initializer="he_normal"), BatchNorm(), ReLU()]


def sound(shape, width):
    """Convolutions along time over the mel bands, or over the wave, then the mean answer of each filter."""
    front = []
    if shape[-1] == 1:  # a wave: 8 ms filters every 4 ms stand in for the mel bands
        front = [Conv1D(width, 64, stride=32, padding="same", initializer="he_normal"), BatchNorm(), ReLU()]
    layers = []
    for filters in (2 * width, 3 * width):
        layers += [Conv1D(filters, 5, stride=2, padding="same", initializer="he_normal"), BatchNorm(), ReLU()]
    return Sequential(*front, *layers, GlobalAveragePool())


MODELS = {"article": article, "default": default}
