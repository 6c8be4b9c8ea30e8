# %% [markdown]
# # Lesson 9: Sound as a picture
#
# Nobody recognises a voice from the wave, sample by sample. The ear does not even try: it first splits the sound into
# pitches, and so does tinymm. We build the spectrogram from nothing but cosines, then find that we have met it before:
# it is a convolution layer whose kernels nobody had to learn.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinymm as mm
from tinymm.data.audio import log_mel, mel_filters
from tinymm.lessons import BLUE, GREY, ORANGE, STYLE, say, show

plt.style.use(STYLE)
rng = np.random.default_rng(0)

# %% [markdown]
# ## The equation
#
# The article says that sound is "converted into a spectrogram" and leaves it at that. Cut a window of $K$ samples out of the
# wave and ask, for each frequency $k$, how well it fits a wave that swings $k$ times in the window. We need a cosine and a
# sine, since we do not know where in its swing the wave begins; written as one complex number:
#
# $$X_k = \sum_{n=0}^{K-1} w_n\,x_n\,e^{-2\pi i\,kn/K} \qquad\qquad \text{power}_k = |X_k|^2$$
#
# $w_n$ is a weight that we take to be 1 for now. This is the discrete Fourier transform.
#
# ## Predict
#
# > **Predict.** 8000 samples a second, a window of 256 samples.
# >
# > 1. How long is the window, and how far apart are two neighbouring frequencies $k$ and $k+1$, in hertz?
# > 2. In which row $k$ will a whistle of 1000 Hz stand?
# > 3. And one of 1015 Hz? In one row, in two, or in all of them?
#
# ## By hand
#
# A window of four samples, and a sound that goes up and down once: $(1, 0, -1, 0)$. The cosine for $k = 1$ is
# $(1, 0, -1, 0)$ itself; for $k = 0$ it is $(1, 1, 1, 1)$, for $k = 2$ it is $(1, -1, 1, -1)$. Sines are zero or do not fit here.

# %%
x = np.array([1, 0, -1, 0])
rows = []
for k in (0, 1, 2):
    cosine = np.round(np.cos(2 * np.pi * k * np.arange(4) / 4)).astype(int)
    sine = np.round(np.sin(2 * np.pi * k * np.arange(4) / 4)).astype(int)
    rows.append(f"| {k} | {' + '.join(f'{a}·({c})' for a, c in zip(x, cosine))} = {x @ cosine} | {x @ sine} | {(x @ cosine) ** 2 + (x @ sine) ** 2} |")
say("| k | with the cosine | with the sine | power |\n|---|---|---|---|\n" + "\n".join(rows))

# %% [markdown]
# ## Loops

