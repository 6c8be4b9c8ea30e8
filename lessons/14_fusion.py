# %% [markdown]
# # Lesson 14: Three senses, one answer
#
# A sentence, a picture and a sound have each been boiled down to a row of numbers. Now they meet. The article's way is
# the simplest there is: write the three rows side by side, and let one neuron look at the long row. This lesson shows
# why that already beats every single sense, and then the one thing it can never do.

# %%
import itertools

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullFormatter

import tinymm as mm
from tinymm import equations
from tinymm.data.synthetic.planting import ceilings
from tinymm.lessons import BLUE, GREY, ORANGE, STYLE, say, show
from tinymm.lessons.clips import made_clips
from tinymm.models import default

plt.style.use(STYLE)
rng = np.random.default_rng(0)

# %% [markdown]
# ## The article's joint
#
# The end of the listing in section 5.2, in symbols, with $[\;,\;,\;]$ for side by side:
#
# $$h = [\,h_\text{text},\; h_\text{image},\; h_\text{audio}\,] \qquad p = \sigma(w \cdot h + b)$$
#
# ## Predict
#
# > **Predict.** Two senses, each saying *yes* (+1) or *no* (−1). Which of these can a single neuron learn from the two
# > numbers side by side?
# >
# > 1. Yes if *either* says yes.
# > 2. Yes if *both* say yes.
# > 3. Yes if they *disagree*. (Kind words in a bitter voice: that is sarcasm.)
#
# ## By hand
#
# For the third, let the neuron be $z = w_1 a + w_2 v + b$, with *yes* where $z > 0$. Write down what is asked for in all
# four cases, and add up.

# %%
cases = list(itertools.product((-1, 1), repeat=2))
lines = ["| words a | voice v | z | sarcasm asks for |", "|---|---|---|---|"]
sums = {True: np.zeros(3, int), False: np.zeros(3, int)}
for a, v in cases:
    sums[a != v] += (a, v, 1)
    lines.append(f"| {a:+d} | {v:+d} | {a:+d}·w₁ {v:+d}·w₂ + b | {'z > 0' if a != v else 'z < 0'} |")
assert (sums[True] == sums[False]).all()
say("\n".join(lines))
say(f"""
Add the two rows that should be positive: {sums[True][0]}·w₁ + {sums[True][1]}·w₂ + {sums[True][2]}·b. Add the two that
should be negative: {sums[False][0]}·w₁ + {sums[False][1]}·w₂ + {sums[False][2]}·b. The same sum would have to be positive
*and* negative. No weights do that, and no amount of training finds them. The first two questions are easy: a + v + 1 > 0
is *either*, a + v − 1 > 0 is *both*.
""")

# %% [markdown]
# ## Loops
#
# Joining is the simplest layer of all. The backward pass cuts at the same places:

# %%
show(equations.concatenate_forward, equations.concatenate_backward)

# %% [markdown]
# ## The textbook's code

# %%
from tinymm.layers.concatenate import concatenate_backward, concatenate_forward

show(concatenate_forward, concatenate_backward)

# %%
parts = [rng.normal(size=(2, width)) for width in (3, 2, 4)]
h, widths = concatenate_forward(parts)
dh = rng.normal(size=h.shape)
print("joined:", h.shape, "  cut again:", [piece.shape for piece in concatenate_backward(dh, widths)])
for one, other in zip(concatenate_backward(dh, widths), equations.concatenate_backward(dh, equations.concatenate_forward(parts)[1])):
    assert (one == other).all()

# %% [markdown]
# ## What one neuron on a long row really is
#
# Cut the weights $w$ where $h$ was joined. A dot product over a long row is the sum of the dot products over its pieces:
#
# $$w \cdot h + b = v_\text{text} + v_\text{image} + v_\text{audio} + b$$
#
# | the vote of | |
# |---|---|
# | the text | $v_\text{text} = w_\text{text} \cdot h_\text{text}$ |
# | the picture | $v_\text{image} = w_\text{image} \cdot h_\text{image}$ |
# | the sound | $v_\text{audio} = w_\text{audio} \cdot h_\text{audio}$ |
#
# So the article's joint is a **vote**. Each branch hands in one number, and the numbers are added. What the picture says
# can never depend on what the voice says. For a majority, that is exactly right:

# %%
clips = made_clips(classes=("sad", "happy"), count=500, seed=0)
senses = ("text", "image", "audio")
shapes = {sense: x.shape[1:] for sense, x in clips.inputs.items()}


