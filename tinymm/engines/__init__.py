"""Engines carry out training steps. All keep one contract: ``step(inputs, targets)`` and ``predict(inputs)``."""

from tinymm.backend import is_cupy, require_gpu
from tinymm.engines.cpu import CpuEngine
from tinymm.engines.textbook import TextbookEngine
from tinymm.errors import TinymmError

ENGINES = ("textbook", "cpu", "gpu")


def make_engine(model, loss, optimizer, engine="auto", seed=0, deterministic=True):
    """An engine for this model, loss and optimizer.

    engine is "textbook", which runs the layers' own code; "cpu", which plans the whole step for NumPy arrays; "gpu", which
    plans it as CUDA kernels and moves the model there; or "auto": "gpu" for a model that is on the GPU, else "cpu".
    seed fixes what Dropout draws. The CPU's results are the same to the last bit in every run, and so are the GPU's unless
    ``deterministic`` is False, which allows what may be a little faster. Raises TinymmError for another name, and for
    "gpu" where there is no CuPy or no GPU.
    """
    require_engine(engine)
    if engine == "auto":
        engine = "gpu" if any(map(is_cupy, model.params.values())) else "cpu"
    if engine == "gpu":
        from tinymm.engines.gpu import GpuEngine

        return GpuEngine(model, loss, optimizer, seed, deterministic)
    return {"textbook": TextbookEngine, "cpu": CpuEngine}[engine](model, loss, optimizer, seed)


def require_engine(engine):
    """Raises TinymmError for a name that is no engine's, and for "gpu" where nothing can compute on one."""
    if engine not in ("auto", *ENGINES):
        raise TinymmError(f"unknown engine {engine!r}: choose auto, {', '.join(ENGINES[:-1])} or {ENGINES[-1]}")
    if engine == "gpu":
        require_gpu()
