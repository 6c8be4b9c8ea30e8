# %% [markdown]
# # Lesson 7: Convolution on pictures
#
# A picture of a cat is a picture of a cat wherever the cat sits. A Dense layer does not know that: it has a weight of its
# own for every pixel and would have to learn the cat once for each place. A convolution learns a small pattern *once* and
# tries it everywhere. In this lesson we write it as nested loops, and then find that it was a single matrix product
# all along.

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
# Section 4.1 writes a convolution layer as
#
# $$h^{(l)}_i = \sum_j W^{(l)}_{ij} * h^{(l-1)}_j + b^{(l)}_i$$
#
# where $i$ counts output channels ("feature maps") and $j$ input channels: three for a colour picture. The star hides
# all the work. Written out for one number of the output, with $x$ for $h^{(l-1)}$ and $y$ for $h^{(l)}$:
#
# $$y_{p,q,o} = \sum_{i,j} \sum_c x_{p+i,\;q+j,\;c}\; W_{i,j,c,o} + b_o$$
#
# A word on the star. In mathematics $*$ flips the kernel before sliding it; here nothing is flipped, which is called
# cross-correlation. The deep-learning libraries do the same and call it convolution. It makes no difference to what
# can be learned, since a learned kernel may as well learn to be flipped. But it will come back to us in the backward
# pass.
#
# ## Predict
#
# > **Predict.** A $5 \times 5$ picture, a $3 \times 3$ kernel that slides by one cell and never leaves the picture.
# >
# > 1. How large is the output?
# > 2. How many outputs use the pixel in the middle? The one in the corner?
# > 3. So which pixels get the larger gradients?

# %%
uses = np.zeros((5, 5), int)
for p in range(3):
    for q in range(3):
        uses[p : p + 3, q : q + 3] += 1
print("How many of the 3 × 3 outputs use each pixel:")
print(uses)

# %% [markdown]
# The output is $3 \times 3$. The middle pixel takes part in all nine outputs, a corner in one: in the backward pass the
# middle collects nine contributions, the corner a single one. Remember this picture. The most common bug in a convolution's
# backward pass is to *write* where one should *add*, and only the corners come out right.
#
# ## By hand
#
# One channel, a $3 \times 3$ picture, a $2 \times 2$ kernel. Four windows, four products each: do it on paper first.

# %%
x = np.array([[1, 2, 0], [0, 1, 3], [2, 1, 0]])
W = np.array([[1, 0], [-1, 2]])
b = 1
terms = {
    (p, q): [f"{x[p + i, q + j]}·({W[i, j]})" for i in range(2) for j in range(2)] for p in range(2) for q in range(2)
}
y = np.array([[(x[p : p + 2, q : q + 2] * W).sum() + b for q in range(2)] for p in range(2)])
rows = "\n".join(f"| y[{p},{q}] | {' + '.join(terms[p, q])} + {b} | {y[p, q]} |" for p, q in terms)
print(f"x =\n{x}\nW =\n{W}\nb = {b}")
say("| output | its window times the kernel, plus the bias | |\n|---|---|---|\n" + rows)

# %% [markdown]
# ## Loops
#
# The formula, symbol by symbol. This is `tinymm/equations/conv2d.py`, which all faster code is held to:

# %%
show(equations.conv2d_forward, equations.conv2d_backward)

# %% [markdown]
# Read the two lines in the middle of `conv2d_backward` next to the one in the middle of `conv2d_forward`. In the forward
# pass, *this* output used *this* pixel with *that* weight. So, in the backward pass, the pixel is blamed in proportion
# to the weight, and the weight in proportion to the pixel. That is the whole chain rule for a product, and the `+=`
# is its sum over all paths.

# %%
layer = mm.Conv2D(32, 3)
layer.build((32, 32, 3))
say(f"The picture branch of lesson 0 has {layer.multiply_adds((32, 32, 3)):,} multiplications for *one* small picture. "
    f"Python turns such a loop one or two million times a second, so a batch of 32 pictures would take many seconds, "
    f"forward alone. The loops are for reading, not for running.")

