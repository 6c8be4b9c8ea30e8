# %% [markdown]
# # Lesson 15: Downhill
#
# Fourteen lessons to get a gradient. What do we do with it? The article says: subtract it. That works. It can also be
# absurdly slow, for a reason one can see on a map. In this lesson three walkers go down the same valley, and
# we find out what Adam, which the article's listing uses without a word, does to a gradient.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinymm as mm
from tinymm.lessons import BLUE, GREEN, GREY, ORANGE, STYLE, say, show

plt.style.use(STYLE)

# %% [markdown]
# ## The equations
#
# The article's section 4.2, with learning rate $\alpha$:
#
# $$W := W - \alpha \frac{\partial J}{\partial W} \qquad b := b - \alpha \frac{\partial J}{\partial b}$$
#
# **Momentum** keeps a velocity $v$, like a ball that rolls: what pushes again and again in one direction adds up, what pushes to
# and fro cancels.
#
# $$v := \mu v + dW \qquad W := W - \alpha v$$
#
# **Adam** keeps two running means of each number's gradient, of itself and of its square, and divides one by the root of the other.
# The hats correct for both having started at zero.
#
# $$m := \beta_1 m + (1 - \beta_1)\, dW \qquad v := \beta_2 v + (1 - \beta_2)\, dW^2$$
#
# $$W := W - \alpha \frac{\hat m}{\sqrt{\hat v} + \epsilon} \qquad \hat m = \frac{m}{1 - \beta_1^t} \qquad \hat v = \frac{v}{1 - \beta_2^t}$$
#
# ## Predict
#
# > **Predict.** Two weights. The gradient of the first is 1000, of the second 0.001. $\alpha$ is 0.1. How far does each move in
# > the very first step, with the article's update, and with Adam?
#
# ## By hand

# %%
g = np.array([1000.0, 0.001])
alpha, beta1, beta2, epsilon = 0.1, 0.9, 0.999, 1e-8
m, v = (1 - beta1) * g, (1 - beta2) * g**2
m_hat, v_hat = m / (1 - beta1), v / (1 - beta2)
step = alpha * m_hat / (np.sqrt(v_hat) + epsilon)
say(f"""
| | first weight | second weight |
|---|---|---|
| gradient | {g[0]:g} | {g[1]:g} |
| the article's step, α·g | {alpha * g[0]:g} | {alpha * g[1]:g} |
| m = {1 - beta1:.1f}·g | {m[0]:g} | {m[1]:.1g} |
| v = {1 - beta2:.3f}·g² | {v[0]:g} | {v[1]:.1g} |
| with hats: m̂, v̂ | {m_hat[0]:g}, {v_hat[0]:g} | {m_hat[1]:g}, {v_hat[1]:.1g} |
| Adam's step, α·m̂/(√v̂ + ε) | {step[0]:.6f} | {step[1]:.6f} |
""")

# %% [markdown]
# **The surprise.** Both move by α. In its first step Adam looks at nothing but the *sign* of each gradient. That is why the same
# α, one thousandth, is a good start for nearly every network: it is measured in units of the weights, not of
# the loss. Multiply the loss by a million, and Adam does not notice.
#
# ## Loops
#
# All three, for a single number, in plain Python:

# %%
def walk(rule, slope, w, steps):
    """The places a number visits under an update rule."""
    memory, places = {}, [w]
    for t in range(1, steps + 1):
        w = rule(w, slope(w), memory, t)
        places.append(w)
    return places


def sgd(w, g, memory, t, lr=0.1):
    return w - lr * g


def momentum(w, g, memory, t, lr=0.1, mu=0.9):
    memory["v"] = mu * memory.get("v", 0) + g
    return w - lr * memory["v"]


def adam(w, g, memory, t, lr=0.1, beta1=0.9, beta2=0.999):
    memory["m"] = beta1 * memory.get("m", 0) + (1 - beta1) * g
    memory["v"] = beta2 * memory.get("v", 0) + (1 - beta2) * g * g
    m_hat, v_hat = memory["m"] / (1 - beta1**t), memory["v"] / (1 - beta2**t)
    return w - lr * m_hat / (v_hat**0.5 + 1e-8)


# %% [markdown]
# ## The textbook's code

# %%
from tinymm.optimizers import adam_update, momentum_update, sgd_update

show(sgd_update, momentum_update, adam_update)

