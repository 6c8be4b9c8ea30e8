"""The same work in eager PyTorch, at its best: fused Adam, gradients dropped between steps, both memory formats.

``twin`` translates a model layer by layer; PyTorch wants channels before the places, in memory as it likes.
"""

from functools import partial
from time import perf_counter

import tinymm as mm
from tinymm.bench.own import STILL, laps
from tinymm.bench.works import LayerWork, LossWork
from tinymm.engines.cpu.threads import thread_count
from tinymm.layers import BatchNorm, Concatenate, Conv1D, Conv2D, MaxPool1D, MaxPool2D, Sequential

PLACES = (Conv1D, Conv2D, MaxPool1D, MaxPool2D, BatchNorm)


def why_absent():
    """A sentence when PyTorch cannot be used, else None."""
    try:
        import torch
    except Exception as error:  # a half-installed package can fail in any way, and this is to tell it
        reason = "is not installed: pip install torch" if isinstance(error, ImportError) else f"is not usable: {error}"
        return f"PyTorch {reason}"
    torch.set_num_threads(thread_count())
    return None


def contestants(work):
    """name -> contestant: one, or two where pictures can lie in memory in two ways."""
    if isinstance(work, LossWork):
        return {"torch": _loss(work)}
    run = _layer if isinstance(work, LayerWork) else _step
    found = {"torch": run(work, False)}
    if not isinstance(work, LayerWork) or len(work.shape) == 4:
        found["torch channels last"] = run(work, True)
    return found


def _layer(work, channels_last):
    import torch

    layer, (x, dy) = work.layer(), work.arrays()
    net = twin(layer)
    into, upstream = (tensor(a, end, channels_last) for a, end in zip((x, dy), ends(layer)))
    net.to(memory_format=memory_format(channels_last))
    into.requires_grad_(work.dx)
    params = list(net.parameters())
    adam = torch.optim.Adam(params, lr=STILL, fused=True) if params else None

    def run():
        into.grad = None
        start = perf_counter()
        y = net(into)
        forward = perf_counter()
        y.backward(upstream)
        backward = perf_counter()
        if adam is None:
            return laps(start, forward, backward)
        adam.step()
        adam.zero_grad()
        return laps(start, forward, backward, perf_counter())

    return run


def _loss(work):
    import torch

    z, t = map(torch.tensor, work.arrays())
    z.requires_grad_()

    def run():
        z.grad = None
        start = perf_counter()
        loss = torch.nn.functional.cross_entropy(z, t)
        forward = perf_counter()
        loss.backward()
        return laps(start, forward, perf_counter())

    return run


def _step(work, channels_last):
    import torch

    model, _ = work.model()
    net, inputs, targets = placed(model, *work.arrays(), channels_last)
    adam = torch.optim.Adam(net.parameters(), lr=STILL, fused=True)

    def run():
        start = perf_counter()
        loss = torch.nn.functional.binary_cross_entropy(net(inputs), targets)
        forward = perf_counter()
        loss.backward()
        backward = perf_counter()
        adam.step()
        adam.zero_grad()
        return laps(start, forward, backward, perf_counter())

    return run


def placed(model, inputs, targets, channels_last, device="cpu"):
    """The twin of a model that begins with branches, and a batch for it, on a device of PyTorch's."""
    import torch

    branches = next(iter(model.children.values())).children
    inputs = {name: tensor(x, ends(branches[name])[0], channels_last).to(device) for name, x in inputs.items()}
    net = twin(model).to(device).to(memory_format=memory_format(channels_last))
    return net, inputs, torch.tensor(targets, device=device)


def tensor(x, layer, channels_last=False):
    """x as PyTorch's version of ``layer`` takes it (or, for an upstream gradient, gives it)."""
    import torch

    x = torch.tensor(x)
    if isinstance(layer, PLACES) and x.ndim > 2:
        x = x.movedim(-1, 1).contiguous()
    return x.contiguous(memory_format=torch.channels_last) if channels_last and x.ndim == 4 else x


def twin(layer):
    """The PyTorch module that does what a built ``layer`` does, with the same weights.

    After a Flatten the features stand in PyTorch's order, so there a Dense meets them in another order than tinymm's.
    """
    import torch

    net = MODULES[type(layer)](layer)
    if not isinstance(layer, (Sequential, Concatenate)) and layer.params:
        with torch.no_grad():
            for parameter, values in zip(net.parameters(), _weights(layer), strict=True):
                parameter.copy_(values)
    return net


def _weights(layer):
    """The layer's parameters as PyTorch lists and lays them out."""
    import torch

    W, *others = (torch.tensor(a) for a in layer.params.values())
    if isinstance(layer, (Conv1D, Conv2D)):
        return [W.movedim((-1, -2), (0, 1)), *others]
    if isinstance(layer, mm.LSTM):  # the gates have the same order; PyTorch adds two biases
        U, b = others
        return [W.T, U.T, b, torch.zeros_like(b)]
    return [W.T if isinstance(layer, mm.Dense) else W, *others]


def memory_format(channels_last):
    """PyTorch's name for how pictures lie in memory."""
    import torch

    return torch.channels_last if channels_last else torch.contiguous_format


def ends(layer):
    """The first and the last of the layers that see numbers: they decide how arrays lie in memory."""
    if not isinstance(layer, Sequential):
        return layer, layer
    inside = list(layer.children.values())
    seen = [child for child in inside if not isinstance(child, mm.ReLU)]
    return seen[0], seen[-1]


def _nn(name, *args, **options):
    from torch import nn

    return getattr(nn, name)(*args, **options)


def _convolution(name, layer):
    *size, channels, filters = layer.params["W"].shape
    return _nn(name, channels, filters, tuple(size), layer.stride, layer.padding)


def _lstm(layer):
    from torch import nn

    class States(nn.LSTM):
        def forward(self, x):
            h, _ = super().forward(x)
            return h if layer.return_sequences else h[:, -1]

    return States(len(layer.params["W"]), layer.units, batch_first=True)


def _batchnorm(layer):
    dimensions = len(layer.input_shape) - 1
    return _nn(f"BatchNorm{max(1, dimensions)}d", layer.input_shape[-1], layer.epsilon)


def _branches(layer):
    import torch

    class Branches(torch.nn.ModuleDict):
        def forward(self, inputs):
            return torch.cat([branch(inputs[name]) for name, branch in self.items()], -1)

    return Branches({name: twin(branch) for name, branch in layer.children.items()})


MODULES = {
    Conv1D: partial(_convolution, "Conv1d"),
    Conv2D: partial(_convolution, "Conv2d"),
    MaxPool1D: lambda layer: _nn("MaxPool1d", layer.pool_size, layer.stride),
    MaxPool2D: lambda layer: _nn("MaxPool2d", layer.pool_size, layer.stride),
    BatchNorm: _batchnorm,
    Concatenate: _branches,
    Sequential: lambda layer: _nn("Sequential", *map(twin, layer.children.values())),
    mm.LSTM: _lstm,
    mm.Dense: lambda layer: _nn("Linear", *layer.params["W"].shape),
    mm.Embedding: lambda layer: _nn("Embedding", *layer.params["W"].shape),
    mm.ReLU: lambda layer: _nn("ReLU"),
    mm.Sigmoid: lambda layer: _nn("Sigmoid"),
    mm.Flatten: lambda layer: _nn("Flatten"),
}
