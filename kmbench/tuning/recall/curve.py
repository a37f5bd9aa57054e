"""The one pass: recall and scanned vectors of an IVF index at every nprobe, from one ranking of the lists.

IVF-Flat compares the query with every vector of the probed lists, so it returns the true nearest among them. A true
neighbour is therefore returned at ``nprobe = p`` exactly when its list is among the p lists nearest to the query.
Ranking the lists once tells that for all p.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.tuning.problem.space import FloatMatrix
from kmbench.tuning.recall.interval import recall_interval

__all__ = ["Curve", "QueryMeans", "list_ranks", "one_pass", "ranked_lists", "ranked_with_distances", "work_quantiles"]

_BLOCK_VALUES = 2**24
_QUANTILE_QUERIES = 2000

QUANTILES = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Recall and work for ``nprobe = 1 .. P``; all arrays have shape (P,) and start at nprobe 1.

    Attributes
    ----------
    index : str
        Kind of the lists, such as ``flat`` or ``pq16+refine``.
    k_factor : int
        Candidates that are ranked again, in multiples of k; 1 without re-ranking.
    nlist : int
    method : str
        How the recall was found.
    recall, recall_low, recall_high : ndarray of float64
        Share of the true neighbours that is returned, with its 95 % interval.
    scanned : ndarray of float64
        Vectors compared per query, on average.
    scanned_quantiles : ndarray of float64, shape (3, P)
        Vectors compared by the median query, and by the 95th and 99th percentile of them.
    """

    index: str
    k_factor: int
    nlist: int
    method: str
    recall: NDArray[np.float64]
    recall_low: NDArray[np.float64]
    recall_high: NDArray[np.float64]
    scanned: NDArray[np.float64]
    scanned_quantiles: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.recall)

    def first_at(self, target: float) -> int | None:
        """Return the smallest nprobe whose recall is at least `target` with its whole interval, or None."""
        reached = np.flatnonzero(self.recall_low >= target)
        return int(reached[0]) + 1 if len(reached) else None

    def up_to(self, nprobe: int) -> Curve:
        """Return the curve without what lies beyond an nprobe."""
        arrays = ("recall", "recall_low", "recall_high", "scanned", "scanned_quantiles")
        return replace(self, **{name: getattr(self, name)[..., :nprobe] for name in arrays})


def ranked_lists(quantizer: Any, queries: FloatMatrix, nprobe: int) -> Iterator[tuple[slice, NDArray[np.int64]]]:
    """Yield blocks of queries with their nearest lists, nearest first, as the index itself ranks them."""
    for part, _, order in ranked_with_distances(quantizer, queries, nprobe):
        yield part, order


