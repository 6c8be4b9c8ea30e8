"""Exercise 14: join branches, and cut the gradient."""

import numpy as np

from tinymm.exercises.comparing import as_array
from tinymm.exercises.exercise import Failed, Step
from tinymm.exercises.learner import in_words
from tinymm.exercises.pairs import Pair, two
from tinymm.exercises.slips import Slip
from tinymm.layers.concatenate import concatenate_backward, concatenate_forward


def draw(rng):
    return ([rng.normal(size=(3, width)) for width in WIDTHS],)


def parts(space):
    """As many parts as branches, each as wide as its branch."""
    (xs,) = draw(np.random.default_rng(1))
    y, cache = two("concatenate_forward", space["concatenate_forward"]([x.copy() for x in xs]), "y, cache")
    dy = np.random.default_rng(2).normal(size=np.shape(y))
    found = space["concatenate_backward"](dy, cache)
    if not isinstance(found, (list, tuple)):
        raise Failed(f"concatenate_backward returns {in_words(found) or type(found).__name__}: it must return a list, with one gradient for every branch")
    for k, part in enumerate(found):
        as_array(f"dxs[{k}]", part, (3, "width"))
    shapes = [np.shape(part) for part in found]
    if shapes != [x.shape for x in xs]:
        likely = [sentence for sentence, wrong in miscut(dy) if same(found, wrong)]
        raise Failed(
            f"concatenate_backward returns {len(found)} parts of shapes {', '.join(map(str, shapes))}",
            f"The branches were {', '.join(str(x.shape) for x in xs)}: there must be one part for each, shaped like it",
            *(f"Looks like: {sentence}" for sentence in likely[:1]),
        )
    return ""


def miscut(dy):
    """(sentence, the parts that come out) for typical ways of cutting at the wrong places."""
    ends = np.cumsum(WIDTHS)
    yield (
        "one cut too many: np.split cuts between the parts, and the last end is the end of dy itself, behind which an empty part is "
        "left. Leave it out: np.cumsum(widths)[:-1]"
    ), np.split(dy, ends, axis=1)
    yield "np.split was given the widths: it wants the places where to cut, the widths added up", np.split(dy, WIDTHS, axis=1)
    yield "np.split was given the widths: it wants the places where to cut, the widths added up", np.split(dy, WIDTHS[:-1], axis=1)
    yield "dy is cut into parts of the same width: np.split with a number does so. Give it the places where to cut", np.split(dy, len(WIDTHS), axis=1)
    yield "the samples are cut apart: without axis=-1 np.split cuts along axis 0", np.split(dy, ends[:-1])
    yield "the samples are cut apart: without axis=-1 np.split cuts along axis 0", np.split(dy, ends)
    yield "the samples are cut apart: without axis=-1 np.split cuts along axis 0", np.split(dy, len(WIDTHS))
    starts = ends - WIDTHS
    yield "each part ends at its width: it ends at start + width", [dy[:, a:b] for a, b in zip(starts, WIDTHS)]
    yield "the last branch gets no part", np.split(dy, ends[:-1], axis=1)[:-1]


def same(found, wrong):
    return len(found) == len(wrong) and all(np.array_equal(a, b) for a, b in zip(found, wrong))


WIDTHS = (2, 4, 3)


HINTS = {
    "hand": (
        "Each sample keeps its row; the rows only become longer. Which axis do the arrays share, and along which do they grow?",
        "np.concatenate(xs, axis=-1) puts the features side by side. axis=0 would put samples below each other.",
        "Backward will have to cut dy at the same places. So keep how wide each branch was: cache = [x.shape[-1] for x in xs].",
    ),
    "random": (
        "By hand there were two branches. Now there are three, 2, 4 and 3 columns wide, in the order of the list.",
        "np.concatenate takes the whole list, however long it is.",
    ),
    "parts": (
        "Nothing is computed here: dy is cut where forward glued. The first branch gets the first columns.",
        "With a loop: start = 0; for every width take dy[..., start : start + width], and move start on by width.",
        "With np.split(dy, places, axis=-1): places are where to cut, between the parts. Three parts need two cuts: np.cumsum(widths)[:-1].",
    ),
    "runs": (
        "Backward runs twice here, and must say the same twice: it may not change the cache, as in cache.pop(0), or dy.",
        "Go through the widths with `for width in cache`, and put the parts into a new list.",
    ),
    "xs.0": (
        "The first branch stands at the beginning of every row: what is in its columns of dy is its gradient, unchanged.",
        "dy[..., : widths[0]], neither divided nor added to.",
    ),
    "xs.1": (
        "The second branch begins where the first one ends. Where does your cut begin, and does it move?",
        "start += width, behind the cut: then the next part begins at widths[0].",
    ),
    "xs.2": (
        "The third branch begins behind the first two, at the sum of their widths.",
        "start += width adds up; start = width forgets what came before.",
    ),
}
EXERCISE = Pair(
    "concatenate_forward", "concatenate_backward", (concatenate_forward, concatenate_backward),
    gives="y, cache", gives_back="dxs", axes={"y": ("sample", "column")},
    hand=([np.array([[1.0, 2], [3, 4]]), np.array([[5.0], [6]])],), draw=draw, order=("xs.0", "xs.1", "xs.2"),
    slips=(
        Slip("concatenate(xs, axis=-1)", "concatenate(xs[::-1], axis=-1)", "the branches stand in reversed order"),
        Slip("concatenate(xs, axis=-1)", "concatenate([x.ravel() for x in xs]).reshape(len(xs[0]), -1)",
             "all numbers are strung together and cut again: then features of one sample land in the row of another"),
        Slip("array_module(*xs).concatenate(xs, axis=-1)", "sum(x.sum(axis=-1, keepdims=True) for x in xs)", "the features are added up: they stand side by side"),
        Slip("concatenate(xs, axis=-1)", "concatenate(sorted(xs, key=lambda x: -x.shape[-1]), axis=-1)", "the branches are sorted by width: keep the order in which they came"),
    ),
    backward_slips=(
        Slip("start += width", "start = width", "start = width forgets the branches before: a part begins where all before it end, start += width"),
        Slip("start += width", "start += 0", "every branch is cut from the beginning: the next one begins where the last one ended"),
        Slip("dy[..., start : start + width]", "dy[..., dy.shape[-1] - start - width : dy.shape[-1] - start]", "it is cut from the end: the first branch stands at the beginning"),
        Slip("dy[..., start : start + width]", "dy[..., start : start + width] / len(cache)", "the gradient is shared out among the branches: each gets its own part whole"),
    ),
).exercise(
    "fusion", 14, "Concatenate",
    HINTS,
    hand="two branches, two samples", before=(Step("backward: one part for each branch", parts, HINTS["parts"]),), view="concatenate",
)  # fmt: skip
