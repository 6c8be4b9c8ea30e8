import numpy as np


def spectrogram(wave, window, hop):
    w = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    starts = range(0, len(wave) - window + 1, hop)
    frames = np.stack([w * wave[s : s + window] for s in starts])
    power = np.abs(np.fft.rfft(frames)) ** 2
    return power / (w**2).sum()
