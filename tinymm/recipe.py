"""A recipe: every choice of a training run, as a file beside its results, so that it can be taken up again."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tinymm.data import Augment, Settings
from tinymm.data.preprocess import SOUNDS
from tinymm.engines import ENGINES
from tinymm.errors import TinymmError
from tinymm.files import atomic_write
from tinymm.models import MODELS
from tinymm.optimizers import Adam, AdamW

# What a model is trained with unless told otherwise. The article's column is its listing.
DEFAULTS = {
    "article": {"frames": 1, "sound": "waveform", "epochs": 10, "lr": 0.001, "augment": False},
    "default": {"frames": 6, "sound": "log-mel", "epochs": 20, "lr": 0.003, "augment": True},
}
CHOICES = {"model": tuple(MODELS), "sound": SOUNDS, "engine": ("auto", *ENGINES)}
SWITCHES = ("augment", "strict", "compare")
# The smallest and the largest number that makes sense; both whole where only whole numbers do.
LIMITS = {
    "frames": (1, 1000), "size": (8, 1024), "seconds": (0.1, 3600.0), "epochs": (1, 1_000_000),
    "batch_size": (1, 1_000_000), "lr": (1e-12, 1e30), "patience": (1, 1_000_000), "seed": (0, 2**63 - 1),
}  # fmt: skip


@dataclass
class Recipe:
    """The choices of one run. ``None`` takes the model's default; after construction only two may still be None:
    ``seconds`` (read off the clips) and ``patience`` (never).

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
        self._choose("model")
        for name, value in DEFAULTS[self.model].items():
            if getattr(self, name) is None:
                setattr(self, name, value)
        self._choose("sound")
        self._choose("engine")
        for name in LIMITS:
            self._limit(name, getattr(self, name))
        if not isinstance(self.data, str) or not all(isinstance(getattr(self, name), bool) for name in SWITCHES):
            raise TinymmError(f"data must be a text, and {', '.join(SWITCHES)} true or false")

    def _choose(self, name):
        value = getattr(self, name)
        if value not in CHOICES[name]:
            raise TinymmError(f"--{name} is {value!r}: choose {' or '.join(CHOICES[name])}")

    def _limit(self, name, value):
        smallest, largest = LIMITS[name]
        whole = isinstance(smallest, int)
        if value is None and name in ("seconds", "patience"):
            return
        number = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        if not number or not smallest <= value <= largest:
            kind = "whole number" if whole else "number"
            raise TinymmError(f"{flag(name)} is {value}: give a {kind} from {smallest} to {largest}")

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
        except (FileNotFoundError, NotADirectoryError):
            raise TinymmError(f"{folder} holds no run to resume: there is no {path.name} in it") from None
        except (ValueError, TypeError, RecursionError, TinymmError) as error:
            raise TinymmError(f"{path} is damaged ({error}): start a new run") from None


def flag(name):
    """The command line's name of a choice: batch_size -> --batch-size."""
    return f"--{'no-' * (name in ('augment', 'compare'))}{name.replace('_', '-')}"
