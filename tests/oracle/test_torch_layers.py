"""Every layer against PyTorch: outputs and all gradients in float64, for random upstream gradients."""

import numpy as np
import pytest
from numeric import gradients_of, normal

from tinymm.layers import averagepool, globalpool, maxpool
from tinymm.layers.batchnorm import BatchNorm, batchnorm_backward, batchnorm_forward
from tinymm.layers.concatenate import concatenate_backward, concatenate_forward
from tinymm.layers.conv1d import conv1d_backward, conv1d_forward
from tinymm.layers.conv2d import conv2d_backward, conv2d_forward
from tinymm.layers.dense import dense_backward, dense_forward
from tinymm.layers.dropout import dropout_backward, dropout_forward
from tinymm.layers.embedding import embedding_backward, embedding_forward
from tinymm.layers.flatten import flatten_backward, flatten_forward
from tinymm.layers.layernorm import layernorm_backward, layernorm_forward
from tinymm.layers.lstm import lstm_backward, lstm_forward
from tinymm.layers.relu import relu_backward, relu_forward
from tinymm.layers.rnn import rnn_backward, rnn_forward
from tinymm.layers.sigmoid import sigmoid_backward, sigmoid_forward
from tinymm.layers.softmax import softmax_backward, softmax_forward
from tinymm.layers.tanh import tanh_backward, tanh_forward
from tinymm.layers.timedistributed import timedistributed_backward, timedistributed_forward

torch = pytest.importorskip("torch")
F = torch.nn.functional


def assert_agrees(forward, backward, reference, arrays, rng, **options):
    """The pair and the PyTorch function agree to 1e-10 in the output and in every gradient."""
    y, cache = forward(*arrays, **options)
    dy = normal(rng, *y.shape)
    leaves = [torch.tensor(np.ascontiguousarray(a), requires_grad=True) for a in arrays]
    want = reference(*leaves)
    want.backward(torch.tensor(dy))
    np.testing.assert_allclose(y, want.detach().numpy(), rtol=1e-10, atol=1e-12)
    for got, leaf in zip(gradients_of(backward, dy, cache), leaves, strict=True):
        np.testing.assert_allclose(got, leaf.grad.numpy(), rtol=1e-10, atol=1e-12)


def draw(seed, *shapes):
    rng = np.random.default_rng(seed)
    return rng, [normal(rng, *shape) for shape in shapes]


def channels_first(function, x, *rest, **options):
    """Run a PyTorch function, which wants channels on axis 1, on x (N, ..., C)."""
    return function(x.movedim(-1, 1), *rest, **options).movedim(1, -1)


@pytest.mark.parametrize("shape", [(5, 3), (2, 4, 3)])
def test_dense(shape):
    rng, arrays = draw(0, shape, (3, 4), (4,))
    assert_agrees(dense_forward, dense_backward, lambda x, W, b: F.linear(x, W.T, b), arrays, rng)


@pytest.mark.parametrize(("k", "stride", "padding"), [(3, 1, 0), (3, 2, 1), (2, 3, 2), (1, 2, 0), (5, 1, 4)])
def test_conv1d(k, stride, padding):
    rng, arrays = draw(1, (3, 11, 4), (k, 4, 5), (5,))
    reference = lambda x, W, b: channels_first(F.conv1d, x, W.permute(2, 1, 0), b, stride, padding)  # noqa: E731
    assert_agrees(conv1d_forward, conv1d_backward, reference, arrays, rng, stride=stride, padding=padding)


@pytest.mark.parametrize(
    ("size", "stride", "padding"),
    [((3, 3), (1, 1), (0, 0)), ((3, 2), (2, 1), (1, 2)), ((1, 2), (3, 4), (0, 1))],
)
def test_conv2d(size, stride, padding):
    rng, arrays = draw(2, (2, 8, 9, 3), (*size, 3, 4), (4,))
    reference = lambda x, W, b: channels_first(F.conv2d, x, W.permute(3, 2, 0, 1), b, stride, padding)  # noqa: E731
    assert_agrees(conv2d_forward, conv2d_backward, reference, arrays, rng, stride=stride, padding=padding)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize(("size", "lengths"), [((3, 3), (7, 6)), ((2, 4), (5, 8))])
