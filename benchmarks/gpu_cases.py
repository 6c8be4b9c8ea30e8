"""What ``benchmarks/gpu.py`` measures: the layers and steps, and who does them."""

import math
from dataclasses import dataclass, field

import cupy
import numpy as np

import tinymm as mm
from tinymm.engines.gpu import GpuEngine
from tinymm.engines.gpu.containers import make_plan
from tinymm.engines.gpu.parameters import Parameters
from tinymm.engines.gpu.plan import Surroundings
from tinymm.engines.gpu.update import SCALARS, Updater
from tinymm.models import article


@dataclass
class Sizes:
    """How large everything is, and for how long it is measured."""

    shapes: dict = field(default_factory=lambda: {"text": (50,), "image": (64, 64, 3), "audio": (8000, 1)})
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
        shapes = {"text": (4,), "image": (10, 10, 3), "audio": (40, 1)}
        return cls(shapes, 50, 2, 4, (128, 8), 20, (2, 3), (1, 2), 1e9, 1 << 12, 32, 0.0)


def training_inputs(sizes, batch, seed=0):
    """Random inputs and targets of the article's model."""
    rng = np.random.default_rng(seed)
    inputs = {"text": rng.integers(0, sizes.vocabulary, (batch, *sizes.shapes["text"]))}
    inputs |= {k: rng.standard_normal((batch, *sizes.shapes[k]), np.float32) for k in ("image", "audio")}
    return inputs, rng.integers(0, 2, (batch, 1)).astype(np.float32)


@dataclass
class Case:
    """A layer with an input; ``torch`` makes PyTorch's module and turns our input into its own."""

    layer: object
    shape: tuple
    dx: bool
    torch: object
    last: bool = False  # PyTorch keeps channels second: the input is turned

    def __post_init__(self):
        rng = np.random.default_rng(0)
        ids = len(self.shape) == 2 and not self.dx
        self.layer.build(self.shape[1:])
        self.x = rng.integers(0, 50, self.shape) if ids else rng.standard_normal(self.shape, np.float32)
        self.out = (self.shape[0], *self.layer.output_shape(self.shape[1:]))
        self.dy = rng.standard_normal(self.out, np.float32)
        x, y = math.prod(self.shape), math.prod(self.out)
        self.bytes = 4 * x * (3 if self.dx else 2) + 8 * y  # x for both passes, y, dy, and dx where it is wanted
        self.operations = 2 * self.shape[0] * self.layer.multiply_adds(self.shape[1:]) * (3 if self.dx else 2)

    def plan(self):
        """The plan on the GPU, its input, dy, and the arrays of its gradients by name."""
        self.layer.to("gpu")
        grads = {name: cupy.zeros_like(a) for name, a in self.layer.params.items()}
        homes = {id(a): grads[name] for name, a in self.layer.params.items()}
        plan = make_plan(self.layer, self.shape, Surroundings(np.dtype("f4"), True, self.dx, grads=homes))
        x = cupy.asarray(self.x.astype("i4") if self.x.dtype.kind == "i" else self.x)
        return plan, x, cupy.asarray(self.dy), grads

    def difference(self):
        """The largest difference of output, dx and gradients from the textbook's on the CPU."""
        y, cache = self.layer.to("cpu").forward(self.x, training=True)
        dx, own = self.layer.backward(self.dy, cache)
        plan, x, dy, grads = self.plan()
        pairs = [(plan.forward(x, None), y), (plan.backward(dy), dx), *((grads[k], own[k]) for k in own)]
        found = max(float(abs(a.get() - b).max() / abs(b).max()) for a, b in pairs if a is not None and b is not None)
        self.layer.to("cpu")
        return found


def layer_cases(sizes):
    """name -> Case. The article's layers, and a deeper convolution, a wide Dense and a larger LSTM."""
    N, (T,), shapes = sizes.batch, sizes.shapes["text"], sizes.shapes
    conv2d = mm.Sequential(mm.Conv2D(32, 3), mm.ReLU(), mm.MaxPool2D(2))
    conv1d = mm.Sequential(mm.Conv1D(32, 3), mm.ReLU(), mm.MaxPool1D(2))
    deep = mm.Sequential(mm.Conv2D(64, 3, padding="same"), mm.ReLU(), mm.MaxPool2D(2))
    joint = 128 + math.prod(conv2d.output_shape(shapes["image"])) + math.prod(conv1d.output_shape(shapes["audio"]))
    side = shapes["image"][0] // 2

    def in_torch(make):
        return lambda nn: make(nn)

    cases = {
        "Conv2D + ReLU + pool": Case(conv2d, (N, *shapes["image"]), False, in_torch(
            lambda nn: nn.Sequential(nn.Conv2d(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2))), True),
        "Conv1D + ReLU + pool": Case(conv1d, (N, *shapes["audio"]), False, in_torch(
            lambda nn: nn.Sequential(nn.Conv1d(1, 32, 3), nn.ReLU(), nn.MaxPool1d(2))), True),
        "Conv2D 64->64 + ReLU + pool": Case(deep, (N, side, side, 64), True, in_torch(
            lambda nn: nn.Sequential(nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))), True),
        "Dense + ReLU": Case(mm.Sequential(mm.Dense(sizes.wide), mm.ReLU()), (8 * N, sizes.wide), True, in_torch(
            lambda nn: nn.Sequential(nn.Linear(sizes.wide, sizes.wide), nn.ReLU()))),
        "Dense, the joint to 1 unit": Case(mm.Dense(1), (N, joint), True, in_torch(lambda nn: nn.Linear(joint, 1))),
        "Embedding": Case(mm.Embedding(sizes.vocabulary, 128), (N, T), False, in_torch(
            lambda nn: nn.Embedding(sizes.vocabulary, 128))),
    }  # fmt: skip
    for units in sizes.units:
        cases[f"LSTM {units}"] = Case(mm.LSTM(units), (N, T, units), True, in_torch(
            lambda nn, units=units: LastOf(nn.LSTM(units, units, batch_first=True))))  # fmt: skip
    return cases