def article_model():
    """The listing of section 5.2, freshly built."""
    model = mm.Sequential(
        mm.Concatenate(
            text=mm.Sequential(mm.Embedding(len(clips.vocabulary), 128), mm.LSTM(128)),
            image=mm.Sequential(mm.Conv2D(32, 3), mm.ReLU(), mm.MaxPool2D(2), mm.Flatten()),
            audio=mm.Sequential(mm.Conv1D(32, 3), mm.ReLU(), mm.MaxPool1D(2), mm.Flatten()),
        ),
        mm.Dense(1), mm.Sigmoid(),
    )  # fmt: skip
    model.build(shapes, np.random.default_rng(0))
    return model


model = article_model()
trainer = mm.Trainer(model, mm.BinaryCrossEntropy(), mm.Adam())
trainer.fit(*clips.part(True), epochs=10)

joint, dense = model.children[""], model.children["1"]
unseen, answers = clips.part(False)
h, _ = joint.forward(unseen)
cuts = np.cumsum([joint.children[sense].output_shape(shapes[sense])[0] for sense in senses])[:-1]
votes = [piece @ w for piece, w in zip(np.split(h, cuts, axis=1), np.split(dense.params["W"], cuts))]
z = sum(votes) + dense.params["b"]
print(f"three votes and b, against the model's own z: {abs(z - dense.forward(h)[0]).max():.0e}")

# %% alt="For eight unseen clips, the votes of text, image and audio as bars to the left for sad and to the right for happy, with the sum as a dot."
who = np.where(~clips.train)[0]
states = [tuple("empty" if clips.planted[k].shows[s] is None else "clear" if clips.planted[k].shows[s] == clips.planted[k].label else "odd"
                for s in senses) for k in who]
seen = [k for pattern in dict.fromkeys(states) for k in [states.index(pattern)]][:8]
figure, axis = plt.subplots(figsize=(8.2, 4.3))
for row, k in enumerate(seen):
    for offset, vote in enumerate(votes):
        axis.barh(row + (offset - 1) * 0.26, vote[k, 0], 0.24, color=plt.rcParams["axes.prop_cycle"].by_key()["color"][offset],
                  alpha={"clear": 1, "empty": 0.35, "odd": 1}[states[k][offset]], hatch="////" if states[k][offset] == "odd" else None,
                  edgecolor="white")
    axis.plot(z[k, 0], row, "D", color="black", markersize=6)
