import numpy as np
import pytest
from scipy.io import wavfile

from tinymm.data import ClipError, log_mel, mel_filters, read_frames, read_sound
from tinymm.errors import TinymmError

SOUNDING = ["plain.mp4", "fast.mp4", "clip.mov", "clip.webm", "clip.mkv", "pcm.mkv", "frames"]


def click_time(wave, rate):
    return np.argmax(np.abs(wave) > 0.4) / rate


@pytest.mark.parametrize("name", SOUNDING)
@pytest.mark.parametrize("rate", [8000, 11025, 44100])
def test_sound_is_placed_at_its_time_from_any_file_at_any_rate(media, name, rate):
    wave = read_sound(media / name, rate, 2.0)
    assert wave.shape == (2 * rate,) and wave.dtype == np.float32
    assert click_time(wave, rate) == pytest.approx(1.0, abs=0.002)
    assert 0.5 < np.abs(wave).max() <= 1


@pytest.mark.parametrize("name, codecs", [
    ("a.mp4", {}), ("a.mov", {"sound_rate": 22050}), ("a.mkv", {"audio": "libopus", "sound_rate": 48000}),
    ("a.webm", {"video": "libvpx", "audio": "libopus", "sound_rate": 48000}),
])
@pytest.mark.parametrize("start", [0, 480])
def test_a_flash_and_a_click_at_the_same_time_stay_together(tmp_path, write, name, codecs, start):
    # The sound begins ``start`` milliseconds before the first picture.
    path = write(tmp_path / name, picture=write.flashing, start=start, **codecs)
    frames = read_frames(path, 400, (8, 8), seconds=2.0)
    flash = np.argmax(frames.mean((1, 2, 3)) > 128) * 2.0 / 400
    sound = click_time(read_sound(path, 8000, 2.0), 8000) + start / 1000
    assert flash == pytest.approx(1.0, abs=0.01)
    assert abs(flash - sound) < 0.015


@pytest.mark.parametrize("name", ["silent.mp4", "clip.gif", "mute"])
def test_without_a_sound_track_the_wave_is_zero(media, name):
    wave = read_sound(media / name, 8000, 1.5)
    assert wave.shape == (12000,) and not wave.any()


def test_past_the_end_of_the_sound_the_wave_is_zero(media):
    wave = read_sound(media / "pcm.mkv", 8000, 5.0)
    assert wave.shape == (40000,) and not wave[17000:].any()


def test_a_tone_keeps_pitch_and_loudness(tmp_path, write):
    def tone(rate, seconds):
        return 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(rate * seconds)) / rate).astype(np.float32)

    for name, sound in {"a.mp4": {}, "a.mkv": {"audio": "libopus", "sound_rate": 48000}}.items():
        wave = read_sound(write(tmp_path / name, sound=tone, **sound), 8000, 2.0)[800:-800]
        spectrum = np.abs(np.fft.rfft(wave))
        assert np.argmax(spectrum) * 8000 / len(wave) == pytest.approx(440, abs=1)
        assert wave.std() * np.sqrt(2) == pytest.approx(0.5, rel=0.05)
        assert spectrum[600:620].sum() > 0 and np.abs(np.diff(wave)).max() < 0.25  # no gaps, no clicks


def test_times_rounded_to_milliseconds_tear_no_gaps_into_the_sound(tmp_path, write):
    def tone(rate, seconds):
        return 0.5 * np.sin(2 * np.pi * 200 * np.arange(round(rate * seconds)) / rate).astype(np.float32)

    path = write(tmp_path / "a.mkv", sound=tone, audio="pcm_s16le", sound_rate=22050)
    wave = read_sound(path, 22050, 2.0)
    np.testing.assert_allclose(wave, tone(22050, 2.0), atol=1e-3)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int32, np.float32])
