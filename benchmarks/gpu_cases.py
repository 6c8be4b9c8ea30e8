"""What ``benchmarks/gpu.py`` measures: the layers and steps, and who does them."""

from dataclasses import dataclass

import cupy
import numpy as np
from gpu_torch import adam_step, first_line, layer_passes, lazily, torch_on_gpu, training_steps

import tinymm as mm
from tinymm.bench.works import LayerWork, StepWork, conv2d_work, lstm_work
from tinymm.engines.gpu import GpuEngine
from tinymm.engines.gpu.containers import make_plan
from tinymm.engines.gpu.parameters import Parameters
from tinymm.engines.gpu.plan import Surroundings
from tinymm.engines.gpu.update import SCALARS, Updater


@dataclass
class Sizes:
    """How large everything is, and for how long it is measured."""

    text: int = 50
    side: int = 64
    samples: int = 8000
    vocabulary: int = 10000
    batch: int = 32  # of single layers
    steps: int = 100  # in which CPU and GPU are compared
    units: tuple = (128, 256)  # of the LSTMs
    wide: int = 1024  # features and units of the Dense
    ladder: tuple = (32, 512)
    batches: tuple = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
    slowest: float = 400.0  # milliseconds of a step on the CPU from which larger batches are left out
    copy: int = 1 << 26  # numbers
    square: int = 4096
    seconds: float = 2.0

    @classmethod
    def small(cls):
        """A few numbers, for an emulated GPU."""
        return cls(4, 10, 40, 50, 2, 4, (128, 8), 20, (2, 3), (1, 2), 1e9, 1 << 12, 32, 0.0)

    def step(self, batch):
        """A training step of the article's model."""
        return StepWork(batch, self.text, self.side, self.samples, self.vocabulary)


def _picture_layers():
    return mm.Sequential(mm.Conv2D(64, 3, padding="same"), mm.ReLU(), mm.MaxPool2D(2))


def _sound_layers():
    return mm.Sequential(mm.Conv1D(32, 3), mm.ReLU(), mm.MaxPool1D(2))


def layer_works(sizes):
    """name -> LayerWork. The article's layers, and a deeper convolution, a wide Dense and a larger LSTM."""
    N, side, wide, vocabulary = sizes.batch, sizes.side // 2, sizes.wide, sizes.vocabulary
    model, _ = sizes.step(N).model()
    joint = model.params["1.W"].shape[0]
    works = {
        "Conv2D + ReLU + pool": conv2d_work(N, sizes.side),
        "Conv1D + ReLU + pool": LayerWork("", "", _sound_layers, (N, sizes.samples, 1), None, dx=False),
        "Conv2D 64->64 + ReLU + pool": LayerWork("", "", _picture_layers, (N, side, side, 64), None),
        "Dense + ReLU": LayerWork("", "", lambda: mm.Sequential(mm.Dense(wide), mm.ReLU()), (8 * N, wide), None),
        "Dense, the joint to 1 unit": LayerWork("", "", lambda: mm.Dense(1), (N, joint), None),
        "Embedding": LayerWork("", "", lambda: mm.Embedding(vocabulary, 128), (N, sizes.text), None, dx=False),
    }  # fmt: skip
    return works | {f"LSTM {units}": lstm_work(units, N, sizes.text) for units in sizes.units}


def planned(work):
    """A layer of its own on the GPU: its plan, its input and dy, and its gradients by name."""
    layer, (x, dy) = work.layer().to("gpu"), work.arrays()
    grads = {name: cupy.zeros_like(a) for name, a in layer.params.items()}
    homes = {id(a): grads[name] for name, a in layer.params.items()}
    plan = make_plan(layer, work.shape, Surroundings(np.dtype("f4"), True, work.dx, grads=homes))
    return plan, cupy.asarray(x.astype("i4") if x.dtype.kind == "i" else x), cupy.asarray(dy), grads


