# %% [markdown]
# # Lesson 11: Reading one word after the other
#
# "Dog bites man" and "man bites dog" have the same words. A mean over words (lesson 10) cannot tell them apart. A recurrent
# network reads the first word, forms a state, reads the second word *together with that state*, and so on. It is one layer,
# used again and again; and its backward pass is the plain chain rule, walked in the other direction through time.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinymm as mm
from tinymm import equations
from tinymm.lessons import STYLE, say, show

plt.style.use(STYLE)
rng = np.random.default_rng(0)

# %% [markdown]
# ## The equation
#
# It is the article's neuron of section 4.2, $h = \sigma(W \cdot x + b)$, with tanh for σ and one more input, its own last answer:
#
# $$h_t = \tanh(x_t W + h_{t-1} U + b), \qquad h_0 = 0$$
#
# Unroll it, and a sentence of ten words is a network of ten layers. With one difference: all ten share the *same* $W$, $U$, $b$.
#
# ## Predict
#
# > **Predict.** Leave tanh away for a moment and take one unit: $h_t = x_t + u\,h_{t-1}$. The loss minds only the last of 50
# > states. How much does it mind the *first* input, for $u = 0.9$, $u = 1$ and $u = 1.1$?

# %%
say("| u | u⁴⁹ |\n|---|---|\n" + "\n".join(f"| {u} | {u**49:.3g} |" for u in (0.9, 1.0, 1.1)))
say(f"Two neighbours of 1, and between them a factor of {(1.1 / 0.9) ** 49:,.0f}. That is the whole drama of this lesson.")

# %% [markdown]
# ## By hand
#
# One unit without tanh, three steps, $u = 2$, inputs 1, 0, 3. Forward on paper; then backward from $dh_3 = 1$.

# %%
u, x = 2, [1, 0, 3]
h = [0]
for value in x:
    h.append(value + u * h[-1])
dh, du, rows = 1, 0, []
for t in (3, 2, 1):
    term = dh * h[t - 1]
    du += term
    rows.append(f"| {t} | {dh} | {dh} | {dh}·{h[t - 1]} = {term} |")
    dh = dh * u
say("Forward: " + ", ".join(f"h{t} = {x[t - 1]} + {u}·{h[t - 1]} = **{h[t]}**" for t in (1, 2, 3)) + ".")
say("| t | dh_t, what arrives | dx_t = dh_t | its share of du: dh_t·h_(t−1) |\n|---|---|---|---|\n" + "\n".join(rows)
    + f"\n\nThe same $u$ worked three times, so its gradient is the sum: du = **{du}**.")
f = lambda u: x[2] + u * (x[1] + u * (x[0] + u * 0))  # noqa: E731
say(f"Check: h₃ as a function of u is {x[2]} + {x[1]}·u + {x[0]}·u², its slope at {u} is {(f(u + 1e-6) - f(u - 1e-6)) / 2e-6:.4f}.")

# %% [markdown]
# ## Loops

# %%
show(equations.rnn_forward, equations.rnn_backward)

# %% [markdown]
# ## The textbook's code
#
# A state is used twice: as the answer of its step, and by the next step. Its gradient is the sum of both, and that sum is the first
# line inside the backward loop. Everything below it is Dense and Tanh, as you know them.

# %%
from tinymm.layers.rnn import rnn_backward, rnn_forward

show(rnn_forward, rnn_backward)

# %%
x, W, U, b = (rng.normal(size=shape) for shape in ((2, 5, 3), (3, 4), (4, 4), (4,)))
dh = rng.normal(size=(2, 5, 4))
fast, slow = rnn_forward(x, W, U, b), equations.rnn_forward(x, W, U, b)
print(f"h   arrays against loops: {abs(fast[0] - slow[0]).max():.0e}")
for name, one, other in zip(("dx", "dW", "dU", "db", "dh0"), rnn_backward(dh, fast[1]), equations.rnn_backward(dh, slow[1])):
    print(f"{name:3} arrays against loops: {abs(one - other).max():.0e}")

# %% [markdown]
# ## Step through it
#
# Two units, four steps. Move the slider over time. Then choose *Backward* and click on a number of `dU`: one term for each
# step but the first, whose state before it is zero.

# %% tags=["view"]
layer = mm.RNN(2)
layer.build((4, 1), np.random.default_rng(0))
mm.view(layer, np.array([[[1.0], [0.0], [-1.0], [2.0]]]))

# %% [markdown]
# ## Order matters
#
# The smallest task that needs order: two numbers, is the first one the larger? Each sees the same two numbers in sentences
# of two words; one model takes the mean over words, the other reads.

