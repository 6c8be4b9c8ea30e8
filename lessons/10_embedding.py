# %% [markdown]
# # Lesson 10: Words become numbers
#
# A picture is made of numbers, and so is a sound. A word is not. "Sad" is not more than "happy" and "game" not twice "yes". So we
# give every word a row of numbers of its own, at random, and let training move the rows. This is the simplest layer with
# parameters there is, one line forward and one line backward, and in the one line backward waits a mistake that no
# error message tells of.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinymm as mm
from tinymm import equations
from tinymm.data.synthetic import emotion
from tinymm.data.text import Vocabulary, tokenize
from tinymm.lessons import STYLE, say, show

plt.style.use(STYLE)
rng = np.random.default_rng(0)

# %% [markdown]
# ## The equation
#
# The article's listing begins its text branch with `Embedding(10000, 128)`: ten thousand words, 128 numbers for each. It has no
# formula of its own, but it is hidden in section 4.2. Write word number $v$ as a row with a single 1 in place $v$, *one-hot*, and
# multiply by a matrix, as in a Dense layer without a bias:
#
# $$(0, \dots, 1, \dots, 0)\; W \;=\; W_v$$
#
# The product picks out row $v$. So nobody computes it; one looks the row up:
#
# $$y_{n,t} = W_v \;\text{ for }\; v = \text{ids}_{n,t} \qquad\qquad dW_v = \sum_n \sum_t [\text{ids}_{n,t} = v]\; dy_{n,t}$$
#
# ## Predict
#
# > **Predict.** The sentence is "no no yes", so `ids = [1, 1, 2]`, and `dy` holds three rows: 1, 10 and 100, to keep it short
# > with one number a word. What is `dW`? And what does NumPy's `dW[ids] += dy` make of it?
#
# ## By hand

# %%
ids, dy = np.array([1, 1, 2]), np.array([[1.0], [10.0], [100.0]])
right, wrong = np.zeros((4, 1)), np.zeros((4, 1))
np.add.at(right, ids, dy)
wrong[ids] += dy
say("| word | right | `dW[ids] += dy` |\n|---|---|---|\n"
    + "\n".join(f"| {v} | {right[v, 0]:g} | {wrong[v, 0]:g} |" for v in range(4)))

# %% [markdown]
# "No" stands there twice and should get 1 + 10. NumPy reads the old row, adds, and writes, for all three at once: the second
# writing wins, and the 1 is lost. No error, no warning, and a test on a sentence without a repeated word passes. `np.add.at` is the one
# that adds as often as it is told.
#
# ## Loops

# %%
show(equations.embedding_forward, equations.embedding_backward)

# %% [markdown]
# ## The textbook's code

# %%
from tinymm.layers.embedding import embedding_backward, embedding_forward

show(embedding_forward, embedding_backward)

# %%
W, ids = rng.normal(size=(6, 3)), rng.integers(0, 6, (2, 5))
dy = rng.normal(size=(2, 5, 3))
one_hot = np.eye(6)[ids]
looked_up, cache = embedding_forward(ids, W)
print(f"looking up against one-hot times W:        {abs(looked_up - one_hot @ W).max():g}")
print(f"adding up rows against one-hotᵀ times dy:  {abs(embedding_backward(dy, cache) - np.einsum('ntv,ntm->vm', one_hot, dy)).max():.0e}")

# %% [markdown]
# There is no `dx`. A word's number is only a name; it cannot be nudged.
#
# ## Plant the bug
#
# tinymm's gradient check repeats words on purpose, and knows this mistake by sight:

# %%
import tempfile
from pathlib import Path

from tinymm.gradchecking.own import check_own

LAYER = '''
import numpy as np

def embedding_forward(ids, W):
    return W[ids], (ids, W.shape)

def embedding_backward(dy, cache):
    ids, shape = cache
    dW = np.zeros(shape)
    dW[ids] += dy
    return dW
'''
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder, "mine.py")
    file.write_text(LAYER)
    print(check_own(f"{file}:embedding")[0].diagnosis[0])

# %% [markdown]
# ## Step through it
#
# Six words, two sentences. Click on a row of `dW` in *Backward*: how many terms has a word that occurs twice? One that
# does not occur?

# %% tags=["view"]
layer = mm.Embedding(6, 2)
layer.build((4,), np.random.default_rng(0))
mm.view(layer, np.array([[1, 1, 2, 5], [2, 3, 1, 5]]))

# %% [markdown]
# ## Plot: meaning, from nothing
#
# Now the experiment this layer is loved for. We take happy and sad sentences, give every word *two* numbers, drawn at random,
# and train: mean over the words, one neuron, happy or not. Nobody tells it which words are happy.

