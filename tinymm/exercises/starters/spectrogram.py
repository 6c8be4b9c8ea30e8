"""Exercise 9 · A spectrogram

Cut the wave into windows that begin every ``hop`` samples, weigh each with the Hann window w = np.hanning(window + 1)[:-1],
and give the power of every frequency from 0 to half the window:

    power[t, k] = |Σ_n w[n] wave[t · hop + n] exp(−2πi k n / window)|² / Σ w²

`tinymm exercise check spectrogram` checks this file step by step and explains the first thing that is wrong;
`tinymm exercise hint spectrogram` gives a hint when you ask for one. The lesson: `tinymm lesson 9`.
"""

import numpy as np


def spectrogram(wave, window, hop):
    """wave (samples,) -> power (T, window // 2 + 1), where T = 1 + (samples - window) // hop."""
    raise NotImplementedError("spectrogram")