# %% [markdown]
# ## From loops to one matrix product
#
# Look at the inner three loops again: over $i$, $j$ and $c$. They compute a dot product, of the window and the kernel,
# both unrolled into one long row of numbers. And a dot product for every window and every kernel is
# the definition of a matrix product:
#
# $$\text{outputs} = \text{windows} \cdot \text{kernels}$$
#
# | matrix | rows | columns |
# |---|---|---|
# | windows | $P \cdot Q$: one for each place of the kernel | $k \cdot k \cdot C$: the numbers it lies on there |
# | kernels | $k \cdot k \cdot C$: the weights of a kernel | $O$: one for each kernel |
# | outputs | $P \cdot Q$: one for each place | $O$: one for each kernel |
#
# Laying out the windows as rows is called *im2col*. Here it is for a $4 \times 4$ picture and a $3 \times 3$ kernel.

# %% alt="Left: a 4 by 4 picture with its cells coloured from 0 to 15. Right: the im2col matrix of 4 rows and 9 columns in the same colours; inner cells occur four times."
picture = np.arange(16).reshape(4, 4)
columns = np.array([picture[p : p + 3, q : q + 3].ravel() for p in range(2) for q in range(2)])
figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.1), width_ratios=(4, 9))
for axis, array, title in zip(axes, (picture, columns), ("the picture", "im2col: one window a row")):
    axis.imshow(array, cmap="viridis", vmin=0, vmax=15)
    for (r, c), value in np.ndenumerate(array):
        axis.text(c, r, value, ha="center", va="center", color="white" if value < 9 else "black", fontsize=10)
    axis.set(xticks=[], yticks=range(len(array)), title=title)
    axis.grid(False)
axes[1].set_yticklabels(["window 0,0", "window 0,1", "window 1,0", "window 1,1"])
axes[0].set_yticks([])
plt.show()

# %%
from tinymm.layers.windows import sliding_windows

pictures = rng.normal(size=(8, 32, 32, 3))
windows = sliding_windows(pictures, (3, 3), (1, 1))
numbers, memory = windows.size, pictures.nbytes
assert np.shares_memory(windows, pictures)
inner = (columns == 5).sum()
say(f"""
The pixel in the inside, number 5, occurs {inner} times, the corner 0 once: as often as there are windows over it.
(In the larger picture of your prediction the middle lay in nine.) So im2col is a matrix with more numbers than the
picture. For 8 pictures of 32 × 32 × 3 it is {numbers / pictures.size:.1f} times as large.

**The surprise.** It need not exist. NumPy finds a number by *strides*: how many bytes to jump for the next row, column,
channel. Claim that the array has shape `{windows.shape}` and give it the strides `{windows.strides}`, where the
jumps for "next window" and "next cell in the window" are the *same* jump, and out comes im2col: {numbers:,} numbers,
and **{windows.nbytes:,} bytes** if they were written down, in the {memory:,} bytes of the pictures, with nothing
copied.
""")

# %% [markdown]
# ## The textbook's code

# %%
from tinymm.layers.conv2d import conv2d_backward, conv2d_forward

show(conv2d_forward, conv2d_backward)

# %% [markdown]
# The matrix product is called `tensordot` here because it need not flatten anything: *sum over the last three axes of
# the windows and the first three of the kernel*. The backward pass has two halves:
#
# - `dW` is a matrix product again: windows, transposed, times `dy`.
# - `dx` cannot write through the strides, since many windows share a pixel. So it walks through the nine places
#   of the kernel and *adds* into all windows at once. Nine steps, whatever the size of the picture.

# %%
x, W, b = rng.normal(size=(2, 6, 5, 3)), rng.normal(size=(3, 3, 3, 4)), rng.normal(size=4)
dy = rng.normal(size=(2, 4, 3, 4))
fast, slow = conv2d_forward(x, W, b), equations.conv2d_forward(x, W, b)
pairs = [("y", fast[0], slow[0]), *zip(("dx", "dW", "db"), conv2d_backward(dy, fast[1]), equations.conv2d_backward(dy, slow[1]))]
for name, one, other in pairs:
    print(f"{name:2} {str(one.shape):13} matrix product against loops: {abs(one - other).max():.0e}")

# %% [markdown]
# ## The flip comes back
#
# Which outputs did the pixel $(r, s)$ go into? Those at $p = r - i$ and $q = s - j$, as far as they exist:
# beyond its edges count $dy$ as zero. So
#
# $$\frac{\partial J}{\partial x_{r,s,c}} = \sum_{i,j} \sum_o dy_{r-i,\;s-j,\;o}\; W_{i,j,c,o}$$
#
# and there are the minus signs of the true convolution. The backward pass of a cross-correlation is a convolution: slide
# the *flipped* kernel over `dy`, with a border of zeros so wide that every window that touches `dy` is counted.

