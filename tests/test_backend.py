import importlib.util
import sys
import types

import numpy as np
import pytest

import tinymm as mm
from tinymm.backend import (
    array_module,
    is_cupy,
    random_bits,
    refuse_two_kinds,
    require_gpu,
    to_device,
    to_host,
    write,
)  # fmt: skip
from tinymm.equations.dropout import splitmix64
from tinymm.errors import TinymmError


class OnGPU:
    """Stands for a CuPy array where there is no CuPy: only its module's name counts."""

    dtype = np.dtype("float32")

    def get(self):
        return np.ones(2, "float32")


OnGPU.__module__ = "cupy"


def test_the_array_itself_says_which_module_computes():
    assert array_module(np.zeros(2), 3.0, None) is np
    assert array_module() is np
    assert is_cupy(OnGPU()) and not is_cupy(np.zeros(2)) and not is_cupy(np.float32(1))


def test_arrays_of_cpu_and_gpu_do_not_mix():
    with pytest.raises(TinymmError, match="NumPy and CuPy arrays are mixed .* to_device or to_host"):
        array_module(np.zeros(2), OnGPU())


def test_to_host_reaches_into_dicts_lists_and_tuples_and_lets_the_rest_pass():
    here = np.arange(3)
    moved = to_host({"a": OnGPU(), "b": [here, (OnGPU(), None)]})
    np.testing.assert_array_equal(moved["a"], [1, 1])
    assert moved["b"][0] is here
    assert isinstance(moved["b"][1], tuple) and moved["b"][1][1] is None


@pytest.mark.skipif(importlib.util.find_spec("cupy") is not None, reason="CuPy is installed")
def test_without_cupy_to_device_says_what_to_install():
    with pytest.raises(
        TinymmError, match=r'CuPy is not installed: pip install -e "\.\[cuda12\]" \(or cuda13\)'
    ):
        to_device(np.zeros(2))


@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1, 2**64 - 1])
def test_random_bits_are_the_hash_in_plain_integers(seed):
    bits = random_bits(seed, (3, 5))
    assert bits.dtype == np.uint64 and bits.shape == (3, 5)
    assert bits.ravel().tolist() == [splitmix64(seed, k) for k in range(1, 16)]


def test_the_hash_is_the_published_generator():
    # the first outputs of SplitMix64 whose state starts at 1234567, as its authors' test vectors give them
    inverse = pow(0x9E3779B97F4A7C15, -1, 2**64)
    seed = (1234567 - 0x632BE59BD9B4E019) * inverse % 2**64
    assert [splitmix64(seed, k) for k in (1, 2, 3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


def test_random_bits_look_random():
    bits = random_bits(3, (1000, 64))
    shares = [((bits >> np.uint64(k)) & np.uint64(1)).mean() for k in range(64)]
    np.testing.assert_allclose(shares, 0.5, atol=0.01)
    assert len(np.unique(bits)) == bits.size
    assert not (random_bits(4, (1000,)) == bits.ravel()[:1000]).any()


def test_random_bits_of_a_single_number_have_no_axes():
    assert random_bits(1, ()).shape == ()
    assert random_bits(1, (0, 3)).shape == (0, 3)


def test_mixed_arrays_are_told_apart_by_name():
    with pytest.raises(TinymmError, match="mixed, text and audio on the GPU, image on the CPU: move"):
        refuse_two_kinds(text=OnGPU(), image=np.zeros(2), audio=OnGPU())
    refuse_two_kinds(a=np.zeros(1), b=np.zeros(2), c=None)
    refuse_two_kinds(a=OnGPU(), b=OnGPU())


def test_values_are_written_to_where_the_array_is():
    a = np.zeros(2)
    write(a, OnGPU())
    np.testing.assert_array_equal(a, [1, 1])


class FakeCuPy(types.ModuleType):
    """A CuPy on a machine without a GPU, or with a driver that does not fit."""

    def __init__(self, available, error=None):
        super().__init__("cupy")
        self.is_available, self.error = lambda: available, error

    def ones(self, shape):
        raise self.error


@pytest.mark.parametrize("cupy, message", [
    (None, "CuPy is not installed: pip install"), (FakeCuPy(False), "CuPy is installed but finds no usable GPU"),
    (FakeCuPy(True, RuntimeError("driver too old")), r"CuPy is installed but cannot compute \(driver too old\)"),
    (FakeCuPy(True, ImportError("no libnvrtc")), r"cannot compute \(no libnvrtc\): `tinymm doctor`"),
])  # fmt: skip
def test_whatever_the_gpu_lacks_is_told_in_one_sentence(cupy, message, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    model = mm.Sequential(mm.Dense(1))
    model.build((2,))
    for ask in (
        lambda: to_device(np.zeros(2)), lambda: model.to("gpu"), require_gpu,
        lambda: mm.make_engine(model, mm.MeanSquaredError(), mm.SGD(), "gpu"),
        lambda: mm.Trainer(model, mm.MeanSquaredError(), mm.SGD(), engine="gpu"),
    ):  # fmt: skip
        with pytest.raises(TinymmError, match=message):
            ask()
    assert isinstance(model.params["0.W"], np.ndarray)
