"""Opening clips: video files, folders of frames, and what can be wrong with either.

Seconds count from the first picture of a clip. A reader (see `feed`) gets the decoded frames of one stream.
"""

import contextlib
import hashlib
import os
import re
from pathlib import Path

import numpy as np

from tinymm.errors import TinymmError

PICTURES = (".png", ".jpg", ".jpeg")
FOLDER_RATE = 25  # pictures a second in a folder of frames that has no sound to say it, as in ffmpeg


class ClipError(TinymmError):
    """A clip cannot be read. ``reason`` is the message without the name of the file."""

    def __init__(self, path, reason):
        super().__init__(f"{path}: {reason}")
        self.reason = reason


def import_av():
    """The PyAV module, or a TinymmError that says how to get it."""
    try:
        import av
    except ImportError:
        raise TinymmError("video and sound are read with PyAV, which is missing: pip install av") from None
    return av


def import_imageio():
    """The imageio.v3 module, or a TinymmError that says how to get it."""
    try:
        import imageio.v3
    except ImportError:
        raise TinymmError("pictures are read with imageio, which is missing: pip install imageio") from None
    return imageio.v3


@contextlib.contextmanager
def open_container(path):
    """Open a video or sound file with PyAV. Raises ClipError when it cannot be opened."""
    av = import_av()
    if not Path(path).exists():
        raise ClipError(path, "there is no such file")
    try:
        # Only local files: a playlist dressed up as a clip must not reach into the network.
        container = av.open(
            os.path.abspath(path), options={"protocol_whitelist": "file"}, metadata_errors="replace"
        )
    except PermissionError:
        raise ClipError(path, "may not be read, give yourself the right to read it") from None
    except (av.FFmpegError, OSError):
        raise ClipError(path, "is not a video or sound file, or is cut off") from None
    with container:
        yield container


def video_stream(container, path):
    """The first moving picture of a container. Raises ClipError when there is none."""
    av = import_av()
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            if stream.codec_context is None:
                raise ClipError(path, "its picture is cut off or in an unknown codec, convert it to H.264")
            stream.thread_type = "NONE"  # clips are short: starting threads takes longer than decoding
            return stream
    if any(stream.codec_context is not None for stream in container.streams.audio):
        raise ClipError(path, "holds no picture, only sound")
    raise ClipError(path, "holds no picture, or is cut off")


def start_time(stream):
    """Seconds at which a stream starts on the clock of its container."""
    return float((stream.start_time or 0) * stream.time_base)


def feed(path, *readers):
    """Open a clip once and hand its decoded frames to ``readers`` until they have enough.

    A reader has ``choose(container)``, which returns the stream it wants or None; ``add(frame)``, which
    returns True while it wants more; ``read_folder(path)`` for a folder of frames; and ``read_gif(path)``.
    """
    if Path(path).is_dir():
        for reader in readers:
            reader.read_folder(Path(path))
        return
    if Path(path).suffix.lower() == ".gif":
        for reader in readers:
            reader.read_gif(Path(path))
        return
    with open_container(path) as container:
        chosen = [(reader.choose(container), reader) for reader in readers]
        hungry = {stream.index: reader for stream, reader in chosen if stream is not None}
        if hungry:
            for index, frame in _frames(container, hungry):
                if not hungry[index].add(frame):
                    del hungry[index]
                    if not hungry:
                        break


def _frames(container, hungry):
    """The decoded frames of the streams in ``hungry``; packets that are damaged are passed over."""
    av = import_av()
    with contextlib.suppress(av.FFmpegError):
        for packet in container.demux([container.streams[index] for index in hungry]):
            index = packet.stream.index
            if index not in hungry:
                continue
            try:
                decoded = packet.decode()
            except av.FFmpegError:
                continue
            for frame in decoded:
                if index in hungry:
                    yield index, frame