# %%
rng = np.random.default_rng(0)
W, slopes = rng.normal(size=(3, 2)), rng.normal(size=(10, 3, 2))
for optimizer, rule in ((mm.SGD(0.1), sgd), (mm.Momentum(0.1), momentum), (mm.Adam(0.1), adam)):
    params = {"W": W.copy()}
    for dW in slopes:
        optimizer.update(params, {"W": dW})
    for place, number in np.ndenumerate(W):
        given = iter(slopes[(slice(None), *place)])
        alone = walk(rule, lambda _, given=given: next(given), number, 10)[-1]
        assert abs(params["W"][place] - alone) < 1e-12
    print(f"{type(optimizer).__name__}: ten updates of an array are those of each number alone")

# %% [markdown]
# ## Step through it
#
# An optimizer has no layer to step through. But what it is given, you can watch: the gradient of the loss with respect to one weight of
# a neuron. Change that weight by hand, downhill, a few times. You are the optimizer.

# %% tags=["view"]
model = mm.Sequential(mm.Dense(1), mm.Sigmoid())
model.build((2,), np.random.default_rng(1))
x, target = np.array([[1.0, 2.0], [-1.0, 0.5]]), np.array([[1.0], [0.0]])
mm.view(model, x, loss=mm.BinaryCrossEntropy(), target=target)

# %% [markdown]
# ## Plot: a long valley
#
# The loss $J = \tfrac{1}{2}(a^2 + 30\,b^2)$ is a valley thirty times steeper across than along. The best α across would be far too
# small along, and the article's update has only one α. All three start at the same place.

# %%
curvature = np.array([1.0, 30.0])


def descend(optimizer, steps=60):
    place, path = {"W": np.array([-9.0, 2.2])}, []
    for _ in range(steps + 1):
        path.append(place["W"].copy())
        optimizer.update(place, {"W": curvature * place["W"]})
    return np.array(path)


paths = {
    "SGD, the article's": descend(mm.SGD(0.06)),
    "Momentum": descend(mm.Momentum(0.01, momentum=0.85)),
    "Adam": descend(mm.Adam(0.6)),
}
heights = {name: 0.5 * (path**2 * curvature).sum(axis=1) for name, path in paths.items()}

# %% alt="Left: contour map of a long narrow valley with three paths: SGD zigzags across it, Momentum swings and straightens, Adam walks diagonally. Right: loss over sixty steps on a logarithmic axis."
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.9), width_ratios=(1.45, 1))
a, b = np.meshgrid(np.linspace(-10, 3, 200), np.linspace(-2.8, 2.8, 120))
left.contour(a, b, 0.5 * (a**2 + 30 * b**2), levels=np.geomspace(0.3, 150, 10), colors="#c9ced6", linewidths=0.9)
for (name, path), colour, marker in zip(paths.items(), (ORANGE, BLUE, GREEN), "s^o"):
    left.plot(*path[:40].T, color=colour, marker=marker, markersize=3.2, linewidth=1.2, label=name)
    right.semilogy(heights[name], color=colour, label=name)
left.plot(0, 0, "*", color="black", markersize=12)
left.set(title="forty steps, seen from above", xlabel="a", ylabel="b")
left.legend(loc="upper right", fontsize=9, frameon=True)
left.grid(False)
right.set(title="how high above the ground", xlabel="step")
plt.show()

# %%
end = {name: values[-1] for name, values in heights.items()}
assert end["Momentum"] < end["SGD, the article's"]
say(f"""
Across the valley the article's update is stable only while α is below 2/30 = {2 / curvature.max():.3f}; with that α it takes
{1 / 0.06:.0f} steps to come nearer by a factor of e along it. After sixty steps SGD stands {end["SGD, the article's"]:.1e} above the
ground, Momentum {end['Momentum']:.1e}, Adam {end['Adam']:.1e}. Look at Adam's first steps: as far in a as in b, because it
looks at signs. It does not see that the valley is narrow.
""")

# %% [markdown]
# ## Which α?
#
# The valley was made up. So we take a real network, the spirals' of lesson 5, and try fourteen learning rates with each.

# %%
def spirals(count, rng):
    t, which = np.sqrt(rng.random(count)) * 2.6, rng.integers(0, 2, count)
    angle = 2.2 * t + np.pi * which
    return np.stack([t * np.cos(angle), t * np.sin(angle)], axis=1), which[:, None].astype(float)


x, y = spirals(200, np.random.default_rng(0))


