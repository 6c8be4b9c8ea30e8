"""Exercise 10: Embedding."""

import numpy as np

from tinymm.exercises.pairs import Pair
from tinymm.exercises.slips import Slip
from tinymm.layers.embedding import embedding_backward, embedding_forward


def draw(rng):
    return rng.integers(0, 5, (2, 6)), rng.normal(size=(5, 3))


EXERCISE = Pair(
    "embedding_forward", "embedding_backward", (embedding_forward, embedding_backward),
    hand=(np.array([[1, 1, 2]]), np.array([[0.0, 0], [1, 10], [2, 20], [3, 30]])), draw=draw, order=("W",),
    slips=(
        Slip("W[ids]", "W[ids - 1]", "every word gets the row before its own: word v has row v, and rows are counted from 0"),
        Slip("W[ids]", "W[ids[..., ::-1]]", "the words are in reversed order"),
        Slip("W[ids]", "W[np.sort(ids)]", "the words are sorted: each row stands where its word stands"),
        Slip("W[ids]", "W[ids].sum(axis=1)", "the rows of a text are added up: give one row for each word"),
    ),
    backward_slips=(
        Slip("xp.add.at(dW, ids, dy)", "dW[ids] += dy", "repeated tokens count only once, as in dW[ids] += dy: use np.add.at(dW, ids, dy)"),
        Slip("xp.add.at(dW, ids, dy)", "dW[ids] = dy", "repeated tokens count only once, as in dW[ids] = dy: use np.add.at(dW, ids, dy)"),
        Slip("xp.add.at(dW, ids, dy)", "xp.add.at(dW, ids, dy); dW /= np.maximum(np.bincount(ids.ravel(), minlength=len(dW)), 1)[:, None]",
             "the mean over a word's places in the place of the sum: every place adds its gradient"),
        Slip("xp.add.at(dW, ids, dy)", "xp.add.at(dW, ids[:1], dy[:1])", "only the first text of the batch counts: sum over all of them"),
    ),
).exercise(
    "embedding", 10, "Embedding",
    hints=(
        "Forward is one indexing. Backward needs the ids, and how large the table is.",
        "dW has a row for every word; a word that stands in three places gets the sum of three gradients.",
        "np.add.at(dW, ids, dy) adds as often as it is told; dW[ids] += dy does not.",
    ),
    hand="no no yes, as in lesson 10", view="embedding",
)  # fmt: skip
