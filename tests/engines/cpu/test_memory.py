"""Workspaces begin where a cache line begins, and are otherwise plain arrays."""

import numpy as np
import pytest

from tinymm.engines.cpu import memory


@pytest.mark.parametrize("dtype", ["f4", "f8", bool])
@pytest.mark.parametrize("shape", [(1,), (7,), (3, 5), (2, 3, 17)])
def test_an_array_starts_a_cache_line_and_has_its_shape(shape, dtype):
    array = memory.array(shape, dtype, fill=1)
    assert array.ctypes.data % memory.LINE == 0
    assert array.shape == shape and array.dtype == dtype and array.flags.c_contiguous and array.flags.writeable
    assert (array == 1).all()


def test_arrays_do_not_share_memory():
    first, second = memory.array((9,), "f4", 1), memory.array((9,), "f4", 2)
    assert not np.shares_memory(first, second) and (first == 1).all()


@pytest.mark.parametrize("width", [1, 15, 16, 17])
def test_every_row_starts_a_cache_line(width):
    rows = memory.rows(5, width, "f4")
    assert rows.shape == (5, width)
    assert all(row.ctypes.data % memory.LINE == 0 for row in rows)
