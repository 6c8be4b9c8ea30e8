# %% [markdown]
# # Lesson 0: A model that reads, sees and hears
#
# In this lesson you train the whole system of the article: one branch reads a sentence, one looks at a picture,
# one listens to a sound, and a single neuron at the end hears all three and says *happy* or *sad*. It takes a
# moment to train. The fifteen lessons after this one take it apart, screw by screw, until nothing in it is magic.
#
# You need Python, some algebra, and the idea of a slope. Where to type: run `tinymm lesson 0` to read, or open
# `lessons/00_tour.ipynb` in Jupyter and press Shift-Enter in each cell.

# %%
import inspect
import textwrap

import matplotlib.pyplot as plt
import numpy as np

import tinymm as mm
from tinymm.data.synthetic.planting import ceilings
from tinymm.lessons import BLUE, GREY, ORANGE, STYLE, say, show
from tinymm.lessons.clips import made_clips

plt.style.use(STYLE)

# %% [markdown]
# ## The clips
#
# tinymm makes its own clips, so that we know the truth about each. A clip has a sentence, a face and a voice. Each of
# the three senses may be *clear*, *empty* (the person looks away, says something bland), or *at odds*: a sad voice
# under a happy face. The label is what the majority of the talking senses says.

# %%
clips = made_clips(classes=("sad", "happy"), count=500, seed=0)
names = {sense: x.shape for sense, x in clips.inputs.items()}
say(f"""
{len(clips.y)} clips, {clips.train.sum()} to learn from and {(~clips.train).sum()} to be examined on. As arrays:

| sense | one clip is | all clips |
|---|---|---|
| text | {names['text'][1]} word numbers | `{names['text']}` |
| image | {names['image'][1]} × {names['image'][2]} pixels in 3 colours | `{names['image']}` |
| audio | {names['audio'][1]} moments × {names['audio'][2]} bands of pitch | `{names['audio']}` |
""")

# %% alt="Six clips: the face on top, the spectrogram of the voice below, the sentence and the label as titles."
chosen = [k for k in range(60) if clips.train[k]][:6]
figure, axes = plt.subplots(2, 6, figsize=(10, 3.9), height_ratios=(2, 1))
for column, k in zip(axes.T, chosen):
    label = "happy" if clips.y[k, 0] else "sad"
    column[0].imshow(clips.pictures[k])
    column[0].set_title(f"{label}", fontsize=11)
    column[0].set_xlabel(textwrap.fill(clips.texts[k], 17), fontsize=8.5)
    column[1].imshow(clips.inputs["audio"][k].T, origin="lower", aspect="auto", cmap="magma")
    for axis in column:
        axis.set(xticks=[], yticks=[])
        axis.grid(False)
plt.show()

# %% [markdown]
# Top: the label and the face, with the sentence under it. Bottom: the voice as a spectrogram, time from left to right
# and pitch from low to high (lesson 9 draws it from scratch). Can you tell each label from the face alone?

# %% [markdown]
# ## Predict
#
# > **Predict before you run.** Somebody who reads only the sentences, and understands them perfectly, still cannot
# > know when the sentence is empty or lies. Write down two numbers: the best accuracy possible with one sense, and the
# > best possible with all three. Guessing gives one half.

# %%
best = ceilings(("sad", "happy"))
say(f"""
One perfect sense: **{best['text']:.0%}**. Two: **{best['text+image']:.0%}**. All three: **{best['text+image+audio']:.0%}**.

So there is something to gain that *no* single sense holds, however well it is read. That is why fusion exists.
""")

# %% [markdown]
# ## The model, as the article lists it
#
# This is the listing of the article's section 5.2, layer for layer. A layer is a box with numbers in it that are
# learned; `Sequential` puts boxes in a row, `Concatenate` puts rows side by side and glues their ends together.

