# %% [markdown]
# # Lesson 3: Bends and losses
#
# Two Dense layers in a row are one Dense layer: a product of two matrices is a matrix. Only because something bends
# between them is a deep network more than a shallow one. And only because something at the end says *how wrong*, does it
# learn. This lesson is about both, and about why they must fit together.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinymm as mm
from tinymm.lessons import BLUE, ORANGE, RED, STYLE, say, show

plt.style.use(STYLE)
rng = np.random.default_rng(0)

# %% [markdown]
# ## The bends
#
# The article, in its section 4.2, writes σ for every one of them, layer after layer:
#
# $$h^{(l)}_i = \sigma(W^{(l)}_i \cdot h^{(l-1)} + b^{(l)}_i) \qquad y_i = \sigma(W^{(L)}_i \cdot h^{(L-1)} + b^{(L)}_i)$$
#
# In its listing it then uses two different ones: ReLU between layers, sigmoid at the end.
#
# | | forward | backward: $dx = dy\,\cdot$ |
# |---|---|---|
# | ReLU | $\max(x, 0)$ | $1$ where $x > 0$, else $0$ |
# | Sigmoid | $1 / (1 + e^{-x})$ | $y\,(1 - y)$ |
# | Tanh | $\tanh x$ | $1 - y^2$ |
#
# Each works number by number, so backward is number by number too: multiply by the slope. Notice that the last two need
# only their *output* $y$ to know the slope. A layer remembers one array, and it is one it had anyway.

# %% alt="Three curves and their slopes: ReLU with slope 0 or 1, sigmoid with a slope of at most a quarter, tanh with a slope of at most 1."
x = np.linspace(-4, 4, 401)
figure, axes = plt.subplots(1, 3, figsize=(9.6, 2.9), sharey=True)
for axis, layer in zip(axes, (mm.ReLU(), mm.Sigmoid(), mm.Tanh())):
    y, cache = layer.forward(x[None])
    axis.plot(x, y[0], color=BLUE, label="the bend")
    axis.plot(x, layer.backward(np.ones((1, len(x))), cache)[0][0], "--", color=ORANGE, label="its slope")
    axis.set(title=type(layer).__name__, xlabel="x", ylim=(-1.2, 2))
axes[0].legend()
plt.show()

# %% [markdown]
# ## Predict
#
# > **Predict.** A model says $p$ = one in a million that a clip is happy. It is happy: the model is as wrong as can be. We
# > try two losses, the squared error $(p - 1)^2$ and the cross-entropy $-\log p$. Behind a sigmoid, which of the
# > two gives the larger gradient, and by what factor? A hundred? A thousand?
#
# ## By hand
#
# Softmax first, since it is the sigmoid for more than two classes: $p_i = e^{z_i} / \sum_j e^{z_j}$. With scores that are
# logarithms it can be done in your head. Let $z = (\log 1, \log 2, \log 3)$, and let the second class be the right one.

# %%
from tinymm.losses import cross_entropy_logits_backward, cross_entropy_logits_forward

weights = np.array([1, 2, 3])
z, t = np.log(weights)[None], np.array([[0.0, 1.0, 0.0]])
p = mm.Softmax().forward(z)[0][0]
J, cache = cross_entropy_logits_forward(z, t)
dz = cross_entropy_logits_backward(cache)[0]
say("""
| class | e^z | p | t | p − t |
|---|---|---|---|---|
""" + "\n".join(f"| {k + 1} | {w} | {w}/{weights.sum()} = {p[k]:.4f} | {t[0, k]:g} | {p[k] - t[0, k]:+.4f} |" for k, w in enumerate(weights)) + f"""

The loss is −log p of the right class, −log({weights[1]}/{weights.sum()}) = {J:.4f}. Its gradient with respect to the scores, by
tinymm: ({", ".join(f"{g:+.4f}" for g in dz)}). It *is* the last column.
""")

# %% [markdown]
# ## The losses
#
# | | $J$, mean over the batch | gradient |
# |---|---|---|
# | mean squared error | $(p - t)^2$ | $2 (p - t)$ |
# | binary cross-entropy | $-t \log p - (1 - t) \log (1 - p)$ | $(p - t) / (p (1 - p))$ |
# | cross-entropy | $-\log p_t$ | $-1 / p_t$ at the right class |
#
# The article's listing takes binary cross-entropy behind a sigmoid. Chain the two backward passes and see what becomes of
# the fraction:
#
# $$\frac{\partial J}{\partial z} = \frac{p - t}{p\,(1 - p)} \cdot p\,(1 - p) = p - t$$
#
# The first factor is from the loss, the second is the slope of σ. That slope, which dries up when a neuron is sure of itself, is cancelled by the loss, exactly. What is left is as simple
# as a gradient can be: **what you said, minus what is true**.
#
# ## Loops

# %%
def mse_slope(z, t):
    """How the squared error behind a sigmoid minds z."""
    p = 1 / (1 + np.exp(-z))
    return 2 * (p - t) * p * (1 - p)


def cross_entropy_slope(z, t):
    """The same for binary cross-entropy."""
    return 1 / (1 + np.exp(-z)) - t


