"""Every optimizer against PyTorch over 20 steps in float64."""

import numpy as np
import pytest
from numeric import normal

import tinymm as mm
from tinymm.optimizers import clip_by_global_norm

torch = pytest.importorskip("torch")
PAIRS = {
    "SGD": (mm.SGD(0.05), lambda p: torch.optim.SGD(p, lr=0.05)),
    "Momentum": (mm.Momentum(0.05, 0.8), lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.8)),
    "Adam": (
        mm.Adam(0.01, 0.85, 0.97, 1e-6),
        lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.85, 0.97), eps=1e-6),
    ),
    "AdamW": (
        mm.AdamW(0.01, weight_decay=0.1),
        lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_twenty_steps_lead_to_the_same_place(name):
    optimizer, make = PAIRS[name]
    rng = np.random.default_rng(0)
    params = {"W": normal(rng, 3, 4), "b": normal(rng, 4)}
    leaves = {k: torch.tensor(a.copy(), requires_grad=True) for k, a in params.items()}
    reference = make(list(leaves.values()))
    for _ in range(20):
        grads = {k: normal(rng, *a.shape) for k, a in params.items()}
        optimizer.update(params, grads)
        for k, leaf in leaves.items():
            leaf.grad = torch.tensor(grads[k])
        reference.step()
        for k, leaf in leaves.items():
            np.testing.assert_allclose(params[k], leaf.detach().numpy(), rtol=1e-12, atol=1e-13)


def test_clipping_by_the_global_norm():
    rng = np.random.default_rng(1)
    grads = {"W": normal(rng, 3, 4), "b": normal(rng, 4)}
    leaves = [torch.zeros(g.shape, dtype=torch.float64) for g in grads.values()]
    for leaf, g in zip(leaves, grads.values()):
        leaf.grad = torch.tensor(g.copy())
    norm = torch.nn.utils.clip_grad_norm_(leaves, 0.7)
    clipped, own_norm = clip_by_global_norm(grads, 0.7)
    assert own_norm == pytest.approx(norm.item(), rel=1e-13)
    for leaf, g in zip(leaves, clipped.values()):
        np.testing.assert_allclose(g, leaf.grad.numpy(), rtol=1e-5)  # PyTorch divides by the norm plus 1e-6
