"""When the GPU's memory does not suffice: an error that says how much was wanted, by whom, and what would fit."""

import re

from tinymm.errors import LayerError


class GpuMemoryError(LayerError, MemoryError):
    """A layer wanted more memory than the GPU has left."""


def wanted(message):
    """The bytes that CuPy's error message says were asked for."""
    found = re.search(r"allocating ([\d,]+) bytes", message)
    return int(found.group(1).replace(",", "")) if found else 0


def explain(error, batch, attempt):
    """The same error in one sentence: who wanted how much, and a batch that fits.

    attempt(n) does the work for n samples, and raises MemoryError where they are too many.
    """
    fits, low, high = 0, 0, batch
    while high - low > max(1, batch // 16) or low == 0 and high > 1:
        n = (low + high) // 2
        try:
            attempt(n)
            fits = low = n
        except MemoryError:
            high = n
    advice = f"a batch of {fits} fits" if fits else "not even one sample fits, the model is too large for this GPU"
    return GpuMemoryError(
        f"the GPU's memory is full: {size(wanted(error.message))} more were wanted for a batch of {batch}; {advice}", error.path
    )


def size(count):
    """1536 -> 1.5 KiB"""
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.4g} {unit}"
        count /= 1024
    return f"{count:.4g} GiB"