# %%
text = mm.Sequential(mm.Embedding(len(clips.vocabulary), 128), mm.LSTM(128))
image = mm.Sequential(mm.Conv2D(32, 3), mm.ReLU(), mm.MaxPool2D(2), mm.Flatten())
audio = mm.Sequential(mm.Conv1D(32, 3), mm.ReLU(), mm.MaxPool1D(2), mm.Flatten())
model = mm.Sequential(mm.Concatenate(text=text, image=image, audio=audio), mm.Dense(1), mm.Sigmoid())

model.build({sense: x.shape[1:] for sense, x in clips.inputs.items()}, np.random.default_rng(0))
model.summary()

# %%
held = {name: sum(W.size for path, W in model.params.items() if path.startswith(name)) for name in ("text.1", "text.0", "1.", "image.0")}
assert list(held.values()) == sorted(held.values(), reverse=True)
say(f"""
Look at the column of parameters. By far the most, {held['text.1']:,}, sit in the LSTM, which reads eight words; then come
the table of word vectors (Embedding, {held['text.0']:,}) and the single Dense neuron at the very end ({held['1.']:,}). The
convolution that looks at the picture has {held['image.0']}: it uses them everywhere again.
""")

# %% [markdown]
# The article's listing gives its `Conv1D` a kernel with two sides, which is one too many, and leaves out two imports.
# Above it stands put right. Nothing else is changed.

# %% [markdown]
# ## Loops: one training step in five lines
#
# All of training is one step, repeated: run the model forward, measure how wrong it is, run it backward to get the
# slope of that wrongness with respect to every parameter, and move each parameter a little downhill:
#
# $$W := W - \alpha \frac{\partial J}{\partial W} \qquad b := b - \alpha \frac{\partial J}{\partial b}$$
#
# That is the article's section 4.2. Here it is for one batch, with nothing hidden.

# %%
loss, alpha = mm.BinaryCrossEntropy(), 0.01
inputs, targets = clips.part(train=True)
batch = {sense: x[:32] for sense, x in inputs.items()}

p, cache = model.forward(batch)                          # 1 predict: p is a number from 0 (sad) to 1 (happy)
J, loss_cache = loss.forward(p, targets[:32])            # 2 how wrong?
_, grads = model.backward(loss.backward(loss_cache), cache)  # 3 the slope of J for every parameter
for name, W in model.params.items():
    W -= alpha * grads[name]                             # 4 a small step downhill, parameter by parameter
J_after = loss.forward(model.forward(batch)[0], targets[:32])[0]  # 5 and on the same batch again

say(f"The loss on these 32 clips was **{J:.4f}** and is **{J_after:.4f}** after one step. Guessing gives "
    f"log 2 = {np.log(2):.4f}. The model has {sum(W.size for W in model.params.values()):,} parameters, and each got "
    f"its own slope from a single backward pass.")

# %% [markdown]
# ## By hand
#
# The same step with numbers for paper. Take one clip that is *happy*, so the target is $t = 1$, and only the last neuron.
# The three branches hand it one number each, $h = (2, -1, 1)$; its weights and its bias are still zero. That the slope of
# this loss with respect to $z$ is simply $p - t$ is the nicest result of lesson 3; believe it for now. Take $\alpha = 1$.

# %%
h, w, b, t = np.array([2, -1, 1]), np.zeros(3), 0.0, 1
z = w @ h + b
p = 1 / (1 + np.exp(-z))
dz = p - t
dw, db = dz * h, dz
w, b = w - dw, b - db
z_after = w @ h + b
row = lambda numbers: ", ".join(f"{number:g}" for number in numbers)  # noqa: E731
say(f"""
| | on paper | |
|---|---|---|
| z = w·h + b | 0·{h[0]} + 0·({h[1]}) + 0·{h[2]} + 0 | {z:g} |
| p = σ(z) | 1 / (1 + e⁰) | {p:g} |
| slope for z: p − t | {p:g} − {t} | {dz:g} |
| slopes for w: (p − t)·h | {dz:g}·({row(h)}) | ({row(dw)}) |
| new w, new b | 0 − slope | ({row(w)}), {b:g} |
| z on the same clip, afterwards | {w[0]:g}·{h[0]} + ({w[1]:g})·({h[1]}) + {w[2]:g}·{h[2]} + {b:g} | {z_after:g} |

From "I do not know" to {1 / (1 + np.exp(-z_after)):.0%} happy in one step. The weight of the middle number went *down*:
that number was negative, so a smaller weight raises z.
""")