# %%
draws = np.random.default_rng(3)
pairs = draws.normal(size=(600, 2, 1))
first_larger = (pairs[:, 0] > pairs[:, 1]).astype(float)
right = {}
for name, reader in (("mean over words", mm.Sequential(mm.Dense(8), mm.ReLU(), mm.GlobalAveragePool())), ("RNN", mm.RNN(8))):
    model = mm.Sequential(reader, mm.Dense(1))
    model.build((2, 1), np.random.default_rng(1), dtype=np.float64)
    trainer = mm.Trainer(model, mm.BinaryCrossEntropy(from_logits=True), mm.Adam(0.02), engine="textbook")
    trainer.fit(pairs[:400], first_larger[:400], epochs=20)
    right[name] = trainer.evaluate(pairs[400:], first_larger[400:])["accuracy"]
assert right["mean over words"] < 0.65 < 0.9 < right["RNN"]
say(" · ".join(f"{name}: **{value:.0%}**" for name, value in right.items()) + " of new pairs.")

# %% [markdown]
# ## Plot: back through fifty steps
#
# Backward, the gradient is multiplied by $U^T$ and by the slopes of tanh at every step. We make $U$ a rotation times a factor, so
# that without tanh the gradient would shrink or grow by exactly that factor each step.

# %%
steps, units = 50, 24
rotation, _ = np.linalg.qr(rng.normal(size=(units, units)))
W = 0.5 * rng.normal(size=(4, units))
quiet, loud = 0.01 * rng.normal(size=(8, steps, 4)), 1.5 * rng.normal(size=(8, steps, 4))


def arriving(factor, x):
    """The size of the gradient at every state, from a gradient at the last."""
    _, cache = rnn_forward(x, W, factor * rotation, np.zeros(units))
    sizes, dh = [], np.zeros((len(x), steps, units))
    dh[:, -1] = 1
    dx = rnn_backward(dh, cache)[0]
    sizes = np.sqrt((dx**2).mean(axis=(0, 2)))
    return sizes / sizes[-1]


# %% alt="Arriving gradient over 50 steps for U of size 0.8, 1.0 and 1.2. With quiet inputs the three lines fall, stay and rise; with loud inputs all three fall."
figure, axes = plt.subplots(1, 2, figsize=(10, 3.7), sharey=True)
ends = {}
for axis, (what, x) in zip(axes, (("quiet inputs: tanh is nearly straight", quiet), ("loud inputs: tanh is flat", loud))):
    for factor, style in ((1.2, "-."), (1.0, "-"), (0.8, "--")):
        sizes = arriving(factor, x)
        ends[what[:5], factor] = sizes[0]
        axis.semilogy(range(1, steps + 1), sizes, style, label=f"U of size {factor}")
    axis.set(title=what, xlabel="step t (the gradient starts at the right)")
axes[0].set_ylabel("arriving gradient")
axes[1].legend(loc="lower right")
plt.show()

# %%
assert ends["quiet", 1.0] > 0.1 and ends["loud ", 1.2] < 1e-4 < 1 < ends["quiet", 1.2]
say(f"""
With quiet inputs, after 49 steps back, {ends['quiet', 0.8]:.0e}, {ends['quiet', 1.0]:.2g} and {ends['quiet', 1.2]:.0f} times the gradient are
left. The first is what you would predict, 0.8⁴⁹ = {0.8**49:.0e}. The last is far less than 1.2⁴⁹ = {1.2**49:,.0f}: such a network raises
its own voice until tanh bends.

**The surprise** is on the right. The network and the matrices are the same; only the *inputs* are louder. Now every state sits
where tanh is flat, its slope well below 1, and even the matrix that used to blow up loses everything: {ends['loud ', 1.2]:.0e}. How far a
network can look back is decided not by its weights alone, but by what it is reading. No setting of $U$ is right for all
sentences. That is the case for lesson 12.
""")

# %% [markdown]
# ## Padded steps
#
# Sentences in a batch have different lengths, so short ones are filled up. A mask says which steps are real; a padded step hands on
# the old state, and gets no gradient:

# %%
layer = mm.RNN(3)
x = rng.normal(size=(1, 5, 2))
mask = np.array([[True, True, True, False, False]])
short, _ = layer.forward(x[:, :3])
padded, cache = layer.forward(x, mask=mask)
dx, _ = layer.backward(np.ones_like(padded), cache)
say(f"Three words, and three words with two of padding: the answers differ by {abs(short - padded).max():g}. Gradient at the padded "
    f"steps: {abs(dx[:, 3:]).max():g}.")

# %% [markdown]
# ## Exercise
#
# `tinymm exercise start rnn`. Then: in `arriving` above, use `mm.LSTM` in the place of the RNN for the loud inputs. What is different?
#
# ## Next
#
# - **Lesson 12**: a memory that is not stirred at every step.
# - **Read**: Elman, *Finding structure in time*, 1990; Pascanu, Mikolov and Bengio, *On the difficulty of training recurrent
#   neural networks*, 2013, for both panels of the plot.
# - **How the real engine does it**: there is no plan for `RNN` in `tinymm/engines/cpu/`, so the engine runs the textbook's code above.
#   Every layer works at once that way, and becomes faster when somebody writes a plan; for the LSTM somebody did.
