"""The article's training step in PyTorch: eager, as a CUDA graph, and compiled."""

import math


def torch_steps(torch, inputs, targets, vocabulary):
    """-> functions by name, each one step; and remarks about those that could not be made."""
    contestants, remarks = {}, {}
    for layout in ("contiguous", "channels last"):
        contestants[f"PyTorch eager, {layout}"] = eager(torch, inputs, targets, vocabulary, layout == "channels last")
    fastest = min(contestants, key=lambda name: seconds(torch, contestants[name]))
    contestants = {"PyTorch eager": contestants[fastest]}
    remarks["PyTorch eager is"] = fastest.partition(", ")[2]
    for name, make in {"PyTorch, CUDA graph": graphed, "PyTorch, compiled": compiled}.items():
        try:
            contestants[name] = make(torch, inputs, targets, vocabulary, fastest.endswith("last"))
        except Exception as error:  # many parts, of many versions: whatever it is, the others are still measured
            remarks[f"{name} failed"] = str(error).splitlines()[0] if str(error) else type(error).__name__
    return contestants, remarks


def eager(torch, inputs, targets, vocabulary, channels_last):
    """One step, operation by operation."""
    forward_backward, adam = parts(torch, inputs, targets, vocabulary, channels_last, {"fused": True})

    def step():
        adam.zero_grad()
        forward_backward()
        adam.step()

    return step


def graphed(torch, inputs, targets, vocabulary, channels_last):
    """The whole step recorded once and replayed."""
    forward_backward, adam = parts(torch, inputs, targets, vocabulary, channels_last, {"fused": True, "capturable": True})

    def step():
        adam.zero_grad(set_to_none=True)
        forward_backward()
        adam.step()

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def compiled(torch, inputs, targets, vocabulary, channels_last):
    """Forward and backward by torch.compile, with what it does against the cost of launching."""
    compile_ = lambda f: torch.compile(f, mode="reduce-overhead")  # noqa: E731
    forward_backward, adam = parts(torch, inputs, targets, vocabulary, channels_last, {"fused": True}, compile_)

    def step():
        adam.zero_grad()
        forward_backward()
        adam.step()

    step()
    return step


def parts(torch, inputs, targets, vocabulary, channels_last, adam, change=lambda f: f):
    """-> a function that computes loss and gradients, and the optimizer."""
    nn = torch.nn
    layout = torch.channels_last if channels_last else torch.contiguous_format
    text = torch.tensor(inputs["text"], device="cuda")
    image = torch.tensor(inputs["image"], device="cuda").permute(0, 3, 1, 2).contiguous(memory_format=layout)
    audio = torch.tensor(inputs["audio"], device="cuda").permute(0, 2, 1).contiguous()
    wanted = torch.tensor(targets, device="cuda")

    class Listing(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.read = nn.Embedding(vocabulary, 128), nn.LSTM(128, 128, batch_first=True)
            self.see, self.hear = nn.Conv2d(3, 32, 3), nn.Conv1d(1, 32, 3)
            sides = math.prod((n - 2) // 2 for n in image.shape[2:])
            self.join = nn.Linear(128 + 32 * sides + 32 * ((audio.shape[2] - 2) // 2), 1)

        def forward(self, text, image, audio):
            read = self.read(self.words(text))[0][:, -1]
            seen = torch.max_pool2d(torch.relu(self.see(image)), 2).flatten(1)
            heard = torch.max_pool1d(torch.relu(self.hear(audio)), 2).flatten(1)
            return torch.sigmoid(self.join(torch.cat([read, seen, heard], 1)))

    model = Listing().to("cuda").to(memory_format=layout)
    call = change(model)

    def forward_backward():
        nn.functional.binary_cross_entropy(call(text, image, audio), wanted).backward()

    return forward_backward, torch.optim.Adam(model.parameters(), **adam)


def seconds(torch, step, runs=10):
    """How long some steps take, to choose the faster layout."""
    import time

    for _ in range(5):
        step()
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(runs):
        step()
    torch.cuda.synchronize()
    return time.perf_counter() - start
