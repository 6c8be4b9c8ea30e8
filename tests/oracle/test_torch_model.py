"""A whole model like the article's, trained for 20 steps beside the same model in PyTorch."""

import numpy as np
import pytest
from numeric import normal

import tinymm as mm

torch = pytest.importorskip("torch")
F = torch.nn.functional


def own_model():
    image = mm.Sequential(
        mm.Conv2D(4, 3, padding="same"), mm.BatchNorm(), mm.ReLU(), mm.MaxPool2D(2), mm.Flatten()
    )
    audio = mm.Sequential(mm.Conv1D(3, 5, stride=2), mm.Tanh(), mm.MaxPool1D(2), mm.GlobalAveragePool())
    text = mm.Sequential(mm.Embedding(9, 4, padding_id=0), mm.LSTM(5))
    model = mm.Sequential(mm.Concatenate(text=text, image=image, audio=audio), mm.LayerNorm(), mm.Dense(3))
    model.build({"text": (6,), "image": (6, 8, 3), "audio": (30, 1)}, np.random.default_rng(0), np.float64)
    return model


def torch_forward(p, x, lengths):
    """The same forward pass in PyTorch's functions, for parameters p by path."""
    image = torch.tensor(x["image"]).movedim(-1, 1)
    image = F.conv2d(image, p["image.0.W"].permute(3, 2, 0, 1), p["image.0.b"], padding=1)
    image = F.batch_norm(image, None, None, p["image.1.gamma"], p["image.1.beta"], True)
    image = F.max_pool2d(torch.relu(image), 2).movedim(1, -1).flatten(1)
    audio = torch.tensor(x["audio"]).movedim(-1, 1)
    audio = torch.tanh(F.conv1d(audio, p["audio.0.W"].permute(2, 1, 0), p["audio.0.b"], 2))
    audio = F.max_pool1d(audio, 2).mean(dim=-1)
    words = F.embedding(torch.tensor(x["text"]), p["text.0.W"], padding_idx=0)
    states = (torch.zeros(1, 1, 5, dtype=torch.float64),) * 2
    weights = [p["text.1.W"].T, p["text.1.U"].T, p["text.1.b"], torch.zeros_like(p["text.1.b"])]
    rows = [
        torch._VF.lstm(words[n : n + 1, :T], states, weights, True, 1, 0.0, True, False, True)[0][:, -1]
        for n, T in enumerate(lengths)
    ]
    joined = torch.cat([torch.cat(rows), image, audio], dim=1)
    joined = F.layer_norm(joined, joined.shape[1:], p["1.gamma"], p["1.beta"])
    return F.linear(joined, p["2.W"].T, p["2.b"])


def test_twenty_training_steps_give_the_losses_and_weights_of_pytorch():
    model, rng = own_model(), np.random.default_rng(1)
    leaves = {path: torch.tensor(a.copy(), requires_grad=True) for path, a in model.params.items()}
    reference = torch.optim.AdamW(leaves.values(), lr=0.003, weight_decay=0.05)
    engine = mm.make_engine(
        model, mm.CrossEntropy(from_logits=True), mm.AdamW(0.003, weight_decay=0.05), engine="textbook"
    )
    for _ in range(20):
        lengths = rng.integers(1, 7, 4)
        text = np.where(np.arange(6) < lengths[:, None], rng.integers(1, 9, (4, 6)), 0)
        x = {"text": text, "image": normal(rng, 4, 6, 8, 3), "audio": normal(rng, 4, 30, 1)}
        classes = rng.integers(0, 3, 4)
        reference.zero_grad()
        want = F.cross_entropy(torch_forward(leaves, x, lengths.tolist()), torch.tensor(classes))
        want.backward()
        reference.step()
        assert engine.step(x, classes) == pytest.approx(want.item(), rel=1e-8)
    for path, leaf in leaves.items():
        np.testing.assert_allclose(
            model.params[path], leaf.detach().numpy(), rtol=1e-6, atol=1e-8, err_msg=path
        )
