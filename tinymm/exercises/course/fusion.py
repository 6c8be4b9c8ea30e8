"""Exercise 14: join branches, and cut the gradient."""

import numpy as np

from tinymm.exercises.pairs import Pair
from tinymm.exercises.slips import Slip
from tinymm.layers.concatenate import concatenate_backward, concatenate_forward


def draw(rng):
    return ([rng.normal(size=(3, width)) for width in (2, 4, 3)],)


EXERCISE = Pair(
    "concatenate_forward", "concatenate_backward", (concatenate_forward, concatenate_backward),
    hand=([np.array([[1.0, 2], [3, 4]]), np.array([[5.0], [6]])],), draw=draw, order=("xs.0", "xs.1", "xs.2"),
    slips=(
        Slip("concatenate(xs, axis=-1)", "concatenate(xs[::-1], axis=-1)", "the branches stand in reversed order"),
        Slip("concatenate(xs, axis=-1)", "concatenate([x.ravel() for x in xs]).reshape(len(xs[0]), -1)",
             "all numbers are strung together and cut again: then features of one sample land in the row of another"),
        Slip("array_module(*xs).concatenate(xs, axis=-1)", "sum(x.sum(axis=-1, keepdims=True) for x in xs)", "the features are added up: they stand side by side"),
        Slip("concatenate(xs, axis=-1)", "concatenate(sorted(xs, key=lambda x: -x.shape[-1]), axis=-1)", "the branches are sorted by width: keep the order in which they came"),
    ),
    backward_slips=(
        Slip("start += width", "start += 0", "every branch is cut from the beginning: the next one begins where the last one ended"),
        Slip("dy[..., start : start + width]", "dy[..., dy.shape[-1] - start - width : dy.shape[-1] - start]", "it is cut from the end: the first branch stands at the beginning"),
        Slip("dy[..., start : start + width]", "dy[..., start : start + width] / len(cache)", "the gradient is shared out among the branches: each gets its own part whole"),
    ),
).exercise(
    "fusion", 14, "Concatenate",
    hints=(
        "np.concatenate(xs, axis=-1) puts features side by side. Remember how wide each branch was.",
        "Backward cuts dy at the same places: the first branch gets the first columns.",
        "start = 0; for every width take dy[..., start : start + width], and move start on by width.",
    ),
    hand="two branches, two samples", view="concatenate",
)  # fmt: skip
