"""A start for k-means with many centroids: cells first, then centroids inside each of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.tuning.problem.kernels import matrix_products
from kmbench.tuning.problem.space import FloatMatrix

__all__ = ["lloyd", "shares_of", "two_level_start"]

ROWS_PER_CELL = 256
CELL_ITERATIONS = 10
INNER_ITERATIONS = 6

_MOST_ROWS = 10_000_000
"""Rows per centroid above which FAISS would draw a sample of its own."""


def two_level_start(sample: FloatMatrix, nlist: int, seed: int, *, spherical: bool = False) -> FloatMatrix:
    """Return centroids that a few Lloyd iterations bring to where ten bring random rows.

    The rows are divided among ``sqrt(nlist)`` cells, the centroids among the cells by their numbers of rows, and each
    cell is clustered by itself. That compares a row with ``2 sqrt(nlist)`` centroids instead of `nlist`.

    Parameters
    ----------
    sample : ndarray of float32, shape (rows, d), C order
    nlist : int
        At most the rows.
    seed : int
    spherical : bool
        Centroids have norm 1.

    Returns
    -------
    ndarray of float32, shape (nlist, d)
    """
    random = np.random.default_rng([seed, 17, nlist])
    cells = max(1, round(math.sqrt(nlist)))
    few = sample
    if len(sample) > ROWS_PER_CELL * cells:
        few = np.ascontiguousarray(sample[np.sort(random.choice(len(sample), ROWS_PER_CELL * cells, replace=False))])
    coarse = lloyd(few, cells, CELL_ITERATIONS, seed, spherical=spherical)
    with matrix_products():
        cell_of_row = _index_of(coarse, spherical).search(sample, 1)[1][:, 0]
    rows = np.bincount(cell_of_row, minlength=cells)
    order = np.argsort(cell_of_row, kind="stable")
    parts, begin = [], 0
    for count, share in zip(rows, shares_of(rows, nlist), strict=True):
        own = order[begin : begin + count]
        begin += int(count)
        if share:
            inside = np.ascontiguousarray(sample[own])
            parts.append(lloyd(inside, int(share), INNER_ITERATIONS, seed, spherical=spherical))
    return np.concatenate(parts)


def shares_of(rows: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Divide a total among cells in proportion to their rows: at least one where there are any, never more than rows.

    Parameters
    ----------
    rows : ndarray of int64, shape (cells,)
    total : int
        From the number of cells with rows to the sum of the rows.
    """
    shares: NDArray[np.int64] = np.minimum(
        rows, np.maximum(rows > 0, np.floor(rows / max(1, rows.sum()) * total).astype(np.int64))
    )
    while (missing := total - int(shares.sum())) > 0:
        # The cells with most rows for each of their centroids take one more.
        room = np.where(shares < rows, rows / np.maximum(shares, 1), -1.0)
        taking = np.argsort(-room, kind="stable")[: min(missing, int((room > 0).sum()))]
        shares[taking] += 1
    while shares.sum() > total:
        most = np.where(shares > 1, shares / np.maximum(rows, 1), -1.0)
        shares[int(np.argmax(most))] -= 1
    return shares


def lloyd(
    sample: FloatMatrix,
    k: int,
    iterations: int,
    seed: int,
    *,
    start: FloatMatrix | None = None,
    spherical: bool = False,
) -> FloatMatrix:
    """Return centroids after Lloyd iterations of FAISS, from given ones or from random rows."""
    import faiss

    if k == len(sample):
        return np.ascontiguousarray(sample)
    kmeans: Any = faiss.Kmeans(
        sample.shape[1],
        k,
        niter=iterations,
        seed=seed + 1,
        spherical=spherical,
        min_points_per_centroid=1,
        max_points_per_centroid=_MOST_ROWS,
    )
    with matrix_products():
        kmeans.train(sample, init_centroids=start)
    found: FloatMatrix = np.ascontiguousarray(kmeans.centroids, dtype=np.float32)
    return found


def _index_of(centroids: FloatMatrix, spherical: bool) -> Any:
    import faiss

    index = faiss.IndexFlatIP(centroids.shape[1]) if spherical else faiss.IndexFlatL2(centroids.shape[1])
    index.add(centroids)
    return index
