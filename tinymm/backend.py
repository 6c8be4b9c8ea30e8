"""NumPy or CuPy: the array itself decides.

No global switch chooses where tinymm computes. Every function asks the array it was given, and CuPy
is imported only when an array of its kind turns up or when somebody asks for the GPU.
"""

import numpy as np

from tinymm.errors import TinymmError


def is_cupy(x):
    """True for a CuPy array. Never imports CuPy."""
    return type(x).__module__.partition(".")[0] == "cupy"


def array_module(*arrays):
    """The module, ``numpy`` or ``cupy``, that the arrays belong to.

    Raises TinymmError when NumPy and CuPy arrays are mixed.
    """
    on_gpu = [is_cupy(x) for x in arrays if hasattr(x, "dtype")]
    if not any(on_gpu):
        return np
    if not all(on_gpu):
        raise TinymmError("NumPy and CuPy arrays are mixed in one operation: move both with to_device or to_host")
    import cupy

    return cupy


def refuse_two_kinds(**arrays):
    """Raises TinymmError when some of the arrays are on the GPU and some are not, and says which are where."""
    where = {name: "GPU" if is_cupy(x) else "CPU" for name, x in arrays.items() if hasattr(x, "dtype")}
    if len(set(where.values())) > 1:
        told = [f"{' and '.join(n for n in where if where[n] == place)} on the {place}" for place in ("GPU", "CPU")]
        raise TinymmError(
            f"NumPy and CuPy arrays are mixed, {', '.join(told)}: move the ones with to_device, or the others with to_host"
        )


def to_device(x):
    """Copy NumPy arrays (one, or a dict, tuple or list of them) to the GPU as CuPy arrays.

    Raises TinymmError when CuPy or a GPU is missing.
    """
    cupy = require_gpu()
    return _map(x, lambda a: cupy.asarray(a) if hasattr(a, "dtype") else a)


def to_host(x):
    """Copy CuPy arrays (one, or a dict, tuple or list of them) to NumPy. NumPy arrays pass through."""
    return _map(x, lambda a: a.get() if is_cupy(a) else a)


def write(array, values):
    """array[...] = values, wherever the two are."""
    array[...] = array_module(array).asarray(values) if is_cupy(array) else to_host(values)


def take(inputs, chosen):
    """The chosen samples (an index array or a slice) of an array or of a dict of arrays."""
    return {k: x[chosen] for k, x in inputs.items()} if isinstance(inputs, dict) else inputs[chosen]


def _map(x, move):
    if isinstance(x, dict):
        return {key: _map(value, move) for key, value in x.items()}
    if isinstance(x, (tuple, list)):
        return type(x)(_map(value, move) for value in x)
    return move(x)


def require_gpu():
    """The module cupy. Raises TinymmError, saying what to install or to mend, where it cannot compute."""
    try:
        import cupy
    except ImportError as error:
        why = "is not installed" if isinstance(error, ModuleNotFoundError) else f"cannot be imported ({error})"
        raise TinymmError(
            f'CuPy {why}: pip install -e ".[cuda12]" (or cuda13) in the clone; on Colab choose a runtime with a GPU, which has it'
        ) from None
    try:
        if not cupy.is_available():
            raise TinymmError("CuPy is installed but finds no usable GPU: `tinymm doctor` tells more")
        cupy.ones(1)
    except (ImportError, RuntimeError) as error:
        raise TinymmError(f"CuPy is installed but cannot compute ({error}): `tinymm doctor` tells more") from None
    return cupy


def random_bits(seed, shape, xp=np):
    """Independent random 64-bit integers (uint64) of the given shape, from a counter.

    Number k is the SplitMix64 hash of (seed, k), so the same seed gives the same numbers on the CPU
    and on the GPU, in any order of evaluation. Source: Steele, Lea and Flood, "Fast splittable
    pseudorandom number generators", OOPSLA 2014, figure 16.
    """
    size = int(np.prod(shape))
    seed = (int(seed) * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % 2**64
    z = (xp.arange(1, size + 1, dtype=xp.uint64) * xp.uint64(0x9E3779B97F4A7C15)) + xp.uint64(seed)
    z = (z ^ (z >> xp.uint64(30))) * xp.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> xp.uint64(27))) * xp.uint64(0x94D049BB133111EB)
    return (z ^ (z >> xp.uint64(31))).reshape(shape)
