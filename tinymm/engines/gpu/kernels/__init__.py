"""The CUDA kernels, each in a file of its own, and how they are compiled and launched.

A kernel is compiled for the case at hand: the dtype and the numbers that are known beforehand (kernel sizes,
channels, units) are defined as macros in front of the source, so that loops unroll and divisions become
multiplications. CuPy keeps what is compiled on disk. Every file opens with the equation it computes, its launch shape
and the bytes it moves.
"""

import functools
from pathlib import Path

FOLDER = Path(__file__).parent
LIBRARIES = {"sgd": "step", "momentum": "step", "adam": "step"}  # device code that several kernels begin with


def source(name, dtype, **macros):
    """The CUDA source of kernel ``name`` for one dtype and one set of macros, as the compiler gets it."""
    number = "double" if dtype == "f8" else "float"
    macros = [f"#define {key} {int(value)}" for key, value in macros.items()]
    library = [_read(f"{LIBRARIES[name]}.cuh")] if name in LIBRARIES else []
    return "\n".join([f"typedef {number} T;", _read("prelude.cuh"), *library, *macros, _read(f"{name}.cu")])


def _read(file):
    return (FOLDER / file).read_text(encoding="utf-8")


@functools.cache
def kernel(name, dtype, **macros):
    """The compiled kernel: call it with (grid, block, arguments). Whole numbers go in as 64 bits, the others as double."""
    import cupy

    module = cupy.RawModule(code=source(name, dtype, **macros), options=("-std=c++17",))
    return module.get_function(name)
