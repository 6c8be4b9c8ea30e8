"""The same layer, container or loss in PyTorch's own functions, for parameters p = {path: float64 tensor}."""

import numpy as np
import torch

import tinymm as mm
from tinymm.layers.windows import resolve_padding

F = torch.nn.functional


class Call:
    """What one forward pass goes with: training, and where each array of the model is found in p."""

    def __init__(self, model, p, training):
        self.training = training
        self.paths = {id(a): p[path] for path, a in model.params.items()}

    def of(self, layer):
        """The tensors of a layer's parameters, in order."""
        return [self.paths[id(a)] for a in layer.params.values()]


def forward(layer, x, call, mask=None, rng=None):
    """y of the layer for x: a tensor, an array of token ids, or a dict or tuple of them."""
    return FORWARDS[type(layer).__name__](layer, x, call, mask, rng)


def channels_first(function, x, *rest, **options):
    """PyTorch wants channels on axis 1, tinymm has them last."""
    return function(x.movedim(-1, 1), *rest, **options).movedim(1, -1)


def padded(x, layer, size, value=0.0):
    """x (N, *lengths, C) with the cells around it that the layer adds."""
    pads = resolve_padding(layer.padding, x.shape[1:-1], size, layer.stride)
    return F.pad(x, [0, 0] + [n for pair in reversed(pads) for n in pair], value=value)


def conv(layer, x, call, mask, rng):
    W, b = call.of(layer)
    axes = W.ndim - 2
    function = F.conv1d if axes == 1 else F.conv2d
    kernel = W.permute(axes + 1, axes, *range(axes)).contiguous()
    return channels_first(function, padded(x, layer, layer.kernel_size), kernel, b, layer.stride)


def maxpool(layer, x, call, mask, rng):
    function = F.max_pool1d if len(layer.pool_size) == 1 else F.max_pool2d
    padding = padded(x, layer, layer.pool_size, -float("inf"))
    return channels_first(function, padding, layer.pool_size, layer.stride)


def averagepool(layer, x, call, mask, rng):
    """The sum of each window over the number of its real cells; a window of padding alone has the mean 0."""
    function = F.avg_pool1d if len(layer.pool_size) == 1 else F.avg_pool2d
    cells = int(np.prod(layer.pool_size))
    mean, real = (
        cells * channels_first(function, padded(a, layer, layer.pool_size), layer.pool_size, layer.stride)
        for a in (x, torch.ones_like(x))
    )
    return mean / real.round().clamp(min=1)


def batchnorm(layer, x, call, mask, rng):
    gamma, beta = call.of(layer)
    moments = [None, None] if call.training else [torch.tensor(layer.state[k]) for k in ("mean", "variance")]
    if call.training and x.numel() == x.shape[-1]:  # PyTorch refuses one number a channel: y is beta
        return 0 * x * gamma + beta
    x = x if x.ndim > 1 else x[None]
    return channels_first(F.batch_norm, x, *moments, gamma, beta, call.training, 0.1, layer.epsilon)


def layernorm(layer, x, call, mask, rng):
    gamma, beta = call.of(layer)
    return F.layer_norm(x, gamma.shape, gamma, beta, layer.epsilon)


def embedding(layer, ids, call, mask, rng):
    return F.embedding(torch.tensor(ids.copy()), *call.of(layer), padding_idx=layer.padding_id)


def dropout(layer, x, call, mask, rng):
    """Which numbers go is tinymm's draw; PyTorch does the rest."""
    if not call.training or layer.rate == 0:
        return x
    return x * torch.tensor(layer.forward(np.ones(x.shape), training=True, rng=rng)[0])


def globalpool(layer, x, call, mask, rng):
    rows = x.flatten(1, -2)
    real = torch.ones(rows.shape[:2], dtype=bool)
    if mask is not None and x.ndim == 3:
        real = torch.tensor(mask)
    parts = [row[keep] for row, keep in zip(rows, real)]
    one = (lambda a: a.mean(0)) if isinstance(layer, mm.GlobalAveragePool) else (lambda a: a.max(0).values)
    return torch.stack([one(part) if len(part) else 0 * row.sum(0) for part, row in zip(parts, rows)])


