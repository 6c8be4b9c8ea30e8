"""The two fusion models: they take any senses, train, and only the default one generalises over places."""

import numpy as np
import pytest

import tinymm as mm
from tinymm.models import MODELS, article, default

SHAPES = {"text": (7,), "image": (16, 16, 3), "video": (3, 16, 16, 3), "audio": (30, 8)}


def batch(shapes, rng, n=4):
    return {k: rng.integers(0, 20, (n, *s)) if k == "text" else rng.normal(size=(n, *s)).astype("f") for k, s in shapes.items()}


@pytest.mark.parametrize("definition", MODELS.values())
@pytest.mark.parametrize("kind, labels, targets", [
    ("binary", 2, np.array([[0], [1], [1], [0]], "f")),
    ("classes", 4, np.array([0, 3, 1, 2])),
    ("tags", 3, np.array([[0, 1, 1], [1, 0, 0], [0, 0, 0], [1, 1, 1]], "f")),
])  # fmt: skip
@pytest.mark.parametrize("senses", [("text",), ("image",), ("video",), ("audio",), ("text", "video", "audio")])
def test_any_senses_and_any_kind_of_labels_train(definition, kind, labels, targets, senses, rng):
    shapes = {k: SHAPES[k] for k in senses}
    model, loss = definition(shapes, 20, labels, kind)
    model.build(shapes, rng)
    engine = mm.make_engine(model, loss, mm.Adam(0.01))
    x = batch(shapes, rng)
    losses = [engine.step(x, targets) for _ in range(15)]
    assert losses[-1] < losses[0]
    probabilities = loss.probabilities(engine.predict(x))
    assert probabilities.shape == (4, 1 if kind == "binary" else labels)
    assert probabilities.min() >= 0 and probabilities.max() <= 1


def test_the_article_model_is_the_listing_layer_for_layer():
    model, loss = article({"text": (50,), "image": (64, 64, 3), "audio": (8000, 1)}, 10000, 2, "binary")
    assert repr(loss.config()) == "{'loss': 'BinaryCrossEntropy', 'from_logits': False}"
    branches = model.children[""].children
    kinds = {name: [type(layer).__name__ for layer in branch.children.values()] for name, branch in branches.items()}
    assert kinds == {
        "text": ["Embedding", "LSTM"],
        "image": ["Conv2D", "ReLU", "MaxPool2D", "Flatten"],
        "audio": ["Conv1D", "ReLU", "MaxPool1D", "Flatten"],
    }
    assert [type(layer).__name__ for layer in model.children.values()] == ["Concatenate", "Dense", "Sigmoid"]
    model.build({"text": (50,), "image": (64, 64, 3), "audio": (8000, 1)})
    assert sum(a.size for a in model.params.values()) == 1_280_000 + 131_584 + 896 + 128 + (128 + 30752 + 127968 + 1)


def test_the_default_model_grows_with_the_number_of_clips():
    sizes = []
    for clips in (300, 3000, 30000):
        model, _ = default(SHAPES, 100, 4, "classes", clips)
        model.build(SHAPES)
        sizes.append(sum(a.size for a in model.params.values()))
    assert sizes[0] < sizes[1] < sizes[2]


def squares(side, rng, n):
    """Pictures with a filled or a hollow square, only in the left or only in the right half."""
    x = np.zeros((n, 24, 24, 1), "f")
    t = rng.integers(0, 2, n)
    for k in range(n):
        row, column = rng.integers(2, 16), rng.integers(2, 5) + (10 if side == "right" else 0)
        x[k, row : row + 6, column : column + 6] = 1
        if t[k]:
            x[k, row + 2 : row + 4, column + 2 : column + 4] = 0
    return {"image": x + 0.05 * rng.standard_normal(x.shape, np.float32)}, t[:, None].astype("f")


def test_what_was_learned_on_the_left_is_known_on_the_right_only_by_the_default_model(rng):
    shapes = {"image": (24, 24, 1)}
    reached = {}
    for name, definition in MODELS.items():
        model, loss = definition(shapes, 2, 2, "binary")
        model.build(shapes, np.random.default_rng(0))
        trainer = mm.Trainer(model, loss, mm.Adam(0.003))
        trainer.fit(*squares("left", rng, 256), epochs=12)
        reached[name] = [trainer.evaluate(*squares(side, rng, 200))["accuracy"] for side in ("left", "right")]
    assert min(reached["default"]) > 0.9
    assert reached["article"][0] > 0.75
    assert reached["default"][1] > reached["article"][1] + 0.2
