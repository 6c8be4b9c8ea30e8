# %% [markdown]
# # Lesson 6: Convolution along time
#
# A sound is a long row of numbers: how far the air was pushed, thousands of times a second. A Dense layer would need a
# weight for every moment, and a word spoken a tenth of a second later would be an entirely new input. A convolution takes
# one small row of weights, the *kernel*, and slides it along. In this lesson a kernel learns, from sound alone, what
# room it was recorded in.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinymm as mm
from tinymm import equations
from tinymm.lessons import BLUE, GREEN, GREY, ORANGE, STYLE, say, show

plt.style.use(STYLE)
rng = np.random.default_rng(0)

# %% [markdown]
# ## The article's equation
#
# Section 4.1 has one formula for pictures and sounds, $h^{(l)}_i = \sum_j W^{(l)}_{ij} * h^{(l-1)}_j + b^{(l)}_i$. Along
# time, for output channel $o$, with a kernel of length $k$:
#
# $$y_{p,o} = \sum_{i=0}^{k-1} \sum_c x_{p+i,\;c}\; W_{i,c,o} + b_o$$
#
# The article's listing writes `Conv1D(32, (3, 3))`, with a kernel of *two* sides and a sound without a channel axis. Time has
# one side, so it is `Conv1D(32, 3)` here, and a mono sound of a thousand samples has the shape `(1000, 1)`: a thousand
# moments, one channel.
#
# ## Predict
#
# > **Predict.** A sound of 8 samples, a kernel of 3. How many outputs are there? How many with a stride of 2? With
# > `padding="same"`? And what does the kernel $(1, 0, -1)$ answer to a sound that rises evenly, 0, 1, 2, 3, …?
#
# ## By hand

# %%
x = np.array([0, 1, 2, 3, 4, 4, 4, 0])
W = np.array([1, 0, -1])
y = [int(x[p : p + 3] @ W) for p in range(6)]
say("| p | window | products | y |\n|---|---|---|---|\n"
    + "\n".join(f"| {p} | {', '.join(map(str, x[p : p + 3]))} | {x[p]}·1 + {x[p + 1]}·0 + {x[p + 2]}·(−1) | {y[p]} |" for p in range(6)))
lengths = {
    "stride 1": mm.Conv1D(1, 3).output_shape((8, 1))[0],
    "stride 2": mm.Conv1D(1, 3, stride=2).output_shape((8, 1))[0],
    'padding="same"': mm.Conv1D(1, 3, padding="same").output_shape((8, 1))[0],
}
say("Outputs: " + ", ".join(f"{name} **{length}**" for name, length in lengths.items())
    + f". On the even rise the kernel answers {y[0]} all the time: it measures *slope*, and where the sound is level, {y[4]}.")

# %% [markdown]
# ## Loops

# %%
show(equations.conv1d_forward, equations.conv1d_backward)

# %% [markdown]
# Each sample of the sound lies under up to $k$ windows, so its gradient is a sum of up to $k$ terms. Each weight of the
# kernel was used at *every* moment of every sound, so its gradient is a sum over all of them:
#
# $$dx_t = \sum_i \sum_o dy_{t-i,\,o}\, W_{i,o} \qquad\qquad dW_{i} = \sum_n \sum_p x_{p+i}\; dy_p$$
#
# The second formula is a correlation too: slide `dy` along `x`, and note how well they fit at each shift $i$. Remember
# it for the surprise.
#
# ## The textbook's code

# %%
from tinymm.layers.conv1d import conv1d_backward, conv1d_forward

show(conv1d_forward, conv1d_backward)

# %%
x, W, b, dy = (rng.normal(size=shape) for shape in ((2, 9, 3), (4, 3, 5), (5,), (2, 3, 5)))
fast, slow = conv1d_forward(x, W, b, stride=2), equations.conv1d_forward(x, W, b, stride=2)
pairs = [("y", fast[0], slow[0]), *zip(("dx", "dW", "db"), conv1d_backward(dy, fast[1]), equations.conv1d_backward(dy, slow[1]))]
for name, one, other in pairs:
    print(f"{name:2} {str(one.shape):10} arrays against loops: {abs(one - other).max():.0e}")

# %% [markdown]
# ## Step through it
#
# The example by hand. In *Backward*, click on the first sample of `x`, then on one in the middle.

# %% tags=["view"]
layer = mm.Conv1D(filters=1, kernel_size=3)
layer.build((8, 1), dtype=np.float64)
layer.params["W"][:, 0, 0] = [1.0, 0.0, -1.0]
mm.view(layer, np.array([0.0, 1, 2, 3, 4, 4, 4, 0]).reshape(1, 8, 1))

# %% [markdown]
# ## Plot: a kernel hears one pitch
#
# A kernel need not measure slope. Give it the shape of a short wave of 500 Hz, and it answers loudly wherever the sound
# waves in step with it. Here is a sound with three notes, and the answers of three kernels.