# %%
border = np.pad(dy, ((0, 0), (2, 2), (2, 2), (0, 0)))
flipped = W[::-1, ::-1].swapaxes(2, 3)  # and input and output channels change places
as_convolution, _ = conv2d_forward(border, flipped, np.zeros(3))
print(f"dx by adding into windows, and by convolving with the flipped kernel: "
      f"{abs(as_convolution - conv2d_backward(dy, fast[1])[0]).max():.0e}")

# %% [markdown]
# ## Step through it
#
# The example by hand. Choose *Backward*, click the middle of `x`, and count the terms.
# Then a corner.

# %% tags=["view"]
layer = mm.Conv2D(filters=1, kernel_size=2)
layer.build((3, 3, 1), dtype=np.float64)
layer.params["W"][:, :, 0, 0] = [[1.0, 0.0], [-1.0, 2.0]]
layer.params["b"][:] = 1.0
mm.view(layer, np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 3.0], [2.0, 1.0, 0.0]]).reshape(1, 3, 3, 1))

# %% [markdown]
# ## Plot: what a kernel sees
#
# Three kernels of nine numbers each, made by hand, on one of tinymm's faces. Nobody learned anything here yet; but a
# network that does finds kernels much like the second and the third in its first layer.

# %% alt="A drawn face in grey, and what three kernels make of it: a blurred face, upright edges, and level edges."
from tinymm.data.synthetic import emotion

face = np.asarray(emotion.image("happy", np.random.default_rng(5)))[0].mean(axis=-1, keepdims=True)[None] / 255
kernels = {
    "mean of nine": np.full((3, 3), 1 / 9),
    "right minus left": np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1.0]]),
    "below minus above": np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1.0]]),
}
figure, axes = plt.subplots(1, 4, figsize=(10, 3.2))
axes[0].imshow(face[0, :, :, 0], cmap="gray")
axes[0].set_title("the picture")
for axis, (name, kernel) in zip(axes[1:], kernels.items()):
    seen = conv2d_forward(face, kernel[:, :, None, None], np.zeros(1))[0][0, :, :, 0]
    edge = kernel.sum() == 0
    axis.imshow(seen, cmap="RdBu_r" if edge else "gray", **({"vmin": -2, "vmax": 2} if edge else {}))
    axis.set_title(name)
axes[2].set_xlabel("red: brighter on the right\nblue: brighter on the left")
axes[3].set_xlabel("red: brighter below\nblue: brighter above")
for axis in axes:
    axis.set(xticks=[], yticks=[])
    axis.grid(False)
plt.show()

# %%
kernel = kernels["right minus left"][:, :, None, None]
moved = np.roll(face, (5, 3), axis=(1, 2))
first, second = (conv2d_forward(picture, kernel, np.zeros(1))[0] for picture in (face, moved))
same = abs(np.roll(first, (5, 3), axis=(1, 2)) - second)[:, 5:, 3:].max()
dense = mm.Dense(1)
dense.build((face.size,))
say(f"""
And the promise from the beginning: move the face by 5 rows and 3 columns, and what the kernel sees moves by 5 rows and 3
columns, with a difference of {same:g} in the inside. {kernel.size} weights serve all {first.size:,} places. One Dense
neuron on this picture needs {dense.params['W'].size:,} weights, and would have to learn the face anew one column further on.
""")

# %% [markdown]
# ## Exercise
#
# Write `conv2d_forward` and `conv2d_backward` with a short loop and a matrix product inside: `tinymm exercise start conv2d`, then
# `tinymm exercise check conv2d`. First on paper: in the example by hand above, let `dy` be all zeros except for a one at
# `[1, 0]`. Write down `dx` and `dW`. Where in the picture does `W` reappear?
#
# ## Next
#
# - **Lesson 8**: pooling, which throws away three numbers in four, and what that does to the gradient.
# - **Read**: Dumoulin and Visin, *A guide to convolution arithmetic for deep learning*, for padding and stride in
#   pictures; Chellapilla, Puri and Simard 2006, where im2col comes from.
# - **How the real engine does it**: `tinymm/engines/cpu/conv.py` does copy the windows, but only as many as fit into
#   the processor's cache; a product of rows that lie side by side is faster than one of scattered rows. The bias rides
#   along as one more column of ones. And when ReLU and a pool follow, they are done before the tile leaves the cache,
#   so that the full-size map is never written to memory.
