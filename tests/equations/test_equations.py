import importlib
import inspect
import pkgutil

import numpy as np
import pytest

import tinymm.layers
from tinymm import equations, losses
from tinymm.equations.windows import axis_padding, axis_windows

SHARED = {
    "maxpool_forward",
    "maxpool_backward",
    "averagepool_forward",
    "averagepool_backward",
}  # 1D and 2D in one


def textbook_functions():
    names = [info.name for info in pkgutil.iter_modules(tinymm.layers.__path__)]
    modules = [importlib.import_module(f"tinymm.layers.{name}") for name in names] + [losses]
    return {
        name: function
        for module in modules
        for name, function in vars(module).items()
        if name.endswith(("_forward", "_backward")) and not name.startswith("_") and name not in SHARED
    }


TEXTBOOK = textbook_functions()


def test_every_textbook_function_stands_here_as_loops_and_no_other():
    assert set(equations.__all__) == set(TEXTBOOK)


@pytest.mark.parametrize("name", equations.__all__)
def test_loops_take_the_arguments_of_the_textbook(name):
    loops, textbook = (inspect.signature(f).parameters for f in (getattr(equations, name), TEXTBOOK[name]))
    assert [(p.name, p.default) for p in loops.values()] == [(p.name, p.default) for p in textbook.values()]


def test_loops_lean_on_no_textbook_code():
    for info in pkgutil.iter_modules(equations.__path__):
        module = importlib.import_module(f"tinymm.equations.{info.name}")
        owners = {inspect.getmodule(value).__name__ for value in vars(module).values() if callable(value)}
        assert all(name.startswith("tinymm.equations") for name in owners), info.name
        assert "tinymm.layers" not in inspect.getsource(module)


@pytest.mark.parametrize(
    ("length", "size", "stride", "expected"),
    [
        (5, 3, 1, (1, 1)),
        (5, 2, 1, (0, 1)),
        (5, 3, 2, (1, 1)),
        (6, 3, 2, (0, 1)),
        (5, 1, 3, (0, 0)),
        (1, 4, 1, (1, 2)),
    ],
)
def test_same_padding_is_that_of_keras(length, size, stride, expected):
    assert axis_padding(length, size, stride, "same") == expected


def test_windows_list_their_real_cells():
    assert axis_windows(4, 3, 2, (1, 0)) == [[(1, 0), (2, 1)], [(0, 1), (1, 2), (2, 3)]]
    assert axis_windows(2, 1, 1, 1) == [[], [(0, 0)], [(0, 1)], []]
    assert axis_windows(2, 3, 1, "valid") == []


@pytest.mark.parametrize("dtype", (np.float32, np.complex64, np.complex128))
def test_loops_keep_the_dtype(dtype):
    x = np.ones((1, 3, 2), dtype)
    W, U, b = np.ones((2, 8), dtype), np.ones((2, 8), dtype), np.ones(8, dtype)
    h, cache = equations.lstm_forward(x, W, U, b)
    assert {h.dtype, *(g.dtype for g in equations.lstm_backward(h, cache))} == {np.dtype(dtype)}
    y, cache = equations.batchnorm_forward(x, b[:2], b[:2])
    assert {y.dtype, *(g.dtype for g in equations.batchnorm_backward(y, cache))} == {np.dtype(dtype)}
    J, cache = equations.cross_entropy_logits_forward(x, x)
    assert J.dtype == equations.cross_entropy_logits_backward(cache).dtype == dtype


def test_a_tiny_convolution_done_by_hand():
    x, W = np.array([[[1.0], [2.0], [3.0]]]), np.array([[[10.0]], [[1.0]]])
    y, cache = equations.conv1d_forward(x, W, np.array([0.5]), padding=((1, 0),))
    np.testing.assert_array_equal(y.ravel(), [1.5, 12.5, 23.5])
    dx, dW, db = equations.conv1d_backward(np.array([[[1.0], [2.0], [4.0]]]), cache)
    np.testing.assert_array_equal(dx.ravel(), [21, 42, 4])
    np.testing.assert_array_equal(dW.ravel(), [2 * 1 + 4 * 2, 1 * 1 + 2 * 2 + 4 * 3])
    np.testing.assert_array_equal(db, [7])


def test_a_tiny_batchnorm_done_by_hand():
    y, _ = equations.batchnorm_forward(np.array([[1.0], [5.0]]), np.array([3.0]), np.array([10.0]), epsilon=0)
    np.testing.assert_array_equal(y, [[7], [13]])
