"""Engines carry out training steps. All keep one contract: ``step(inputs, targets)`` and ``predict(inputs)``."""

from tinymm.engines.cpu import CpuEngine
from tinymm.engines.textbook import TextbookEngine
from tinymm.errors import TinymmError

ENGINES = {"textbook": TextbookEngine, "cpu": CpuEngine}


def make_engine(model, loss, optimizer, engine="auto", seed=0):
    """An engine for this model, loss and optimizer.

    engine is "textbook", which runs the layers' own code; "cpu", which plans the whole step for NumPy arrays; or
    "auto", the fastest there is, today "cpu". seed fixes what Dropout draws. Raises TinymmError for another name.
    """
    if engine != "auto" and engine not in ENGINES:
        raise TinymmError(f"unknown engine {engine!r}: choose auto, {' or '.join(ENGINES)}")
    return ENGINES["cpu" if engine == "auto" else engine](model, loss, optimizer, seed)
