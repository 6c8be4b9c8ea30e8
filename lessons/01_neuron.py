# %% [markdown]
# # Lesson 1: One neuron
#
# Everything in this course is made of one part: multiply some numbers by weights, add them up, bend the result. If you
# understand how *one* neuron learns, you understand nearly all of it. We do it with paper, then with a loop, then with
# arrays, and at the end a neuron learns to tell two clouds of points apart.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinymm as mm
from tinymm.lessons import BLUE, ORANGE, STYLE, say, show

plt.style.use(STYLE)
rng = np.random.default_rng(0)

# %% [markdown]
# ## The article's equation
#
# Section 4.2 begins with the first layer's neurons, of which we take a single one:
#
# $$h = \sigma(z) \qquad z = W \cdot x + b \qquad \sigma(z) = \frac{1}{1 + e^{-z}}$$
#
# The weights $W$ say how much each input counts, the bias $b$ how eager the neuron is without any, and σ squeezes the sum
# into a number between 0 and 1, which we may read as "how sure".
#
# ## Predict
#
# > **Predict.** Look at the curve of σ below before you read on. Somewhere on it, a small change of $z$ changes the
# > answer the most. Where, and by how much: is the slope there 1, or less? And what happens to a neuron whose $z$ is 10?

# %% alt="The sigmoid curve and its slope: the slope has its top, one quarter, at zero and is almost nothing beyond six."
z = np.linspace(-10, 10, 400)
sigmoid = 1 / (1 + np.exp(-z))
figure, axis = plt.subplots(figsize=(7.4, 3.2))
axis.plot(z, sigmoid, color=BLUE, label="σ(z)")
axis.plot(z, sigmoid * (1 - sigmoid), "--", color=ORANGE, label="its slope, σ(z) (1 − σ(z))")
axis.set(xlabel="z", title="The bend, and how steep it is", yticks=(0, 0.25, 0.5, 0.75, 1))
axis.legend(loc="center right")
plt.show()

# %%
steepest = (sigmoid * (1 - sigmoid)).max()
at_ten = 1 / (1 + np.exp(-10))
say(f"""
The slope is greatest at $z = 0$, and there it is only {steepest:.2f}. At $z = 10$ it is {at_ten * (1 - at_ten):.6f}: such a
neuron is so sure that it hardly listens.

**The surprise** in that number: a signal that goes back through one σ is multiplied by at most a quarter. Through ten of
them, one behind the other, by at most {0.25**10:.0e}. This is one reason why deep networks with σ were so hard to train,
and why ReLU (lesson 3) mattered.
""")

# %% [markdown]
# ## By hand
#
# Two inputs, and numbers chosen so that you need no calculator. Do the forward pass first. Then suppose the loss minds the
# output with $\partial J / \partial h = 2$: raise $h$ a little, and $J$ rises twice as much. Which way should each weight go?

# %%
x, w, b = np.array([1.0, 2.0]), np.array([3.0, -1.0]), -1.0
z = w @ x + b
h = 1 / (1 + np.exp(-z))
dh = 2.0
slope = h * (1 - h)
dz = dh * slope
say(f"""
| | on paper | |
|---|---|---|
| z = w·x + b | {w[0]:g}·{x[0]:g} + ({w[1]:g})·{x[1]:g} + ({b:g}) | **{z:g}** |
| h = σ(z) | σ({z:g}) | **{h:g}** |
| σ′(z) = h (1 − h) | {h:g} · {1 - h:g} | **{slope:g}** |
| dz = dh · σ′(z) | {dh:g} · {slope:g} | **{dz:g}** |
| dw = dz · x | {dz:g} · ({x[0]:g}, {x[1]:g}) | **({dz * x[0]:g}, {dz * x[1]:g})** |
| db = dz · 1 | {dz:g} · 1 | **{dz:g}** |
| dx = dz · w | {dz:g} · ({w[0]:g}, {w[1]:g}) | **({dz * w[0]:g}, {dz * w[1]:g})** |
""")

# %% [markdown]
# Read the last three rows once more; they are the pattern of the whole course. In the forward pass $z$ used $w$ *with
# factor* $x$: so $w$ is blamed with factor $x$. It used $x$ with factor $w$, so $x$ is blamed with factor $w$. And it used
# $b$ with factor 1.
#
# ## The article's backward formulas
#
# $$\frac{\partial J}{\partial W} = \frac{\partial J}{\partial h} \cdot \frac{\partial h}{\partial W}
# \qquad\qquad \frac{\partial J}{\partial b} = \frac{\partial J}{\partial h}$$
#
# The first is what we just did, since $\partial h / \partial W$ is $\sigma'(z)\,x$. The second is a small slip: it leaves
# out the bend. Between $b$ and $h$ stands σ as well, so
#
# $$\frac{\partial J}{\partial b} = \frac{\partial J}{\partial h} \cdot \sigma'(z).$$
#
# You need not take our word. Nudge $b$ and see:

# %%
def sigma(z):
    return 1 / (1 + np.exp(-z))


nudge = 1e-6
measured = dh * (sigma(w @ x + b + nudge) - sigma(w @ x + b - nudge)) / (2 * nudge)
print(f"measured {measured:.6f}   with the bend {dh * slope:.6f}   as printed {dh:.6f}")

# %% [markdown]
# tinymm makes σ a layer of its own. Then the gradient that reaches the sum in front of it already carries $\sigma'$, and
# "$db$ is what arrives" is exactly right, which may well be what the article had in mind.
#
# ## Loops
#
# A neuron over a batch of samples, number by number:

