# %% [markdown]
# # Lesson 12: LSTM, a memory with three valves
#
# The RNN of lesson 11 passes everything it knows through a matrix and a tanh, at every step, whether there was news or
# not. What it learned at the first word is stirred again at every word after it, and so is the gradient on its way
# back. The LSTM adds one idea: a memory line that is *not* stirred. Only three valves act on it: one lets news in, one
# lets the old fade, one lets the memory out.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinymm as mm
from tinymm import equations
from tinymm.lessons import BLUE, GREEN, GREY, ORANGE, STYLE, say, show

plt.style.use(STYLE)
rng = np.random.default_rng(0)

# %% [markdown]
# ## The equations
#
# The article's listing (section 5.2) uses `LSTM(128)` and gives no formula for it; here it is. With $x_t$ the word at
# step $t$, $h_{t-1}$ the answer of the step before, and $c_{t-1}$ the memory:
#
# $$z = x_t W + h_{t-1} U + b$$
#
# This $z$ is four times as long as the memory. It is cut into four parts, each with a bend of its own:
#
# $$i = \sigma(z_i) \qquad f = \sigma(z_f) \qquad g = \tanh(z_g) \qquad o = \sigma(z_o)$$
#
# $$c_t = f\,c_{t-1} + i\,g \qquad\qquad h_t = o\,\tanh(c_t)$$
#
# Three of the four are σ, numbers between 0 and 1: the valves. *Input* $i$ says how much news to write, *forget* $f$ how
# much of the old to keep (it should have been called "keep"), *output* $o$ how much of the memory to show. The fourth,
# $g$, is the news itself.
#
# ## Predict
#
# > **Predict.** Suppose the forget valve stands at nine tenths at every step, so the memory keeps almost everything. How
# > much of the gradient from the end of a sentence arrives 50 steps earlier? More than half? A tenth? Write down a
# > number, and then one for $f = 0.99$.

# %%
kept = {f: f**50 for f in (0.5, 0.9, 0.99, 0.999)}
say("| forget valve f | what is left after 50 steps, f⁵⁰ |\n|---|---|\n"
    + "\n".join(f"| {f} | {share:.2g} |" for f, share in kept.items()))

# %% [markdown]
# Almost is not enough: repeated fifty times, nine tenths is next to nothing. Keep that in mind, it will come back.
#
# ## By hand
#
# One unit, one step, with a memory of 2 from before. We choose the four parts of $z$ so that every valve can be read off.

# %%
def sigma(z):
    return 1 / (1 + np.exp(-z))


def one_step(c_before, z_i, z_f, z_g, z_o):
    i, f, g, o = sigma(z_i), sigma(z_f), np.tanh(z_g), sigma(z_o)
    c = f * c_before + i * g
    return i, f, g, o, c, o * np.tanh(c)


cases = {
    "all valves half open, no news": (0, 0, 0, 0),
    "keep: i shut, f open": (-20, 20, 5, 0),
    "overwrite: i open, f shut": (20, -20, 5, 0),
    "keep, but do not show": (-20, 20, 5, -20),
}
lines = ["| what happens | z_i, z_f, z_g, z_o | i | f | g | o | c = f·2 + i·g | h = o·tanh(c) |", "|---|---|---|---|---|---|---|---|"]
for name, z in cases.items():
    numbers = " | ".join(f"{v:.3g}" if abs(v) > 1e-6 else "0" for v in one_step(2.0, *z))
    lines.append(f"| {name} | {z} | {numbers} |")
say("\n".join(lines))

# %% [markdown]
# The second row is the point of the whole construction: with $i$ shut and $f$ open the 2 comes out of the step as a 2,
# whatever the news. No RNN step can do that, because tanh has touched everything.
#
# ## Loops
#
# The equations unit by unit, from `tinymm/equations/lstm.py`. (`_gates` adds up one column of $W$, $U$ and $b$ for each
# of the four parts.)

# %%
show(equations.lstm_forward)

# %% [markdown]
# ## The textbook's code, and the way back
#
# Go backward through the last two equations, one product at a time. $h = o \tanh(c)$ is used by the output and by the
# next step, so its gradient is the sum of both; call that sum $dh$. Then
#
# $$do = dh\,\tanh(c) \qquad dc = dh\;o\,(1 - \tanh^2 c) \;+\; dc_{t+1}\,f_{t+1}$$
#
# The last product comes from the next step, which took this memory over through its own forget valve. And $c$ itself was made
# of four things:
#
# $$di = dc\;g \qquad df = dc\;c_{t-1} \qquad dg = dc\;i \qquad dc_{t-1} = dc\;f$$
#
# That last formula is why the thing exists. **Along the memory line the gradient is multiplied by $f$, and by nothing else**:
# no matrix, no tanh. (What comes in through $h$ is added on top.) Where the forward pass keeps, the backward pass keeps.
#
# What is left is the bend of each valve, and the way through $U$ to the step before:
#
# $$dz_i = di\,i(1-i) \qquad dz_f = df\,f(1-f) \qquad dz_g = dg\,(1-g^2) \qquad dz_o = do\,o(1-o) \qquad dh_{t-1} = dz\,U^\top$$