def difference(work):
    """The largest difference of output, dx and gradients from the textbook's on the CPU, relative to the array's largest number."""
    layer, (x, dy) = work.layer(), work.arrays()
    y, cache = layer.forward(x, training=True)
    dx, own = layer.backward(dy, cache)
    plan, x, dy, grads = planned(work)
    pairs = [(plan.forward(x, None), y), (plan.backward(dy), dx), *((grads[k], own[k]) for k in own)]
    return max(float(abs(a.get() - b).max() / abs(b).max()) for a, b in pairs if a is not None and b is not None)


def recorded(run):
    """The same work as a CUDA graph."""
    stream, pool = cupy.cuda.Stream(non_blocking=True), cupy.cuda.MemoryPool()
    cupy.cuda.Device().synchronize()
    with stream, cupy.cuda.using_allocator(pool.malloc):
        run()
        stream.begin_capture()
        try:
            run()
        finally:
            graph = stream.end_capture()

    def replay():
        graph.launch(stream=stream)

    replay.kept = run, pool
    return replay


def layer_contestants(work):
    """Functions that do one forward and backward pass: textbook on CuPy, the engine plain and replayed, PyTorch."""
    plan, x, dy, _ = planned(work)

    def textbook():
        _, cache = plan.layer.forward(x, training=True)
        plan.layer.backward(dy, cache)

    def gpu():
        plan.forward(x, None)
        plan.backward(dy)

    contestants = {"textbook on CuPy": textbook, "gpu": gpu, "gpu, replayed": lazily(lambda: recorded(gpu))}
    return contestants | (layer_passes(work) if torch_on_gpu()[0] else {})


def adam_contestants(sizes):
    """One update of as many parameters as the article's model has: -> contestants, how many parameters."""
    model, _ = sizes.step(1).model()
    shapes = [a.shape for a in model.params.values()]
    optimizer = mm.Adam()
    parameters = Parameters(model, optimizer)
    parameters.take_slots()
    updater, loss = Updater(optimizer, parameters.dtype), cupy.zeros(1, "f4")
    parameters.grads[...] = 1e-3
    control = cupy.zeros(SCALARS, np.uint64)
    control[...] = cupy.asarray(updater.scalars().view(np.uint64))

    def run():
        updater.update(parameters, loss, control)

    contestants = {"gpu": run, "gpu, replayed": lazily(lambda: recorded(run))}
    if torch_on_gpu()[0]:
        contestants["PyTorch, fused"] = lazily(lambda: adam_step(shapes))
    return contestants, sum(a.size for a in model.params.values())


def step_contestants(work, only=None):
    """Functions that do one training step of the article's model: -> contestants, remarks. only: some of their names."""
    inputs, targets = work.arrays()
    on_gpu = mm.to_device((inputs, targets))

    def own(engine, place, captures=True, **options):
        model, loss = work.model()
        model = model if engine == "cpu" else model.to("gpu")
        worker = mm.make_engine(model, loss, mm.Adam(), engine, **options)
        if isinstance(worker, GpuEngine):
            worker.captures = captures
        return lambda: worker.step(*place)

    makers = {
        "cpu": lambda: own("cpu", (inputs, targets)),
        "textbook on CuPy": lambda: own("textbook", on_gpu),
        "gpu, plain": lambda: own("gpu", on_gpu, captures=False),
        "gpu, replayed": lambda: own("gpu", on_gpu),
        "gpu, not deterministic": lambda: own("gpu", on_gpu, deterministic=False),
        "gpu, from the host": lambda: own("gpu", (inputs, targets)),
    }
    contestants = {name: lazily(make) for name, make in makers.items() if only is None or name in only}
    if only is not None or not torch_on_gpu()[0]:
        return contestants, {}
    try:
        found, remarks = training_steps(work.model()[0], inputs, targets)
    except Exception as error:  # PyTorch's troubles are not to hide what the others do
        return contestants, {"PyTorch failed": first_line(error)}
    return contestants | found, remarks
