"""Every layer, container and loss over drawn inputs against PyTorch in float64: outputs and all gradients."""

import numpy as np
import pytest
from drawn.example import for_each, normal
from drawn.layers import LAYERS
from drawn.losses import LOSSES

torch = pytest.importorskip("torch")
from oracle import torch_twin  # noqa: E402

WITHIN = 1e-10


def assert_close(got, leaf):
    """Within 1e-10 of the number, or of 0.1 where it is smaller: LayerNorm of one feature leaves PyTorch 1e-13 for 0.

    PyTorch says None where nothing depends on an array.
    """
    want = np.zeros(got.shape) if leaf.grad is None else leaf.grad.numpy()
    np.testing.assert_allclose(got, want, rtol=WITHIN, atol=0.1 * WITHIN)


def tensors(x):
    """Real arrays as tensors that gather gradients, ids as they are."""
    if isinstance(x, dict):
        return {k: tensors(a) for k, a in x.items()}
    if isinstance(x, tuple):
        return tuple(tensors(a) for a in x)
    return torch.tensor(x.copy(), requires_grad=True) if x.dtype.kind == "f" else x


def listed(x):
    return list(x.values()) if isinstance(x, dict) else list(x) if isinstance(x, tuple) else [x]


@pytest.mark.parametrize("name", LAYERS)
def test_outputs_and_all_gradients_are_those_of_pytorch(name):
    def check(example):
        layer, x = example.built(), tensors(example.x)
        p = {path: torch.tensor(a, requires_grad=True) for path, a in layer.params.items()}
        y, cache = example.forward()
        call = torch_twin.Call(layer, p, example.options.get("training", False))
        mask = example.options.get("mask")
        want = torch_twin.forward(layer, x, call, mask, np.random.default_rng(3))
        np.testing.assert_allclose(y, want.detach().numpy(), rtol=WITHIN, atol=0.1 * WITHIN)
        dy = normal(6, *y.shape)
        dx, grads = layer.backward(dy, cache)
        if want.requires_grad:  # not where all is padding
            want.backward(torch.tensor(dy))
        for got, leaf in zip(listed(dx), listed(x), strict=True):
            assert (got is None) == (not torch.is_tensor(leaf))
            if got is not None:
                assert_close(got, leaf)
        assert grads.keys() == p.keys()
        for path, leaf in p.items():
            assert_close(grads[path], leaf)

    for_each(LAYERS[name], check, share=2)


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_and_its_gradient_are_those_of_pytorch(name):
    def check(example):
        loss, (pred, target) = example.layer, example.x
        leaf = torch.tensor(pred.copy(), requires_grad=True)
        J, cache = loss.forward(pred, target)
        want = torch_twin.loss(loss, leaf, target)
        want.backward()
        np.testing.assert_allclose(J, want.item(), rtol=WITHIN, atol=0.1 * WITHIN)
        assert_close(loss.backward(cache), leaf)

    for_each(LOSSES[name], check, share=4)
