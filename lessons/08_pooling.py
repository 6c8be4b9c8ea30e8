# %% [markdown]
# # Lesson 8: Pooling, and what happens on a tie
#
# Max pooling looks at a small window and keeps the largest number. It has no weights and learns nothing. And yet it decides
# for every gradient where it may go. This lesson is about a layer so simple that one wonders what there is to get wrong,
# and about the case nobody thinks of.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinymm as mm
from tinymm import equations
from tinymm.lessons import STYLE, say, show

plt.style.use(STYLE)
rng = np.random.default_rng(0)

# %% [markdown]
# ## The article's equation
#
# Section 4.1: $p_i = \max_j h^{(l-1)}_j$, where $j$ runs over a small window. For a picture with windows of $2 \times 2$
# that stand side by side:
#
# $$y_{p,q,c} = \max_{i,j \in \{0,1\}} x_{2p+i,\;2q+j,\;c}$$
#
# The formula does not say so, but each *channel* is pooled by itself.
#
# ## Predict
#
# > **Predict.** The loss minds one output of the pool by 5. The window holds 3, 9, 2, 7. What gradient does each of the four
# > get? Now the window holds 0, 0, 0, 0, as windows behind a ReLU often do. And now?
#
# ## By hand

# %%
x = np.array([[1, 3, 2, 0], [4, 2, 1, 1], [0, 0, 5, 6], [0, 0, 6, 2]])
dy = np.array([[10, 20], [30, 40]])
y, cache = mm.MaxPool2D(2).run(x[None, :, :, None].astype(float))
dx, _ = mm.MaxPool2D(2).backward(dy[None, :, :, None].astype(float), cache)
print("x:", *x, "y:", *y[0, :, :, 0].astype(int), "dy:", *dy, "dx:", *dx[0, :, :, 0].astype(int), sep="\n")

# %% [markdown]
# Three cells in four get nothing. That is right: a nudge to a cell that is not the largest changes nothing at all. The winner
# gets everything: as long as it stays the largest, the output *is* this cell.
#
# In the lower left window all four are zero, in the lower right one two are 6. There the maximum is shared, and the
# derivative does not exist: nudge one 6 up and the output follows, nudge it down and the other holds the output up. tinymm
# gives it to the first one in reading order, like nearly everybody. What one must *not* do is give the whole of it to each:

# %%
tied = np.array([[6.0, 6.0], [6.0, 6.0]])
to_all = (tied == tied.max()) * 5.0
say(f"If every winner of a window of four sixes got the 5, the gradients would add up to {to_all.sum():g}: the layer would "
    f"invent {to_all.sum() - 5:g} out of nothing. Adding the same number to all four moves the output by just that number, so "
    f"the four gradients have to add up to **5**. Any split will do. Only the sum is sacred.")

# %% [markdown]
# ## Loops

# %%
show(equations.maxpool2d_forward, equations.maxpool2d_backward)

# %% [markdown]
# The `break` is the tie rule. Leave it out and you have the bug above, one that only shows when numbers repeat: a check on
# random numbers never sees it.
#
# ## The textbook's code

# %%
from tinymm.layers.maxpool import maxpool2d_backward, maxpool2d_forward, maxpool_backward, maxpool_forward

show(maxpool_forward, maxpool_backward)

# %%
for what, x in (("random numbers", rng.normal(size=(2, 5, 4, 3))), ("many ties", rng.integers(0, 2, (2, 5, 4, 3)).astype(float))):
    fast, slow = maxpool2d_forward(x, 2, 1), equations.maxpool2d_forward(x, 2, 1)
    dy = rng.normal(size=fast[0].shape)
    gap = abs(maxpool2d_backward(dy, fast[1]) - equations.maxpool2d_backward(dy, slow[1])).max()
    print(f"{what}: y differs by {abs(fast[0] - slow[0]).max():g}, dx by {gap:.0e}")

# %% [markdown]
# `winner` is remembered, not the input: one small number for each output. Where windows overlap, one cell may win several
# of them, and collects from each: hence `+=`.
#
# ## Step through it
#
# The example by hand. Click on an output, then choose *Backward*. Then lower a winner until another takes over, and see
# its gradient jump.

# %% tags=["view"]
x = np.array([[1.0, 3, 2, 0], [4, 2, 1, 1], [0, 0, 5, 6], [0, 0, 6, 2]])
dy = np.array([[10.0, 20], [30, 40]])
mm.view(mm.MaxPool2D(2), x.reshape(1, 4, 4, 1), dy=dy.reshape(1, 2, 2, 1))

# %% [markdown]
# ## Plot: how often is there a tie?
#
# Never, one should think: two computed numbers are hardly ever equal. We take the article's picture branch, fresh from
# `build`, and count.

# %%
from tinymm.data.synthetic import emotion