# %%
def neuron_forward(x, w, b):
    """x (N, D), w (D,), b -> h (N,), cache."""
    h = np.zeros(len(x))
    for n in range(len(x)):
        z = b
        for d in range(len(w)):
            z += w[d] * x[n, d]
        h[n] = sigma(z)
    return h, (x, w, h)


def neuron_backward(dh, cache):
    """dh (N,) -> dx (N, D), dw (D,), db."""
    x, w, h = cache
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), 0.0
    for n in range(len(x)):
        dz = dh[n] * h[n] * (1 - h[n])  # h used z through the bend
        db += dz                        # z used b with factor 1
        for d in range(len(w)):
            dw[d] += dz * x[n, d]       # z used w[d] with factor x[n, d]
            dx[n, d] += dz * w[d]       # z used x[n, d] with factor w[d]
    return dx, dw, db


# %% [markdown]
# Every sample uses the *same* $w$ and $b$, so their gradients add up over the samples: hence `+=`.
#
# ## The textbook's code
#
# A Dense layer with one unit, then a Sigmoid, is this neuron. The whole bend, both ways:

# %%
from tinymm.layers.sigmoid import sigmoid_backward, sigmoid_forward

show(sigmoid_forward, sigmoid_backward)

# %%
x = rng.normal(size=(5, 2))
model = mm.Sequential(mm.Dense(1), mm.Sigmoid())
model.build((2,), rng, dtype=np.float64)
W, b = model.params["0.W"], model.params["0.b"]
dh = rng.normal(size=5)
h, cache = model.forward(x)
dx, grads = model.backward(dh[:, None], cache)
own_h, own_cache = neuron_forward(x, W[:, 0], b[0])
own = neuron_backward(dh, own_cache)
for name, one, other in (("h", h[:, 0], own_h), ("dx", dx, own[0]), ("dw", grads["0.W"][:, 0], own[1]), ("db", grads["0.b"], own[2])):
    print(f"{name:2} layers against loops: {np.abs(one - other).max():.0e}")

# %% [markdown]
# ## Step through it
#
# The example by hand. Click on `h`, then on `z`; choose *Backward* and click on each weight. Then change the bias to 9
# and watch all gradients dry up.

# %% tags=["view"]
model = mm.Sequential(mm.Dense(1), mm.Sigmoid())
model.build((2,), dtype=np.float64)
model.params["0.W"][:] = [[3.0], [-1.0]]
model.params["0.b"][:] = -1.0
mm.view(model, np.array([[1.0, 2.0]]))

# %% [markdown]
# ## Plot: a neuron learns
#
# Two clouds of points, and one neuron that should say 1 for the upper right one. The loss is binary cross-entropy (lesson
# 3), the update the article's: $W := W - \alpha\,\partial J/\partial W$.

# %%
points = np.concatenate([rng.normal((-1, -0.5), 0.7, (40, 2)), rng.normal((1, 0.8), 0.7, (40, 2))])
labels = np.repeat([0.0, 1.0], 40)
w, b, alpha = np.array([1.0, -1.0]), 0.0, 1.0
lines, losses = [], []
for _ in range(41):
    h, cache = neuron_forward(points, w, b)
    losses.append(-np.mean(labels * np.log(h) + (1 - labels) * np.log(1 - h)))
    lines.append((w.copy(), b))
    dh = (h - labels) / (h * (1 - h)) / len(labels)  # the slope of the loss
    _, dw, db = neuron_backward(dh, cache)
    w, b = w - alpha * dw, b - alpha * db

# %% alt="Two clouds of points with the neuron's border after 0, 1, 3 and 40 steps, turning from a wrong direction to the gap between the clouds; beside it the falling loss."
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.9))
left.plot(*points[labels == 0].T, "o", color=ORANGE, markersize=4, label="should be 0")
left.plot(*points[labels == 1].T, "^", color=BLUE, markersize=4, label="should be 1")
for step, width in ((0, 0.8), (1, 1.2), (3, 1.8), (40, 3)):
    (w0, w1), offset = lines[step]
    across = np.array([-3.0, 3.0])
    faint = 0.35 + 0.2 * (width > 1) + 0.4 * (width > 2)
    left.plot(across, -(w0 * across + offset) / w1, color="black", alpha=faint, linewidth=width, label=f"border, step {step}")
left.set(xlim=(-3, 3), ylim=(-3, 3), title="Where the neuron says one half", xlabel="first input", ylabel="second input")
left.legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
right.plot(losses, color=BLUE)
right.set(xlabel="step", ylabel="loss", title="How wrong it is", ylim=(0, None))
plt.show()

# %%
h, _ = neuron_forward(points, w, b)
say(f"After forty steps it is right about {((h > 0.5) == labels).mean():.0%} of the points. It began with the border across "
    f"the wrong way, at a loss of {losses[0]:.2f}, and ended at {losses[-1]:.2f}. A single neuron can draw one straight "
    f"line, and no more. For anything else you need several: lesson 2.")

# %% [markdown]
# ## Exercise
#
# `tinymm exercise start neuron`: write the neuron with arrays in the place of loops, for a whole batch, and
# `tinymm exercise check neuron` will go through it gradient by gradient. On paper: for which $z$ is the
# gradient with respect to $w$ exactly zero although the answer is wrong?
#
# ## Next
#
# - **Lesson 2**: many neurons side by side, as one matrix product.
# - **Read**: Nielsen, *Neural Networks and Deep Learning*, chapter 1, for the same idea with a different voice;
#   Rumelhart, Hinton and Williams, *Learning representations by back-propagating errors*, 1986, four pages.
# - **How the real engine does it**: never neuron by neuron. `tinymm/engines/cpu/dense.py` computes all units of a layer for
#   the whole batch in one matrix product, into memory that was set aside before training began.