def probe(path):
    """Seconds of picture in a clip, after a look at whether all of it is there.

    Decodes one picture and walks over the packets of the rest without decoding them. Raises ClipError
    when the clip is missing, empty, no video, without a picture, undecodable or cut off.
    """
    path = Path(path)
    if path.is_dir():
        return _probe_folder(path)
    if path.exists() and path.stat().st_size == 0:
        raise ClipError(path, "is an empty file")
    with open_container(path) as container:
        stream = video_stream(container, path)
        length, last, first_decoded = _walk(container, stream)
        if not first_decoded and length == 0:
            raise ClipError(path, "is cut off: no picture of it is left")
        if not first_decoded:
            raise ClipError(path, "no picture in it can be decoded")
        if stream.duration:
            have, promised = length, float(stream.duration * stream.time_base)
        else:
            have, promised = last - (container.start_time or 0) / 1e6, (container.duration or 0) / 1e6
        if have < 0.9 * promised:
            raise ClipError(path, f"is cut off: {have:.2f} of its {promised:.2f} seconds are left")
        if container.format.name == "gif" and not path.read_bytes().rstrip(b"\0").endswith(b";"):
            raise ClipError(path, "is cut off: the end mark of a gif is missing")
    return length


def _walk(container, stream):
    """Seconds of ``stream``, the end of the last packet of any stream, and whether a picture decoded."""
    av = import_av()
    length, last, decoded = 0.0, 0.0, False
    with contextlib.suppress(av.FFmpegError):
        for packet in container.demux():
            ours = packet.stream.index == stream.index
            if ours and not decoded:
                with contextlib.suppress(av.FFmpegError):
                    decoded = bool(packet.decode())
            if packet.pts is not None:
                end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                last = max(last, end)
                if ours:
                    length = max(length, end - start_time(stream))
    return length, last, decoded


def frame_files(folder):
    """The pictures of a folder in natural order (2 before 10). Raises ClipError when there is none."""
    files = [
        file for file in Path(folder).iterdir()
        if file.suffix.lower() in PICTURES and not file.name.startswith(".")
    ]
    if not files:
        raise ClipError(folder, "is a folder without a png or jpg in it")
    return sorted(files, key=_natural)


def _natural(file):
    parts = re.split(r"(\d+)", file.name)  # text and digits in turn
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]


def sound_file(folder):
    """The wav of a folder of frames, or None. Raises ClipError when there are several."""
    files = sorted(
        file for file in Path(folder).iterdir()
        if file.suffix.lower() == ".wav" and not file.name.startswith(".")
    )
    if len(files) > 1:
        raise ClipError(folder, f"holds {len(files)} wav files, keep one")
    return files[0] if files else None


def folder_duration(folder):
    """Seconds of a folder of frames: those of its wav, or 1/25 for each picture."""
    wav = sound_file(folder)
    if wav:
        with open_container(wav) as container:
            if container.duration:
                return container.duration / 1e6
    return len(frame_files(folder)) / FOLDER_RATE


def read_picture(path):
    """One png or jpg as uint8 (H, W, 3), turned upright. Raises ClipError when it cannot be read."""
    imageio = import_imageio()
    try:
        return imageio.imread(path, plugin="pillow", mode="RGB", rotate=True)
    except (OSError, SyntaxError, ValueError):
        raise ClipError(path, "is not a picture, or is cut off") from None


def read_gif(path):
    """The pictures of a GIF, uint8 (T, H, W, 3), and the seconds from its start at which each ends, (T,).

    Raises ClipError when it cannot be read.
    """
    imageio = import_imageio()
    try:
        with imageio.imopen(path, "r", plugin="pillow") as file:
            pictures = [(p, file.metadata(index=k)) for k, p in enumerate(file.iter(mode="RGB"))]
    except (OSError, SyntaxError, ValueError, EOFError):
        raise ClipError(path, "is not a GIF, or is cut off") from None
    shown = [meta.get("duration") or 100 for _, meta in pictures]  # ms; 0 means 100 to every viewer
    return np.stack([picture for picture, _ in pictures]), np.cumsum(shown) / 1000


def _probe_folder(folder):
    files = frame_files(folder)
    for file in files:
        end = file.read_bytes()[-4096:]
        if (b"IEND" if file.suffix.lower() == ".png" else b"\xff\xd9") not in end:
            raise ClipError(folder, f"its picture {file.name} is empty or cut off")
    read_picture(files[0])
    return folder_duration(folder)


def content_digest(path):
    """The sha256, in hexadecimal, of a file, or of the names and bytes of a folder's pictures and sound."""
    path, digest = Path(path), hashlib.sha256()
    files = [path]
    if path.is_dir():
        files = [file for file in (*frame_files(path), sound_file(path)) if file]
    for file in files:
        if path.is_dir():
            digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        try:
            with open(file, "rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
        except OSError as error:
            raise ClipError(path, f"cannot be read ({error.strerror})") from None
    return digest.hexdigest()
