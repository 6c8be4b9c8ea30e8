"""How many operations and bytes a pass costs on paper, whoever carries it out.

FLOPs: a multiplication, an addition, a comparison, a division, an exp and a tanh are one each, so a multiply-add is
two, and σ(x) = 1 / (1 + e⁻ˣ) is four. They are counted as the textbook's equations need them, also where a window hangs over the edge;
what happens once a row or once a channel is left out. Bytes: the least that memory must move: every array that comes
from outside or goes out, once a pass, as if all between stayed in the cache.
"""

import math
from dataclasses import dataclass

from tinymm.layers import (
    LSTM,
    BatchNorm,
    Concatenate,
    Conv1D,
    Conv2D,
    Dense,
    Embedding,
    Flatten,
    MaxPool1D,
    MaxPool2D,
    ReLU,
    Sequential,
    Sigmoid,
)

NUMBER, TOKEN = 4, 8  # bytes of a float32, and of a token id


@dataclass(frozen=True)
class Count:
    """FLOPs and bytes of one pass."""

    flops: int
    bytes: int


@dataclass(frozen=True)
class Leaf:
    """A layer inside a model: the shapes of its input and output with the batch axis; is its input's gradient wanted?"""

    layer: object
    x: tuple
    y: tuple
    dx: bool

    @property
    def flops(self):
        """FLOPs of forward and of backward."""
        return FLOPS[type(self.layer)](self)

    @property
    def parameters(self):
        return sum(a.size for a in self.layer.params.values())


def product(leaf, inner):
    """y = a sum of ``inner`` products + b: forward; the gradients of the weights, of b, and perhaps of x."""
    y = math.prod(leaf.y)
    return 2 * inner * y, 2 * inner * y + y + leaf.dx * 2 * inner * y


def dense(leaf):
    """y (N, M) = x (N, D) W + b:  2NDM;  2NDM for dW, NM for db, 2NDM for dx."""
    return product(leaf, leaf.x[-1])


def convolution(leaf):
    """y (N, P, Q, O) with K = kh·kw·C cells in a window:  2K·NPQO;  2K·NPQO for dW, NPQO for db, 2K·NPQO for dx."""
    return product(leaf, math.prod(leaf.layer.kernel_size) * leaf.x[-1])


def lstm(leaf):
    """h (N, T, M) from x (N, T, D):  8NTM(D + M) for z; gates 3 σ + tanh = 13, c 3, h 2;  8NTM(D + M) for dW and dU,
    8NTM·M for dh, 8NTM·D for dx, 4NTM for db; dh 1, do 1, dc 5 + 1, di df dg 3, dz 4 · 3."""
    N, T, D = leaf.x
    M = leaf.layer.units
    products, cells = 8 * N * T * M * (D + M), N * T * M
    return products + 18 * cells, products + 8 * cells * M + leaf.dx * 8 * cells * D + 27 * cells


def embedding(leaf):
    """y (N, T, M) are rows of the table: no arithmetic;  NTM additions for dW."""
    return 0, math.prod(leaf.y)


def relu(leaf):
    """One comparison a number;  one multiplication by 0 or 1."""
    return math.prod(leaf.x), math.prod(leaf.x)


def maxpool(leaf):
    """k − 1 comparisons for a window of k;  one multiplication by 0 or 1 for each x."""
    window = math.prod(leaf.layer.pool_size)
    return (window - 1) * math.prod(leaf.y), math.prod(leaf.x)


def batchnorm(leaf):
    """Each number: μ 1, v 3, x̂ 1, γ x̂ + β 2;  dβ 1, dγ 2, dx = (γ/σ)(dy − mean dy − x̂ mean(dy x̂)) 4."""
    return 7 * math.prod(leaf.x), 7 * math.prod(leaf.x)


def sigmoid(leaf):
    """4 a number;  dy y (1 − y) is 3."""
    return 4 * math.prod(leaf.x), 3 * math.prod(leaf.x)


def no_arithmetic(leaf):
    return 0, 0


FLOPS = {
    Dense: dense, Conv1D: convolution, Conv2D: convolution, LSTM: lstm, Embedding: embedding, ReLU: relu,
    MaxPool1D: maxpool, MaxPool2D: maxpool, BatchNorm: batchnorm, Sigmoid: sigmoid, Flatten: no_arithmetic,
}  # fmt: skip


def leaves(layer, shape, dx):
    """Every layer of a built model as a Leaf, in the order of the forward pass. shape has the batch axis (or is a dict)."""
    if isinstance(layer, Concatenate):
        for name, branch in layer.children.items():
            yield from leaves(branch, shape[name], dx)
    elif isinstance(layer, Sequential):
        for child in layer.children.values():
            yield from leaves(child, shape, dx)
            shape, dx = after(child, shape), dx or bool(child.params)
    else:
        yield Leaf(layer, shape, after(layer, shape), dx)


def after(layer, shape):
    """The shape, with the batch axis, of what a layer gives for inputs of ``shape``."""
    if isinstance(shape, dict):
        batch = next(iter(shape.values()))[0]
        return (batch, *layer.output_shape({name: s[1:] for name, s in shape.items()}))
    return (shape[0], *layer.output_shape(shape[1:]))


def of_layer(layer, shape, dx):
    """-> {"forward": Count, "backward": Count} of a built layer or model; dx: is its input's gradient wanted?"""
    inside = list(leaves(layer, shape, dx))
    flops = [leaf.flops for leaf in inside]
    x, y = _input_bytes(layer, shape), NUMBER * math.prod(after(layer, shape))
    gradients = NUMBER * sum(leaf.parameters for leaf in inside)
    forward = x + y + NUMBER * sum(map(_read_parameters, inside))
    backward = y + gradients + NUMBER * sum(_read_parameters(leaf) for leaf in inside if leaf.dx)
    backward += x * (bool(gradients) + bool(dx))  # read for the gradients of the parameters, and written as dx
    return {
        "forward": Count(sum(f for f, _ in flops), forward), "backward": Count(sum(b for _, b in flops), backward),
    }  # fmt: skip


def of_update(parameters):
    """Adam, a parameter: m 3, v 4, √v 1, + ε 1, m / 1, · α 1, W − 1; reads W, dW, m, v, and writes W, m, v."""
    return Count(12 * parameters, 7 * NUMBER * parameters)


def of_cross_entropy(rows, classes):
    """From logits, each logit: maximum, subtraction, exp, sum;  one product for its gradient. Reads z, writes dz."""
    numbers = rows * classes
    return {
        "forward": Count(4 * numbers, NUMBER * numbers + TOKEN * rows),
        "backward": Count(numbers, NUMBER * numbers),
    }


def _read_parameters(leaf):
    """An embedding reads the rows that are looked up, every other layer all of its parameters."""
    return math.prod(leaf.y) if isinstance(leaf.layer, Embedding) else leaf.parameters


def _input_bytes(layer, shape):
    if isinstance(layer, Concatenate):
        return sum(_input_bytes(branch, shape[name]) for name, branch in layer.children.items())
    if isinstance(layer, Sequential):
        return _input_bytes(next(iter(layer.children.values())), shape)
    return (TOKEN if isinstance(layer, Embedding) else NUMBER) * math.prod(shape)