# %%
def spectrum_in_loops(x, w):
    """The power of every frequency from 0 to half the window: (K // 2 + 1,)."""
    K = len(x)
    power = np.zeros(K // 2 + 1)
    for k in range(len(power)):
        real = imaginary = 0.0
        for n in range(K):
            real += w[n] * x[n] * np.cos(2 * np.pi * k * n / K)
            imaginary -= w[n] * x[n] * np.sin(2 * np.pi * k * n / K)
        power[k] = real**2 + imaginary**2
    return power


rate, K = 8000, 256
time = np.arange(K) / rate
flat = np.ones(K)
whistle = np.sin(2 * np.pi * 1000 * time)
own, fast = spectrum_in_loops(whistle, flat), abs(np.fft.rfft(whistle)) ** 2
say(f"The window is {1000 * K / rate:g} ms long, the rows are {rate / K:g} Hz apart, and 1000 Hz stands in row "
    f"{own.argmax()}. NumPy's fast Fourier transform gives the same numbers, off by {abs(own - fast).max() / fast.max():.0e} of the "
    f"largest, with {int(K * np.log2(K)):,} steps in the place of {K * (K // 2 + 1):,}.")

# %% [markdown]
# ## The surprise: a pure tone that is not pure
#
# Now the third question. 1015 Hz lies between two rows.

# %%
between = np.sin(2 * np.pi * 1015 * time)
hann = np.hanning(K + 1)[:-1]
spectra = {
    "1000 Hz, window cut straight": spectrum_in_loops(whistle, flat),
    "1015 Hz, window cut straight": spectrum_in_loops(between, flat),
    "1015 Hz, window faded in and out": spectrum_in_loops(between, hann),
}

# %% alt="Three spectra in decibels. A tone of 1000 Hz fills one row. A tone of 1015 Hz leaks into all rows. Faded in and out, it stays within a few rows."
figure, axis = plt.subplots(figsize=(8.4, 3.7))
frequencies = np.arange(K // 2 + 1) * rate / K
for (name, power), style, colour in zip(spectra.items(), ("-", "-", "--"), (GREY, ORANGE, BLUE)):
    axis.plot(frequencies, 10 * np.log10(power / power.max() + 1e-9), style, color=colour, label=name)
axis.set(xlabel="frequency in Hz", ylabel="power in dB", ylim=(-95, 6), title="One tone, three pictures")
axis.legend(loc="upper right")
plt.show()

# %%
def leaked(power):
    """The share of the power farther than three rows from the strongest."""
    near = abs(np.arange(len(power)) - power.argmax()) <= 3
    return power[~near].sum() / power.sum()


shares = [leaked(power) for power in spectra.values()]
assert shares[0] < 1e-20 and shares[1] > 100 * shares[2]
say(f"""
{shares[0]:.0e} of the power of 1000 Hz is found far from its row; of 1015 Hz, **{shares[1]:.1%}**, spread over all rows. Nothing is
wrong with the whistle. The transform sees a window that repeats for ever, and 1015 Hz does not fit into it a whole number of
times: at every seam there is a jump, and a jump contains all frequencies. Fade the window in and out with a Hann curve, and
{shares[2]:.0e} leaks. That is what $w_n$ is for.
""")

# %% [markdown]
# ## Mel: hear like a person
#
# From 200 to 400 Hz is an octave, and so is 2000 to 4000. The ear hears steps of *ratio*; the Fourier rows have steps of hertz, and
# spend most of themselves on the top. The mel scale bends the axis, and triangles on it gather the rows into bands:

# %% alt="Triangular mel filters over frequency: narrow and close together at low frequencies, wide at high ones."
bands = mel_filters(rate, K, 16)
figure, axis = plt.subplots(figsize=(8.4, 2.6))
axis.plot(frequencies, bands.T, color=BLUE, linewidth=1.2)
axis.plot(frequencies, bands[5], color=ORANGE, linewidth=2.6)
axis.set(xlabel="frequency in Hz", ylabel="weight", title=f"{len(bands)} mel bands; each adds up the rows under its triangle")
plt.show()

# %% [markdown]
# And at the end a logarithm, since loudness too is heard in ratios. Together:
#
# $$y_{t,m} = \log\left(10^{-6} + \sum_k \text{filter}_{m,k}\; \frac{|X_{t,k}|^2}{\sum_n w_n^2}\right)$$
#
# ## The textbook's code

# %%
show(log_mel)

# %% [markdown]
# ## Step through it: it was a convolution all along
#
# Look at the formula for $X_k$ once more. A window slides along the sound in steps of `hop`, and at every place it is
# multiplied with fixed numbers, $w_n \cos(2\pi kn/K)$, and added up. That is `Conv1D`, with a stride, a kernel of length $K$
# and two filters for each frequency. Here with a window of four and $k = 1$: a cosine and a sine.

# %% tags=["view"]
layer = mm.Conv1D(filters=2, kernel_size=4, stride=2)
layer.build((8, 1), dtype=np.float64)
layer.params["W"][:, 0, 0] = [1.0, 0.0, -1.0, 0.0]
layer.params["W"][:, 0, 1] = [0.0, -1.0, 0.0, 1.0]
mm.view(layer, np.array([1.0, 0, -1, 0, 1, 1, -1, -1]).reshape(1, 8, 1))

# %%
wave = rng.normal(size=2000)
n, k = np.arange(K)[:, None], np.arange(K // 2 + 1)
fourier = mm.Conv1D(2 * len(k), K, stride=128)
fourier.build((len(wave), 1), dtype=np.float64)
fourier.params["W"][:, 0] = hann[:, None] * np.concatenate([np.cos(2 * np.pi * k * n / K), -np.sin(2 * np.pi * k * n / K)], axis=1)
parts = fourier.forward(wave[None, :, None])[0][0]
power = parts[:, : len(k)] ** 2 + parts[:, len(k) :] ** 2
as_tinymm = np.log(1e-6 + power / (hann**2).sum() @ mel_filters(rate, K, 32).T)
say(f"A `Conv1D` with {2 * len(k)} filters of {K}, squared, mel bands, logarithm, against `log_mel`: the largest difference is "
    f"{abs(as_tinymm - log_mel(wave, rate)).max():.0e}. (`log_mel` computes in float32.) So the front of many a speech recogniser is a convolution "
    "layer that is not trained; and when such a layer *is* trained, kernels much like these come out.")

# %% [markdown]
# ## Plot: four moods
#
# The voices of tinymm's made clips, as wave and as the picture that the model sees. Which would you rather have to tell apart?

# %% alt="Waves and log-mel spectrograms of a happy, a sad, an angry and a calm voice. The waves look alike; the pictures show different pitch, melody and rhythm."
from tinymm.data.audio import resample
from tinymm.data.synthetic import emotion

figure, axes = plt.subplots(2, 4, figsize=(10, 3.9), height_ratios=(1, 2), sharex="col")
for column, mood in zip(axes.T, emotion.CLASSES):
    voice = resample(np.asarray(emotion.audio(mood, np.random.default_rng(3)), np.float32), 16000, rate)
    seconds = len(voice) / rate
    column[0].plot(np.linspace(0, seconds, len(voice)), voice, color=GREY, linewidth=0.4)
    column[0].set(title=mood, yticks=[])
    column[1].imshow(log_mel(voice, rate).T, origin="lower", aspect="auto", cmap="magma", extent=(0, seconds, 0, 32))
    column[1].set(xlabel="seconds", yticks=[], xticks=(0.5, 1, 1.5))
    for axis in column:
        axis.grid(False)
axes[1, 0].set_ylabel("mel band")
plt.show()

# %%
pixels = log_mel(voice, rate)
say(f"{len(voice):,} samples became a picture of {pixels.shape[0]} × {pixels.shape[1]}, {len(voice) / pixels.size:.1f} times fewer numbers, "
    "and what is left out, the exact place in each swing, is what the ear ignores as well.")

# %% [markdown]
# ## Exercise
#
# `tinymm exercise start spectrogram`: windows, Hann, transform, power. On paper: a window of 256 samples tells two whistles
# apart that are 31 Hz from each other. You want 3 Hz. How long must the window be, and what do you lose? (It is an
# uncertainty relation, the same as in physics.)
#
# ## Next
#
# - **Lesson 10**: words. They are not even numbers.
# - **Read**: Smith, *The Scientist and Engineer's Guide to Digital Signal Processing*, chapters 8 and 9; Davis and Mermelstein
#   1980 for mel in speech.
# - **How the real engine does it**: the spectrogram is computed once for every clip, by `tinymm/data/audio.py` with a fast
#   Fourier transform, and then kept; the engine only ever sees the picture. `--sound waveform` gives the model the wave
#   instead, and then `tinymm/models.py` puts a `Conv1D` of 64 samples in front: it must find its own cosines.
