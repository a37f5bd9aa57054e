"""How far two labelings agree, whatever their clusters are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kmbench.metrics.information import variation_of_information
from kmbench.metrics.matching import matched_agreement
from kmbench.metrics.pairs import pair_f1
from kmbench.metrics.table import count_pairs

__all__ = ["Agreement", "adjusted_rand", "compare_labels", "contingency"]

_DENSE_COUNT_CELLS = 1 << 24
"""Tables of up to this many cells (128 MiB of int64) are counted in a dense array; larger ones when n pays for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement of two labelings of the same rows.

    Attributes
    ----------
    ari : float
        Adjusted Rand index: 1 for the same partition, about 0 for independent ones.
    matched_agreement : float
        Share of the rows whose clusters are matched by the best one-to-one matching.
    pair_f1 : float
        F1 score of the pairs of rows kept together: 1 for the same partition, not corrected for chance.
    variation_of_information : float
        Information by which the labelings differ, in nats: 0 for the same partition.
    """

    ari: float
    matched_agreement: float
    pair_f1: float
    variation_of_information: float


def compare_labels(a: NDArray[Any], b: NDArray[Any], ka: int, kb: int) -> Agreement:
    """Compare two labelings of the same rows.

    Parameters
    ----------
    a, b : ndarray of integers, shape (n,)
        Labels from 0 to ``ka - 1`` and from 0 to ``kb - 1``; clusters may be empty.
    ka, kb : int
        Numbers of clusters.

    Returns
    -------
    Agreement
        All figures; none depends on what the clusters are called.

    Raises
    ------
    ValueError
        If there are no rows, the lengths differ, or a label is out of range.
    """
    table = contingency(a, b, ka, kb)
    return Agreement(
        ari=adjusted_rand(table),
        matched_agreement=matched_agreement(table),
        pair_f1=pair_f1(table),
        variation_of_information=variation_of_information(table),
    )


def contingency(a: NDArray[Any], b: NDArray[Any], ka: int, kb: int) -> sparse.csr_array:
    """Count how many rows two labelings put into each pair of clusters.

    By counting alone: sorting for the distinct labels is what makes the usual code slow on many rows.

    Parameters
    ----------
    a, b : ndarray of integers, shape (n,)
        Labels from 0 to ``ka - 1`` and from 0 to ``kb - 1``.
    ka, kb : int
        Numbers of clusters.

    Returns
    -------
    scipy.sparse.csr_array of int64, shape (ka, kb)
        The counts.

    Raises
    ------
    ValueError
        If there are no rows, the lengths differ, or a label is out of range.
    """
    first = _checked(a, ka, "a")
    second = _checked(b, kb, "b")
    if first.shape != second.shape:
        raise ValueError(f"a has {first.size} labels and b has {second.size}")
    if ka * kb <= max(4 * first.size, _DENSE_COUNT_CELLS):
        pairs = first.astype(np.int64)
        pairs *= kb
        pairs += second
        counts = np.bincount(pairs, minlength=ka * kb).reshape(ka, kb)
        return sparse.csr_array(counts.astype(np.int64, copy=False))
    ones = np.ones(first.size, dtype=np.int64)
    return sparse.coo_array((ones, (first, second)), shape=(ka, kb)).tocsr()


def adjusted_rand(table: sparse.csr_array | NDArray[Any]) -> float:
    """Compute the adjusted Rand index of a contingency table.

    With the pairs of rows that both, only one, or neither of the labelings keeps together as ``tp, fn, fp, tn``,
    it is ``2 (tp tn - fn fp) / ((tp + fn)(fn + tn) + (tp + fp)(fp + tn))``: the index of Hubert & Arabie,
    "Comparing partitions", Journal of Classification 2, 1985, in the pair form of Warrens, "On the equivalence of
    Cohen's kappa and the Hubert-Arabie adjusted Rand index", Journal of Classification 25, 2008. The products
    exceed 64 bits from about 100000 rows on, so they are taken in Python's integers, and the value is exact up
    to the one division.

    Parameters
    ----------
    table : csr_array or ndarray of integers, shape (ka, kb)
        As `contingency` returns it.

    Returns
    -------
    float
        At most 1; 1 also where both labelings have one cluster, or only singletons.
    """
    tp, fn, fp, tn = count_pairs(table)  # ordered pairs; the factor of two cancels
    if fn == 0 and fp == 0:
        return 1.0
    return 2 * (tp * tn - fn * fp) / ((tp + fn) * (fn + tn) + (tp + fp) * (fp + tn))


def _checked(labels: NDArray[Any], k: int, name: str) -> NDArray[Any]:
    array = np.asarray(labels)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name} must be a vector of integers, got shape {array.shape} of {array.dtype}")
    if array.size == 0:
        raise ValueError(f"{name} has no labels")
    if int(array.min()) < 0 or int(array.max()) >= k:
        row = int(np.flatnonzero((array < 0) | (array >= k))[0])
        raise ValueError(f"label {array[row]} of row {row} in {name} is outside 0..{k - 1}")
    return array