def ranked_with_distances(
    quantizer: Any, queries: FloatMatrix, nprobe: int
) -> Iterator[tuple[slice, NDArray[np.float32], NDArray[np.int64]]]:
    """Yield what `ranked_lists` does with the distances of the centroids between."""
    step = max(1, _BLOCK_VALUES // max(1, nprobe))
    for start in range(0, len(queries), step):
        part = slice(start, min(len(queries), start + step))
        distances, order = quantizer.search(queries[part], nprobe)
        yield part, distances, order


def list_ranks(order: NDArray[np.int64], nlist: int) -> NDArray[np.int32]:
    """Return the rank of every list for each query, ``nlist`` for those that are not in `order`."""
    queries, nprobe = order.shape
    ranks = np.full((queries, nlist), nlist, dtype=np.int32)
    np.put_along_axis(ranks, order, np.arange(nprobe, dtype=np.int32)[None, :], axis=1)
    return ranks


def one_pass(
    quantizer: Any,
    queries: FloatMatrix,
    truth: NDArray[np.int64],
    list_of_row: NDArray[np.int32],
    k: int,
    sizes: NDArray[np.float64] | None = None,
) -> Curve:
    """Return the exact curve of IVF-Flat for every nprobe from 1 to nlist.

    Parameters
    ----------
    quantizer : faiss.Index
        Holds the centroids; searched as the index searches it.
    queries : ndarray of float32, shape (nq, d)
    truth : ndarray of int64, shape (nq, K)
        Rows that are as near as the k-th neighbour, ties included; -1 where there are fewer than K.
    list_of_row : ndarray of int32, shape (n,)
        List that each row of the base is in.
    k : int
    sizes : ndarray of float64, shape (nlist,), optional
        Vectors in each list where not all are in `list_of_row`: then only the lists of rows in `truth` are needed.

    Notes
    -----
    Where neighbours tie at the k-th place, any k of them are a right answer: those whose lists come first count.
    """
    nlist = int(quantizer.ntotal)
    held: Any = np.bincount(list_of_row, minlength=nlist).astype(np.int64) if sizes is None else sizes
    hits = np.zeros(nlist + 1)
    hits_square = np.zeros(nlist + 1)
    scanned = np.zeros(nlist)
    kept: list[NDArray[np.int32]] = []
    weights = np.broadcast_to(2.0 * np.arange(k) + 1, (1, k))
    for part, order in ranked_lists(quantizer, queries, nlist):
        ranks = list_ranks(order, nlist)
        ids = truth[part]
        of_truth = np.take_along_axis(ranks, list_of_row[ids], axis=1)
        of_truth[ids < 0] = nlist
        of_truth = np.sort(of_truth, axis=1)[:, :k]
        hits += np.bincount(of_truth.ravel(), minlength=nlist + 1)
        # A query's j-th neighbour, counted from 0, raises the square of its count by 2 j + 1.
        each = np.broadcast_to(weights, of_truth.shape)
        hits_square += np.bincount(of_truth.ravel(), weights=each.ravel(), minlength=nlist + 1)
        work = np.cumsum(held[order], axis=1)
        scanned += work.sum(axis=0)
        if sum(map(len, kept)) < _QUANTILE_QUERIES:
            kept.append(work[:_QUANTILE_QUERIES].astype(np.int32))
    means = QueryMeans(
        recall=np.cumsum(hits[:nlist]) / (len(queries) * k),
        recall_square=np.cumsum(hits_square[:nlist]) / (len(queries) * k**2),
        scanned=scanned / len(queries),
        scanned_quantiles=work_quantiles(kept),
        queries=len(queries),
        k=k,
    )
    return means.curve("flat", nlist, "list ranks of the true neighbours", rising=True)


def work_quantiles(blocks: Sequence[NDArray[np.int32]]) -> NDArray[np.float64]:
    """Return the quantiles over the queries of the vectors they compare, shape (3, P); blocks are (queries, P)."""
    # Sorting contiguous rows is ten times as fast as numpy's quantile over columns.
    each = np.sort(np.ascontiguousarray(np.concatenate(blocks).T), axis=1)
    places = [max(0, math.ceil(share * each.shape[1]) - 1) for share in QUANTILES]
    return each[:, places].T.astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryMeans:
    """What the queries come to at every nprobe, as means over them.

    Attributes
    ----------
    recall, recall_square : ndarray of float64, shape (P,)
        Means of the queries' recalls and of their squares.
    scanned : ndarray of float64, shape (P,)
        Vectors that a query compares with.
    scanned_quantiles : ndarray of float64, shape (3, P)
        See `work_quantiles`.
    queries, k : int
    """

    recall: NDArray[np.float64]
    recall_square: NDArray[np.float64]
    scanned: NDArray[np.float64]
    scanned_quantiles: NDArray[np.float64]
    queries: int
    k: int

    def curve(self, index: str, nlist: int, method: str, *, k_factor: int = 1, rising: bool = False) -> Curve:
        """Return the curve with its intervals.

        Parameters
        ----------
        index : str
            Name of the kind of index.
        method : str
            How the recall was found, for the report.
        k_factor : int
            Candidates that are re-ranked, in multiples of k.
        rising : bool
            The recall of every query rises with nprobe, so a lower bound at one nprobe holds for all larger ones.
        """
        low, high = recall_interval(self.recall, self.recall_square, self.queries, self.k)
        if rising:
            low = np.maximum.accumulate(low)
        if rising and len(self.recall) == nlist:
            low[-1] = high[-1] = self.recall[-1]  # every list is probed: the search is exhaustive
        return Curve(
            index=index,
            k_factor=k_factor,
            nlist=nlist,
            method=method,
            recall=self.recall,
            recall_low=low,
            recall_high=high,
            scanned=self.scanned,
            scanned_quantiles=self.scanned_quantiles,
        )
