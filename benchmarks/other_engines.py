"""tinymm beside other engines that are written by hand on NumPy and install today, where a layer exists in both.

    pip install -r benchmarks/other_engines.txt && python benchmarks/other_engines.py        # about a minute

Forward and backward of one layer, the same shapes in float32, all in one process and taking turns as in `tinymm bench`.
Writes benchmarks/results/other_engines.json. An engine that cannot be imported is listed with the reason, and one that
cannot do a layer has no figure for it.
"""

import argparse
import importlib
import importlib.metadata
import json
import re
from pathlib import Path
from time import perf_counter

import numpy as np

from tinymm.bench import allocator, own
from tinymm.bench.measuring import machine
from tinymm.bench.timing import Reference, limited_blas, row, take_turns
from tinymm.bench.works import works_named
from tinymm.files import atomic_write

RESULTS = Path(__file__).parent / "results" / "other_engines.json"
PACKAGES = {"thinc": "thinc.api", "MyGrad": "mygrad", "PyDyNet": "pydynet", "DeZero": "dezero", "SynapGrad": "synapgrad",
            "numpy-ml": "numpy_ml"}  # fmt: skip
WORKS = ("conv2d", "conv1d", "dense", "lstm-128", "maxpool", "embedding", "cross-entropy")


def channels_first(x):
    return np.ascontiguousarray(np.moveaxis(x, -1, 1)) if x.ndim > 2 else x


def mygrad(work):
    """A function that does forward and backward of this work once; None where the engine has no such layer."""
    import mygrad as mg
    from mygrad.nnet import conv_nd, max_pool, relu, softmax_crossentropy

    x, dy = work.arrays()
    if work.name == "cross-entropy":
        return lambda: softmax_crossentropy(mg.tensor(x), dy).backward()
    if work.name == "embedding":
        table = mg.tensor(work.layer().params["W"])
        return lambda: table[x].backward(dy)
    x, dy = channels_first(x), channels_first(dy)
    if work.name == "maxpool":
        return lambda: max_pool(mg.tensor(x), (2, 2), 2).backward(dy)
    if work.name == "lstm-128":
        return None
    W, b = (mg.tensor(a) for a in _weights(work))
    if work.name == "dense":
        return lambda: (mg.matmul(mg.tensor(x), W) + b).backward(dy)
    size, pool = W.ndim - 2, work.name != "conv2d-64"

    def run():
        y = conv_nd(mg.tensor(x, constant=not work.dx), W, stride=1, padding=0 if pool else 1)
        y = y + b.reshape(1, -1, *[1] * size)
        (max_pool(relu(y), (2,) * size, 2) if pool else y).backward(dy)

    return run


def pydynet(work):
    import pydynet as pdn
    from pydynet import nn
    from pydynet.nn import functional as F

    x, dy = work.arrays()
    if work.name == "cross-entropy":
        logits, t = pdn.Tensor(x, requires_grad=True), pdn.Tensor(dy)
        return lambda: F.cross_entropy_loss(logits, t).backward()
    f4 = {"dtype": np.float32}
    lstm = nn.LSTM(128, 128, batch_first=True, **f4) if work.name == "lstm-128" else None
    nets = {
        "conv2d-3": lambda: _chain(nn.Conv2d(3, 32, 3, **f4), F.relu, nn.MaxPool2d(2, 2, 0)),
        "conv1d": lambda: _chain(nn.Conv1d(1, 32, 3, **f4), F.relu, nn.MaxPool1d(2, 2, 0)),
        "conv2d-64": lambda: nn.Conv2d(64, 64, 3, padding=1, **f4),
        "dense": lambda: nn.Linear(1024, 1024, **f4),
        "lstm-128": lambda: lambda x: lstm(x)[0][:, -1],
        "maxpool": lambda: nn.MaxPool2d(2, 2, 0),
        "embedding": lambda: nn.Embedding(10000, 128, **f4),
    }
    net = nets[work.name]()
    ours = (lambda a: a) if work.name in ("lstm-128", "embedding") else channels_first
    into = pdn.Tensor(ours(x), requires_grad=work.dx, dtype=x.dtype)
    upstream = pdn.Tensor(ours(dy), dtype=np.float32)
    return lambda: pdn.sum(net(into) * upstream).backward()


