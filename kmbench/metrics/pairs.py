"""The F1 score of the pairs of rows that two labelings keep together."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from scipy import sparse

from kmbench.metrics.table import count_pairs

__all__ = ["pair_f1"]


def pair_f1(table: sparse.csr_array | NDArray[Any]) -> float:
    """Compute the F1 score of a contingency table over pairs of rows.

    The harmonic mean of precision and recall where a pair is positive if its rows share a cluster:
    ``2 tp / (2 tp + fn + fp)``. Unlike the adjusted Rand index it is not corrected for chance. The pairs are
    Python's integers, and the value is exact up to the one division.

    Parameters
    ----------
    table : csr_array or ndarray of integers, shape (ka, kb)
        As `kmbench.metrics.contingency` returns it.

    Returns
    -------
    float
        From 0 (no pair is together in both) to 1 (the same partition, also where it has only singletons).
    """
    pairs = count_pairs(table)
    differing = pairs.only_a + pairs.only_b
    if differing == 0:
        return 1.0
    return 2 * pairs.both / (2 * pairs.both + differing)