p = 1e-6
z = np.log(p / (1 - p))
squared, entropy = mse_slope(z, 1), cross_entropy_slope(z, 1)
say(f"""
**The surprise.** At p = one in a million, z = {z:.1f}, squared error pulls with {abs(squared):.1e}, cross-entropy with
{abs(entropy):.6f}: a factor of **{entropy / squared:,.0f}**. The squared error has its weakest pull exactly where the model is
most wrong. A neuron that starts out confidently wrong never comes back.
""")

# %% [markdown]
# ## Plot

# %% alt="Gradient with respect to z for a happy clip. Cross-entropy falls from 1 to 0; squared error has a hump in the middle and is nearly 0 for confident mistakes."
z = np.linspace(-10, 6, 300)
figure, axis = plt.subplots(figsize=(7.6, 3.4))
axis.plot(z, -cross_entropy_slope(z, 1), color=BLUE, label="cross-entropy: 1 − p")
axis.plot(z, -mse_slope(z, 1), "--", color=ORANGE, label="squared error: 2 (1 − p) p (1 − p)")
axis.axvspan(-10, -4, color=RED, alpha=0.08, linewidth=0)
axis.annotate("confidently wrong", (-7, 0.45), ha="center", color=RED)
axis.set(xlabel="z, before the sigmoid (the truth is 1)", ylabel="pull upwards", title="How hard each loss pulls")
axis.legend(loc="upper right")
plt.show()

# %% [markdown]
# ## The textbook's code: why losses take logits
#
# $p - t$ is so simple that it would be a pity to compute it by dividing by $p(1-p)$ first. There is also a danger: beyond
# some score, $p$ rounds to exactly 0 or 1, and the logarithm of 0 is minus infinity. So the losses of tinymm also take the
# scores themselves, called logits.

# %%
from tinymm.losses import binary_cross_entropy_logits_backward, binary_cross_entropy_logits_forward

show(binary_cross_entropy_logits_forward, binary_cross_entropy_logits_backward)

# %%
z, t = np.array([[1000.0], [-1000.0], [3.0]]), np.array([[0.0], [1.0], [1.0]])
with np.errstate(all="ignore"):
    p = 1 / (1 + np.exp(-z))
    naive = -(t * np.log(p) + (1 - t) * np.log(1 - p))
    naive_slope = (p - t) / (p * (1 - p)) * p * (1 - p)
each = [float(mm.BinaryCrossEntropy(from_logits=True).forward(z[[k]], t[[k]])[0]) for k in range(3)]
slopes = binary_cross_entropy_logits_backward((z, t))[:, 0] * 3
lines = ["| z | truth | by the formula | from logits | gradient by the formula | from logits |", "|---|---|---|---|---|---|"]
lines += [f"| {z[k, 0]:g} | {t[k, 0]:g} | {naive[k, 0]:.4g} | {each[k]:.4g} | {naive_slope[k, 0]:.4g} | {slopes[k]:.4g} |" for k in range(3)]
say("\n".join(lines))

# %% [markdown]
# At a thousand, which is no unheard-of score in the first minutes of a training gone slightly wrong, the formula gives
# infinity and *not a number*; one such sample in a batch poisons every weight of the model. From logits
# it is the plain truth. The trick is three symbols long: $\max(z, 0) - zt + \log(1 + e^{-|z|})$ never raises $e$ to a
# positive power.

# %%
print(mm.gradcheck(mm.BinaryCrossEntropy(from_logits=True), (3 * rng.normal(size=(3, 2)), rng.integers(0, 2, (3, 2)).astype(float))))

# %% [markdown]
# ## Step through it
#
# Softmax on three scores. Raise one of them and see the others pay for it; in *Backward*, click on a score and count the terms:
# every output depends on every score.

# %% tags=["view"]
mm.view(mm.Softmax(), np.array([[0.0, 1.0, -1.0], [2.0, 2.0, 0.0]]))

# %% [markdown]
# ## Two Dense layers without a bend

# %%
W1, W2 = rng.normal(size=(3, 5)), rng.normal(size=(5, 2))
x = rng.normal(size=(4, 3))
without, as_one = (x @ W1) @ W2, x @ (W1 @ W2)
bent = np.maximum(x @ W1, 0) @ W2
say(f"Two layers and one layer with the product matrix differ by {abs(without - as_one).max():.0e}. With a ReLU between "
    f"them, by {abs(bent - as_one).max():.1f}: no single matrix can do what they do now.")

# %% [markdown]
# ## Exercise
#
# `tinymm exercise start losses`: binary cross-entropy from logits, both passes, safe at plus and minus a thousand. On
# paper: what loss does a model have that always says one half? For ten equally likely classes, what loss should a fresh
# model show? (Whoever knows this number sees half of all bugs in the first second of training.)
#
# ## Next
#
# - **Lesson 4**: gradients are easily wrong. How do you know that yours are right?
# - **Read**: Goodfellow, Bengio and Courville, *Deep Learning*, sections 6.2 and 6.3; Nair and Hinton 2010 for ReLU;
#   Goldberg 1991, *What every computer scientist should know about floating-point arithmetic*.
# - **How the real engine does it**: `tinymm/engines/cpu/loss.py` computes $e^{z - \max z}$ once, takes the loss from it, and
#   then turns the same array into the gradient in place. ReLU has no plan of its own when it follows a convolution: it is
#   done while the numbers are still in the cache.
