"""Clips encoded on the spot: a picture that counts its frames in grey, a flash and a click at 1 second."""

import struct
from fractions import Fraction

import av
import imageio.v3
import numpy as np
import pytest
from scipy.io import wavfile

GREY = 4  # how much brighter each picture is than the one before


def counting(index, size):
    return np.full((*size, 3), 10 + GREY * index, np.uint8)


def flashing(index, size):
    return np.full((*size, 3), 250 if index == 25 else 20, np.uint8)


def click(rate, seconds):
    wave = np.zeros(round(rate * seconds), np.float32)
    wave[rate:rate + rate // 200] = 0.9
    return wave


def write_clip(
    path, picture=counting, video="libx264", size=(64, 64), pts=None, start=0, frames=50, rate=25,
    audio="aac", sound=click, sound_rate=44100, layout="stereo", aspect=None, options=None,
):
    """``pts`` are the times of the pictures in milliseconds, instead of an even ``rate``."""
    with av.open(str(path), "w", options=options or {}) as container:
        if video:
            stream = container.add_stream(video, rate=rate)
            stream.height, stream.width, stream.pix_fmt = *size, "yuv420p"
            if aspect:
                stream.codec_context.sample_aspect_ratio = aspect
            stream.codec_context.time_base = Fraction(1, 1000)
            pts = pts or [start + round(1000 * i / rate) for i in range(frames)]
        track = container.add_stream(audio, rate=sound_rate, layout=layout) if audio else None
        for index, time in enumerate(pts if video else []):
            frame = av.VideoFrame.from_ndarray(picture(index, size), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        if video:
            container.mux(stream.encode())
        if audio:
            channels = 2 if layout == "stereo" else 1
            wave = np.tile(sound(sound_rate, frames / rate), (channels, 1))
            form = track.codec_context.format.name
            for place in range(0, wave.shape[1], 960):
                part = np.ascontiguousarray(wave[:, place:place + 960])
                if form == "flt":
                    part = np.ascontiguousarray(part.T.reshape(1, -1))
                if form == "s16":
                    part = np.ascontiguousarray((part * 32767).astype(np.int16).T.reshape(1, -1))
                frame = av.AudioFrame.from_ndarray(part, format=form, layout=layout)
                frame.sample_rate, frame.pts, frame.time_base = sound_rate, place, Fraction(1, sound_rate)
                container.mux(track.encode(frame))
            container.mux(track.encode())
    return path


def turn_clockwise(path):
    """Write a display matrix for a quarter turn clockwise into the first track of an mp4, as phones do."""
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 44
    data[place:place + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def write_frames(folder, pictures, wave=None, rate=16000):
    folder.mkdir()
    for number, picture in enumerate(pictures, 1):
        imageio.v3.imwrite(folder / f"frame{number}.png", picture)
    if wave is not None:
        wavfile.write(folder / "sound.wav", rate, wave)
    return folder


@pytest.fixture(scope="session")
def media(tmp_path_factory):
    """A folder of clips of every kind, good and bad."""
    folder = tmp_path_factory.mktemp("media")
    write_clip(folder / "plain.mp4")
    write_clip(folder / "fast.mp4", options={"movflags": "faststart"})
    write_clip(folder / "clip.mov", sound_rate=48000, size=(48, 96))
    write_clip(folder / "clip.webm", video="libvpx", audio="libopus", sound_rate=48000)
    write_clip(folder / "clip.mkv", audio="libopus", sound_rate=48000, layout="mono")
    write_clip(folder / "pcm.mkv", audio="pcm_s16le", sound_rate=22050, size=(120, 66))
    write_clip(folder / "silent.mp4", audio=None)
    write_clip(folder / "sound.m4a", video=None)
    pictures = [counting(index, (64, 64)) for index in range(50)]
    imageio.v3.imwrite(folder / "clip.gif", pictures, duration=40)
    write_frames(folder / "frames", pictures, click(16000, 2.0))
    write_frames(folder / "mute", pictures)
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("This is not a film.\n" * 20)
    (folder / "playlist.mp4").write_text("#EXTM3U\n#EXTINF:2,\nplain.mp4\n")
    for whole in ("plain.mp4", "fast.mp4", "clip.webm", "clip.mkv", "clip.gif"):
        data = (folder / whole).read_bytes()
        (folder / f"cut_{whole}").write_bytes(data[:len(data) // 2])
    data = (folder / "plain.mp4").read_bytes()
    (folder / "headless.mp4").write_bytes(data[:data.index(b"moov") - 4])
    write_frames(folder / "cut_frames", pictures[:3])
    (folder / "cut_frames" / "frame2.png").write_bytes((folder / "mute" / "frame2.png").read_bytes()[:60])
    (folder / "hollow").mkdir()
    return folder


@pytest.fixture(scope="session")
def write():
    """`write_clip` and `write_frames`, for clips that one test alone needs."""
    write_clip.frames, write_clip.turn_clockwise = write_frames, turn_clockwise
    write_clip.counting, write_clip.flashing = counting, flashing
    return write_clip
