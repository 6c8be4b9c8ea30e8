# %% [markdown]
# # Lesson 2: Dense, and its three backward products
#
# Put many neurons side by side and let each see every input: that is a Dense layer. Its forward pass is one matrix
# product. Its backward pass is two more and a sum, and by the end of this lesson you will never again have to
# remember which matrix is transposed.

# %%
import itertools

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
# Section 4.2 writes, for unit $i$ of layer $l$,
#
# $$h^{(l)}_i = \sigma\left(W^{(l)}_i \cdot h^{(l-1)} + b^{(l)}_i\right)$$
#
# We leave σ to a layer of its own and write the rest for all units and all samples at once. With $N$ samples as the rows
# of $x$, $D$ inputs and $M$ units:
#
# $$y = x\,W + b$$
#
# | $y$ | $x$ | $W$ | $b$ |
# |---|---|---|---|
# | $N \times M$ | $N \times D$ | $D \times M$ | $M$ |
#
# The article's $W_i$, the weights of one unit, is a *column* of this $W$, as in Keras.
#
# ## Predict
#
# > **Predict.** The loss tells us $dy$, an $N \times M$ array: how much it minds each output. We need $dW$, shaped like
# > $W$, that is $D \times M$. You have $x$ ($N \times D$) and $dy$ ($N \times M$), and you may transpose. How many ways are
# > there to multiply two of them and get $D \times M$? Do not think about calculus, only about shapes.

# %%
N, D, M = 4, 3, 2
x, W, b, dy = (rng.normal(size=shape) for shape in ((N, D), (D, M), (M,), (N, M)))
named = {"x": x, "xᵀ": x.T, "W": W, "Wᵀ": W.T, "dy": dy, "dyᵀ": dy.T}


def fitting(shape):
    """All products of two of the arrays that have that shape."""
    return [
        f"{a} {b}" for a, b in itertools.permutations(named, 2)
        if named[a].shape[1] == named[b].shape[0] and (named[a] @ named[b]).shape == shape
    ]  # fmt: skip


say(f"Products shaped like W, {W.shape}: **{', '.join(fitting(W.shape))}**. Products shaped like x, {x.shape}: "
    f"**{', '.join(fitting(x.shape))}**.")

# %% [markdown]
# Only one each, and they are the right ones: as long as $N$, $D$ and $M$ are different, the shapes alone know the formula.
# But beware of what this means for tests:

# %%
x, W, b, dy = (rng.normal(size=shape) for shape in ((3, 3), (3, 3), (3,), (3, 3)))
named = {"x": x, "xᵀ": x.T, "W": W, "Wᵀ": W.T, "dy": dy, "dyᵀ": dy.T}
say(f"**The surprise.** With N = D = M = 3 there are {len(fitting((3, 3)))} products of the right shape, and all but one of "
    "them are wrong. Whoever tests a layer on square arrays tests almost nothing. tinymm's gradient check uses uneven sizes.")

# %% [markdown]
# ## By hand
#
# Two samples, two inputs, one unit: small enough for a napkin. Compute $y$, then, with the given $dy$, all three gradients.

# %%
x, W, b = np.array([[1, 2], [3, 0]]), np.array([[2], [-1]]), np.array([1])
dy = np.array([[1], [-2]])
y = x @ W + b
dx, dW, db = dy @ W.T, x.T @ dy, dy.sum(axis=0)
say(f"""
| | on paper | |
|---|---|---|
| y, sample 1 | {x[0, 0]}·{W[0, 0]} + {x[0, 1]}·({W[1, 0]}) + {b[0]} | {y[0, 0]} |
| y, sample 2 | {x[1, 0]}·{W[0, 0]} + {x[1, 1]}·({W[1, 0]}) + {b[0]} | {y[1, 0]} |
| dW, first weight | {dy[0, 0]}·{x[0, 0]} + ({dy[1, 0]})·{x[1, 0]} | {dW[0, 0]} |
| dW, second weight | {dy[0, 0]}·{x[0, 1]} + ({dy[1, 0]})·{x[1, 1]} | {dW[1, 0]} |
| db | {dy[0, 0]} + ({dy[1, 0]}) | {db[0]} |
| dx, sample 1 | {dy[0, 0]}·({W[0, 0]}, {W[1, 0]}) | ({dx[0, 0]}, {dx[0, 1]}) |
| dx, sample 2 | {dy[1, 0]}·({W[0, 0]}, {W[1, 0]}) | ({dx[1, 0]}, {dx[1, 1]}) |
""")

