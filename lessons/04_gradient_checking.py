# %% [markdown]
# # Lesson 4: Is the gradient right?
#
# A wrong backward pass does not crash. It trains, a little worse than it could, and nobody knows why. So nobody should
# believe a hand-written gradient, least of all the one who wrote it. This lesson gives you the tool to be sure: compute
# every slope a second time, in a way too simple to be wrong, and compare.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import tinymm as mm
from tinymm.lessons import BLUE, GREEN, GREY, ORANGE, STYLE, say, show

plt.style.use(STYLE)

# %% [markdown]
# ## Predict
#
# A slope is rise over run: walk a step $h$ to both sides and see how much the function changes.
#
# $$f'(x) \approx \frac{f(x + h) - f(x - h)}{2h}$$
#
# > **Predict.** The formula becomes exact as $h$ goes to zero. So we take $h$ as small as the computer allows:
# > a millionth, a billionth, $10^{-15}$. What happens to the error on the way? Draw the curve: $h$ from right to
# > left, error upwards.

# %% [markdown]
# ## By hand
#
# Take $f(x) = x^3$ at $x = 2$ with the large step $h = 1$, on paper, walking to one side only
# and walking to both:

# %%
def f(x):
    return x**3


x, h = 2, 1
one_sided, two_sided, exact = (f(x + h) - f(x)) / h, (f(x + h) - f(x - h)) / (2 * h), 3 * x**2
say(f"""
| | on paper | result | off by |
|---|---|---|---|
| one side | ({f(x + h)} − {f(x)}) / {h} | {one_sided:g} | {one_sided - exact:g} |
| both sides | ({f(x + h)} − {f(x - h)}) / {2 * h} | {two_sided:g} | {two_sided - exact:g} |
| exact, 3x² | 3 · {x * x} | {exact} | 0 |

Both sides are off by h² = {h * h} here. With h = 1/10 they are off by
{(f(x + 0.1) - f(x - 0.1)) / 0.2 - exact:.2g}, one side by {(f(x + 0.1) - f(x)) / 0.1 - exact:.2g}: a step ten times
shorter makes the error of both sides a hundred times smaller, of one side only ten times.
""")

# %% [markdown]
# ## Loops
#
# For a layer the question is the same, asked of one number at a time. A layer has many outputs, so we need a single
# number to take the slope of: we weigh the outputs with an upstream gradient `dy` and add up, exactly as the loss
# behind the layer would.

# %%
def numeric_gradient(forward, arrays, which, dy, h=1e-5):
    """The slope of Σ dy·y with respect to every entry of one array, entry by entry."""
    gradient = np.zeros(arrays[which].shape)
    for index in np.ndindex(gradient.shape):
        ends = []
        for nudge in (+h, -h):
            moved = [a.copy() for a in arrays]
            moved[which][index] += nudge
            ends.append((dy * forward(*moved)[0]).sum())
        gradient[index] = (ends[0] - ends[1]) / (2 * h)
    return gradient


from tinymm.layers.dense import dense_backward, dense_forward

rng = np.random.default_rng(0)
x, W, b = rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)
y, cache = dense_forward(x, W, b)
dy = rng.normal(size=y.shape)
for name, which, by_hand in zip(("dx", "dW", "db"), range(3), dense_backward(dy, cache)):
    error = abs(by_hand - numeric_gradient(dense_forward, [x, W, b], which, dy)).max()
    print(f"{name}: {by_hand.size:2} slopes, worst difference {error:.0e}")

# %% [markdown]
# Three gradients, proven. Two forward passes for every single number: far too slow to train with,
# and just right for checking.

# %% [markdown]
# ## Plot: the V
#
# Now your prediction. We take a function whose slope we know exactly, and let $h$ go down from 1 to
# $10^{-17}$, eight steps to a power of ten.

# %%
def g(x):
    return np.exp(x) * np.sin(x)


x0 = 1.0
slope = np.exp(x0) * (np.sin(x0) + np.cos(x0))
steps = 10.0 ** np.arange(-17, 0.01, 0.125)
errors = {
    "one side": [abs((g(x0 + h) - g(x0)) / h - slope) / slope for h in steps],
    "both sides": [abs((g(x0 + h) - g(x0 - h)) / (2 * h) - slope) / slope for h in steps],
    "complex step": [abs(np.imag(g(x0 + 1j * h)) / h - slope) / slope for h in steps],
}
floor = {name: np.maximum(values, 1e-17) for name, values in errors.items()}