# %%
from tinymm.layers.lstm import lstm_backward, lstm_forward

show(lstm_forward, lstm_backward)

# %%
N, T, D, M = 3, 5, 2, 4
x, W, U, b = (rng.normal(size=shape) for shape in ((N, T, D), (D, 4 * M), (M, 4 * M), (4 * M,)))
dh = rng.normal(size=(N, T, M))
fast, slow = lstm_forward(x, W, U, b), equations.lstm_forward(x, W, U, b)
print(f"h   arrays against loops: {abs(fast[0] - slow[0]).max():.0e}")
for name, one, other in zip(("dx", "dW", "dU", "db", "dh0", "dc0"), lstm_backward(dh, fast[1]), equations.lstm_backward(dh, slow[1])):
    print(f"{name:3} arrays against loops: {abs(one - other).max():.0e}")

# %% [markdown]
# ## Step through it
#
# One unit, three steps. Move the slider over time. In *Backward*, follow the gradient of `c` from the last step to the
# first: at each hop one part is the later `dc` times the later `f`; the rest comes in through `h`. Click a `dc` to see both.

# %% tags=["view"]
layer = mm.LSTM(1)
layer.build((3, 2), np.random.default_rng(3))
mm.view(layer, np.array([[[1.0, -1.0], [0.5, 2.0], [-1.0, 0.5]]]))

# %% [markdown]
# ## Plot: how far back does the gradient reach?
#
# We take fresh layers, as they come from `build`, and a gradient at the last of 60 steps. How much of it arrives at each
# step before? tinymm, like Keras, starts the forget bias at 1, so that a fresh LSTM leans towards keeping.

# %%
steps, units = 60, 32
inputs = rng.normal(size=(16, steps, 8)) * 0.5


def arriving(layer, forget_bias=None):
    """The size of dx at every step, for a gradient at the last step alone."""
    layer.build((steps, 8), np.random.default_rng(1), dtype=np.float64)
    if forget_bias is not None:
        layer.params["b"][units : 2 * units] = forget_bias
    y, cache = layer.forward(inputs)
    dx, _ = layer.backward(np.random.default_rng(2).normal(size=y.shape), cache)
    size = np.sqrt((dx**2).mean(axis=(0, 2)))
    return size / size[-1]


reach = {
    "RNN": arriving(mm.RNN(units)),
    "LSTM, forget bias 0": arriving(mm.LSTM(units), 0),
    "LSTM, forget bias 1": arriving(mm.LSTM(units), 1),
    "LSTM, forget bias 5": arriving(mm.LSTM(units), 5),
}

# %% alt="Size of the gradient that arrives at each of 60 steps, on a logarithmic axis, for an RNN and LSTMs with forget bias 0, 1 and 5. All but the last fall in straight lines."
figure, axis = plt.subplots(figsize=(7.8, 3.8))
for (name, values), style, colour in zip(reach.items(), ("--", ":", "-", "-"), (ORANGE, GREY, BLUE, GREEN)):
    axis.semilogy(np.arange(1, steps + 1), values, style, color=colour, label=name)
axis.set(xlabel="step t (the gradient starts at the right)", ylabel="arriving gradient", title="Gradient that reaches step t, relative to the last step")
axis.legend(loc="lower right")
plt.show()

# %%
f0, f1, f5 = (sigma(v) for v in (0, 1, 5))
first = {name: values[0] for name, values in reach.items()}
assert first["LSTM, forget bias 0"] < first["RNN"] / 100 and first["LSTM, forget bias 1"] > 100 * first["RNN"]
assert first["LSTM, forget bias 5"] > 1
say(f"""
**The surprise.** With its valves half open, σ(0) = {f0:g}, an LSTM is *worse* than the RNN: {first['LSTM, forget bias 0']:.0e}
of the gradient arrives at the first step; in the RNN {first['RNN']:.0e} does. "LSTMs solve the vanishing gradient" is not
quite true. They have one number per unit that can. Set it to 1, and {first['LSTM, forget bias 1']:.1%} arrive:
{first['LSTM, forget bias 1'] / first['LSTM, forget bias 0']:.0e} times as much. In 2015 Jozefowicz and colleagues found most LSTMs in use without it.

Look closer and the memory line alone does not explain it: σ(1) = {f1:.2f}, and {f1:.2f}⁵⁹ is only {f1**59:.0e}. The
other paths, through $h$ and the gates, join in and add up. With a bias of 5 (valve at {f5:.3f}) they even make the
gradient *grow*, {first['LSTM, forget bias 5']:.0f}-fold: a memory that keeps everything also keeps on collecting.
""")

