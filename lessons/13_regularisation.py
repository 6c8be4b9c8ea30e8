# %% [markdown]
# # Lesson 13: Forgetting on purpose
#
# In lesson 0 the picture branch knew most of its own clips and next to none of the others. It had learned them by heart. In
# this lesson we look at learning by heart closely, and at four ways to make it harder: more data, stopping in time, smaller
# weights, and the strangest one, switching off half of the network at random.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinymm as mm
from tinymm import equations
from tinymm.lessons import BLUE, GREEN, GREY, ORANGE, STYLE, say, show

plt.style.use(STYLE)
rng = np.random.default_rng(0)

# %% [markdown]
# ## The equation
#
# The article names overfitting among its challenges and gives no formula. Dropout is a layer of its own. While training,
#
# $$y = \frac{x \cdot \text{keep}}{1 - r}$$
#
# where keep is 0 with probability $r$ and otherwise 1, drawn for each number by itself; and when the model is used, $y = x$. Weight decay is a change of the article's update:
#
# $$W := W - \alpha \frac{\partial J}{\partial W} - \alpha \lambda W$$
#
# ## Predict
#
# > **Predict.** Dropout with $r = 1/2$ switches off half of all numbers. Why does it *double* the others? What would go wrong when the
# > model is used if it did not?
#
# ## By hand
#
# Four numbers, $r = 1/2$. There are sixteen equally likely ways to keep or drop them. What is the sum, on the average over all
# sixteen, with the doubling and without?

# %%
x = np.array([1.0, 2.0, 3.0, 4.0])
ways = np.array([[(k >> bit) & 1 for bit in range(4)] for k in range(16)])
print("three of the sixteen:", *(f"{x * way / 0.5}" for way in ways[[5, 6, 15]]), sep="\n  ")
say(f"The sum without dropout is {x.sum():g}. Over all sixteen ways the mean sum is {(ways * x / 0.5).sum(axis=1).mean():g} with the doubling and "
    f"{(ways * x).sum(axis=1).mean():g} without. Dividing by $1 - r$ keeps the mean, so the next layer meets numbers of the size that it was trained on.")

# %% [markdown]
# ## Loops

# %%
show(equations.dropout_forward, equations.dropout_backward)

# %% [markdown]
# ## The textbook's code
#
# The backward pass must drop *the same* numbers, so `keep` is remembered. And what is drawn must be a function of a seed: else no
# gradient could be checked, and no interrupted run taken up again.

# %%
from tinymm.layers.dropout import dropout_backward, dropout_forward

show(dropout_forward, dropout_backward)

# %%
x = rng.normal(size=(200, 500))
y, cache = dropout_forward(x, 0.3, seed=1)
y_loops, _ = equations.dropout_forward(x[:20, :20], 0.3, seed=1)
small, _ = dropout_forward(x[:20, :20], 0.3, seed=1)
print(f"dropped: {(y == 0).mean():.3f}   mean before {x.mean():+.4f}, after {y.mean():+.4f}   against loops: {abs(small - y_loops).max():g}")
print(mm.gradcheck(mm.Dropout(0.4), rng.normal(size=(4, 5)), training=True))

# %% [markdown]
# ## Step through it
#
# Dropout in training, and a Dense layer behind it. Some numbers are gone, the others doubled; in *Backward* the same ones are gone.

# %% tags=["view"]
model = mm.Sequential(mm.Dropout(0.5), mm.Dense(2))
model.build((4,), np.random.default_rng(0))
mm.view(model, np.array([[1.0, 2.0, 3.0, 4.0]]), training=True)

# %% [markdown]
# ## Plot: learning by heart, and four cures
#
# A hundred and fifty samples with twenty features. Only four of the features mean anything, and one label in ten is wrong. A
# network with sixty-four hidden units has every opportunity to learn names in the place of rules.

# %%
def samples(count, rng):
    """x (count, 20); the label depends on four features, and 1 in 10 is turned over."""
    x = rng.normal(size=(count, 20))
    y = (x[:, 0] + x[:, 1] - x[:, 2] - x[:, 3] > 0) ^ (rng.random(count) < 0.1)
    return x, y[:, None].astype(float)


def network(inputs=0.0, hidden=0.0):
    """Dropout on the inputs, 64 units, dropout on those, one logit."""
    model = mm.Sequential(mm.Dropout(inputs), mm.Dense(64, "he_normal"), mm.ReLU(), mm.Dropout(hidden), mm.Dense(1))
    model.build((20,), np.random.default_rng(1), dtype=np.float64)
    return model


loss = mm.BinaryCrossEntropy(from_logits=True)
new_x, new_y = samples(2000, np.random.default_rng(99))


def curves(model, count=150, decay=0.0, updates=300):
    """Loss on the samples it learns from and on 2000 others, every 10 updates; and the accuracy on the others."""
    x, y = samples(count, np.random.default_rng(0))
    engine = mm.make_engine(model, loss, mm.AdamW(0.005, weight_decay=decay), engine="textbook")
    own, others, right = [], [], []
    for update in range(updates):
        if update % 10 == 0:
            own.append(float(loss.forward(model.forward(x)[0], y)[0]))
            z, _ = model.forward(new_x)
            others.append(float(loss.forward(z, new_y)[0]))
            right.append(float(((z > 0) == new_y).mean()))
        engine.step(x, y)
    return own, others, right


