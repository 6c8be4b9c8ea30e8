"""Exercise 9: a power spectrogram."""

import numpy as np

from tinymm.exercises.comparing import as_array, require_same
from tinymm.exercises.exercise import Exercise, Failed, Step
from tinymm.exercises.slips import Slip, results


def spectrogram(wave, window, hop):
    """wave (samples,) -> power (T, window // 2 + 1), with a Hann window, divided by the sum of its squares.

    The middle of ``tinymm.data.audio.log_mel``, before mel and logarithm.
    """
    cuts = np.lib.stride_tricks.sliding_window_view(wave, window)[::hop]
    hann = np.hanning(window + 1)[:-1]
    return np.abs(np.fft.rfft(cuts * hann)) ** 2 / np.sum(hann**2)


SLIPS = (
    Slip("cuts * hann", "cuts", "the windows are cut straight: multiply each by the Hann curve before the transform"),
    Slip("np.abs(np.fft.rfft(cuts * hann)) ** 2", "np.abs(np.fft.rfft(cuts * hann))", "this is the amplitude: power is its square"),
    Slip(" / np.sum(hann**2)", " / np.sum(hann)**2", "it is divided by the square of the sum of the weights, and should be by the sum of their squares"),
    Slip(" / np.sum(hann**2)", " / np.sum(hann)", "it is divided by the sum of the weights, and should be by the sum of their squares"),
    Slip(" / np.sum(hann**2)", " / window", "it is divided by the number of samples of a window, and should be by the sum of the squared weights"),
    Slip(" / np.sum(hann**2)", "", "it is not divided by the sum of the squared window weights"),
    Slip("np.hanning(window + 1)[:-1]", "np.hanning(window)",
         "np.hanning(K) has a zero at both ends; the window for a transform of K samples is np.hanning(K + 1)[:-1]"),
    Slip("[::hop]", "[::window]", "the hop is taken to be the window: frames overlap when the hop is shorter"),
    Slip("np.fft.rfft(", "np.fft.fft(", "the upper half is a mirror image: keep the frequencies from 0 to half the window, as np.fft.rfft does"),
)  # fmt: skip
HAND = np.array([1.0, 0, -1, 0, 1, 1, -1, -1]), 4, 2


def power_is_right(space, wave, window, hop):
    given = wave.copy()
    got = space["spectrogram"](given, window, hop)
    if not np.array_equal(given, wave):
        raise Failed("spectrogram writes to the wave it is given: multiply a copy by the window", "Looks like: frame *= w, and a frame is a part of wave")
    likely = results(SLIPS, spectrogram, wave, window, hop)
    return require_same("power", got, spectrogram(wave, window, hop), looks_like=likely, axes=("frame", "frequency"))


def against_log_mel(space):
    """What tinymm's own front end makes of the learner's power."""
    from tinymm.data.audio import log_mel, mel_filters

    wave = np.random.default_rng(1).normal(size=1200).astype(np.float32)
    power = as_array("power", space["spectrogram"](wave, 256, 128), (8, 129))
    if power.shape != (8, 129):
        raise Failed(f"power has the shape {power.shape}, and should be of shape (8, 129)")
    return require_same("log_mel", np.log(1e-6 + power @ mel_filters(8000, 256, 32).T), log_mel(wave, 8000), 1e-5)


HINTS = {
    "hand": (
        "Cut first: frame t is wave[t * hop : t * hop + window]. With 8 samples, windows of 4 and a hop of 2 there are three frames.",
        "Multiply each frame by w = np.hanning(window + 1)[:-1], then transform it: np.fft.rfft gives one complex number for each frequency.",
        "Power is the square of the absolute value: abs(...) ** 2. Divide by (w ** 2).sum(), and stack the frames to (T, window // 2 + 1).",
    ),
    "random": (
        "Now there are 101 samples, windows of 16 and a hop of 5: the last samples fill no whole window and are left out.",
        "There are 1 + (samples − window) // hop frames, each beginning hop after the one before. Is a 4 or a 2 written into your code?",
    ),
    "mel": (
        "The same with real sound: 1200 samples in float32, windows of 256. Do you make an array of a fixed size or dtype somewhere?",
        "The result is (T, window // 2 + 1) = (8, 129), computed with the whole window of 256.",
    ),
}
EXERCISE = Exercise(
    "spectrogram", 9, "A spectrogram", {"spectrogram": "power"},
    steps=(
        Step("eight samples in windows of four", lambda space: power_is_right(space, *HAND), HINTS["hand"]),
        Step("random sound", lambda space: power_is_right(space, np.random.default_rng(0).normal(size=101), 16, 5), HINTS["random"]),
        Step("with mel bands and logarithm it is tinymm's log_mel", against_log_mel, HINTS["mel"]),
    ),
    reference={"spectrogram": spectrogram}, slips={"spectrogram": SLIPS},
)  # fmt: skip
