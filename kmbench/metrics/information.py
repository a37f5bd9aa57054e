"""The information by which two labelings differ."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kmbench.metrics.table import as_table

__all__ = ["variation_of_information"]


def variation_of_information(table: sparse.csr_array | NDArray[Any]) -> float:
    """Compute the variation of information of a contingency table, in nats.

    ``H(A | B) + H(B | A)``, a metric on partitions: Meila, "Comparing clusterings - an information based
    distance", Journal of Multivariate Analysis 98, 2007. It is summed over the cells as
    ``n_ij log((a_i / n_ij) (b_j / n_ij)) / n``, where no term is negative, so nothing cancels as it does in the
    difference of entropies and mutual information: partitions that are the same get 0 itself, and nearly the same
    ones keep their digits. The terms are summed in the order of their size, so that the names of the clusters do
    not show in the last digit either.

    Parameters
    ----------
    table : csr_array or ndarray of integers, shape (ka, kb)
        As `kmbench.metrics.contingency` returns it.

    Returns
    -------
    float
        From 0 (the same partition, and only then) to ``log(n)``.

    Raises
    ------
    ValueError
        If the table counts no rows.
    """
    counts = as_table(table)
    n = int(counts.data.sum())
    if n == 0:
        raise ValueError("the table counts no rows")
    in_a = counts.sum(axis=1)
    in_b = counts.sum(axis=0)
    cells = counts.data
    # Shares of a cell's two clusters that lie outside of it, as ratios to what lies inside; integers until divided.
    with np.errstate(invalid="ignore", divide="ignore"):  # a stored zero counts for nothing, below
        outside_a = (np.repeat(in_a, np.diff(counts.indptr)) - cells) / cells
        outside_b = (in_b[counts.indices] - cells) / cells
        terms = outside_a + outside_b
        outside_a *= outside_b
        terms += outside_a
        np.log1p(terms, out=terms)
        terms *= cells
    if not cells.all():
        terms[cells == 0] = 0.0
    terms.sort()
    return float(terms.sum()) / n
