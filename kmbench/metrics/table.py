"""What the figures of a contingency table share: its checked form, and its pairs of rows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["PairCounts", "as_table", "count_pairs"]


class PairCounts(NamedTuple):
    """Ordered pairs of different rows, by which of two labelings keep them in one cluster.

    Attributes
    ----------
    both, only_a, only_b, neither : int
        Python integers: their products exceed 64 bits from about 100000 rows on.
    """

    both: int
    only_a: int
    only_b: int
    neither: int


def as_table(table: sparse.csr_array | NDArray[Any]) -> sparse.csr_array:
    """Return a contingency table as sparse counts of 64 bits.

    Parameters
    ----------
    table : csr_array or ndarray of integers, shape (ka, kb)
        As `kmbench.metrics.contingency` returns it.

    Returns
    -------
    scipy.sparse.csr_array of int64, shape (ka, kb)
        The same counts, not copied where they are that already.

    Raises
    ------
    ValueError
        If the table does not hold integers.
    """
    counts = sparse.csr_array(table)
    if not np.issubdtype(counts.dtype, np.integer):
        raise ValueError(f"a contingency table counts in integers, got {counts.dtype}")
    return counts.astype(np.int64, copy=False)


def count_pairs(table: sparse.csr_array | NDArray[Any]) -> PairCounts:
    """Count the ordered pairs of rows that both, one or neither of two labelings keep together.

    Parameters
    ----------
    table : csr_array or ndarray of integers, shape (ka, kb)
        As `kmbench.metrics.contingency` returns it.

    Returns
    -------
    PairCounts
        Exact; together ``n (n - 1)`` pairs.
    """
    counts = as_table(table)
    n = int(counts.data.sum())
    together = _sum_of_squares(counts.data)
    in_a = _sum_of_squares(counts.sum(axis=1))
    in_b = _sum_of_squares(counts.sum(axis=0))
    return PairCounts(
        both=together - n, only_a=in_a - together, only_b=in_b - together, neither=n * n - in_a - in_b + together
    )


def _sum_of_squares(counts: NDArray[Any]) -> int:
    """Return the sum as a Python integer; the squares of counts fit into 64 bits up to 3e9 rows."""
    return int(np.dot(counts, counts))
