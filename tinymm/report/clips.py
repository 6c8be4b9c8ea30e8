"""The clips the model got most wrong: their frames as one strip, and what each sense said."""

import base64

import numpy as np

from tinymm.errors import TinymmError
from tinymm.report.formatting import escape, finite, percent

FRAMES, SIDE, GAP = (
    6,
    64,
    2,
)  # frames in a strip, pixels of a frame's longer side, clear pixels between frames


def clip_card(clip):
    """One clip as an HTML article. clip: a dict as in ``Report.worst``."""
    true, predicted = escape(clip["true"]), escape(clip["predicted"])
    senses = "".join(_sense(name, *said, clip["true"]) for name, said in clip.get("senses", {}).items())
    text = f'<p class="said" dir="auto">“{escape(clip["text"])}”</p>' if clip.get("text") else ""
    return (
        f'<article class="clip">{_picture(clip)}<div class="about">'
        f'<p class="verdict">Called <b class="no">{predicted}</b> with {percent(clip["probability"])}, '
        f'is <b class="yes">{true}</b></p>{text}'
        f"{f'<ul class=senses>{senses}</ul>' if senses else ''}"
        f'<p class="file">{escape(clip["clip"])}</p></div></article>'
    )


def _sense(name, label, probability, true):
    right = label == true
    mark = '<span class="yes">✓</span>' if right else '<span class="no">✗</span>'
    spoken = "right" if right else "wrong"
    return (
        f'<li><span class="sense">{escape(name)}</span>{mark}<span class="hidden">{spoken}: </span>'
        f'<span class="answer" style="--s:{finite(probability) or 0:.2f}">{escape(label)} '
        f"{percent(probability)}</span></li>"
    )


def _picture(clip):
    frames = clip.get("frames")
    if frames is None or len(frames) == 0:
        return ""
    strip = filmstrip(np.asarray(frames))
    height, width = strip.shape[:2]
    data = base64.b64encode(png(strip)).decode("ascii")
    shown = f"{min(len(frames), FRAMES)} frames of {escape(clip['clip'])}, in order"
    return f'<img src="data:image/png;base64,{data}" width="{width}" height="{height}" alt="{shown}">'


def filmstrip(frames):
    """uint8 (T, H, W, 3) -> uint8 (h, w, 4): up to 6 frames, evenly chosen, side by side with clear gaps.

    Frames with a side above 64 pixels are shrunk by a whole factor, the mean of each block of pixels.
    """
    frames = frames[np.linspace(0, len(frames) - 1, min(len(frames), FRAMES)).round().astype(int)]
    T, H, W, _ = frames.shape
    k = -(-max(H, W) // SIDE)
    h, w = max(H // k, 1), max(W // k, 1)
    blocks = frames[:, : h * k, : w * k].reshape(T, h, min(k, H), w, min(k, W), 3)
    strip = np.zeros((h, T * (w + GAP) - GAP, 4), dtype=np.uint8)
    for t, frame in enumerate(blocks.mean(axis=(2, 4)).round().astype(np.uint8)):
        at = t * (w + GAP)
        strip[:, at : at + w, :3] = frame
        strip[:, at : at + w, 3] = 255
    return strip


def png(image):
    """uint8 (H, W, 3 or 4) -> the bytes of a PNG file. Raises TinymmError when imageio is missing."""
    try:
        import imageio.v3 as imageio
    except ImportError as error:
        raise TinymmError("the report's pictures need imageio: pip install imageio") from error
    return imageio.imwrite("<bytes>", image, extension=".png")