# %% [markdown]
# ## The textbook's code
#
# Step 3 is where the secret must be. But there is none: every layer answers the same question, *given how much the
# loss minds my output, how much does it mind my input and my numbers?* This is the whole answer of `Dense`:

# %%
from tinymm.layers.dense import dense_backward, dense_forward

show(dense_forward, dense_backward)

# %% [markdown]
# Every layer of tinymm is such a pair. `Sequential` calls the backward passes in reverse order. That is all
# backpropagation is, and lessons 1 to 14 go through the pairs one by one.

# %% [markdown]
# ## Step through it
#
# The viewer runs a real layer on real, small numbers. Click on any number to see which numbers made it. Below is the
# last layer of our model in miniature: three features in, one answer out. Change an input and watch.

# %% tags=["view"]
layer = mm.Dense(1)
layer.build((3,), np.random.default_rng(0))
mm.view(layer, np.array([[1.0, -2.0, 0.5], [0.0, 1.0, 2.0]]))

# %% [markdown]
# ## Train it
#
# `Trainer` repeats the step over all clips, ten times, with Adam in the place of the plain update (lesson 15). We
# train four models: one for each sense alone, and one with all three.

# %%
branches = {
    "text": lambda: mm.Sequential(mm.Embedding(len(clips.vocabulary), 128), mm.LSTM(128)),
    "image": lambda: mm.Sequential(mm.Conv2D(32, 3), mm.ReLU(), mm.MaxPool2D(2), mm.Flatten()),
    "audio": lambda: mm.Sequential(mm.Conv1D(32, 3), mm.ReLU(), mm.MaxPool1D(2), mm.Flatten()),
}


def train(senses):
    """The article's model with some of its branches, trained: -> Trainer, history."""
    parts = mm.Concatenate(**{sense: branches[sense]() for sense in senses})
    model = mm.Sequential(parts, mm.Dense(1), mm.Sigmoid())
    model.build({sense: clips.inputs[sense].shape[1:] for sense in senses}, np.random.default_rng(0))
    trainer = mm.Trainer(model, mm.BinaryCrossEntropy(), mm.Adam())
    history = trainer.fit(*clips.part(True, senses), epochs=10, validation=clips.part(False, senses))
    return trainer, history


runs = {"all three": train(("text", "image", "audio")), **{sense: train((sense,)) for sense in branches}}
scores = {}
for name, (trainer, _) in runs.items():
    senses = tuple(trainer.model.children[""].children)
    scores[name] = [trainer.evaluate(*clips.part(part, senses))["accuracy"] for part in (True, False)]
rows = "\n".join(f"| {name} | {known:.0%} | {new:.0%} |" for name, (known, new) in scores.items())
say("| model | on clips it learned from | on clips it never met |\n|---|---|---|\n" + rows)

# %% [markdown]
# ## Plot

# %% alt="Left: loss over ten epochs for training and unseen clips. Right: accuracy on unseen clips for each sense and all three."
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), width_ratios=(1, 1.1))
history = runs["all three"][1]
epochs = [row["epoch"] for row in history]
left.plot(epochs, [row["loss"] for row in history], "o-", color=BLUE, label="clips it learns from")
left.plot(epochs, [row["validation_loss"] for row in history], "s--", color=ORANGE, label="clips it never met")
left.axhline(np.log(2), color="black", linewidth=1, linestyle=":")
left.annotate("guessing", (epochs[-1], np.log(2)), xytext=(0, 3), textcoords="offset points", ha="right")
left.set(xlabel="epoch", ylabel="loss", title="All three senses", ylim=(0, 1.05))
left.legend(loc="upper right")
names = list(scores)
right.barh(names[::-1], [scores[name][1] for name in names[::-1]], color=[GREY, GREY, GREY, BLUE])
right.axvline(0.5, ymax=0.81, color="black", linewidth=1, linestyle=":")
right.annotate("guessing", (0.5, 3.6), ha="center", fontsize=9.5)
right.axvline(best["text"], ymax=0.81, color=ORANGE, linewidth=2, linestyle="--")
right.annotate("one sense,\nread perfectly", (best["text"], 3.6), ha="center", fontsize=9.5)
right.set(xlabel="accuracy on unseen clips", title="What each sense is worth", xlim=(0, 1), ylim=(-0.6, 4.35))
right.grid(axis="y", visible=False)
plt.show()