class LastOf:
    """PyTorch's LSTM, of which only the last output is used."""

    def __init__(self, lstm):
        self.lstm = lstm

    def to(self, *arguments, **options):
        self.lstm.to(*arguments, **options)
        return self

    def zero_grad(self):
        self.lstm.zero_grad()

    def __call__(self, x):
        return self.lstm(x)[0][:, -1]


def torch_on_gpu():
    """The module torch where it can compute on the GPU, else None."""
    try:
        import torch
    except ImportError:
        return None
    if not torch.cuda.is_available():
        return None
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    return torch


def recorded(run):
    """The same work as a CUDA graph."""
    stream, pool = cupy.cuda.Stream(non_blocking=True), cupy.cuda.MemoryPool()
    cupy.cuda.Device().synchronize()
    with stream, cupy.cuda.using_allocator(pool.malloc):
        run()
        stream.begin_capture()
        run()
        graph = stream.end_capture()

    def replay():
        graph.launch(stream=stream)

    replay.kept = run, pool
    return replay


def layer_contestants(case):
    """Functions that do one forward and backward pass: textbook on CuPy, the engine plain and replayed, PyTorch."""
    plan, x, dy, _ = case.plan()

    def textbook():
        _, cache = case.layer.forward(x, training=True)
        case.layer.backward(dy, cache)

    def gpu():
        plan.forward(x, None)
        plan.backward(dy)

    contestants = {"textbook on CuPy": textbook, "gpu": gpu, "gpu, replayed": recorded(gpu)}
    torch = torch_on_gpu()
    if torch:
        contestants["PyTorch"] = torch_pass(torch, case, torch.contiguous_format)
        if len(case.shape) == 4:
            contestants["PyTorch, channels last"] = torch_pass(torch, case, torch.channels_last)
    return contestants


def torch_pass(torch, case, layout):
    """PyTorch's forward and backward on the same numbers."""
    turn = (lambda a: np.moveaxis(a, -1, 1)) if case.last else (lambda a: a)
    module = case.torch(torch.nn).to("cuda")
    x, dy = (torch.tensor(np.ascontiguousarray(turn(a)), device="cuda") for a in (case.x, case.dy))
    if len(case.shape) == 4:
        module, x, dy = module.to(memory_format=layout), x.to(memory_format=layout), dy.to(memory_format=layout)
    x.requires_grad_(case.dx)

    def run():
        x.grad = None
        module.zero_grad()
        module(x).backward(dy)

    return run


def adam_contestants(sizes):
    """One update of as many parameters as the article's model has: -> contestants, how many parameters."""
    model, _ = article(sizes.shapes, sizes.vocabulary, 2, "binary")
    model.build(sizes.shapes)
    size = sum(a.size for a in model.params.values())
    optimizer = mm.Adam()
    parameters = Parameters(model, optimizer)
    parameters.take_slots()
    updater, loss = Updater(optimizer, parameters.dtype), cupy.zeros(1, "f4")
    parameters.grads[...] = 1e-3
    control = cupy.zeros(SCALARS, np.uint64)
    control[...] = cupy.asarray(updater.scalars().view(np.uint64))
    run = lambda: updater.update(parameters, loss, control)  # noqa: E731
    contestants = {"gpu": run, "gpu, replayed": recorded(run)}
    torch = torch_on_gpu()
    if torch:
        leaves = [torch.ones(a.shape, device="cuda", requires_grad=True) for a in model.params.values()]
        for leaf in leaves:
            leaf.grad = torch.full_like(leaf, 1e-3)
        contestants["PyTorch, fused"] = torch.optim.Adam(leaves, fused=True).step
    return contestants, size


def step_contestants(sizes, batch, only=None):
    """Functions that do one training step of the article's model: -> contestants, remarks. only: some of their names."""
    inputs, targets = training_inputs(sizes, batch)
    on_gpu = mm.to_device((inputs, targets))

    def own(engine, place, captures=True, **options):
        model, loss = article(sizes.shapes, sizes.vocabulary, 2, "binary")
        model.build(sizes.shapes)
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
    contestants = {name: make() for name, make in makers.items() if only is None or name in only}
    torch, remarks = torch_on_gpu(), {}
    if torch and only is None:
        from gpu_torch import torch_steps

        found, remarks = torch_steps(torch, inputs, targets, sizes.vocabulary)
        contestants |= found
    return contestants, remarks
