"""Exercise 9: a power spectrogram."""

import numpy as np

from tinymm.exercises.comparing import require_same
from tinymm.exercises.exercise import Exercise, Step
from tinymm.exercises.slips import Slip, results
from tinymm.gradchecking.subject import calling


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
    Slip(" / np.sum(hann**2)", "", "it is not divided by the sum of the squared window weights"),
    Slip("np.hanning(window + 1)[:-1]", "np.hanning(window)",
         "np.hanning(K) has a zero at both ends; the window for a transform of K samples is np.hanning(K + 1)[:-1]"),
    Slip("[::hop]", "[::window]", "the hop is taken to be the window: frames overlap when the hop is shorter"),
    Slip("np.fft.rfft(", "np.fft.fft(", "the upper half is a mirror image: keep the frequencies from 0 to half the window, as np.fft.rfft does"),
)  # fmt: skip
HAND = np.array([1.0, 0, -1, 0, 1, 1, -1, -1]), 4, 2


def power_is_right(space, wave, window, hop):
    with calling("spectrogram"):
        got = space["spectrogram"](wave.copy(), window, hop)
    return require_same("power", got, spectrogram(wave, window, hop), looks_like=results(SLIPS, spectrogram, wave, window, hop))


def against_log_mel(space):
    """What tinymm's own front end makes of the learner's power."""
    from tinymm.data.audio import log_mel, mel_filters

    wave = np.random.default_rng(1).normal(size=1200).astype(np.float32)
    with calling("spectrogram"):
        power = np.asarray(space["spectrogram"](wave, 256, 128))
    return require_same("log_mel", np.log(1e-6 + power @ mel_filters(8000, 256, 32).T), log_mel(wave, 8000), 1e-5)


EXERCISE = Exercise(
    "spectrogram", 9, "A spectrogram", ("spectrogram",),
    steps=(
        Step("eight samples in windows of four", lambda space: power_is_right(space, *HAND)),
        Step("random sound", lambda space: power_is_right(space, np.random.default_rng(0).normal(size=101), 16, 5)),
        Step("with mel bands and logarithm it is tinymm's log_mel", against_log_mel),
    ),
    hints=(
        "Frame t is wave[t·hop : t·hop + window]; there are 1 + (samples − window) // hop of them.",
        "Multiply each frame by the Hann window, np.hanning(window + 1)[:-1], transform with np.fft.rfft, take abs() squared.",
        "Divide by the sum of the squared window weights, so that the power of noise does not depend on the window.",
    ),
    reference={"spectrogram": spectrogram}, slips={"spectrogram": SLIPS},
)  # fmt: skip