# %% alt="Relative error of three derivative formulas against step size, both axes logarithmic. One-sided and two-sided errors form a V; the complex step falls and stays at rounding error."
figure, axis = plt.subplots(figsize=(8, 4.4))
looks = {"one side": (ORANGE, "s", 4), "complex step": (GREEN, "^", 7), "both sides": (BLUE, "o", 3.2)}
for name, (colour, marker, size) in looks.items():
    axis.loglog(steps, floor[name], marker, markersize=size, color=colour, label=name)
epsilon = np.finfo(float).eps
for power, text, height in ((1 / 2, "$h = \\sqrt{\\epsilon}$", 2e-13), (1 / 3, "$h = \\epsilon^{1/3}$", 2e-15)):
    axis.axvline(epsilon**power, color=GREY, linewidth=1, linestyle=":")
    axis.annotate(text, (epsilon**power, height), xytext=(4, 0), textcoords="offset points", color=GREY)
axis.annotate("rounding eats\nthe difference", (1e-11, 3e-2), ha="center", color=GREY)
axis.annotate("the step\nis too long", (2e-2, 1e-10), ha="center", color=GREY)
axis.set(xlabel="step h", ylabel="relative error of the slope", ylim=(3e-18, 10), title="Shorter is better, until it is not")
axis.legend(loc="center left", bbox_to_anchor=(0, 0.42))
plt.show()

# %%
best = {name: (steps[np.argmin(values)], np.min(values)) for name, values in errors.items()}
tiny = errors["both sides"][int(np.argmin(abs(steps - 1e-15)))]
assert tiny > 1e-3 and max(np.array(errors["complex step"])[steps < 1e-9]) < 1e-15
say(f"""
**The surprise.** At h = 10⁻¹⁵ the error is {tiny:.0%}. Two nearly equal numbers are subtracted: of their sixteen
digits the first fifteen cancel, and what is left is noise, divided by almost nothing. The best that one side can do
is {best['one side'][1]:.0e}, at h ≈ {best['one side'][0]:.0e}; both sides reach {best['both sides'][1]:.0e} at
h ≈ {best['both sides'][0]:.0e}. In the picture, $\\epsilon$ ≈ {np.finfo(float).eps:.0e} is the gap between 1 and the next
number that a computer knows.

The green triangles do not turn up again; on the bottom line there is no error at all. They need a word.
""")

# %% [markdown]
# ## The complex step
#
# Step sideways, into the imaginary direction:
#
# $$f(x + ih) = f + ih f' - \frac{h^2}{2} f'' - \frac{ih^3}{6} f''' + \dots$$
#
# The slope is the imaginary part, divided by $h$, up to an error of about $h^2 f'''/6$, which for $h = 10^{-8}$
# is already below rounding:
#
# $$f'(x) \approx \frac{\mathrm{Im}\, f(x + ih)}{h}$$
#
# Nothing is subtracted, so nothing cancels, and $h$ may be $10^{-30}$. (Squire and Trapp, SIAM Review, 1998.) The only
# condition: the forward pass must take complex numbers. That is why no forward pass of tinymm casts its input to `float`.

# %% [markdown]
# ## The textbook's code
#
# This is how tinymm takes a slope along any direction `v`, by both ways:

# %%
from tinymm.gradchecking.methods import central_difference, complex_step, step

show(step, central_difference, complex_step)

# %% [markdown]
# The step is not a constant: it is $\epsilon^{1/3}$ times the size of the numbers, where the V has its bottom.
# `mm.gradcheck` runs both, and a few more methods, over every array of a layer:

# %%
print(mm.gradcheck(mm.LSTM(2), rng.normal(size=(2, 3, 2))))

# %% [markdown]
# ## Plant a bug
#
# Does the check notice anything? Here are four mistakes that real people make. The first is in the article: its
# section 4.2 writes
#
# $$\frac{\partial J}{\partial b^{(l)}_i} = \frac{\partial J}{\partial h^{(l)}_i}$$
#
# for $h = \sigma(W \cdot x + b)$. A small slip of the pen: between $b$ and $h$ lies $\sigma$, and its slope belongs into
# the product,
#
# $$\frac{\partial J}{\partial b^{(l)}_i} = \frac{\partial J}{\partial h^{(l)}_i}\,\sigma'(z_i), \qquad
# \sigma'(z_i) = h_i\,(1 - h_i).$$
#
# The formula for $W$ beside it is right as it stands, since $\partial h / \partial W$ has the $\sigma'$ inside.