axis.set_yticks(range(len(seen)), ["happy" if answers[k, 0] else "sad" for k in seen])
axis.invert_yaxis()
axis.axvline(0, color="black", linewidth=1)
axis.grid(axis="y", visible=False)
axis.set(xlabel="vote: sad to the left, happy to the right", title="How the article's model decides about eight clips")
colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
keys = [Patch(color=colour, label=sense) for sense, colour in zip(senses, colours)]
keys += [Patch(color=GREY, alpha=0.35, label="pale: empty"), Patch(facecolor=GREY, edgecolor="white", hatch="////", label="striped: at odds")]
axis.legend(handles=[*keys, Line2D([], [], color="black", marker="D", linestyle="", label="sum")], loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# Each row is a clip it never met, with its true label at the left. A black diamond on the side of that label is a
# right answer. An empty sense votes all the same, with noise; that can cost the answer. A sense at odds pulls to the wrong
# side, and is outvoted where the others are clear and loud enough.
#
# ## Why three beat one
#
# In these clips a sense is empty or lies four times in ten. The best guess anybody can make from some of the senses can be
# worked out exactly (`tinymm/data/synthetic/planting.py` does, by Bayes' rule). Beside it, what is learned: here with
# tinymm's default model, which pools over all places, so that it does not learn *where* things were.

# %%
best, learned = ceilings(("sad", "happy")), {}
for count in (1, 2, 3):
    for some in itertools.combinations(senses, count):
        network, loss = default({s: shapes[s] for s in some}, len(clips.vocabulary), 2, "binary", int(clips.train.sum()))
        network.build({s: shapes[s] for s in some}, np.random.default_rng(0))
        one = mm.Trainer(network, loss, mm.Adam(0.003))
        one.fit(*clips.part(True, some), epochs=8)
        learned["+".join(some)] = one.evaluate(*clips.part(False, some))["accuracy"]

# %% alt="Accuracy on unseen clips for all seven combinations of senses, with a mark at the best that is possible for each."
figure, axis = plt.subplots(figsize=(7.8, 3.4))
names = list(learned)
axis.barh(names, [learned[name] for name in names], color=[GREY] * 6 + [BLUE], height=0.62)
axis.plot([best[name] for name in names], names, "|", color=ORANGE, markersize=20, markeredgewidth=3, label="best possible")
axis.axvline(0.5, color="black", linewidth=1, linestyle=":")
axis.invert_yaxis()
axis.grid(axis="y", visible=False)
axis.set(xlim=(0.4, 1.02), xlabel="accuracy on clips it never met (0.5 is guessing)", title="What each combination of senses reaches")
axis.legend(loc="lower right", bbox_to_anchor=(1.02, 0.99), borderpad=0)
plt.show()

# %%
alone, pairs = max(learned[s] for s in senses), max(learned[n] for n in learned if n.count("+") == 1)
fused = learned["text+image+audio"]
assert fused > pairs > alone and fused > best["text"]
say(f"""
One sense: {alone:.0%} at best, and the picture alone {learned['image']:.0%}, near guessing: {clips.train.sum()} clips are
few for it. Two: {pairs:.0%}. All three: **{fused:.0%}**, well above the {best['text']:.0%} that a perfect
reader of any one sense could reach. The article's model reaches {trainer.evaluate(unseen, answers)['accuracy']:.0%} on the
same clips. (On {len(answers)} clips a score wavers by some {100 * np.sqrt(0.2 / len(answers)):.0f} points either way; a bar
that touches or passes its mark had luck.)
""")

# %% [markdown]
# ## Sarcasm
#
# Now the third question from above: the answer is *yes* where words and voice disagree. We give both joints the
# same two clean features, with a little noise, and the same training.

# %%
def clips_with_sarcasm(count, rng):
    said = rng.choice((-1.0, 1.0), (count, 2))
    return said + 0.25 * rng.normal(size=said.shape), (said[:, :1] != said[:, 1:]).astype(float)


joints = {
    "one Dense, as in the article": mm.Sequential(mm.Dense(1)),
    "a hidden layer of 8 before it": mm.Sequential(mm.Dense(8), mm.ReLU(), mm.Dense(1)),
}
x, y = clips_with_sarcasm(400, rng)
fresh, truth = clips_with_sarcasm(1000, rng)
right = {}
for name, network in joints.items():
    network.build((2,), np.random.default_rng(1), dtype=np.float64)
    one = mm.Trainer(network, mm.BinaryCrossEntropy(from_logits=True), mm.Adam(0.02))
    one.fit(x, y, epochs=40)
    right[name] = one.evaluate(fresh, truth)["accuracy"]

# %% alt="Two panels with four clouds of points at the corners of a square. Left: one Dense gives nearly the same pale colour everywhere. Right: with a hidden layer opposite corners are told apart."
figure, axes = plt.subplots(1, 2, figsize=(8.6, 4), sharey=True)
grid = np.stack(np.meshgrid(np.linspace(-2, 2, 120), np.linspace(-2, 2, 120)), axis=-1).reshape(-1, 2)
for axis, (name, network) in zip(axes, joints.items()):
    p = mm.Sigmoid().forward(network.forward(grid)[0])[0].reshape(120, 120)
    axis.imshow(p, extent=(-2, 2, -2, 2), origin="lower", cmap="PuOr", vmin=-0.7, vmax=1.7, interpolation="bilinear")
    axis.plot(*x[y[:, 0] == 1][:120].T, "o", color="#3b0f70", markersize=4, label="sarcasm")
    axis.plot(*x[y[:, 0] == 0][:120].T, "x", color="#7f3b08", markersize=4, label="meant as said")
    axis.set(title=f"{name}: {right[name]:.0%}", xlabel="the words: −1 bitter, +1 kind")
    axis.grid(False)
axes[0].set_ylabel("the voice: −1 bitter, +1 kind")
axes[0].legend(loc="upper center", fontsize=9, frameon=True)
plt.show()

# %%
article, hidden = right.values()
weights = sum(W.size for W in joints["a hidden layer of 8 before it"].params.values())
assert article < 0.75 and hidden > 0.95
say(f"""
**The surprise** is how little is missing. One Dense: {article:.0%}, which is guessing: cross-entropy finds nothing better
than ½ everywhere. Even the best line in the world would get only three corners of four. One hidden layer of eight units, {weights}
weights in all: {hidden:.0%}. A ReLU on a *mixture* of two senses is all it takes to let one sense change the meaning of
the other. It is why tinymm's default model puts `Dense, ReLU` between the joint and the answer, and the only change to the
article's design that we would insist on.
""")

# %% [markdown]
# ## Step through it
#
# The whole architecture in miniature, from two inputs to the loss. In *Backward* look at how the gradient is cut at the joint.

# %% tags=["view"]
model = mm.Sequential(mm.Concatenate(text=mm.Dense(2), sound=mm.Tanh()), mm.Dense(1), mm.Sigmoid())
model.build({"text": (3,), "sound": (2,)}, np.random.default_rng(0))
x = {"text": np.array([[1.0, 0.0, -1.0]]), "sound": np.array([[0.5, -2.0]])}
mm.view(model, x, loss=mm.BinaryCrossEntropy(), target=np.array([[1.0]]))

# %% [markdown]
# ## Plot: who gets the gradient?
#
# Every branch gets its own piece of one gradient, and all pieces carry the same factor $p - t$: how wrong the *sum* of the
# votes still is. So the senses share one teacher. When one sense has explained a clip, $p - t$ is small, and the others
# learn little from it any more.
#
# > **Predict.** We train the article's model for fifty batches and measure the gradient that reaches each branch. Will they
# > get about the same?

# %%
model = article_model()
loss, adam = mm.BinaryCrossEntropy(), mm.Adam()
inputs, targets = clips.part(True)
sizes, misses, order = {sense: [] for sense in senses}, [], np.random.default_rng(1)
for _ in range(50):
    batch = order.choice(len(targets), 16, replace=False)
    p, cache = model.forward({sense: x[batch] for sense, x in inputs.items()})
    _, loss_cache = loss.forward(p, targets[batch])
    _, grads = model.backward(loss.backward(loss_cache), cache)
    adam.update(model.params, grads)
    misses.append(float(abs(p - targets[batch]).mean()))
    for sense in senses:
        own = [g for name, g in grads.items() if name.startswith(sense)]
        sizes[sense].append(float(np.sqrt(sum((g**2).sum() for g in own))))

# %% alt="Fifty batches: the gradients of image and audio start large and shrink with the mean miss |p - t|; that of the text branch starts far smaller and grows."
figure, axis = plt.subplots(figsize=(7.8, 3.5))
for sense, style in zip(senses, ("-", "--", ":")):
    axis.semilogy(np.convolve(sizes[sense], np.full(5, 0.2), "valid"), style, label=f"gradient of the {sense} branch")
axis.semilogy(np.convolve(misses, np.full(5, 0.2), "valid"), color="black", linewidth=1, label="mean |p − t|")
axis.yaxis.set_minor_formatter(NullFormatter())
axis.set_yticks((0.01, 0.03, 0.1, 0.3, 1), ("0.01", "0.03", "0.1", "0.3", "1"))
axis.set(xlabel="batch", ylabel="mean of five batches", title="One teacher, three pupils")
axis.legend(fontsize=9)
plt.show()

# %%
early, late = ({sense: np.mean(sizes[sense][part]) for sense in senses} for part in (slice(0, 10), slice(40, 50)))
assert early["text"] < early["audio"] / 8 and late["text"] > 4 * early["text"] and misses[-1] < misses[0]
say(f"""
The text sleeps in. In the first ten batches its branch gets {early['audio'] / early['text']:.0f} times less gradient than
the sound's: its embedding starts with tiny numbers, and its 128 features are few beside the {h.shape[1] - 128:,} of the
others. While it wakes up, the other two have brought the mean miss from {np.mean(misses[:10]):.2f} down to
{np.mean(misses[20:30]):.2f}. Balancing the senses is an art of its own; tinymm's default model averages the words instead of
an LSTM, and has BatchNorm in the other two branches and Dropout on the joint.
""")

# %% [markdown]
# ## Exercise
#
# `tinymm exercise start fusion`: write `concatenate_forward` and `concatenate_backward`. Then: change the sarcasm
# example so that the joint gets a third number, the *product* of the two features. Why is a single Dense enough
# now? (Multiplying features of two senses is called bilinear fusion.)
#
# ## Next
#
# - **Lesson 15**: the last piece, the optimizer that makes use of all these gradients.
# - **Read**: Minsky and Papert, *Perceptrons*, 1969, for the theorem you proved by hand; Baltrušaitis, Ahuja and Morency,
#   *Multimodal machine learning: a survey and taxonomy*, 2019, for everything that can stand in the place of a joint.
# - **How the real engine does it**: in `tinymm/engines/cpu/containers.py` nothing is ever concatenated. The
#   joined array is made once, and every branch is handed its slice of it to write into. While one thread walks through
#   the LSTM's steps, the others take the convolutions.
