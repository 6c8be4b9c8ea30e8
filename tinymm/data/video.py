"""Pictures of a clip at even steps of time."""

from pathlib import Path

import numpy as np

from tinymm.data.container import (
    ClipError,
    feed,
    folder_duration,
    frame_files,
    open_container,
    probe,
    read_gif,
    read_picture,
    start_time,
    video_stream,
)
from tinymm.data.resize import resize


def read_frames(path, frames, size, seconds=None):
    """Pictures of a clip: uint8 (frames, height, width, 3), red green blue.

    Picture i is what a viewer sees at (i + 1/2) / frames of [0, seconds): the middle of the i-th of equal
    intervals. ``seconds=None`` means the whole clip. Where the clip is shorter its last picture is held.
    ``size`` is (height, width); a picture of another aspect loses its edges, the rest is averaged by area.
    Times are read from the file, so a variable frame rate is fine. Rotation and pixel shape are honoured.

    Raises ClipError when the clip cannot be read.
    """
    picker = FramePicker(path, frames, size, seconds)
    feed(path, picker)
    return picker.result()


def video_duration(path):
    """Seconds of picture in a clip. Raises ClipError when it cannot be read."""
    if Path(path).is_dir():
        return folder_duration(path)
    with open_container(path) as container:
        return _duration(container, video_stream(container, path), path)


def _duration(container, stream, path):
    if stream.duration:
        return float(stream.duration * stream.time_base)
    if container.duration:
        return container.duration / 1e6 - max(0.0, start_time(stream) - (container.start_time or 0) / 1e6)
    return probe(path)


class FramePicker:
    """A reader (see `tinymm.data.container.feed`) that keeps the pictures shown at evenly spaced times."""

    def __init__(self, path, frames, size, seconds=None):
        self.path, self.frames, self.size, self.seconds = path, frames, size, seconds
        self.pictures = []
        self.shown = None  # the picture on the screen until the next one comes

    def choose(self, container):
        stream = video_stream(container, self.path)
        seconds = self.seconds or _duration(container, stream, self.path)
        self.times = start_time(stream) + self._middles(seconds)
        self.step = float(1 / (stream.average_rate or 25))
        self.pixel_aspect = float(stream.sample_aspect_ratio or 1)
        self.clock = start_time(stream) - self.step
        return stream

    def add(self, frame):
        self.clock = self.clock + self.step if frame.time is None else frame.time
        if self.shown is not None:
            self._keep_until(self.clock)
        self.shown = frame
        return len(self.pictures) < self.frames

    def read_folder(self, folder):
        files = frame_files(folder)
        duration = folder_duration(folder)
        places = (self._middles(self.seconds or duration) / duration * len(files)).astype(int)
        for place in np.minimum(places, len(files) - 1):
            self.pictures.append(resize(read_picture(files[place]), self.size))

    def read_gif(self, path):
        pictures, ends = read_gif(path)
        places = np.searchsorted(ends, self._middles(self.seconds or ends[-1]), side="right")
        self.pictures += [resize(pictures[place], self.size) for place in np.minimum(places, len(pictures) - 1)]

    def result(self):
        """uint8 (frames, height, width, 3)."""
        if self.shown is not None:
            self._keep_until(np.inf)
        if not self.pictures:
            raise ClipError(self.path, "no picture in it can be decoded")
        return np.stack(self.pictures)

    def _middles(self, seconds):
        return (np.arange(self.frames) + 0.5) * (seconds / self.frames)

    def _keep_until(self, time):
        """Keep the picture on the screen once for every wanted moment before ``time``."""
        wanted = int(np.searchsorted(self.times, time - 1e-6)) - len(self.pictures)
        if wanted > 0:
            self.pictures += [self._upright(self.shown)] * wanted

    def _upright(self, frame):
        picture = frame.to_ndarray(format="rgb24")
        quarters = round(frame.rotation / 90) % 4  # counterclockwise
        aspect = 1 / self.pixel_aspect if quarters % 2 else self.pixel_aspect
        return resize(np.rot90(picture, quarters), self.size, aspect)
