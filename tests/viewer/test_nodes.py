"""Numbers and arrays of numbers that remember how they were made."""

import numpy as np
import pytest

from tinymm.viewer.arrays import leaves, values
from tinymm.viewer.checking import recompute
from tinymm.viewer.nodes import Node, Tape, TooLarge


@pytest.fixture
def tape():
    return Tape(limit=1000)


def twice(function, tape, x, other):
    """function of x, and what recomputing its graph for ``other`` gives."""
    traced = leaves(tape, x)
    y = function(traced)
    np.testing.assert_allclose(values(y), function(x), rtol=1e-14)
    nudges = {node.index: new - old for node, new, old in zip(traced.flat, other.flat, x.flat)}
    again = recompute(tape, nudges)
    numbers = [again[n.index] if isinstance(n, Node) else n for n in np.asarray(y, dtype=object).flat]
    return np.array(numbers).reshape(np.shape(y))


FUNCTIONS = {
    "arithmetic": lambda x: (2 - x) / (x * x + 1) - 3 * -x + x**2,
    "functions": lambda x: np.tanh(x) + np.exp(x) * np.log(2 + x) - np.sqrt(x + 3) + np.log1p(x + 1) + np.abs(x),
    "products": lambda x: x @ x.T + np.tensordot(x, x, axes=2),
    "sums and means": lambda x: x.sum(axis=0) * x.mean() + x.mean(axis=-1).max(),
    "relu": lambda x: x * (x > 0),
    "where": lambda x: np.where(x.real < 0.5, -x, x * x),
    "maximum": lambda x: np.maximum(x, 0.2).max(axis=-1, keepdims=True) - x.max(axis=(0, 1)) - np.minimum(x, 0).min(),
    "argmax": lambda x: np.take_along_axis(x, x.argmax(axis=1)[:, None], axis=1)[:, 0],
    "the winner's mask": lambda x: x * (np.arange(3) == x.argmax(axis=1)[:, None]),
    "any and all": lambda x: x * (x > 0).any(axis=1)[:, None] + (x > -9).all(),
    "padding": lambda x: np.pad(x, 1, constant_values=-1.0).sum(axis=0),
    "stack and concatenate": lambda x: np.concatenate([np.stack([x, x + 1]).sum(axis=0), x], axis=1),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_graph_recomputed_for_another_input_gives_what_numpy_gives(tape, rng, name):
    x, other = rng.normal(size=(2, 2, 3)).clip(-0.9)
    got = twice(FUNCTIONS[name], tape, x, other)
    np.testing.assert_allclose(got, FUNCTIONS[name](other), rtol=1e-12)


def test_rows_of_a_table_follow_the_edited_token(tape, rng):
    table, dy = rng.normal(size=(4, 2)), rng.normal(size=(3, 2))
    ids = leaves(tape, np.array([1, 3, 1]))
    rows = leaves(tape, table)[ids]
    total = np.zeros((4, 2), dtype=object)
    np.add.at(total, ids, leaves(tape, dy))
    again = recompute(tape, {ids[0].index: -1})  # token 0 in the place of token 1
    wanted = np.zeros((4, 2))
    np.add.at(wanted, [0, 3, 1], dy)
    np.testing.assert_allclose([again[n.index] for n in rows.flat], table[[0, 3, 1]].ravel())
    np.testing.assert_allclose([again[n.index] for n in total.flat], wanted.ravel())


def test_an_if_of_python_itself_is_kept_as_a_guard(tape):
    x = leaves(tape, np.array([2.0, -1.0]))
    assert [bool(a > 0) for a in x] == [True, False]
    assert [(node.operation, truth) for node, truth in tape.guards] == [("gt", True), ("gt", False)]


def test_adding_to_zeros_leaves_the_number_itself(tape):
    x = leaves(tape, np.array([2.0]))
    total = np.zeros(1, dtype=object)
    total += x
    assert total[0] is x[0]


def test_a_division_by_zero_is_infinite_as_in_numpy(tape):
    x = leaves(tape, np.array([1.0, -1.0, 0.0]))
    np.testing.assert_array_equal(values(x / 0), [np.inf, -np.inf, np.nan])
    assert values(np.log(leaves(tape, np.array([0.0]))))[0] == -np.inf


def test_a_full_tape_says_so(tape):
    x = leaves(tape, np.ones(900))
    x * 2
    with pytest.raises(TooLarge, match="1000 numbers"):
        tape.check()
