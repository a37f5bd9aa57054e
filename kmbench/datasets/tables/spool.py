"""Columns of float64 that are written once, row by row, and read many times: in a file of no name, not in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Spool"]


class Spool:
    """A matrix of float64 that grows by blocks of rows."""

    def __init__(self, width: int) -> None:
        self._file = tempfile.TemporaryFile(prefix="kmbench-")  # noqa: SIM115, open as long as the matrix is
        self._width = width
        self._rows = 0

    def append(self, columns: Sequence[NDArray[np.float64]], rows: int) -> None:
        """Add a block: for each column its values, `rows` of them."""
        block = np.empty((rows, self._width))
        for place, column in enumerate(columns):
            block[:, place] = column
        self._file.write(block.data)
        self._rows += rows

    def matrix(self) -> NDArray[np.float64]:
        """Return all rows, float64 of shape (rows, width), backed by the file, which has to be complete."""
        with self._file:
            if self._rows == 0 or self._width == 0:
                return np.empty((self._rows, self._width))
            self._file.flush()
            return np.memmap(self._file, dtype=np.float64, mode="r", shape=(self._rows, self._width))

    def close(self) -> None:
        """Give the file up unread."""
        self._file.close()
