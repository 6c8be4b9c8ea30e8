"""Who has the maximum: exactly one plane of all, the first where several are equal."""

import numpy as np
import pytest

from tinymm.engines.cpu.plan import replay
from tinymm.engines.cpu.winners import competition, number_type, ranking, won


@pytest.mark.parametrize("count", [2, 3, 4, 9, 300])
def test_the_first_largest_plane_wins(count, rng):
    planes = rng.integers(-2, 3, (count, 6, 50)).astype(float)  # many ties
    y, lost = np.empty(planes.shape[1:]), rng.random((count - 1, *planes.shape[1:])) < 0.5
    winner = np.full(planes.shape[1:], 99, number_type(count))
    replay(competition(planes, y, lost) + ranking(lost, winner))
    np.testing.assert_array_equal(y, planes.max(axis=0))
    np.testing.assert_array_equal(winner, planes.argmax(axis=0))


def test_every_plane_is_told_where_it_won(rng):
    winner, masks = rng.integers(0, 5, (6, 50)).astype(np.uint8), np.empty((4, 6, 50), bool)
    won(winner, 1, masks)()
    np.testing.assert_array_equal(masks, [winner == number for number in (1, 2, 3, 4)])


def test_one_plane_is_its_own_maximum(rng):
    planes, y = rng.normal(size=(1, 4)), np.empty(4)
    replay(competition(planes, y))
    np.testing.assert_array_equal(y, planes[0])
