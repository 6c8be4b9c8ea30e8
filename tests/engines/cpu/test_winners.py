"""Who has the maximum: exactly one plane of all, the first where several are equal, nobody below the floor."""

import numpy as np
import pytest

from tinymm.engines.cpu.plan import replay
from tinymm.engines.cpu.winners import competition, first_only


@pytest.mark.parametrize("floor", [False, True])
@pytest.mark.parametrize("count", [2, 3, 4, 9])
def test_the_first_largest_plane_wins(count, floor, rng):
    planes = rng.integers(-2, 3, (count, 6, 50)).astype(float)  # many ties, also at zero
    if floor:
        planes[0] = 0
    y, won = np.empty(planes.shape[1:]), rng.random((count + (not floor), *planes.shape[1:])) < 0.5
    replay(competition(planes, y, won if floor else won[1:]))
    first_only(won, floor)
    np.testing.assert_array_equal(y, planes.max(axis=0))
    masks = won[1:]
    first = planes.argmax(axis=0)
    wanted = np.arange(count)[:, None, None] == first
    np.testing.assert_array_equal(masks, wanted[1:] if floor else wanted)
    assert set(np.unique(masks.sum(axis=0))) <= ({0, 1} if floor else {1})


def test_one_plane_is_its_own_maximum(rng):
    planes, y = rng.normal(size=(1, 4)), np.empty(4)
    replay(competition(planes, y))
    np.testing.assert_array_equal(y, planes[0])