def test_channels_of_any_sample_format_are_averaged(tmp_path, write, kind):
    left, right = np.full(8000, 0.5), np.full(8000, -0.25)
    wave = np.stack([left, right], axis=1)
    if kind == np.uint8:
        stored = np.rint(wave * 128 + 128)
    else:
        stored = wave if kind == np.float32 else wave * np.iinfo(kind).max
    folder = write.frames(tmp_path / "clip", [np.zeros((4, 4, 3), np.uint8)])
    wavfile.write(folder / "sound.wav", 8000, stored.astype(kind))
    np.testing.assert_allclose(read_sound(folder, 8000, 1.0), 0.125, atol=0.005)


def test_samples_that_are_no_numbers_are_silence(tmp_path, write):
    wave = np.full(8000, 0.25, np.float32)
    wave[4000] = np.nan
    folder = write.frames(tmp_path / "clip", [np.zeros((4, 4, 3), np.uint8)], wave, rate=8000)
    found = read_sound(folder, 8000, 1.0)
    assert found[4000] == 0 and found[3999] == found[4001] == 0.25


def test_two_wavs_in_a_folder_are_refused(tmp_path, write):
    folder = write.frames(tmp_path / "clip", [np.zeros((4, 4, 3), np.uint8)], np.zeros(100, np.float32))
    wavfile.write(folder / "other.wav", 8000, np.zeros(100, np.float32))
    with pytest.raises(ClipError, match="2 wav files, keep one"):
        read_sound(folder, 8000, 1.0)


def test_a_damaged_sampling_rate_is_refused_before_memory_is_set_aside(tmp_path, write):
    folder = write.frames(tmp_path / "clip", [np.zeros((4, 4, 3), np.uint8)])
    wavfile.write(folder / "sound.wav", 900_000_000, np.zeros(1000, np.int16))
    with pytest.raises(ClipError, match="claims to be at 900000000 Hz"):
        read_sound(folder, 8000, 10.0)


def test_mel_filters_are_triangles_that_meet():
    filters = mel_filters(16000, 4096, 20)
    assert filters.shape == (20, 2049) and filters.min() == 0 and filters.max() <= 1
    first, last = np.argmax(filters[0]), np.argmax(filters[-1])
    inner = filters[:, first:last].sum(axis=0)
    np.testing.assert_allclose(inner, 1, atol=1e-5)  # where one falls the next rises
    centres = np.argmax(filters, axis=1) * 16000 / 4096
    steps = np.diff(2595 * np.log10(1 + centres / 700))
    np.testing.assert_allclose(steps, steps.mean(), rtol=0.03)


def test_more_mel_bands_than_the_window_can_tell_apart_are_refused():
    with pytest.raises(TinymmError, match="take fewer mels"):
        mel_filters(8000, 256, 120)


def test_log_mel_follows_its_formula():
    rate, wave = 8000, np.random.default_rng(0).normal(size=8000).astype(np.float32) * 0.1
    spectrogram = log_mel(wave, rate)
    assert spectrogram.shape == (1 + (8000 - 256) // 128, 32) and spectrogram.dtype == np.float32
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(256) / 256)
    n, k = np.arange(256)[:, None], np.arange(129)
    x = (hann * wave[3 * 128:3 * 128 + 256]) @ np.exp(-2j * np.pi * n * k / 256)
    expected = np.log(1e-6 + mel_filters(rate, 256, 32) @ (np.abs(x) ** 2 / (hann**2).sum()))
    np.testing.assert_allclose(spectrogram[3], expected, rtol=1e-3)


def test_a_tone_lights_up_its_band_and_silence_is_the_floor():
    rate = 8000
    tone = np.sin(2 * np.pi * 1000 * np.arange(rate) / rate).astype(np.float32)
    spectrogram = log_mel(tone, rate)
    centres = np.argmax(mel_filters(rate, 256, 32), axis=1) * rate / 256
    assert abs(centres[spectrogram.mean(0).argmax()] - 1000) < 100
    silence = log_mel(np.zeros(100, np.float32), rate)
    np.testing.assert_allclose(silence, np.full((1, 32), np.log(1e-6)), rtol=1e-5)
