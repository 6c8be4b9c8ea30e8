# %% [markdown]
# # Lesson 5: When training fails
#
# The gradient is proven (lesson 4), the code has no bug, and the model does not learn. It happens to everybody. There are
# perhaps a dozen reasons, each leaves its own fingerprint on the loss curve, and most can be told apart in a minute. In
# this lesson we break a healthy training in six ways and look at the wreckage.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinymm as mm
from tinymm.lessons import BLUE, GREY, RED, STYLE, say, show
from tinymm.optimizers import clip_by_global_norm

plt.style.use(STYLE)

# %% [markdown]
# ## The article's equation
#
# All of training is one line of the article's section 4.2, over and over:
#
# $$W := W - \alpha \frac{\partial J}{\partial W}$$
#
# It is right, and it promises little: a *small* step against the slope makes $J$ smaller. It does not say how small, where
# $W$ begins, whether the slope is zero or not a number, or whether a small $J$ is worth anything. Each of these
# silences has its case below.
#
# ## A healthy patient
#
# Two spirals, three hundred points, three layers. Everything below changes one thing about it.

# %%
def spirals(count, rng):
    """Points (count, 2) on two spirals, and which one, 0 or 1 (count, 1)."""
    t = np.sqrt(rng.random(count)) * 2.6
    which = rng.integers(0, 2, count)
    angle = 2.2 * t + np.pi * which
    x = np.stack([t * np.cos(angle), t * np.sin(angle)], axis=1) + 0.08 * rng.normal(size=(count, 2))
    return x, which[:, None].astype(float)


def network(initializer="he_normal", bend=mm.ReLU, layers=3, units=32):
    """A stack of Dense layers with a bend behind each, and one logit at the end."""
    stack = [part for _ in range(layers - 1) for part in (mm.Dense(units, initializer), bend())]
    model = mm.Sequential(*stack, mm.Dense(1, initializer))
    model.build((2,), np.random.default_rng(1), dtype=np.float64)
    return model


def run(model, x, y, lr=0.1, updates=250, clip_norm=None):
    """Momentum, the whole set at once: the loss before each update, up to the one that is no number any more."""
    engine = mm.make_engine(model, mm.BinaryCrossEntropy(from_logits=True), mm.Momentum(lr, clip_norm=clip_norm), "textbook")
    losses = []
    for _ in range(updates):
        try:
            losses.append(float(engine.step(x, y)))
        except mm.NonFiniteError as error:
            return losses, str(error)
    return losses, ""


x, y = spirals(300, np.random.default_rng(0))
healthy, _ = run(network(), x, y)
say(f"The loss starts at {healthy[0]:.2f} and ends at {healthy[-1]:.3f}. Guessing is log 2 = {np.log(2):.3f}.")

# %% [markdown]
# ## Predict
#
# > **Predict.** Before you look: draw what the loss curve will be in each case.
# >
# > 1. The learning rate is a hundred times too large.
# > 2. It is a thousand times too small.
# > 3. All weights start at zero, "to be fair to all units".
# > 4. Weights start ten times too large.
# > 5. The labels are shuffled: each point has the label of another.
# > 6. One input is *not a number*.
#
# ## By hand: why zero is a bad beginning
#
# Take two hidden units with the same weights, the simplest start there is. On paper: both see the same input, so they give
# the same output. The next layer has the same weight for both, so they get the same blame. Same input, same blame: the same
# gradient. They make the same step, and are the same again. A thousand units that start alike are one unit, for
# ever. From *zero* it is even worse, since with a ReLU no blame comes back at all:

# %%
model = network("zeros")
_, cache = model.forward(x)
_, grads = model.backward(np.ones_like(y), cache)
for name, gradient in grads.items():
    print(f"gradient of {name}: {np.count_nonzero(gradient)} of {gradient.size} entries are not zero")

# %% [markdown]
# Only the very last bias learns; it can say how many points are of each kind, and nothing else.
#
# ## Loops: break it
#
# One line for each of the six.

# %%
shuffled = np.random.default_rng(2).permutation(y)
large = network()
for name, array in large.params.items():
    array *= 10 if name.endswith("W") else 1
poisoned = x.copy()
poisoned[17, 0] = np.nan

cases = {
    "healthy": run(network(), x, y),
    "learning rate × 100": run(network(), x, y, lr=10.0),
    "learning rate ÷ 1000": run(network(), x, y, lr=0.0001),
    "all weights zero": run(network("zeros"), x, y),
    "weights × 10": run(large, x, y),
    "labels shuffled": run(network(), x, shuffled),
    "one input is NaN": run(network(), poisoned, y),
}