# %%
draws = np.random.default_rng(1)
sentences, feelings = [], []
for k in range(400):
    mood = ("sad", "happy", None)[k % 3]
    sentences.append(emotion.text(mood, draws))
    feelings.append(0.5 if mood is None else float(mood == "happy"))  # a sentence without feeling: one half
vocabulary = Vocabulary.build(sentences, 200)
ids = vocabulary.encode(sentences, 8)
t = np.array(feelings)[:, None]

model = mm.Sequential(mm.Embedding(len(vocabulary), 2, padding_id=0), mm.GlobalAveragePool(), mm.Dense(1))
model.build((8,), np.random.default_rng(4), dtype=np.float64)
table = model.params["0.W"]
engine = mm.make_engine(model, mm.BinaryCrossEntropy(from_logits=True), mm.Adam(0.02), engine="textbook")
before, losses = table.copy(), []
for _ in range(300):
    chosen = draws.choice(len(ids), 64, replace=False)
    losses.append(float(engine.step(ids[chosen], t[chosen])))

# %%
count = {word: sum(word in tokenize(s) for s in sentences) for word in vocabulary.words}
happy = {word: np.mean([f for s, f in zip(sentences, feelings) if word in tokenize(s)]) for word in vocabulary.words if count[word] > 3}
w = model.params["2.W"][:, 0]
along = table @ w / np.linalg.norm(w)
score = {word: along[k] for k, word in enumerate(vocabulary.words) if word in happy}

# %% alt="Two scatter plots of the words' two numbers, coloured by how happy the sentences are in which they stand. Before training all colours are mixed; after it the happy words lie on one side and the sad ones on the other."
figure, axes = plt.subplots(1, 2, figsize=(10.4, 4.6))
labelled = []
for word in sorted(score, key=lambda word: (-abs(score[word]), word)):  # the farthest first, and none on top of another
    height = table[vocabulary.words.index(word), 1]
    if all(abs(height - table[vocabulary.words.index(other), 1]) > 0.17 for other in labelled):
        labelled.append(word)
for axis, rows, title in zip(axes, (before, table), ("before: drawn at random", "after training")):
    for k, word in enumerate(vocabulary.words):
        if word in happy:
            colours = axis.scatter(*rows[k], c=[happy[word]], cmap="coolwarm_r", vmin=0, vmax=1, s=26, edgecolor="black", linewidth=0.4)
            if word in labelled and rows is table:
                axis.annotate(word, rows[k], xytext=(9, 0), textcoords="offset points", va="center", fontsize=8.5)
    axis.set(title=title, xlabel="first number", ylabel="second number")
figure.colorbar(colours, ax=axes, label="its sentences: 0 sad (red), 1 happy (blue)")
plt.show()

# %%
names = list(score)
agreement = np.corrcoef([score[n] for n in names], [happy[n] for n in names])[0, 1]
agreement_before = np.corrcoef([(before @ w)[vocabulary.words.index(n)] for n in names], [happy[n] for n in names])[0, 1]
assert agreement > 0.8
say(f"""
Blue words stand in happy sentences, red ones in sad, pale ones in both. **The surprise:** the words have moved into an order
that nobody gave them. The correlation between a word's place along the neuron's direction and the happiness of its
sentences was {agreement_before:.2f} and is now **{agreement:.2f}**. A word's meaning, for this model, is which way it pushes the
answer; and words that push alike have come to lie alike. Give it more than one question to answer, and the directions
multiply: that is all the magic of word vectors.
""")

# %% [markdown]
# ## Most rows sleep

# %%
_, cache = model.forward(ids[:4])
_, grads = model.backward(np.ones((4, 1)), cache)
touched = int((abs(grads["0.W"]).sum(axis=1) > 0).sum())
article = 32 * 20 / 10000
say(f"Four sentences touch {touched} of {len(vocabulary)} rows; all others get exactly zero. In the article's model, 32 texts of 20 words "
    f"touch at most {article:.0%} of ten thousand rows, and {1 - article:.0%} of the gradient array are zeros.")

# %% [markdown]
# ## Exercise
#
# `tinymm exercise start embedding`. Then, in the code above, set `padding_id=None` and look at where the row of the padding (number 0)
# goes. Why is it forced to stay at zero?
#
# ## Next
#
# - **Lesson 11**: the mean over words forgets their order. A network that reads one word after the other.
# - **Read**: Bengio et al., *A neural probabilistic language model*, 2003, for the first table of words; Mikolov et al. 2013 for
#   directions that mean something.
# - **How the real engine does it**: `tinymm/engines/cpu/embedding.py` builds a sparse matrix with a 1 for every place where a token
#   stands and multiplies; only the rows of this batch's words are written, and only those of the last batch are set back to
#   zero.
