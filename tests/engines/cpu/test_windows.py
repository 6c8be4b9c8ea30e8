"""Windows that move as one item are the textbook's windows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tinymm.engines.cpu.windows import rows_of, windows_of

counts = st.integers(1, 3)
pairs = st.tuples(counts, counts)


@given(size=pairs, stride=pairs, places=pairs, hop=pairs, out=pairs, channels=counts)
def test_copied_windows_are_those_that_indexing_gives(size, stride, places, hop, out, channels):
    step = tuple(s * h for s, h in zip(stride, hop))
    lengths = [(o - 1) * t + (p - 1) * s + k for o, t, p, s, k in zip(out, step, places, stride, size)]
    x = np.random.default_rng(0).normal(size=(2, *lengths, channels))
    view = windows_of(x, size, stride, step, places, out)
    buffer = np.zeros((2 * np.prod(places) * np.prod(out), np.prod(size) * channels + 1))
    np.copyto(rows_of(buffer, (*places, 2, *out), size, channels), view)
    rows = iter(buffer)
    for p in np.ndindex(*places):
        for n in range(2):
            for q in np.ndindex(*out):
                i, j = (a * t + b * s for a, t, b, s in zip(q, step, p, stride))
                row = next(rows)
                np.testing.assert_array_equal(row[:-1], x[n, i : i + size[0], j : j + size[1]].ravel())
                assert row[-1] == 0
