"""Column means and variances in float64, gathered block by block."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ColumnMoments"]


class ColumnMoments:
    """Running mean and sum of squared deviations of each column.

    Deviations are taken from the first row and then from each block's mean, and blocks are merged as Chan,
    Golub and LeVeque (1983) do: data far from the origin loses no digits, and the variance of a constant
    column is exactly 0. The bits of the result depend on how the rows are cut into blocks.

    Parameters
    ----------
    d : int
        Number of columns.
    """

    def __init__(self, d: int) -> None:
        self.n = 0
        self._first = np.zeros(d)
        self._mean = np.zeros(d)
        self._squares = np.zeros(d)

    def update(self, block: NDArray[Any]) -> None:
        """Add the rows of a block of shape ``(rows, d)``."""
        rows = len(block)
        if self.n == 0:
            self._first = np.asarray(block[0], dtype=np.float64)
        x = np.subtract(block, self._first, dtype=np.float64, order="C")
        mean = x.mean(axis=0)
        x -= mean
        x *= x
        total = self.n + rows
        step = mean - self._mean
        self._squares += x.sum(axis=0) + step * step * (self.n * rows / total)
        self._mean += step * (rows / total)
        self.n = total

    @property
    def mean(self) -> NDArray[np.float64]:
        """Column means, float64 of shape (d,)."""
        return self._first + self._mean

    @property
    def variance(self) -> NDArray[np.float64]:
        """Column variances (divided by n), float64 of shape (d,)."""
        return self._squares / max(self.n, 1)