def synapgrad(work):
    import synapgrad as sg
    from synapgrad import nn

    x, dy = work.arrays()
    if work.name == "cross-entropy":
        loss, logits, t = nn.CrossEntropyLoss(), sg.tensor(x, requires_grad=True), sg.tensor(dy, dtype=np.int64)
        return lambda: loss(logits, t).backward()
    nets = {
        "conv2d-3": lambda: nn.Sequential(nn.Conv2d(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
        "conv1d": lambda: nn.Sequential(nn.Conv1d(1, 32, 3), nn.ReLU(), nn.MaxPool1d(2)),
        "conv2d-64": lambda: nn.Conv2d(64, 64, 3, padding=1),
        "dense": lambda: nn.Linear(1024, 1024),
        "maxpool": lambda: nn.MaxPool2d(2),
    }
    if work.name not in nets:
        return None
    net, into = nets[work.name](), sg.tensor(channels_first(x), requires_grad=work.dx)
    upstream = sg.tensor(channels_first(dy))
    return lambda: net(into).backward(upstream)


def thinc(work):
    from thinc.api import LSTM, Embed, Linear
    from thinc.types import Padded

    x, dy = work.arrays()
    if work.name == "dense":
        model = Linear(1024, 1024).initialize()
    elif work.name == "embedding":
        model, x, dy = Embed(128, 10000).initialize(), x.reshape(-1), dy.reshape(-1, 128)
    elif work.name == "lstm-128":
        model, (N, T, _) = LSTM(128, 128).initialize(), x.shape
        lengths, rows = np.full(N, T, "i4"), np.arange(N, dtype="i4")
        padded = lambda a: Padded(a, np.full(T, N, "i4"), lengths, rows)  # noqa: E731
        everywhere = np.zeros((T, N, 128), np.float32)
        everywhere[-1] = dy
        x, dy = padded(np.ascontiguousarray(x.swapaxes(0, 1))), padded(everywhere)
    else:
        return None

    def run():
        _, back = model(x, is_train=True)
        back(dy)

    return run


ENGINES = {"thinc": thinc, "MyGrad": mygrad, "PyDyNet": pydynet, "SynapGrad": synapgrad}


def _chain(*functions):
    def run(x):
        for f in functions:
            x = f(x)
        return x

    return run


def _weights(work):
    """The layer's weights, filters first."""
    W, b = work.layer().params.values()
    return (np.ascontiguousarray(np.moveaxis(W, (-1, -2), (0, 1))) if W.ndim > 2 else W), b


def timed(run):
    """A contestant whose forward and backward are not told apart."""

    def lap():
        start = perf_counter()
        run()
        return {"together": perf_counter() - start}

    return lap


def importable():
    """-> versions of the engines that can be imported, and the reasons of those that cannot."""
    versions, absent = {}, {}
    for name, module in PACKAGES.items():
        try:
            importlib.import_module(module)
            versions[name] = importlib.metadata.version(name)
        except Exception as error:  # an engine that was not kept up can fail in any way, and this is to tell it
            absent[name] = _reason(error)
    return versions, absent


def _reason(error):
    """The first line of an error, without the path of a file."""
    return re.sub(r" \(/.*\)", "", f"{type(error).__name__}: {error}".splitlines()[0])


def measure(seconds):
    """-> the dict that goes into the results file."""
    versions, absent = importable()
    reference, table, failed = Reference(), {}, {}
    kept = allocator.keep_freed_memory()
    with limited_blas():
        for work in works_named(WORKS):
            contestants = {"textbook": own.textbook(work), "cpu": own.cpu(work)}
            for name in versions:
                try:
                    run = ENGINES[name](work)
                    if run is not None:
                        run()
                        contestants[name] = timed(run)
                except Exception as error:  # as above
                    failed.setdefault(name, {})[work.name] = _reason(error)
            laps = take_turns(contestants, seconds, reference, rounds=2)
            rows = {name: row(found, work.counted) for name, found in laps.items()}
            table[work.title] = {name: float(f"{found['time']:.4g}") for name, found in rows.items()}
            print(work.title, table[work.title], flush=True)
    machine_ = machine({"torch": "not asked", "gpu": "not asked"}, kept)
    return {"machine": machine_, "versions": versions, "not importable": absent, "failed": failed,
            "noise": reference.findings(), "milliseconds": table}  # fmt: skip


def main():
    """Measure, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3, help="for one layer (3)")
    results = measure(parser.parse_args().seconds)
    with atomic_write(RESULTS, "w") as file:
        json.dump(results, file, indent=2, ensure_ascii=False)
        file.write("\n")


if __name__ == "__main__":
    main()
