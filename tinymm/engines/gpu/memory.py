"""When the GPU's memory does not suffice: an error that says how much was wanted, by whom, and what would fit."""

import re

from tinymm.errors import LayerError


class GpuMemoryError(LayerError):
    """A layer wanted more memory than the GPU has left."""


def wanted(message):
    """The bytes that CuPy's error message says were asked for."""
    found = re.search(r"allocating ([\d,]+) bytes", message)
    return int(found.group(1).replace(",", "")) if found else 0


def free_bytes():
    """What the GPU has left, counting what CuPy's pool holds without using it."""
    import cupy

    return cupy.cuda.Device().mem_info[0] + cupy.get_default_memory_pool().free_bytes()


def explain(error, batch, footprint, budget):
    """The same error in one sentence: who wanted how much, and the batch that would fit.

    footprint(n): the bytes a step with n samples takes. budget: the bytes a step may take.
    """
    some = max(1, batch // 16)
    one, two = footprint(some), footprint(2 * some)
    each = max((two - one) / some, 1)
    fits = int((budget - (one - some * each)) / each)
    advice = f"a batch of about {fits} would fit" if 0 < fits < batch else "the model is too large for this GPU"
    return GpuMemoryError(
        f"the GPU's memory is full: {size(wanted(error.message))} more were wanted for a batch of {batch}, and of "
        f"{size(budget)} for a step too little is left; {advice}",
        error.path,
    )


def size(count):
    """1536 -> 1.5 KiB"""
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.4g} {unit}"
        count /= 1024
    return f"{count:.4g} GiB"
