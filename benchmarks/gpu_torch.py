"""PyTorch's contestants of ``benchmarks/gpu.py``, with tinymm's weights: single layers, Adam, and the article's step
eager, as a CUDA graph, and compiled."""

import functools
import time

from tinymm.bench.pytorch import ends, memory_format, placed, tensor, twin


@functools.cache
def torch_on_gpu():
    """-> the module torch, or None, and a sentence: its versions, or why it cannot compute on the GPU."""
    try:
        import torch

        if not torch.cuda.is_available():
            return None, f"PyTorch {torch.__version__} finds no GPU"
        torch.ones(1, device="cuda").sum().item()
    except Exception as error:  # a half-installed package can fail in any way, and the others are measured all the same
        return None, f"PyTorch cannot be used: {first_line(error)}"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    return torch, f"PyTorch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}"


def first_line(error):
    """An error in one line."""
    return f"{type(error).__name__}: {str(error).strip() or 'no message'}".splitlines()[0][:300]


def lazily(make):
    """A run that is made when it is first called, so that one which cannot be made spoils no other."""
    made = []

    def run():
        if not made:
            made.append(make())
        return made[0]()

    return run


def layer_passes(work, device="cuda"):
    """name -> function that does forward and backward of a layer: one, or two where pictures can lie in memory in two ways."""
    found = {"PyTorch": lazily(lambda: _layer_pass(work, False, device))}
    if len(work.shape) == 4:
        found["PyTorch, channels last"] = lazily(lambda: _layer_pass(work, True, device))
    return found


def _layer_pass(work, channels_last, device):
    layer, (x, dy) = work.layer(), work.arrays()
    net = twin(layer).to(device).to(memory_format=memory_format(channels_last))
    into, upstream = (tensor(a, end, channels_last).to(device) for a, end in zip((x, dy), ends(layer)))
    into.requires_grad_(work.dx)

    def run():
        into.grad = None
        net.zero_grad()
        net(into).backward(upstream)
        return into.grad

    return run


def adam_step(shapes, device="cuda"):
    """One update of parameters of these shapes by the fused Adam."""
    import torch

    leaves = [torch.ones(shape, device=device, requires_grad=True) for shape in shapes]
    for leaf in leaves:
        leaf.grad = torch.full_like(leaf, 1e-3)
    return torch.optim.Adam(leaves, fused=True).step


def training_steps(model, inputs, targets):
    """Training steps of a model on the host -> functions by name, each one step, and remarks on those that could not be made."""
    layouts = {"contiguous": False, "channels last": True}
    steps = {name: eager(model, inputs, targets, last) for name, last in layouts.items()}
    fastest = min(steps, key=lambda name: _seconds(steps[name]))
    found, remarks = {"PyTorch eager": steps[fastest]}, {"PyTorch eager is": fastest}
    for name, make in {"PyTorch, CUDA graph": graphed, "PyTorch, compiled": compiled}.items():
        try:
            found[name] = make(model, inputs, targets, layouts[fastest])
        except Exception as error:  # many parts, of many versions: whatever it is, the others are still measured
            remarks[f"{name} failed"] = first_line(error)
    return found, remarks


def eager(model, inputs, targets, channels_last, device="cuda", change=lambda net: net, **adam):
    """One step, operation by operation; it gives the loss."""
    import torch

    net, inputs, targets = placed(model, inputs, targets, channels_last, device)
    call, optimizer = change(net), torch.optim.Adam(net.parameters(), fused=True, **adam)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.binary_cross_entropy(call(inputs), targets)
        loss.backward()
        optimizer.step()
        return loss

    return step


def graphed(model, inputs, targets, channels_last):
    """The whole step recorded once and replayed."""
    import torch

    step, side = eager(model, inputs, targets, channels_last, capturable=True), torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    graph.replay()
    torch.cuda.synchronize()
    return graph.replay


def compiled(model, inputs, targets, channels_last):
    """Forward and backward by torch.compile, with what it does against the cost of launching."""
    import torch

    step = eager(model, inputs, targets, channels_last, change=lambda net: torch.compile(net, mode="reduce-overhead"))
    for _ in range(3):  # compiles, then records
        step()
    torch.cuda.synchronize()
    return step


def _seconds(step, runs=10):
    """How long some steps take, to choose the faster layout."""
    import torch

    for _ in range(5):
        step()
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(runs):
        step()
    torch.cuda.synchronize()
    return time.perf_counter() - start