# %%
BUGS = '''
import numpy as np

def unit_forward(x, W, b):
    h = 1 / (1 + np.exp(-(x @ W + b)))
    return h, (x, W, h)

def article_backward(dh, cache):      # as printed
    x, W, h = cache
    dz = dh * h * (1 - h)
    return dz @ W.T, x.T @ dz, dh.sum(axis=0)

def mean_backward(dh, cache):         # a mean that belongs into the loss
    x, W, h = cache
    dz = dh * h * (1 - h)
    return dz @ W.T, x.T @ dz / len(x), dz.sum(axis=0)

def square_backward(dh, cache):       # h squared, as for tanh
    x, W, h = cache
    dz = dh * (1 - h * h)
    return dz @ W.T, x.T @ dz, dz.sum(axis=0)

def first_backward(dh, cache):        # one sample in the place of the sum
    x, W, h = cache
    dz = dh * h * (1 - h)
    return dz @ W.T, x.T @ dz, dz[0]

article_forward = mean_forward = square_forward = first_forward = unit_forward
'''

from tinymm.gradchecking.own import check_own

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder, "bugs.py")
    file.write_text(BUGS)
    recognised, rows = 0, []
    for name in ("article", "mean", "square", "first"):
        (report,) = check_own(f"{file}:{name}", shapes=((4, 3), (3, 2), (2,)))
        wrong = sorted({check.array for check in report.failures})
        assert wrong
        recognised += bool(report.diagnosis)
        rows.append(f"| {name} | {', '.join(wrong)} | {'; '.join(report.diagnosis) or '?'} |")
say("| bug | wrong gradients | what the report suspects |\n|---|---|---|\n" + "\n".join(rows))
say(f"All four are found, each in the right array, and of {recognised} the report even knows what the mistake looks like.")

# %% [markdown]
# You get the same for your own file with `tinymm gradcheck my_layer.py:my_dense`.
#
# ## Why the upstream gradient must be random
#
# > **Predict.** A tempting shortcut: take `dy` all ones, so that the checked number is simply the sum of the outputs.
# > For which layer could that hide *every* mistake?

# %%
from tinymm.layers.softmax import softmax_forward


def broken_softmax_backward(dy, y):
    """Whoever wrote this forgot that each output depends on every score."""
    return 0 * y


z = rng.normal(size=(2, 4))
y, _ = softmax_forward(z)
for what, dy in (("all ones", np.ones_like(y)), ("random", rng.normal(size=y.shape))):
    right = numeric_gradient(softmax_forward, [z], 0, dy)
    print(f"dy {what:9} the right gradient is at most {abs(right).max():.0e}, "
          f"the broken one is off by {abs(broken_softmax_backward(dy, y) - right).max():.0e}")

# %% [markdown]
# The outputs of a softmax always add up to one. So the sum has no slope, zero is the right answer for all ones, and
# the laziest backward pass in the world passes. Random numbers leave no such hiding place.
#
# ## At a corner there is nothing to check
#
# ReLU has a corner at zero. To the right its slope is one, to the left nought; two sides see the mean of both:

# %%
relu = mm.ReLU()
at_zero = np.array([[0.0]])
numeric = numeric_gradient(relu.forward, [at_zero], 0, np.ones((1, 1)))[0, 0]
own = relu.backward(np.ones((1, 1)), relu.forward(at_zero)[1])[0][0, 0]
say(f"By both sides the slope of ReLU at 0 is **{numeric:g}**, its backward pass says **{own:g}**. Neither is wrong: "
    f"there is no slope. So `mm.gradcheck` looks for corners first, moves such inputs away, and says so:")
print(mm.gradcheck(mm.ReLU(), np.array([[0.0, 1.0, -2.0]])).notes[0])

# %% [markdown]
# ## Step through it
#
# In the viewer every gradient comes with its finite difference, computed live for the number you clicked. Choose
# *Backward*, pick a weight, and compare.

# %% tags=["view"]
layer = mm.Sequential(mm.Dense(2), mm.Sigmoid())
layer.build((3,), np.random.default_rng(0))
mm.view(layer, np.array([[1.0, 2.0, -1.0], [0.5, -1.5, 1.0]]))

# %% [markdown]
# ## Exercise
#
# Write `central_difference` and `complex_step` yourself: `tinymm exercise start gradient_checking`. Then, without a
# computer: why is the bottom of the blue V at $\epsilon^{1/3}$? (The error of the step grows like $h^2$, that of
# rounding like $\epsilon / h$. Where is their sum smallest?)
#
# ## Next
#
# - **Lesson 5**: the gradient is right, and training fails all the same.
# - **Read**: Press et al., *Numerical Recipes*, section 5.7, for the V; Squire and Trapp, *Using complex variables to
#   estimate derivatives of real functions*, two pages.
# - **How the real engine does it**: the CPU engine is held to the textbook, the textbook to the loops, and all of them
#   to five methods: `tinymm gradcheck` runs them on every layer. To learn whether the *tests* are any good,
#   `tests/mutation/run.py` plants more than a thousand bugs into the backward passes, one at a time, and
#   counts how many go unnoticed.
