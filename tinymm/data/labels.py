"""What the labels of a data folder ask for: yes or no, one of several classes, or several tags at once."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from tinymm.errors import TinymmError

KINDS = ("binary", "classes", "tags")


@dataclass(frozen=True)
class LabelSet:
    """The names of the labels, sorted, and how they are turned into numbers.

    ========  ================================  ==============================
    kind      when                              encoded as
    ========  ================================  ==============================
    binary    two different labels              float32 (N, 1), 1 = names[1]
    classes   more than two                     int64 (N,), the place in names
    tags      a ``|`` in the label of a clip    float32 (N, K), 1 = has the tag
    ========  ================================  ==============================
    """

    kind: str
    names: tuple[str, ...]

    @classmethod
    def read(cls, clips):
        """Find kind and names in clips.

        Raises TinymmError for fewer than two different labels, a label that only one clip has (nothing
        would be left to test it on), or a clip without a label.
        """
        counts = Counter(label for clip in clips for label in clip.labels)
        for clip in clips:
            if not clip.labels:
                raise TinymmError(f"{clip.name}: has no label, write one into clips.csv")
        if len(counts) < 2:
            found = f"every clip is labelled {next(iter(counts))!r}" if counts else "there are no clips"
            raise TinymmError(f"clips.csv: {found}, at least two different labels are needed")
        once = sorted(label for label, count in counts.items() if count == 1)
        if once:
            raise TinymmError(
                f"clips.csv: only one clip has the label {once[0]!r}"
                + (f" (the same goes for {len(once) - 1} others)" if len(once) > 1 else "")
                + ", add a second such clip or correct its spelling"
            )
        if any(len(clip.labels) > 1 for clip in clips):
            kind = "tags"
        else:
            kind = "binary" if len(counts) == 2 else "classes"
        return cls(kind, tuple(sorted(counts)))

    def encode(self, clips):
        """The labels of N clips as an array (see the table). Raises TinymmError for an unknown label."""
        place = {name: index for index, name in enumerate(self.names)}
        tags = np.zeros((len(clips), len(self.names)), np.float32)
        for row, clip in zip(tags, clips, strict=True):
            for label in clip.labels:
                if label not in place:
                    known = ", ".join(self.names)
                    raise TinymmError(f"{clip.name}: the label {label!r} is none of those learned: {known}")
                row[place[label]] = 1
            if self.kind != "tags" and len(clip.labels) != 1:
                raise TinymmError(f"{clip.name}: has {len(clip.labels)} labels, exactly one is needed")
        if self.kind == "tags":
            return tags
        return tags[:, 1:] if self.kind == "binary" else tags.argmax(axis=1).astype(np.int64)

    def decode(self, probabilities):
        """The names a model means, one tuple a clip, in the form of ``Clip.labels``.

        ``probabilities`` is (N, 1) for binary, where 0.5 and more is names[1], or (N, K): for classes the
        largest counts, for tags all of 0.5 and more.
        """
        probabilities = np.asarray(probabilities)
        width = 1 if self.kind == "binary" else len(self.names)
        if probabilities.ndim != 2 or probabilities.shape[1] != width:
            raise TinymmError(f"probabilities have shape {probabilities.shape}, not (N, {width})")
        if self.kind == "binary":
            return [(self.names[int(row[0] >= 0.5)],) for row in probabilities]
        if self.kind == "classes":
            return [(self.names[row.argmax()],) for row in probabilities]
        return [tuple(name for name, p in zip(self.names, row) if p >= 0.5) for row in probabilities]

    def to_dict(self):
        """Kind and names as JSON can hold them."""
        return {"kind": self.kind, "names": list(self.names)}

    @classmethod
    def from_dict(cls, saved):
        """The inverse of `to_dict`. Raises TinymmError when ``saved`` is something else."""
        try:
            kind, names = saved["kind"], tuple(saved["names"])
        except (KeyError, TypeError):
            raise TinymmError("the saved labels are damaged, save the model anew") from None
        if kind not in KINDS or not all(isinstance(name, str) for name in names):
            raise TinymmError("the saved labels are damaged, save the model anew")
        return cls(kind, names)