# %%
rate = 8000
time = np.arange(int(0.6 * rate)) / rate
notes = [300, 500, 900]
sound = np.sin(2 * np.pi * np.choose((time // 0.2).astype(int), notes) * time) + 0.3 * rng.normal(size=len(time))
moments = np.arange(80) / rate
layer = mm.Conv1D(3, 80, padding="same")
layer.build((len(time), 1), dtype=np.float64)
layer.params["W"][:, 0, :] = np.stack([np.sin(2 * np.pi * f * moments) for f in notes], axis=1) / 40
answers = layer.forward(sound[None, :, None])[0][0]

# %% alt="A noisy sound of three notes one after the other, and the answers of three kernels: each swings widely during its own note and hardly during the others."
figure, axes = plt.subplots(4, 1, figsize=(8.6, 4.8), sharex=True)
axes[0].plot(time, sound, color=GREY, linewidth=0.5)
axes[0].set_title("the sound: 300 Hz, then 500, then 900, and noise")
for axis, answer, note, colour in zip(axes[1:], answers.T, notes, (BLUE, ORANGE, GREEN)):
    axis.plot(time, answer, color=colour, linewidth=0.7)
    axis.set(ylim=(-1.3, 1.3), ylabel=f"{note} Hz")
axes[-1].set_xlabel("time in seconds")
plt.show()

# %%
power = np.array([[(answers[part, k] ** 2).mean() for k in range(3)] for part in (slice(100, 1500), slice(1700, 3100), slice(3300, 4700))])
own, other = np.diag(power).min(), (power - np.diag(np.diag(power))).max()
assert own > 5 * other
say(f"Each kernel's answer to its own note carries at least {own / other:.0f} times the power of its answer to any other. A "
    f"layer with many such kernels splits a sound into pitches: that is lesson 9, where it is called a spectrogram.")

# %% [markdown]
# ## The surprise: it learns the room
#
# In a room you hear every sound several times: once directly, then fainter and later, from the walls. An echo is a
# convolution with the room's own kernel, a spike for each wall. We play noise in a room that the layer knows nothing about,
# give it the clean and the recorded sound, and let it learn. Nothing else is said about rooms.

# %%
room = np.zeros(24)
room[[23, 16, 9, 2]] = 1.0, 0.6, -0.35, 0.2  # the direct sound last, since the kernel looks ahead; one wall turns it over
clean = rng.normal(size=(8, 400, 1))
recorded = conv1d_forward(clean, room[:, None, None], np.zeros(1))[0]

ear = mm.Conv1D(1, 24)
ear.build((400, 1), np.random.default_rng(1), dtype=np.float64)
engine = mm.make_engine(ear, mm.MeanSquaredError(), mm.Momentum(0.1, momentum=0.5), engine="textbook")
kernels, losses = [], []
for _ in range(61):
    kernels.append(ear.params["W"][:, 0, 0].copy())
    losses.append(float(engine.step(clean, recorded)))

# %% alt="Four panels of a 24-number kernel after 0, 2, 8 and 60 updates: random at first, four spikes exactly on the room's at the end."
figure, axes = plt.subplots(1, 4, figsize=(10, 2.9), sharey=True)
delay = 23 - np.arange(24)
for axis, step in zip(axes, (0, 2, 8, 60)):
    axis.plot(delay, room, "o", color=ORANGE, markersize=6, fillstyle="none", label="the room")
    axis.vlines(delay, 0, kernels[step], color=BLUE, linewidth=2.4, label="the kernel")
    axis.set(title=f"after {step} updates", xlabel="delay in samples")
axes[0].legend(fontsize=9)
plt.show()

# %%
off = abs(kernels[-1] - room).max()
assert off < 1e-2
say(f"""
After sixty updates no number of the kernel is off by more than {off:.0e}. It found {(room != 0).sum() - 1} walls behind the
direct sound, how far each is, how much each swallows, and that one of them turns the wave over. Look at the formula for $dW$ again: at each shift it asks how well the
sound fits the *error*. Where the recording holds an echo that the kernel does not explain yet, they fit, and that
weight grows. Gradient descent on a convolution is listening for echoes.
""")

# %% [markdown]
# ## Exercise
#
# `tinymm exercise start conv1d`: both passes, with a stride. On paper: a kernel of 3 on top of a kernel of 3, how many
# samples of the sound does one output see? And three of them? (It is called the receptive field.)
#
# ## Next
#
# - **Lesson 7**: the same on pictures, and how six loops become one matrix product.
# - **Read**: Smith, *The Scientist and Engineer's Guide to Digital Signal Processing*, chapters 6 and 7 (free on the web):
#   convolution as engineers know it, where the kernel *is* flipped.
# - **How the real engine does it**: `tinymm/engines/cpu/conv.py` serves sound and pictures with the same plan. It sorts
#   the windows of a tile by their place in the pool behind it, so that Conv, ReLU and MaxPool are one walk over the data.
