"""Shapes between layers, and rows seen as pictures."""

import numpy as np

import tinymm as mm
from tinymm.engines.shapes import shapes_between, unflatten


def test_shapes_between_layers_keep_the_batch_and_begin_with_what_goes_in(rng):
    layers = [mm.Concatenate(a=mm.Dense(2), b=mm.Flatten()), mm.Dense(3)]
    mm.Sequential(*layers).build({"a": (4,), "b": (2, 5)}, rng)
    given = {"a": (7, 4), "b": (7, 2, 5)}
    assert shapes_between(layers, given) == [given, (7, 12), (7, 3)]


def test_a_slice_of_wider_rows_is_seen_as_pictures_and_written_through(rng):
    rows = rng.normal(size=(3, 20))
    pictures = unflatten(rows[:, 5:17], (3, 2, 3, 2))
    np.testing.assert_array_equal(pictures, rows[:, 5:17].reshape(3, 2, 3, 2))
    pictures[...] = 0
    assert not rows[:, 5:17].any() and rows[:, :5].all()
