"""A recipe: every choice of a training run, as a file beside its results, so that it can be taken up again."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tinymm.data import Augment, Settings
from tinymm.errors import TinymmError
from tinymm.files import atomic_write
from tinymm.models import MODELS
from tinymm.optimizers import Adam, AdamW

# What a model is trained with unless told otherwise. The article's column is its listing.
DEFAULTS = {
    "article": {"frames": 1, "sound": "waveform", "epochs": 10, "lr": 0.001, "augment": False, "patience": None},
    "default": {"frames": 6, "sound": "log-mel", "epochs": 20, "lr": 0.003, "augment": True, "patience": None},
}


@dataclass
class Recipe:
    """The choices of one run. ``None`` takes the model's default; after construction none is left but ``patience``.

    Raises TinymmError for a value that cannot be.
    """

    data: str
    model: str = "default"
    frames: int | None = None
    size: int = 32
    seconds: float | None = None
    sound: str | None = None
    epochs: int | None = None
    batch_size: int = 32
    lr: float | None = None
    augment: bool | None = None
    patience: int | None = None
    seed: int = 0
    engine: str = "auto"
    strict: bool = False
    compare: bool = True

    def __post_init__(self):
        if self.model not in MODELS:
            raise TinymmError(f"there is no model {self.model!r}: choose {' or '.join(MODELS)}")
        for name, value in DEFAULTS[self.model].items():
            if getattr(self, name) is None:
                setattr(self, name, value)
        for name in ("epochs", "batch_size", "patience"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise TinymmError(f"--{name.replace('_', '-')} is {value}: give a whole number of 1 or more")
        if self.seed < 0:
            raise TinymmError(f"--seed is {self.seed}: give a whole number of 0 or more")

    def settings(self):
        """What clips are turned into."""
        return Settings(self.frames, self.size, self.size, self.seconds, sound=self.sound)

    def optimizer(self):
        """A fresh optimizer: the listing's Adam, or AdamW with bounded gradients."""
        return Adam(self.lr) if self.model == "article" else AdamW(self.lr, clip_norm=1.0)

    def augmentation(self):
        """What changes each training batch, or None."""
        return Augment() if self.augment else None

    def write(self, folder):
        """Keep the recipe as ``config.json`` in the run's folder."""
        with atomic_write(Path(folder) / "config.json", "w") as file:
            json.dump(asdict(self), file, indent=2)
            file.write("\n")

    @classmethod
    def read(cls, folder):
        """The recipe of the run in ``folder``. Raises TinymmError when there is none, or it is damaged."""
        path = Path(folder) / "config.json"
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise TinymmError(f"{folder} holds no run to resume: there is no {path.name} in it") from None
        except (ValueError, TypeError) as error:
            raise TinymmError(f"{path} is damaged ({error}): start a new run") from None
