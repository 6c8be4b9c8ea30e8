"""Embedding: gather rows, and add gradients up with one sparse product.

The gradient of the table is a sparse matrix times a dense one: row v has a 1 for every place where token v
stands. Only the rows of this batch's tokens are written, and only those of the last batch set back to 0.
Measured on 2 cores, 32 texts of 50 tokens, 10000×128, forward and backward: 0.8 ms, textbook 1.8.
"""

import numpy as np
from scipy.sparse import csr_array

from tinymm.engines.cpu.plan import Plan


class EmbeddingPlan(Plan):
    """y[n,t] = W[ids[n,t]]."""

    def prepare(self):
        self.y = self.result()
        self.places = self.shape[0] * self.shape[1]
        self.ones = self.array(self.places, fill=1)
        self.columns = np.arange(self.places)
        self.tokens = np.empty(0, np.int64)

    def forward(self, x, mask, rng):
        self.layer.accept(x)
        self.layer.refuse_unknown(x)
        self.ids = x.reshape(-1)
        np.take(self.layer.params["W"], x, axis=0, out=self.y, mode="clip")
        return self.y

    def backward(self, dy):
        dW = self.grads["W"]
        dW[self.tokens] = 0
        self.tokens, row = np.unique(self.ids, return_inverse=True)
        counts = csr_array((self.ones, (row, self.columns)), shape=(len(self.tokens), self.places))
        self.sums = counts @ dy.reshape(self.places, -1)
        dW[self.tokens] = self.sums
        if self.layer.padding_id is not None:
            dW[self.layer.padding_id] = 0
        return None

    def finite(self):
        return bool(np.isfinite(self.sums.sum()))
