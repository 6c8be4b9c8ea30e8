"""A gradient that is 0 but for a few rows: an Embedding's, where only the batch's tokens have one."""

import numpy as np


class RowSparse:
    """An array of ``shape`` (V, D): ``values`` (n, D) stand in ``rows``, n different numbers in rising order, 0 elsewhere.

    A slice of rows is a RowSparse again; ``np.asarray`` gives the whole array.
    """

    def __init__(self, shape, rows, values):
        self.shape, self.rows, self.values = shape, rows, values
        self._whole, self._written = None, rows

    def __getitem__(self, part):
        start, stop, _ = part.indices(self.shape[0])
        among = slice(*np.searchsorted(self.rows, (start, stop)))
        return RowSparse((stop - start, *self.shape[1:]), self.rows[among] - start, self.values[among])

    def __array__(self, dtype=None, copy=None):
        dense = np.zeros(self.shape, dtype or self.values.dtype)
        dense[self.rows] = self.values
        return dense

    def whole(self):
        """The whole array, in memory that the next call writes over."""
        if self._whole is None:
            self._whole = np.zeros(self.shape, self.values.dtype)
        self._whole[self._written] = 0
        self._whole[self.rows] = self.values
        self._written = self.rows
        return self._whole