# %% [markdown]
# ## Plot

# %% alt="Seven small loss curves on logarithmic axes: the healthy one falls; the others explode, stay flat, jump, or fall too slowly."
figure, axes = plt.subplots(2, 4, figsize=(10, 4.7), sharex=True)
for axis, (name, (losses, error)) in zip(axes.flat, cases.items()):
    axis.semilogy(losses, color=BLUE if name == "healthy" else RED, linewidth=1.4)
    axis.axhline(np.log(2), color=GREY, linewidth=1, linestyle=":")
    axis.set_title(name, fontsize=10)
    axis.set_ylim(1e-3, 1e6 if max(losses, default=0) > 50 else 10)
    if error:
        axis.annotate("stopped:\nnot a number", (0.5, 0.5), xycoords="axes fraction", ha="center", va="center", color=RED)
axes.flat[-1].axis("off")
axes[0, 3].tick_params(labelbottom=True)
axes[0, 0].annotate("guessing", (250, np.log(2)), xytext=(0, 3), textcoords="offset points", ha="right", fontsize=9)
for axis in (axes[0, 0], axes[1, 0]):
    axis.set_ylabel("loss")
for axis in (*axes[1, :3], axes[0, 3]):
    axis.set_xlabel("update")
plt.show()

# %%
ends = {name: losses[-1] if losses else float("nan") for name, (losses, _) in cases.items()}
first = {name: losses[0] if losses else float("nan") for name, (losses, _) in cases.items()}
assert abs(ends["all weights zero"] - np.log(2)) < 0.01 and first["weights × 10"] > 5 and ends["labels shuffled"] < 0.9 * first["labels shuffled"]
lines = ["| what was done | loss at first | at the end | fingerprint |", "|---|---|---|---|"]
marks = {
    "healthy": "starts near log 2, falls, ends low",
    "learning rate × 100": "shoots up within a few updates, then stays at guessing or worse",
    "learning rate ÷ 1000": "falls like a straight line, very slowly: it learns, you only have to wait a thousand times as long",
    "all weights zero": "starts at *exactly* log 2 and stays there",
    "weights × 10": "starts far above log 2: the model is confidently wrong before it has seen anything",
    "labels shuffled": "falls much more slowly, but it falls",
    "one input is NaN": "no loss at all",
}
lines += [f"| {name} | {first[name]:.3g} | {ends[name]:.3g} | {marks[name]} |" for name in cases]
say("\n".join(lines))

# %% [markdown]
# ## The surprise: it learns nonsense, too
#
# Look at the shuffled labels again. There is *nothing to learn* in them, and still the loss goes down. It is slow only
# because neighbours on a spiral disagree. Give every sample a little more to tell it by, twenty random numbers, and labels
# by the toss of a coin:

# %%
draws = np.random.default_rng(7)
noise, coins = draws.normal(size=(2, 300, 20)), draws.integers(0, 2, (2, 300, 1)).astype(float)
model = mm.Sequential(mm.Dense(64, "he_normal"), mm.ReLU(), mm.Dense(1))
model.build((20,), np.random.default_rng(1), dtype=np.float64)
losses, _ = run(model, noise[0], coins[0], updates=400)
known, new = (((model.forward(points)[0] > 0) == labels).mean() for points, labels in zip(noise, coins))
assert known > 0.99 and abs(new - 0.5) < 0.1
say(f"""
The loss falls from {losses[0]:.2f} to {losses[-1]:.4f}, and the model is right about **{known:.0%}** of its coins, and about
{new:.0%} of new ones. A textbook training curve, and not a thing was understood. A falling training loss proves that the
gradient works, and nothing more; only samples it never met tell whether there was anything to learn.
""")

# %% [markdown]
# ## Ask the layers
#
# When the loss is stuck, look inside: how large are the numbers that go forward, how large the gradients that come back,
# layer by layer? Here are ten layers of 64 units with three ways to start. The forward signal should
# neither fade nor grow.

# %%
def sizes(initializer, bend, factor=1.0):
    """The size of the output of every bend, and of the gradient that comes back to it."""
    model = network(initializer, bend, layers=11, units=64)
    for array in model.params.values():
        array *= factor
    forward, h, caches = [], x, []
    for layer in model.children.values():
        h, cache = layer.forward(h)
        caches.append((layer, cache))
        if isinstance(layer, bend):
            forward.append(np.sqrt((h**2).mean()))
    dh, backward = np.ones_like(h) / h.size, []
    for layer, cache in reversed(caches):
        if isinstance(layer, bend):
            backward.append(np.sqrt((dh**2).mean()))
        dh, _ = layer.backward(dh, cache)
    return forward, backward[::-1]