def recurrent(layer, x, call, mask, rng):
    """PyTorch's own LSTM or RNN on the real steps of each row, one call; a padded step repeats the last state."""
    x, *states = x if isinstance(x, tuple) else (x,)
    W, U, b = call.of(layer)
    weights = [W.T, U.T, b, torch.zeros_like(b)]
    lstm, rows = isinstance(layer, mm.LSTM), []
    count = 2 if lstm else 1
    start = states + [x.new_zeros(len(x), layer.units) for _ in range(count - len(states))]
    for n, row in enumerate(x):
        keep = np.ones(len(row), dtype=bool) if mask is None else mask[n]
        h0 = [s[n][None, None] for s in start]
        h = start[0][n : n + 1]
        if keep.any():
            run = torch._VF.lstm if lstm else torch._VF.rnn_tanh
            real = row[torch.tensor(keep)][None]
            out = run(real, h0 if lstm else h0[0], weights, True, 1, 0.0, True, False, True)[0][0]
            h = torch.cat([h, out])
        rows.append(h[torch.tensor(np.cumsum(keep))])
    h = torch.stack(rows)
    return h if layer.return_sequences else h[:, -1]


def sequential(layer, x, call, mask, rng):
    for child in layer.children.values():
        y = forward(child, x, call, mask, rng)
        mask, x = child.output_mask(x, mask), y
    return x


def concatenate(layer, x, call, mask, rng):
    rngs = dict(zip(layer.children, rng.spawn(len(layer.children))))
    masks = mask or {}
    parts = [forward(c, x[k], call, masks.get(k), rngs[k]) for k, c in layer.children.items()]
    return torch.cat(parts, dim=-1)


def timedistributed(layer, x, call, mask, rng):
    N, T = x.shape[:2]
    y = forward(layer.children["layer"], x.reshape(N * T, *x.shape[2:]), call, None, rng)
    return y.reshape(N, T, *y.shape[1:])


def plain(function):
    return lambda layer, x, call, mask, rng: function(x)


FORWARDS = {
    "AveragePool1D": averagepool, "AveragePool2D": averagepool, "BatchNorm": batchnorm,
    "Concatenate": concatenate, "Conv1D": conv, "Conv2D": conv,
    "Dense": lambda layer, x, call, mask, rng: F.linear(x, call.of(layer)[0].T, call.of(layer)[1]),
    "Dropout": dropout, "Embedding": embedding, "Flatten": plain(lambda x: torch.flatten(x, 1)),
    "GlobalAveragePool": globalpool, "GlobalMaxPool": globalpool, "LSTM": recurrent, "LayerNorm": layernorm,
    "MaxPool1D": maxpool, "MaxPool2D": maxpool, "RNN": recurrent, "ReLU": plain(torch.relu),
    "Sequential": sequential, "Sigmoid": plain(torch.sigmoid),
    "Softmax": plain(lambda x: torch.softmax(x, dim=-1)), "Tanh": plain(torch.tanh),
    "TimeDistributed": timedistributed,
}  # fmt: skip


def loss(loss, pred, target):
    """J by PyTorch's own loss."""
    target = torch.tensor(target.copy())
    if isinstance(loss, mm.MeanSquaredError):
        return F.mse_loss(pred, target)
    if isinstance(loss, mm.BinaryCrossEntropy):
        name = "binary_cross_entropy_with_logits" if loss.from_logits else "binary_cross_entropy"
        return getattr(F, name)(pred, target)
    function, scores = (F.cross_entropy, pred) if loss.from_logits else (F.nll_loss, torch.log(pred))
    scores = scores.movedim(-1, 1)
    if target.is_floating_point():
        if loss.from_logits:
            return F.cross_entropy(scores, target.movedim(-1, 1))
        return -(target * torch.log(pred)).sum(-1).mean()
    return function(scores, target)