# %% [markdown]
# ## Does it learn to?
#
# A task made for it: the first of 80 steps shows a bit, the others show noise, and at the end the network is asked for
# the bit. Nothing in between helps.

# %%
def remember(count, length, rng):
    """Noise with a bit, −1 or 1, on the second channel of the first step: -> x, the bit as 0 or 1."""
    bit = rng.integers(0, 2, count)
    x = np.stack([0.5 * rng.normal(size=(count, length)), np.zeros((count, length))], axis=-1)
    x[:, 0, 1] = 2 * bit - 1
    return x, bit[:, None].astype(float)


def learn(layer, length=80, updates=200):
    """The loss at every update, and the trained model."""
    model = mm.Sequential(layer, mm.Dense(1))
    model.build((length, 2), np.random.default_rng(1), dtype=np.float64)
    engine = mm.make_engine(model, mm.BinaryCrossEntropy(from_logits=True), mm.Adam(0.005), engine="textbook")
    draws = np.random.default_rng(0)
    return [float(engine.step(*remember(32, length, draws))) for _ in range(updates)], model


losses, models = {}, {}
for name, layer in (("RNN", mm.RNN(12)), ("LSTM", mm.LSTM(12))):
    losses[name], models[name] = learn(layer)

# %% alt="Loss over 200 updates on the memory task: the RNN stays at log 2, guessing; the LSTM leaves it early and is near zero at the end."
figure, axis = plt.subplots(figsize=(7.8, 3.4))
for (name, values), colour in zip(losses.items(), (ORANGE, BLUE)):
    axis.plot(np.convolve(values, np.full(5, 0.2), "valid"), color=colour, label=name)
axis.axhline(np.log(2), color=GREY, linewidth=1, linestyle=":")
axis.annotate("guessing", (196, np.log(2)), xytext=(0, 4), textcoords="offset points", ha="right", color=GREY)
axis.set(xlabel="update", ylabel="loss", title="Remember one bit for 80 steps", ylim=(0, None))
axis.legend(loc="center right")
plt.show()

# %%
x, bit = remember(500, 80, np.random.default_rng(9))
accuracy = {name: ((model.forward(x)[0] > 0) == bit).mean() for name, model in models.items()}
lstm = models["LSTM"].children["0"]
_, (cache, _, _) = lstm.forward(x)
forget = np.array([step[3] for step in cache[3]]).mean(axis=(0, 1))
assert accuracy["LSTM"] > 0.99 > 0.6 > accuracy["RNN"] and forget.max() < 0.9
say(f"""
The RNN answers {accuracy['RNN']:.0%} of new questions rightly, which is guessing; the LSTM {accuracy['LSTM']:.0%}. Its
forget valves, sorted and averaged over all steps, now stand at {", ".join(f"{v:.2f}" for v in np.sort(forget)[::-1])}.
They started near {f1:.2f}. No single valve opened wide: {forget.max():.2f}⁷⁹ is {forget.max()**79:.0e}, so the memory line alone
loses the bit. The units write it again and again into each other, through $U$.
""")

# %% [markdown]
# ## Exercise
#
# Write `lstm_forward` and `lstm_backward`: `tinymm exercise start lstm`. It is the longest backward pass of the course, and
# the check stops at the first array that is wrong, and often says what it suspects. Then on paper: why does the code above
# add `dh_next` before anything else, and what would happen to `dU` if it did not?
#
# ## Next
#
# - **Lesson 13**: models that remember too much, and how to make them forget on purpose.
# - **Read**: Hochreiter and Schmidhuber 1997 for the memory line; Gers, Schmidhuber and Cummins 2000, who added the
#   forget valve three years later; Jozefowicz, Zaremba and Sutskever 2015 for the bias of 1.
# - **How the real engine does it**: `tinymm/engines/cpu/lstm.py` takes everything out of the loop over time that does not
#   wait for the step before. $x_t W + b$ of *all* steps is one matrix product, and so are `dW`, `dU` and `dx` after the
#   loop; inside remains $h_{t-1} U$, the valves, and nothing else. All four gates take one call of tanh, since
#   $\sigma(z) = \tfrac{1}{2} + \tfrac{1}{2}\tanh(z/2)$.
