"""The clips of a data folder: reading clips.csv, leaving out what cannot be used, and splitting the rest."""

import csv
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from tinymm.data.container import ClipError, content_digest, probe
from tinymm.errors import TinymmError

COLUMNS = ("path", "text", "label")
SPLITS = ("train", "validation", "test")
SPLIT_NAMES = {name: name for name in SPLITS} | dict.fromkeys(("val", "valid", "dev"), "validation")


@dataclass(frozen=True)
class Clip:
    """One line of clips.csv; ``clean`` fills in digest (sha256 of the content) and duration (seconds)."""

    path: Path
    name: str
    text: str
    labels: tuple[str, ...]
    split: str | None = None
    digest: str = ""
    duration: float = 0.0


@dataclass(frozen=True)
class LeftOut:
    """A clip that cannot be used, and why."""

    name: str
    reason: str


def read_manifest(folder):
    """The clips that ``clips.csv`` in ``folder`` names, in its order; `clean` says whether they exist.

    The columns are path, text, label and, if wanted, split (train, validation or test); text may be
    empty, ``a|b`` in the label means both a and b, other columns are ignored.

    Raises TinymmError when the folder or the file is missing or a line cannot be understood.
    """
    folder = Path(folder)
    manifest = folder / "clips.csv"
    if not folder.is_dir():
        raise TinymmError(f"{folder}: there is no such folder, 'tinymm make-clips {folder}' makes one to try")
    if not manifest.is_file():
        raise TinymmError(f"{folder}: holds no clips.csv, write one with the columns {', '.join(COLUMNS)}")
    try:
        with open(manifest, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            clips = list(_read_rows(folder, manifest, reader))
    except UnicodeDecodeError as error:
        raise TinymmError(f"{manifest}: is not UTF-8 ({error.reason}), save it as CSV UTF-8") from None
    except csv.Error as error:
        raise TinymmError(f"{manifest}, line {reader.line_num}: is not CSV ({error})") from None
    except OSError as error:
        raise TinymmError(f"{manifest}: cannot be read ({error.strerror})") from None
    if not clips:
        raise TinymmError(f"{manifest}: names no clips, add a line for each")
    return clips


def _read_rows(folder, manifest, reader):
    header = [name.strip().lower() for name in next(reader, [])]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        found = ", ".join(name for name in header if name) or "nothing"
        raise TinymmError(f"{manifest}: the column {missing[0]} is missing, the first line has: {found}")
    for row in reader:
        where = f"{manifest}, line {reader.line_num}"
        if not any(field.strip() for field in row):
            continue
        if len(row) < len(header) or any(field.strip() for field in row[len(header):]):
            raise TinymmError(
                f"{where}: has {len(row)} fields where the first line has {len(header)},"
                " put quotes around a text with commas in it"
            )
        fields = dict(zip(reversed(header), reversed(row[:len(header)])))
        name, split = fields["path"].strip(), fields.get("split", "").strip()
        if not name or "\0" in name:
            raise TinymmError(f"{where}: the path is empty, write the name of the clip there")
        if split and split.lower() not in SPLIT_NAMES:
            raise TinymmError(f"{where}: there is no split {split!r}, write train, validation or test")
        labels = dict.fromkeys(label.strip() for label in fields["label"].split("|"))
        labels.pop("", None)
        yield Clip(folder / name, name, fields["text"].strip(), tuple(labels), SPLIT_NAMES.get(split.lower()))


def clean(clips, progress=None):
    """Look at every clip and leave out what cannot be used: (kept, left out), both in the order given.

    Left out are clips that are missing, empty, cut off, no video or without a label, and clips with the
    content and the text of an earlier one. ``progress(done, total)`` is called after each clip.
    """
    kept, left_out = [], []
    seen = {}  # (digest, text) -> clip
    probed = {}  # digest -> seconds, or the ClipError
    for done, clip in enumerate(clips, 1):
        try:
            kept.append(_check(clip, seen, probed))
        except ClipError as error:
            left_out.append(LeftOut(clip.name, error.reason))
        if progress:
            progress(done, len(clips))
    return kept, left_out


def _check(clip, seen, probed):
    if not clip.labels:
        raise ClipError(clip.name, "has no label")
    if not (clip.path.is_file() or clip.path.is_dir()):
        raise ClipError(clip.name, "there is no such file")
    digest = content_digest(clip.path)
    first = seen.get((digest, clip.text))
    if first:
        other = "" if first.labels == clip.labels else f", which is labelled {'|'.join(first.labels)}"
        raise ClipError(clip.name, f"is a duplicate of {first.name}{other}")
    if digest not in probed:
        try:
            probed[digest] = probe(clip.path)
        except ClipError as error:
            probed[digest] = error
    if isinstance(probed[digest], ClipError):
        raise probed[digest]
    seen[digest, clip.text] = clip
    return replace(clip, digest=digest, duration=probed[digest])


def split_clips(clips, shares=(0.7, 0.15, 0.15), seed=0):
    """Divide clips among train, validation and test: a dict of lists.

    Clips whose split stands in clips.csv go there. The others are placed by a hash of their content and
    ``seed``, so each keeps its place when clips are added, and clips of the same content share a split.
    Only where train would lack a label, or a split would be empty, are hashed clips moved.

    Raises TinymmError for shares that do not add up to 1, for the same content in two splits of clips.csv,
    and when nothing is left to train on.
    """
    if len(shares) != 3 or min(shares) < 0 or shares[0] == 0 or abs(sum(shares) - 1) > 1e-6:
        raise TinymmError(f"shares are {tuple(shares)}, give three that add up to 1, the first above 0")
    groups = {}
    for clip in clips:
        groups.setdefault(clip.digest or clip.name, []).append(clip)
    place, hashed = {}, {}
    for key, group in groups.items():
        given = {clip.split: clip for clip in group if clip.split}
        if len(given) > 1:
            (one, first), (other, second) = list(given.items())[:2]
            raise TinymmError(
                f"clips.csv: {first.name} ({one}) and {second.name} ({other}) are the same clip,"
                " put both into the same split"
            )
        if given:
            place[key] = next(iter(given))
        else:
            digits = hashlib.sha256(f"{seed} {key}".encode()).hexdigest()[:12]
            hashed[key] = int(digits, 16) / 16**12
            place[key] = SPLITS[(hashed[key] >= shares[0]) + (hashed[key] >= shares[0] + shares[1])]
    if hashed:
        wanted = [name for name, share in zip(SPLITS, shares) if share]
        _mend(groups, place, hashed, wanted)
    splits = {name: [clip for clip in clips if place[clip.digest or clip.name] == name] for name in SPLITS}
    if not splits["train"]:
        raise TinymmError("clips.csv: no clip is left to train on, write train into the split column of some")
    return splits


def _mend(groups, place, hashed, wanted):
    """Move hashed groups so that train has every label and no wanted split is empty, if there are enough."""
    labels = {key: {label for clip in group for label in clip.labels} for key, group in groups.items()}
    order = sorted(hashed, key=hashed.get)

    def trained():
        return [label for key in groups if place[key] == "train" for label in labels[key]]

    for label in sorted(set().union(*labels.values()) - set(trained())):
        if label not in trained():
            place.update({key: "train" for key in [key for key in order if label in labels[key]][:1]})
    for split in reversed(wanted):
        if split in place.values():
            continue
        counts = {name: list(place.values()).count(name) for name in SPLITS}
        donors = [key for key in reversed(order) if counts[place[key]] > 1]
        spare = [
            key for key in donors
            if place[key] == "train" and all(trained().count(label) > 1 for label in labels[key])
        ]
        for key in (spare or donors)[:1]:
            place[key] = split