def test_conv2d_with_same_padding(size, lengths):
    rng, arrays = draw(3, (2, *lengths, 3), (*size, 3, 4), (4,))
    reference = lambda x, W, b: channels_first(F.conv2d, x, W.permute(3, 2, 0, 1), b, 1, "same")  # noqa: E731
    assert_agrees(conv2d_forward, conv2d_backward, reference, arrays, rng, padding="same")


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("size", "stride", "padding"), [(2, 2, 0), (3, 1, 1), (3, 2, 1), (2, 3, 0)])
def test_max_pools(size, stride, padding, ties):
    rng = np.random.default_rng(4)
    options = {"size": size, "stride": stride, "padding": padding}
    for one, reference, shape in (
        ("maxpool1d", F.max_pool1d, (2, 9, 3)),
        ("maxpool2d", F.max_pool2d, (2, 7, 8, 3)),
    ):
        x = rng.integers(-2, 2, shape).astype(float) if ties else normal(rng, *shape)
        pair = getattr(maxpool, f"{one}_forward"), getattr(maxpool, f"{one}_backward")
        assert_agrees(
            *pair, lambda x, f=reference: channels_first(f, x, size, stride, padding), [x], rng, **options
        )


@pytest.mark.parametrize(("size", "stride", "padding"), [(2, 2, 0), (3, 1, 1), (3, 2, 1), (2, 3, 0)])
def test_average_pools(size, stride, padding):
    options = {"size": size, "stride": stride, "padding": padding}
    for one, reference, shape in (
        ("averagepool1d", F.avg_pool1d, (2, 9, 3)),
        ("averagepool2d", F.avg_pool2d, (2, 7, 8, 3)),
    ):
        rng, arrays = draw(5, shape)
        pair = getattr(averagepool, f"{one}_forward"), getattr(averagepool, f"{one}_backward")
        want = lambda x, f=reference: channels_first(f, x, size, stride, padding, count_include_pad=False)  # noqa: E731
        assert_agrees(*pair, want, arrays, rng, **options)


@pytest.mark.parametrize("shape", [(3, 5, 2), (3, 4, 5, 2)])
def test_global_pools(shape):
    places = tuple(range(1, len(shape) - 1))
    rng, arrays = draw(6, shape)
    average = globalpool.globalaveragepool_forward, globalpool.globalaveragepool_backward
    assert_agrees(*average, lambda x: x.mean(dim=places), arrays, rng)
    largest = globalpool.globalmaxpool_forward, globalpool.globalmaxpool_backward
    assert_agrees(*largest, lambda x: x.flatten(1, -2).max(dim=1).values, arrays, rng)


@pytest.mark.parametrize("shape", [(6, 3), (4, 5, 3), (2, 3, 4, 3)])
def test_batchnorm_by_its_batch_and_by_given_moments(shape):
    rng, arrays = draw(7, shape, (3,), (3,))
    mean, variance = normal(rng, 3), rng.uniform(0.5, 2, 3)
    own = lambda x, g, b: F.batch_norm(x.movedim(-1, 1), None, None, g, b, True, eps=1e-3).movedim(1, -1)  # noqa: E731
    assert_agrees(batchnorm_forward, batchnorm_backward, own, arrays, rng, epsilon=1e-3)

    def given(x, g, b):
        moments = torch.tensor(mean), torch.tensor(variance)
        return F.batch_norm(x.movedim(-1, 1), *moments, g, b, False, eps=1e-3).movedim(1, -1)

    options = {"mean": mean, "variance": variance, "epsilon": 1e-3}
    assert_agrees(batchnorm_forward, batchnorm_backward, given, arrays, rng, **options)