faces = np.stack([np.asarray(emotion.image(mood, np.random.default_rng(k)))[0] for k, mood in enumerate(("happy", "sad") * 4)]) / 255
faces = (faces - faces.mean(axis=(0, 1, 2))) / faces.std(axis=(0, 1, 2))
conv = mm.Conv2D(32, 3)
conv.build(faces.shape[1:], np.random.default_rng(0), dtype=np.float64)
z, _ = conv.forward(faces)
h, _ = mm.ReLU().forward(z)


def ties(x):
    """The windows of 2 × 2 in which the maximum is shared."""
    N, H, W, C = x.shape
    windows = x[:, : H // 2 * 2, : W // 2 * 2].reshape(N, H // 2, 2, W // 2, 2, C).swapaxes(2, 3).reshape(N, H // 2, W // 2, 4, C)
    return (windows == windows.max(axis=3, keepdims=True)).sum(axis=3) > 1


before, after = ties(z), ties(h)
assert before.mean() < 0.02 < 0.1 < after.mean()

# %% alt="A face; one of its feature maps behind the ReLU; and the windows of that map with a tie marked: all flat dark regions."
channel = int(np.argsort(after.mean(axis=(0, 1, 2)))[20])
figure, axes = plt.subplots(1, 3, figsize=(8.8, 3.1))
shown = (faces[0] - faces[0].min()) / np.ptp(faces[0])
for axis, picture, title in zip(axes, (shown, h[0, :, :, channel], after[0, :, :, channel]), ("a face", "one filter, behind ReLU", "black: windows with a tie")):
    axis.imshow(picture, cmap="viridis" if picture.dtype == float else "gray_r")
    axis.set(title=title, xticks=[], yticks=[])
    axis.grid(False)
plt.show()

# %%
say(f"""
**The surprise.** Before the ReLU {before.mean():.2%} of the windows hold a tie, behind it **{after.mean():.0%}**: wherever all four
cells were negative, ReLU made four zeros of them. So the case nobody thinks of is one window in {1 / after.mean():.0f}. It
does no harm for a lucky reason: the pool sends the gradient to *some* zero, and the ReLU in front of it throws it
away, since its slope there is 0. Put the two layers the other way round, or use another bend, and the tie rule matters.
""")

# %% [markdown]
# ## What pooling buys
#
# Move the picture by a pixel. How much do the numbers change, before and behind the pool? And what does the mean of
# each window do in its place?

# %%
moved, _ = mm.ReLU().forward(conv.forward(np.roll(faces, 1, axis=2))[0])


def change(layer):
    one, other = (layer.forward(maps[:, :, 1:])[0] for maps in (h, moved)) if layer else (h[:, :, 1:], moved[:, :, 1:])
    return np.sqrt(((one - other) ** 2).sum() / (one**2).sum())


changes = {"no pool": change(None), "MaxPool2D(2)": change(mm.MaxPool2D(2)), "MaxPool2D(8)": change(mm.MaxPool2D(8)),
           "AveragePool2D(8)": change(mm.AveragePool2D(8)), "GlobalMaxPool()": change(mm.GlobalMaxPool())}
assert changes["no pool"] > changes["MaxPool2D(2)"] > changes["GlobalMaxPool()"]
say("| behind the ReLU | change when the face moves by one pixel |\n|---|---|\n"
    + "\n".join(f"| {name} | {value:.0%} |" for name, value in changes.items())
    + "\n\nA pool forgets *where* and keeps *what*. The article's pool of 2 forgets a little; a pool over everything forgets it all, which "
      "is what tinymm's default model does, and why it is not fooled by a face that moved.")

# %% [markdown]
# ## Checking a layer that has no derivative
#
# A gradient check at a tie would compare with a slope that does not exist. tinymm's notices, steps aside and says so:

# %%
report = mm.gradcheck(mm.MaxPool2D(2), np.zeros((1, 2, 2, 1)))
print(report.notes[0])
print("passed" if report else "failed")

# %% [markdown]
# ## Exercise
#
# `tinymm exercise start maxpool`: windows of any size and stride, and the tie rule. On paper: what is the backward pass of
# *average* pooling? Which of the two passes on more gradient in total?
#
# ## Next
#
# - **Lesson 9**: how a sound becomes a picture, so that all of this can be used on it.
# - **Read**: Boureau, Ponce and LeCun, *A theoretical analysis of feature pooling*, 2010; Springenberg et al., *Striving for
#   simplicity*, 2015, who leave pooling out and use a stride.
# - **How the real engine does it**: `tinymm/engines/cpu/pool.py` holds a tournament. The cells at one place of all windows are
#   one strided view; each view challenges the best so far, and strictly larger wins, which is the same tie rule. When a
#   convolution stands in front, the tournament is held inside its tile: max(ReLU(z)) = ReLU(max z), so ReLU works on a
#   quarter of the numbers.
