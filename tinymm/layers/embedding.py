"""Embedding: a table with one row of features for each token.

Forward   y[n,t] = W[ids[n,t]]
Backward  dW[v] = Σₙ Σ_t [ids[n,t] = v] dy[n,t]      a token seen twice gets both gradients

Token ids are whole numbers; there is no gradient with respect to them, so dx is None.
"""

from tinymm.backend import array_module, is_cupy
from tinymm.errors import ShapeError
from tinymm.initializers import INITIALIZERS
from tinymm.layers.base import Layer, positive


def embedding_forward(ids, W):
    """ids (N, ...) integers in [0, V), W (V, M) -> y (N, ..., M), cache."""
    return W[ids], (ids, W.shape)


def embedding_backward(dy, cache, padding_id=None):
    """dy (N, ..., M) -> dW (V, M). The row of ``padding_id`` gets no gradient."""
    ids, shape = cache
    xp = array_module(dy)
    dW = xp.zeros(shape, dtype=dy.dtype)
    xp.add.at(dW, ids, dy)  # forward: y[n,t] is a copy of W[ids[n,t]]
    if padding_id is not None:
        dW[padding_id] = 0
    return dW


class Embedding(Layer):
    """Token ids to rows of a learned table: (N, T) -> (N, T, units).

    ``padding_id`` names the token that fills up short texts: its row stays zero, and the layers behind it
    in a Sequential are told, by a mask, to skip those steps.
    """

    axes = ("time",)
    kinds = "iu"

    def __init__(self, vocabulary, units, padding_id=None):
        super().__init__()
        self.vocabulary = positive("vocabulary", vocabulary)
        self.units = positive("units", units)
        if padding_id is not None and padding_id not in range(vocabulary):
            raise ShapeError(f"padding_id is {padding_id!r}: give a token id from 0 to {vocabulary - 1}, or None")
        self.padding_id = padding_id

    def parameters(self, input_shape, rng):
        W = INITIALIZERS["uniform"]((self.vocabulary, self.units), rng)
        if self.padding_id is not None:
            W[self.padding_id] = 0
        return {"W": W}

    def output_shape(self, input_shape):
        return (*input_shape, self.units)

    def check(self, shape):
        """Any number of steps will do: only the number of axes counts."""
        if len(shape) != 1:
            raise ShapeError(f"Embedding wants token ids (N, time) and got {('N', *shape)}".replace("'", ""))

    def output_mask(self, x, mask):
        return mask if self.padding_id is None else x != self.padding_id

    def run(self, x):
        self.refuse_unknown(x)
        return embedding_forward(x, **self.params)

    def refuse_unknown(self, x):
        """Raise ShapeError for ids that have no row. On the GPU nothing is checked, since that would wait for it."""
        if not is_cupy(x) and x.size and not 0 <= x.min() <= x.max() < self.vocabulary:
            worst = x.min() if x.min() < 0 else x.max()
            raise ShapeError(
                f"Embedding has rows for the token ids 0 to {self.vocabulary - 1} and got {worst}: "
                "encode the text with the vocabulary the model was built for"
            )

    def backward(self, dy, cache):
        return None, {"W": embedding_backward(dy, cache, self.padding_id)}
