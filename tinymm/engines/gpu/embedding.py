"""Embedding: gather rows, and add gradients up in the order of the text.

Two tokens of a batch may be the same word, so the order of adding matters for the last bits. The places are sorted by
token in tiles; then one block a token adds its gradients up. With deterministic=False atomic additions take their place.
"""

from tinymm.backend import is_cupy
from tinymm.engines.gpu.kernels import kernel
from tinymm.engines.gpu.plan import Plan, by_sample, cover

TILE = 1024  # places that a block sorts


class EmbeddingPlan(Plan):
    """y[n,t] = W[ids[n,t]]."""

    def prepare(self):
        self.y = self.result()
        self.places = self.shape[0] * self.shape[1]
        self.tiles = cover(self.places, TILE)
        if self.around.training and self.around.deterministic:
            self.keys = self.array(self.tiles * TILE, dtype="u8")

    def check(self, x):
        if not is_cupy(x):
            self.layer.refuse_unknown(x)

    def forward(self, x, mask):
        W, (_, y_sample) = self.layer.params["W"], by_sample(self.y)
        self.ids = x.astype("i4", copy=False)
        arguments = (self.ids, W, self.y, self.shape[1], y_sample, self.places, *W.shape)
        kernel("embedding_forward", W.dtype)((cover(self.places, 8),), (32, 8), arguments)
        return self.y

    def backward(self, dy):
        dW, (dy, dy_sample) = self.grads["W"], by_sample(dy)
        padding = -1 if self.layer.padding_id is None else self.layer.padding_id
        dW.data.memset_async(0, dW.nbytes)
        where = (self.shape[1], dy_sample, *dW.shape, padding)
        if not self.around.deterministic:
            kernel("embedding_atomic", dW.dtype)((cover(self.places, 8),), (32, 8), (self.ids, dy, dW, self.places, *where))
            return None
        kernel("embedding_sort", dW.dtype, TILE=TILE)((self.tiles,), (TILE // 2,), (self.ids, self.keys, self.places))
        blocks = (self.tiles * TILE,)
        kernel("embedding_gather", dW.dtype, TILE=TILE)(blocks, (32, 8), (self.keys, dy, dW, self.tiles, *where))
        return None
