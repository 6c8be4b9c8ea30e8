"""Every loss against PyTorch in float64: its value and its gradient."""

import numpy as np
import pytest
from numeric import normal

import tinymm as mm

torch = pytest.importorskip("torch")
F = torch.nn.functional


def assert_agrees(loss, reference, pred, target):
    J, cache = loss.forward(pred, target)
    leaf = torch.tensor(pred, requires_grad=True)
    want = reference(leaf, torch.tensor(target))
    want.backward()
    np.testing.assert_allclose(J, want.item(), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(loss.backward(cache), leaf.grad.numpy(), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("soft", [False, True])
def test_binary_cross_entropy(soft):
    rng = np.random.default_rng(0)
    target = rng.random((6, 3)) if soft else rng.integers(0, 2, (6, 3)).astype(float)
    assert_agrees(mm.BinaryCrossEntropy(), F.binary_cross_entropy, rng.uniform(0.01, 0.99, (6, 3)), target)
    with_logits = mm.BinaryCrossEntropy(from_logits=True)
    for scale in (1, 30, 1000):
        assert_agrees(with_logits, F.binary_cross_entropy_with_logits, scale * normal(rng, 6, 3), target)


@pytest.mark.parametrize("scale", [1, 30, 1000])
def test_cross_entropy_from_logits(scale):
    rng = np.random.default_rng(1)
    z, classes = scale * normal(rng, 6, 4), rng.integers(0, 4, 6)
    loss = mm.CrossEntropy(from_logits=True)
    assert_agrees(loss, F.cross_entropy, z, classes)
    soft = rng.random((6, 4))
    assert_agrees(loss, F.cross_entropy, z, soft / soft.sum(axis=1, keepdims=True))


def test_cross_entropy_of_every_time_step():
    rng = np.random.default_rng(2)
    z, classes = normal(rng, 2, 5, 4), rng.integers(0, 4, (2, 5))
    reference = lambda z, t: F.cross_entropy(z.movedim(-1, 1), t)  # noqa: E731
    assert_agrees(mm.CrossEntropy(from_logits=True), reference, z, classes)


def test_cross_entropy_of_probabilities():
    rng = np.random.default_rng(3)
    p, classes = rng.uniform(0.05, 0.9, (6, 4)), rng.integers(0, 4, 6)
    assert_agrees(mm.CrossEntropy(), lambda p, t: F.nll_loss(torch.log(p), t), p, classes)


def test_mean_squared_error():
    rng = np.random.default_rng(4)
    assert_agrees(mm.MeanSquaredError(), F.mse_loss, normal(rng, 5, 2, 3), normal(rng, 5, 2, 3))
