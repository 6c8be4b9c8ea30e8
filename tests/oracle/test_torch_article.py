"""The article's listing (section 5.2), trained by the Trainer and by PyTorch from the same start: the same numbers."""

import numpy as np
import pytest

import tinymm as mm
from tinymm.models import article

torch = pytest.importorskip("torch")
F = torch.nn.functional
STEPS, SAMPLES, BATCH = 20, 80, 16


class Listing(torch.nn.Module):
    """The listing in PyTorch, with tinymm's parameters by path, in PyTorch's own layout of axes."""

    def __init__(self, params):
        super().__init__()
        self.p = torch.nn.ParameterDict({k.replace(".", "_"): torch.nn.Parameter(torch.tensor(a.copy())) for k, a in params.items()})

    def forward(self, text, image, audio):
        p = self.p
        words = F.embedding(text, p["text_0_W"])
        zero = torch.zeros(1, len(text), 128, dtype=torch.float64)
        weights = [p["text_1_W"].T, p["text_1_U"].T, p["text_1_b"], torch.zeros_like(p["text_1_b"])]
        read = torch._VF.lstm(words, (zero, zero), weights, True, 1, 0.0, True, False, True)[0][:, -1]
        seen = F.conv2d(image.movedim(-1, 1), p["image_0_W"].permute(3, 2, 0, 1), p["image_0_b"])
        seen = F.max_pool2d(torch.relu(seen), 2).movedim(1, -1).flatten(1)
        heard = F.conv1d(audio.movedim(-1, 1), p["audio_0_W"].permute(2, 1, 0), p["audio_0_b"])
        heard = F.max_pool1d(torch.relu(heard), 2).movedim(1, -1).flatten(1)
        return torch.sigmoid(torch.cat([read, seen, heard], dim=1) @ p["1_W"] + p["1_b"])


@pytest.mark.parametrize("engine", ["textbook", "cpu"])
def test_twenty_steps_of_the_listing_give_the_losses_and_weights_of_pytorch_to_1e_9(engine):
    rng = np.random.default_rng(7)
    x = {
        "text": rng.integers(0, 300, (SAMPLES, 12)),
        "image": rng.random((SAMPLES, 14, 16, 3)),
        "audio": rng.normal(size=(SAMPLES, 100, 1)),
    }
    t = rng.integers(0, 2, (SAMPLES, 1)).astype(float)
    model, loss = article({k: a.shape[1:] for k, a in x.items()}, vocabulary=300, labels=2, kind="binary")
    model.build({k: a.shape[1:] for k, a in x.items()}, rng, np.float64)
    twin = Listing(model.params)
    adam = torch.optim.Adam(twin.parameters(), lr=0.001)
    losses = []

    class Watch:
        """Lets PyTorch train on the very batches of the Trainer."""

        def batch(self, position, batches, value):
            losses.append(value)

        def epoch(self, row):
            pass

    batches = []

    def record(inputs, rng):
        batches.append(inputs)
        return inputs

    trainer = mm.Trainer(model, loss, mm.Adam(0.001), engine=engine, seed=3)
    trainer.fit(x, t, epochs=STEPS * BATCH // SAMPLES, batch_size=BATCH, observer=Watch(), augment=record)
    assert len(losses) == STEPS
    row = {a.tobytes(): n for n, a in enumerate(x["audio"])}
    for inputs, value in zip(batches, losses):
        chosen = [row[a.tobytes()] for a in inputs["audio"]]
        adam.zero_grad()
        pred = twin(*(torch.tensor(inputs[k]) for k in ("text", "image", "audio")))
        want = F.binary_cross_entropy(pred, torch.tensor(t[chosen]))
        want.backward()
        adam.step()
        assert value == pytest.approx(want.item(), abs=1e-9, rel=1e-9)
    for path, W in model.params.items():
        np.testing.assert_allclose(W, twin.p[path.replace(".", "_")].detach().numpy(), rtol=0, atol=1e-9, err_msg=path)
