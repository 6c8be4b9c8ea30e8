"""tinymm: a multimodal video model by hand, in NumPy and CuPy. Usually ``import tinymm as mm``."""

from tinymm.backend import array_module, to_device, to_host
from tinymm.engines import make_engine
from tinymm.errors import NonFiniteError, ShapeError, TinymmError
from tinymm.gradcheck import gradcheck
from tinymm.layers import *  # noqa: F403
from tinymm.layers import __all__ as _layers
from tinymm.losses import BinaryCrossEntropy, CrossEntropy, MeanSquaredError
from tinymm.optimizers import SGD, Adam, AdamW, Momentum
from tinymm.saving import load, save
from tinymm.training import Trainer

__version__ = "0.1.0"
__all__ = [
    *_layers, "SGD", "Adam", "AdamW", "BinaryCrossEntropy", "CrossEntropy", "MeanSquaredError", "Momentum",
    "NonFiniteError", "ShapeError", "TinymmError", "Trainer", "array_module", "gradcheck", "load", "make_engine", "save", "to_device",
    "to_host", "view",  # noqa: F405
]  # fmt: skip


def __getattr__(name):
    """``view`` is loaded when somebody asks for it."""
    if name == "view":
        from tinymm.viewer import view

        return view
    raise AttributeError(f"module 'tinymm' has no attribute {name!r}")
