"""A gradient of a few rows updates a table as the whole gradient does."""

import numpy as np
import pytest

import tinymm as mm
from tinymm.engines.cpu import update
from tinymm.engines.cpu.rowsparse import RowSparse
from tinymm.engines.cpu.threads import Crew
from tinymm.engines.cpu.update import Updater


def sparse(rng, count, shape=(40, 3)):
    return RowSparse(shape, np.sort(rng.choice(shape[0], count, replace=False)), rng.normal(size=(count, *shape[1:])))


def test_a_slice_and_the_whole_are_those_of_the_array(rng):
    gradient = sparse(rng, 7)
    whole = np.asarray(gradient)
    np.testing.assert_array_equal(whole[gradient.rows], gradient.values)
    assert np.count_nonzero(whole.any(axis=1)) == 7
    for part in (slice(0, 13), slice(13, 30), slice(30, 40), slice(0, 0)):
        np.testing.assert_array_equal(np.asarray(gradient[part]), whole[part])
    np.testing.assert_array_equal(gradient.whole(), whole)
    gradient.rows, gradient.values = np.array([5]), np.ones((1, 3))
    np.testing.assert_array_equal(gradient.whole(), np.asarray(gradient))  # nothing is left of the rows before


@pytest.mark.parametrize("slice_size", [1 << 18, 30])
@pytest.mark.parametrize("count", [0, 5, 30])
@pytest.mark.parametrize(
    "make",
    [
        lambda: mm.SGD(0.1),
        lambda: mm.Momentum(0.1),
        lambda: mm.Adam(0.1),
        lambda: mm.Adam(0.1, clip_norm=0.5),
        lambda: mm.AdamW(0.1, weight_decay=0.1),
        lambda: Nothing(0.1),
    ],
)
def test_every_optimizer_gives_the_textbooks_table_and_slots(make, count, slice_size, rng, monkeypatch):
    monkeypatch.setattr(update, "SLICE", slice_size)
    crew, engines, textbook = Crew(2), make(), make()
    W = rng.normal(size=(40, 3))
    planned, plain = {"W": W.copy(), "b": W[0].copy()}, {"W": W.copy(), "b": W[0].copy()}
    updater = Updater(engines, crew)
    for _ in range(3):
        gradients = {"W": sparse(rng, count), "b": rng.normal(size=3)}
        textbook.update(plain, {name: np.asarray(g) for name, g in gradients.items()})
        with crew.at_work():
            updater.update(planned, gradients)
    for name in plain:
        np.testing.assert_allclose(planned[name], plain[name], rtol=1e-12, atol=1e-12)
    for name, slot in textbook.state_arrays().items():
        np.testing.assert_allclose(engines.state_arrays()[name], slot, rtol=1e-12, atol=1e-12)


class Nothing(mm.SGD):
    """An optimizer of the user's own, for which the engine has no rule."""

    def rule(self, W, dW):
        return (W - 0.5 * dW,)