ways = {
    "ReLU, He's rule": sizes("he_normal", mm.ReLU),
    "ReLU, half of it": sizes("he_normal", mm.ReLU, 0.5),
    "ReLU, twice of it": sizes("he_normal", mm.ReLU, 2.0),
    "sigmoid, Glorot's rule": sizes("glorot_uniform", mm.Sigmoid),
}

# %% alt="Left: size of the signal after each of ten layers; right: size of the gradient at each. He's rule stays level, half of it fades, twice of it grows, and the sigmoid's gradient fades although its signal does not."
figure, axes = plt.subplots(1, 2, figsize=(9.4, 3.5))
for (name, both), style in zip(ways.items(), ("-", "--", "-.", ":")):
    for axis, values in zip(axes, both):
        axis.semilogy(range(1, 11), values, style, label=name)
axes[0].set(xlabel="layer", title="Signal, forward")
axes[1].set(xlabel="layer", title="Gradient, backward")
axes[0].legend(fontsize=9)
plt.show()

# %%
fade = {name: backward[0] / backward[-1] for name, (_, backward) in ways.items()}
assert 0.1 < fade["ReLU, He's rule"] < 10 and fade["sigmoid, Glorot's rule"] < 1e-3
say(f"From the tenth layer to the first the gradient is multiplied by {fade['ReLU, He' + chr(39) + 's rule']:.2g} with He's rule, "
    f"by {fade['ReLU, half of it']:.0e} with half of it, by {fade['ReLU, twice of it']:.0e} with twice, and by "
    f"{fade['sigmoid, Glorot' + chr(39) + 's rule']:.0e} with sigmoids, whose *forward* signal looks perfectly healthy. Look at both.")

# %% [markdown]
# ## The textbook's code
#
# Three remedies come with tinymm. The weights start by a rule that keeps the signal level; gradients can be clipped to a
# largest length; and when a number goes bad, training stops and *names the layer*:

# %%
from tinymm.initializers import he_normal

show(he_normal, clip_by_global_norm)

# %%
print("NaN in the input:", cases["one input is NaN"][1])
wild, _ = run(network(), x, y, lr=3.0)
tamed, _ = run(network(), x, y, lr=3.0, clip_norm=0.1)
assert wild[-1] > 0.6 and tamed[-1] < 0.01
print(f"learning rate × 30: worst loss {max(wild):.3g}, at the end {wild[-1]:.3g}")
print(f"          clipped: worst loss {max(tamed):.3g}, at the end {tamed[-1]:.3g}")

# %% [markdown]
# ## Step through it
#
# A dead unit: with a bias of minus ten this ReLU is off for every sample, so no gradient passes, so it will stay off. Raise
# the bias of the first unit until something comes through.

# %% tags=["view"]
model = mm.Sequential(mm.Dense(2), mm.ReLU())
model.build((2,), np.random.default_rng(0), dtype=np.float64)
model.params["0.b"][:] = [-10.0, 0.5]
mm.view(model, np.array([[1.0, 2.0], [-1.0, 1.0]]))

# %% [markdown]
# ## A checklist
#
# 1. **Is the first loss what guessing gives?** $\log 2$ for yes or no, $\log K$ for $K$ classes. Higher: the weights start
#    too large, or the labels and the loss do not fit together.
# 2. **Can it learn eight samples by heart?** If not, it is a bug or the learning rate, and no amount of data will help.
# 3. **Does it beat guessing on samples it never met?** If not, look at the data: labels, shuffling, scaling.
# 4. **Learning rate: up by tenfold until it explodes, then down by three.**
# 5. **Print the sizes**, forward and backward, layer by layer.
# 6. Only then think about the model.
#
# ## Exercise
#
# `tinymm exercise start clipping`: write `clip_by_global_norm`. Then take the healthy patient and find the largest learning rate
# at which it still learns, to within a factor of two. What changes if you double the batch?
#
# ## Next
#
# - **Lesson 6**: layers that share their weights, first along time.
# - **Read**: Karpathy, *A recipe for training neural networks*, 2019; Glorot and Bengio 2010 and He et al. 2015 for the
#   rules of the start; Zhang et al., *Understanding deep learning requires rethinking generalization*, 2017, for the
#   shuffled labels.
# - **How the real engine does it**: every step of `tinymm/engines/cpu/` looks at the loss and at the sum of every gradient.
#   If one is not finite, nothing is updated, the step is run again by the textbook layer by layer, and the error names the
#   first layer that went bad: `tinymm/engines/diagnosis.py`.