def final_loss(optimizer, scale=1.0, updates=120):
    """Mean loss of the last ten updates; 10 when it ended in numbers too large. ``scale`` multiplies the loss."""
    model = mm.Sequential(mm.Dense(24, "he_normal"), mm.ReLU(), mm.Dense(24, "he_normal"), mm.ReLU(), mm.Dense(1))
    model.build((2,), np.random.default_rng(1), dtype=np.float64)
    loss, last = mm.BinaryCrossEntropy(from_logits=True), []
    with np.errstate(all="ignore"):
        for _ in range(updates):
            z, cache = model.forward(x)
            J, loss_cache = loss.forward(z, y)
            _, grads = model.backward(scale * loss.backward(loss_cache), cache)
            optimizer.update(model.params, grads)
            last.append(float(J))
    return min(np.nan_to_num(np.mean(last[-10:]), nan=10.0), 10.0)


rates = np.geomspace(1e-4, 3, 14)
kinds = {"SGD": mm.SGD, "Momentum": mm.Momentum, "Adam": mm.Adam}
sweep = {name: [final_loss(kind(rate)) for rate in rates] for name, kind in kinds.items()}
louder = {name: [final_loss(kind(rate), scale=100) for rate in rates] for name, kind in kinds.items()}

# %% alt="Loss after 120 updates against learning rate for SGD, Momentum and Adam. In the second panel the loss was multiplied by a hundred: the curves of SGD and Momentum move to the left by a factor of a hundred, Adam's stays where it was."
figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), sharey=True)
for axis, results, title in zip(axes, (sweep, louder), ("the loss as it is", "the loss multiplied by 100")):
    for (name, values), colour, style in zip(results.items(), (ORANGE, BLUE, GREEN), ("s-", "^-", "o-")):
        axis.loglog(rates, values, style, color=colour, markersize=4, label=name)
    axis.axhline(np.log(2), color=GREY, linewidth=1, linestyle=":")
    axis.set(title=title, xlabel="learning rate α")
axes[0].set_ylabel("loss after 120 updates")
axes[0].legend()
plt.show()

# %%
def window(values):
    """The smallest and the largest α that ended below a tenth, and the factor between them."""
    good = rates[np.array(values) < 0.1]
    return good.min(), good.max(), good.max() / good.min()


assert window(sweep["Adam"]) == window(louder["Adam"]) and window(louder["SGD"])[1] < window(sweep["SGD"])[0]
say("| | α that work | when the loss is multiplied by 100 |\n|---|---|---|\n"
    + "\n".join(f"| {name} | {window(sweep[name])[0]:.2g} to {window(sweep[name])[1]:.2g}, a factor of {window(sweep[name])[2]:.0f} | "
                f"{window(louder[name])[0]:.2g} to {window(louder[name])[1]:.2g} |" for name in kinds)
    + "\n\nThis is what you computed by hand: Adam's α means the same whatever the loss, and the door it must fit through is wider. Not one "
      "α of SGD works in both panels.")

# %% [markdown]
# ## What the hats are for
#
# Leave them out, and look at the first steps for a gradient that is always 1.

# %%
m = v = 0.0
rows = []
for t in range(1, 1001):
    m, v = beta1 * m + (1 - beta1), beta2 * v + (1 - beta2)
    if t in (1, 2, 5, 10, 100, 1000):
        rows.append(f"| {t} | {m / np.sqrt(v):.2f} | {(m / (1 - beta1**t)) / np.sqrt(v / (1 - beta2**t)):.2f} |")
say("| step | step in units of α, without hats | with hats |\n|---|---|---|\n" + "\n".join(rows))

# %% [markdown]
# Without hats the first steps are several times too long, in exactly those moments when the weights are fresh and the gradient is
# least to be trusted.
#
# ## Exercise
#
# `tinymm exercise start adam`: one update of Adam, hats and all. On paper: where does the article's update end up if α is exactly
# 2/30 in our valley? And why does `AdamW` shrink the weights *beside* the gradient and not inside it?
#
# ## Next
#
# You have seen every part of the model of lesson 0, forward, backward and downhill.
#
# - **Build**: `tinymm train` trains the whole on video files; write a layer of your own and let `tinymm gradcheck` judge it.
# - **Read**: Kingma and Ba, *Adam*, 2015, whose algorithm 1 is the code above; Goh, *Why momentum really works*, 2017, on the
#   web, with sliders; Polyak 1964, who started it.
# - **How the real engine does it**: `tinymm/engines/cpu/update.py` updates in place, in slices of 32 thousand numbers that stay in
#   the cache through all operations. The hats go into α and ε, once for each step, where they cost nothing.
