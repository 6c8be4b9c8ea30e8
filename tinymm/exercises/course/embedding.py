"""Exercise 10: Embedding."""

import numpy as np

from tinymm.exercises.pairs import Pair
from tinymm.exercises.slips import Slip
from tinymm.layers.embedding import embedding_backward, embedding_forward


def draw(rng):
    return rng.integers(0, 5, (2, 6)), rng.normal(size=(6, 3))  # the last word does not occur


HINTS = {
    "hand": (
        "Every word has a number, and that is the number of its row in the table W. Look up one row for each word.",
        "NumPy does it by indexing with an array: W[ids] has the shape (N, T, M).",
        "Return y and a cache: backward will need the ids, and how large the table is.",
    ),
    "random": (
        "By hand there was one text. Now there are two of six words each, and y must be (2, 6, M): a row for each place of each text.",
        "Word v has row v, counted from 0. y = W[ids], and nothing is sorted, added or cut.",
    ),
    "runs": (
        "Only the table gets a gradient: the ids are whole numbers, and there is no such thing as 1.01 of a word. Return dW alone.",
        "Begin with zeros in the shape of W. Which rows were used, and what arrived for each?",
    ),
    "W": (
        "A word that stands in three places was used three times. So how many gradients does its row get?",
        "Three, and they add up. dW[ids] += dy looks right and is not: NumPy writes every row once, and repeated words count only once.",
        "np.add.at(dW, ids, dy) adds as often as it is told. A loop over texts and places with dW[ids[n, t]] += dy[n, t] does the same.",
    ),
}
EXERCISE = Pair(
    "embedding_forward", "embedding_backward", (embedding_forward, embedding_backward),
    gives="y, cache", gives_back="dW", axes={"y": ("text", "place", "feature"), "W": ("word", "feature")},
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
    HINTS,
    hand="no no yes, as in lesson 10", view="embedding",
)  # fmt: skip