def test_running_averages_of_batchnorm():
    layer, reference = BatchNorm(), torch.nn.BatchNorm2d(3, dtype=torch.float64)
    rng = np.random.default_rng(8)
    for _ in range(5):
        x = normal(rng, 4, 3, 2, 3)
        _, cache = layer.forward(x, training=True)
        layer.state = layer.next_state(cache)
        reference(torch.tensor(x).movedim(-1, 1))
    np.testing.assert_allclose(layer.state["mean"], reference.running_mean.numpy(), rtol=1e-12)
    np.testing.assert_allclose(layer.state["variance"], reference.running_var.numpy(), rtol=1e-12)
    want = reference.eval()(torch.tensor(x).movedim(-1, 1)).movedim(1, -1).detach().numpy()
    np.testing.assert_allclose(layer.forward(x)[0], want, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shape", [(3, 5), (2, 4, 5)])
def test_layernorm(shape):
    rng, arrays = draw(9, shape, (5,), (5,))
    assert_agrees(
        layernorm_forward, layernorm_backward, lambda x, g, b: F.layer_norm(x, (5,), g, b, 1e-5), arrays, rng
    )


def test_embedding_of_repeated_tokens():
    rng, arrays = draw(10, (6, 3))
    ids = rng.integers(0, 4, (5, 7))
    pair = (lambda W: embedding_forward(ids, W)), embedding_backward
    assert_agrees(*pair, lambda W: F.embedding(torch.tensor(ids), W), arrays, rng)


def test_embedding_with_a_padding_token():
    rng, arrays = draw(11, (6, 3))
    ids = rng.integers(0, 4, (5, 7))
    backward = lambda dy, cache: embedding_backward(dy, cache, padding_id=2)  # noqa: E731
    reference = lambda W: F.embedding(torch.tensor(ids), W, padding_idx=2)  # noqa: E731
    assert_agrees(lambda W: embedding_forward(ids, W), backward, reference, arrays, rng)


def recurrent(kind, x, W, U, b, *states):
    """PyTorch's own recurrent layer, whose gates come in the same order i, f, g, o."""
    zero = torch.zeros_like(b)
    weights = [W.T, U.T, b, zero]
    has_biases, layers, dropout, train, bidirectional, batch_first = True, 1, 0.0, True, False, True
    start = [s[None] for s in states]
    call = torch._VF.lstm if kind == "lstm" else torch._VF.rnn_tanh
    start = start if kind == "lstm" else start[0]
    return call(x, start, weights, has_biases, layers, dropout, train, bidirectional, batch_first)[0]


@pytest.mark.parametrize(("N", "T", "D", "M"), [(3, 6, 4, 5), (1, 1, 1, 1), (2, 12, 3, 2)])
def test_lstm_and_rnn_with_initial_states(N, T, D, M):
    rng, arrays = draw(12, (N, T, D), (D, 4 * M), (M, 4 * M), (4 * M,), (N, M), (N, M))
    assert_agrees(lstm_forward, lstm_backward, lambda *a: recurrent("lstm", *a), arrays, rng)
    rng, arrays = draw(13, (N, T, D), (D, M), (M, M), (M,), (N, M))
    assert_agrees(rnn_forward, rnn_backward, lambda *a: recurrent("rnn", *a), arrays, rng)


@pytest.mark.parametrize("lengths", [(5, 2, 4), (1, 5, 5)])
def test_lstm_on_padded_texts_ends_as_on_packed_ones(lengths):
    rng, arrays = draw(14, (3, 5, 4), (4, 12), (3, 12), (12,))
    mask = np.arange(5) < np.array(lengths)[:, None]

    def last(x, W, U, b):
        h, cache = lstm_forward(x, W, U, b, mask=mask)
        return h[:, -1], (cache, h.shape)

    def last_backward(dy, cache):
        dh = np.zeros(cache[1])
        dh[:, -1] = dy
        return lstm_backward(dh, cache[0])[:4]

    def reference(x, W, U, b):
        states = (torch.zeros(1, 3, dtype=torch.float64),) * 2
        rows = [recurrent("lstm", x[n : n + 1, :T], W, U, b, *states)[:, -1] for n, T in enumerate(lengths)]
        return torch.cat(rows)

    assert_agrees(last, last_backward, reference, arrays, rng)


@pytest.mark.parametrize(
    ("forward", "backward", "reference"),
    [
        (relu_forward, relu_backward, torch.relu),
        (sigmoid_forward, sigmoid_backward, torch.sigmoid),
        (tanh_forward, tanh_backward, torch.tanh),
        (softmax_forward, softmax_backward, lambda x: torch.softmax(x, dim=-1)),
        (flatten_forward, flatten_backward, torch.flatten),
    ],
    ids=["relu", "sigmoid", "tanh", "softmax", "flatten"],
)
@pytest.mark.parametrize("scale", [1, 20])
def test_functions_without_parameters(forward, backward, reference, scale):
    rng, (x,) = draw(15, (4, 3, 5))
    x[0, 0, 0] = 0
    x = scale * x
    want = reference if reference is not torch.flatten else lambda x: torch.flatten(x, 1)
    assert_agrees(forward, backward, want, [x], rng)


def test_dropout_with_the_same_mask():
    rng, arrays = draw(16, (6, 7))
    keep = torch.tensor(dropout_forward(np.ones((6, 7)), 0.3, 9)[0])
    assert_agrees(dropout_forward, dropout_backward, lambda x: x * keep, arrays, rng, rate=0.3, seed=9)


def test_concatenate():
    rng, arrays = draw(17, (3, 2), (3, 1), (3, 4))
    forward = lambda *xs: concatenate_forward(list(xs))  # noqa: E731
    assert_agrees(forward, concatenate_backward, lambda *xs: torch.cat(xs, dim=-1), arrays, rng)


def test_timedistributed_dense():
    rng, arrays = draw(18, (2, 3, 4), (4, 2), (2,))
    forward = lambda x, W, b: timedistributed_forward(x, lambda frames: dense_forward(frames, W, b))  # noqa: E731

    def frames_backward(dy, cache):
        dx, dW, db = dense_backward(dy, cache)
        return dx, {"W": dW, "b": db}

    def backward(dy, cache):
        dx, grads = timedistributed_backward(dy, cache, frames_backward)
        return dx, grads["W"], grads["b"]

    assert_agrees(forward, backward, lambda x, W, b: F.linear(x, W.T, b), arrays, rng)