# %% [markdown]
# The weights add up over samples, since both samples used them. The inputs do not: each sample has its own.
#
# ## Loops

# %%
show(equations.dense_forward, equations.dense_backward)

# %% [markdown]
# Three lines in the innermost loops of `dense_backward`, one for each thing the forward line used. Now read each as a sum
# over the index that does not appear on its left side:
#
# $$dx_{nd} = \sum_m dy_{nm} W_{dm} \qquad dW_{dm} = \sum_n x_{nd}\,dy_{nm} \qquad db_m = \sum_n dy_{nm}$$
#
# A sum over the *second* index of $W$ means $W^T$ on the right; a sum over the *first* index of $x$ means $x^T$ on the left:
#
# $$dx = dy\,W^T \qquad dW = x^T dy \qquad db = \sum_n dy_n$$
#
# ## The textbook's code

# %%
from tinymm.layers.dense import dense_backward, dense_forward

show(dense_forward, dense_backward)

# %% [markdown]
# The `reshape` is for inputs with more axes, a sequence of words for example: every row is treated alike.

# %%
x, W, b, dy = (rng.normal(size=shape) for shape in ((4, 3), (3, 2), (2,), (4, 2)))
fast, slow = dense_forward(x, W, b), equations.dense_forward(x, W, b)
pairs = [("y", fast[0], slow[0]), *zip(("dx", "dW", "db"), dense_backward(dy, fast[1]), equations.dense_backward(dy, slow[1]))]
for name, one, other in pairs:
    print(f"{name:2} {str(one.shape):7} arrays against loops: {abs(one - other).max():.0e}")

# %% [markdown]
# ## Step through it
#
# The example by hand. Choose *Backward* and click on a number of `dW`: two samples, so two terms. Click on a number of `dx`: one
# unit, so one term. Who adds up over what?

# %% tags=["view"]
layer = mm.Dense(1)
layer.build((2,), dtype=np.float64)
layer.params["W"][:] = [[2.0], [-1.0]]
layer.params["b"][:] = 1.0
mm.view(layer, np.array([[1.0, 2.0], [3.0, 0.0]]), dy=np.array([[1.0], [-2.0]]))

# %% [markdown]
# ## Plot: a gradient is a sum of samples
#
# $x^T dy$ hides a pretty thing. Each sample alone gives a gradient in which every row is a multiple of every other: its
# input times its blame. The batch's gradient is their sum.

# %% alt="Four heat maps, one for each sample, each with stripes: an outer product; and their sum at the right, which has no stripes."
x, dy = rng.normal(size=(4, 7)), rng.normal(size=(4, 5))
outer = [np.outer(x[n], dy[n]) for n in range(4)]
figure, axes = plt.subplots(1, 5, figsize=(10.6, 2.7))
for axis, matrix, title in zip(axes, [*outer, x.T @ dy], [*(f"sample {n + 1}" for n in range(4)), "dW, the sum"]):
    colours = axis.imshow(matrix, cmap="RdBu_r", vmin=-3, vmax=3)
    axis.set(title=title, xticks=[], yticks=[])
    axis.grid(False)
axes[0].set_ylabel("inputs")
axes[0].set_xlabel("units")
figure.colorbar(colours, ax=axes, label="blue: below 0, red: above")
plt.show()

# %%
ranks = [np.linalg.matrix_rank(matrix) for matrix in [*outer, x.T @ dy]]
say(f"The rank of each part is {ranks[0]}, the rank of the sum {ranks[-1]}: a batch of N samples can only move the weights in "
    f"N directions at once. And the largest difference between the sum of the four and `x.T @ dy` is "
    f"{abs(sum(outer) - x.T @ dy).max():.0e}.")

# %% [markdown]
# ## Exercise
#
# `tinymm exercise start dense`. Write both passes for inputs (N, D) with no loop at all. Then on paper: for the example
# by hand, suppose a second layer follows and *it* computes your $dy$. Which of your three results does it never see?
# (So the very first layer of a network could skip one of the three products. Which?)
#
# ## Next
#
# - **Lesson 3**: the bends between the layers, and the loss at the end.
# - **Read**: Goodfellow, Bengio and Courville, *Deep Learning*, section 6.5; Clark, *Computing neural network gradients*
#   (Stanford CS224N notes), for the shape trick in full.
# - **How the real engine does it**: `tinymm/engines/cpu/dense.py` makes the same three products with `out=`
#   arrays that were set aside once, cut into four blocks whatever the number of threads, so that a run gives the same
#   bits on any machine with any number of cores. And it does skip the product that nobody needs.