# %%
assert scores["all three"][1] > best["text"]
fused, gap = scores["all three"][1], scores["all three"][0] - scores["all three"][1]
alone = max(scores[sense][1] for sense in branches)
say(f"""
**The surprise.** On the clips it learned from the fused model is right {scores['all three'][0]:.0%} of the time, on new
ones {fused:.0%}. That is more than the best single sense ({alone:.0%}), and more than a *perfect* reader of one sense
could reach ({best['text']:.0%}). But mind the gap of {100 * gap:.0f} points. The model has
{sum(W.size for W in runs['all three'][0].model.params.values()):,} parameters for {clips.train.sum()} clips and
learned many of them by heart. The picture branch is the worst offender: alone it knows
{scores['image'][0]:.0%} of its own clips and {scores['image'][1]:.0%} of the others, and half would be guessing.
It remembers *where* on the picture things were. Lesson 13 is about that, and lesson 14 about what a better joint
could do.
""")

# %% [markdown]
# ## A map of the house
#
# The same mathematics stands in tinymm several times, each time a little faster, and tests hold each rung to the one
# below it:
#
# | rung | where | what it is for |
# |---|---|---|
# | equations | `tinymm/equations/` | the article's formulas as loops over indices: obviously right, slow |
# | textbook | `tinymm/layers/` | the same with arrays, one layer a file: what the lessons and the viewer show |
# | engine | `tinymm/engines/cpu/` | the same planned for a whole training step |
#
# Beside them `tinymm/gradchecking/` proves that every backward pass is the slope of its forward pass (lesson 4), and
# `tinymm/data/` turns video files into arrays.

# %%
from tinymm import equations, layers

lines = {
    "equations": len(inspect.getsource(equations.dense_backward).splitlines()),
    "textbook": len(inspect.getsource(layers.dense.dense_backward).splitlines()),
}
x, W, b = (np.random.default_rng(1).normal(size=shape) for shape in ((4, 3), (3, 2), (2,)))
y_loops, y_arrays = equations.dense_forward(x, W, b)[0], dense_forward(x, W, b)[0]
say(f"`dense_backward` takes {lines['equations']} lines as loops and {lines['textbook']} with arrays. Their forward "
    f"passes differ by {abs(y_loops - y_arrays).max():.0e} on random numbers: rounding, and nothing else.")

# %% [markdown]
# ## Exercise
#
# 1. Change `seed=0` in `made_clips` to 1 and run everything again. Which of the scores move, and by how much? What does
#    that say about scores measured on so few clips? (A single sense may come out above its ceiling: it guesses on
#    empty clips, sometimes luckily.)
# 2. Cut the batch of the five-line step to one clip and repeat the step fifty times. Where does the loss go?
# 3. Set `alpha` to 10 there. What happens, and why does the formula not forbid it? (Lesson 5.)

# %% [markdown]
# ## Next
#
# - **Lesson 1** takes the smallest part of this model, a single neuron, and computes its backward pass on paper.
# - **Read**: Goodfellow, Bengio and Courville, *Deep Learning*, chapter 6, sections 1 to 5, is the story of lessons 1
#   to 3 in one piece. The article's sections 4.1 and 4.2 are the formulas; [EQUATIONS.md](EQUATIONS.md) in the
#   folder of the lessons lists where each of them stands in the code.
# - **How the real engine does it**: `engine="auto"` plans this very training step once, reuses its memory in every
#   step, and runs the three branches side by side on your cores: `tinymm/engines/cpu/containers.py`.