cures = {
    "nothing": curves(network()),
    "dropout": curves(network(inputs=0.3, hidden=0.5)),
    "weight decay 4": curves(network(), decay=4.0),
    "ten times the data": curves(network(), count=1500),
}

# %% alt="Four panels with the loss on known and on new samples over 300 updates. Without a cure the known loss goes to zero while the new loss falls, turns and climbs far above guessing; each cure keeps the two closer."
figure, axes = plt.subplots(1, 4, figsize=(11, 3.6), sharey=True)
for axis, (name, (own, others, _)) in zip(axes, cures.items()):
    at = np.arange(len(own)) * 10
    axis.plot(at, own, color=BLUE, label="its own samples")
    axis.plot(at, others, "--", color=ORANGE, label="new samples")
    axis.plot(at[int(np.argmin(others))], min(others), "o", color=GREEN, markersize=8, label="the best moment")
    axis.axhline(np.log(2), color=GREY, linewidth=1, linestyle=":")
    axis.set(title=name, xlabel="update", ylim=(0, 1.3))
axes[0].set_ylabel("loss")
axes[0].annotate("guessing", (290, np.log(2)), xytext=(0, 3), textcoords="offset points", ha="right", fontsize=9)
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
plt.show()

# %%
bare = cures["nothing"]
stop = int(np.argmin(bare[1]))
least = {name: min(others) for name, (_, others, _) in cures.items()}
assert bare[1][-1] > 1.2 * np.log(2) and bare[0][-1] < 0.05 and 10 * stop < 60
assert all(cures[name][1][-1] < 0.6 * bare[1][-1] for name in cures if name != "nothing")
assert min(least, key=least.get) == "ten times the data"
rows = "\n".join(f"| {name} | {own[-1]:.3f} | {others[-1]:.2f} | {right[-1]:.0%} |" for name, (own, others, right) in cures.items())
say(f"""
| after 300 updates | loss, own samples | loss, new samples | right about new ones |
|---|---|---|---|
{rows}
| nothing, but stopped at update {10 * stop} | {bare[0][stop]:.3f} | {bare[1][stop]:.2f} | {bare[2][stop]:.0%} |

**The surprise** is the last row. The cheapest cure is to stop at the green dot, after {10 * stop} of 300 updates, and it brings the loss
on new samples from {bare[1][-1]:.2f} to {bare[1][stop]:.2f}. What came after was worse than useless: guessing would give {np.log(2):.2f}.
And yet the share of right answers hardly moved. The model is not more often wrong, it is more *sure*, and being sure when wrong is
what the loss minds most (lesson 3). Nothing on the blue line tells you so.
""")

# %% [markdown]
# The lowest green dot is that of more data, here as in life; and even there the training went on for too long. Nobody gives
# you ten times the data; `tinymm/data/augment.py` makes a little of it, by moving, dimming and cutting the clips you have.
#
# ## What dropout does to a network
#
# A unit that may be gone at any moment is a bad partner. So no unit can rely on a certain other one, and what is learned is spread over
# many. Switch off units of the *finished* networks, one after the other, and see how they take it.

# %%
def hurt(model):
    """How often the trained network is right about new samples when 0, 8, 16, ... of its units are switched off."""
    x, y = samples(150, np.random.default_rng(0))
    engine = mm.make_engine(model, loss, mm.AdamW(0.005, weight_decay=0.0), engine="textbook")
    for _ in range(150):
        engine.step(x, y)
    W, whole, right = model.params["4.W"], model.params["4.W"].copy(), []
    for off in range(0, 64, 8):
        draws = [np.random.default_rng(k).permutation(64)[:off] for k in range(20)]
        hits = []
        for units in draws:
            W[...] = whole
            W[units] = 0
            hits.append(((model.forward(new_x)[0] > 0) == new_y).mean())
        right.append(float(np.mean(hits)))
    return right


with_dropout, without = hurt(network(hidden=0.5)), hurt(network())
lost = [whole[0] - whole[5] for whole in (with_dropout, without)]
assert lost[0] < lost[1]
say(f"With 40 of 64 units off, the network trained with dropout goes from {with_dropout[0]:.0%} right to {with_dropout[5]:.0%}, the one trained "
    f"without from {without[0]:.0%} to {without[5]:.0%}. (Mean over twenty ways to choose the 40.)")

# %% [markdown]
# ## Exercise
#
# `tinymm exercise start dropout`. On paper: Dropout stands in front of a Dense layer, and $dy$ reaches it. For a dropped
# number, is the gradient of the *weight* behind it zero as well? Why?
#
# ## Next
#
# - **Lesson 14**: three branches become one answer.
# - **Read**: Srivastava et al., *Dropout*, 2014; Loshchilov and Hutter, *Decoupled weight decay regularization*, 2019, on why decay
#   inside Adam's gradient is not the same; Zhang et al. 2017 for labels by coin toss (lesson 5).
# - **How the real engine does it**: the draws are a *hash* of (seed, position), not a stream of random numbers
#   (`random_bits` in `tinymm/backend.py`). So any thread may draw any part in any order, and textbook, CPU engine
#   and GPU drop the very same numbers.
