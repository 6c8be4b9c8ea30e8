"""Pictures and sound into the bytes of an MP4 file: H.264 (yuv420p) and AAC (mono)."""

import io
from fractions import Fraction

from tinymm.errors import TinymmError

from .drawing import FPS
from .sound import RATE

# At 64 x 64 pixels, x264's macroblock tree gave other bytes in every fourth run of the same frames.
_X264 = {"crf": "20", "preset": "veryfast", "x264-params": "mbtree=0"}


def encode(frames, sound):
    """Encode one clip in memory.

    frames: (T, H, W, 3) uint8 at 12 a second; sound: (S,) float32 in -1..1 at 16 kHz. Returns bytes.
    One thread and no dates: the same arrays give the same bytes.

    Raises TinymmError when PyAV is missing or was built without an H.264 or AAC encoder.
    """
    av = _import_av()
    file = io.BytesIO()
    with av.open(file, "w", format="mp4", container_options={"fflags": "+bitexact"}) as container:
        video = container.add_stream("libx264", rate=FPS, options=_X264)
        video.height, video.width = frames.shape[1:3]
        video.pix_fmt = "yuv420p"
        video.thread_count = 1
        audio = container.add_stream("aac", rate=RATE, layout="mono", options={"aac_coder": "fast"})
        audio.bit_rate = 48000
        audio.thread_count = 1

        for i, pixels in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            picture.pts, picture.time_base = i, Fraction(1, FPS)
            container.mux(video.encode(picture))
        samples = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
        samples.sample_rate, samples.pts, samples.time_base = RATE, 0, Fraction(1, RATE)
        container.mux(audio.encode(samples))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return file.getvalue()


def _import_av():
    try:
        import av
    except ImportError:
        raise TinymmError("making clips needs PyAV, which is not installed: run `pip install av`") from None
    for name in ("libx264", "aac"):
        if name not in av.codecs_available:
            raise TinymmError(f"this PyAV cannot write {name}: run `pip install --force-reinstall av`")
    return av
