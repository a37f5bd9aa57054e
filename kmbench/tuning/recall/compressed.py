"""Recall of lists that hold codes, at every nprobe, from one search at the largest.

A code's distance is not the vector's, so the rank of a true neighbour's list is only a ceiling: it must also come
before all but ``k`` candidates of the probed lists by the distance of its code (``k * k_factor`` with re-ranking).
A candidate's code distance does not depend on nprobe. So the best K candidates of one search at the largest nprobe,
each with the rank of its list, tell for every smaller nprobe which of them it would have seen and in which order.
Where fewer than needed of the K lie in the first p lists, that query is searched once more at p. Vectors of one list
with the same code are as far as each other: which of them FAISS returns at the last place is not determined.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.tuning.index.kinds import Kind, padded
from kmbench.tuning.problem.filters import RowSelector
from kmbench.tuning.problem.space import FloatMatrix
from kmbench.tuning.problem.truth import is_neighbour
from kmbench.tuning.recall.curve import Curve, QueryMeans, list_ranks, ranked_lists, work_quantiles

__all__ = ["K_FACTORS", "compressed_curves"]

K_FACTORS = (1, 2, 4, 8, 16, 32, 64)
"""Candidates for re-ranking that are tried, in multiples of k."""

LEAST_CANDIDATES = 1000

_BLOCK_VALUES = 2**24


def compressed_curves(
    kind: Kind,
    ivf: Any,
    quantizer: Any,
    queries: FloatMatrix,
    truth: NDArray[np.int64],
    sizes: NDArray[np.int64],
    k: int,
    nprobe_most: int,
    allowed: NDArray[np.bool_] | None = None,
) -> list[Curve]:
    """Return the curves for nprobe from 1 to `nprobe_most`, one for each number of candidates that are re-ranked.

    Parameters
    ----------
    kind : Kind
    ivf : faiss.IndexIVF
        Populated, with the rows of the base as ids.
    quantizer : faiss.Index
        Its coarse quantizer, without the columns that the kind adds.
    queries : ndarray of float32, shape (nq, d)
    truth : ndarray of int64, shape (nq, K)
        As `kmbench.tuning.recall.curve.one_pass` takes it.
    sizes : ndarray of int64, shape (nlist,)
        Vectors in each list that a query compares with: under a filter those that it allows.
    k, nprobe_most : int
    allowed : ndarray of bool, shape (n,), optional
        Rows that a filter allows.

    Returns
    -------
    list of Curve
        One with ``k_factor`` 1 without re-ranking, else one for each of `K_FACTORS` that the base has rows for.
    """
    n, nlist = int(ivf.ntotal), int(ivf.nlist)
    factors = [f for f in K_FACTORS if f == 1 or f * k <= n] if kind.refine else [1]
    width = min(n, max(LEAST_CANDIDATES, 2 * k * factors[-1]))
    if kind.columns:
        # The ranking that the index itself makes: other widths may sum in another order.
        import faiss

        quantizer = faiss.downcast_index(ivf.quantizer)
        queries = padded(queries, kind.columns)
    search = _Search(ivf, allowed)
    sums = {factor: np.zeros((2, nprobe_most)) for factor in factors}
    scanned, kept, direct = np.zeros(nprobe_most), [], 0
    step = max(1, _BLOCK_VALUES // max(width, nlist))
    for start in range(0, len(queries), step):
        part = slice(start, min(len(queries), start + step))
        block = np.ascontiguousarray(queries[part])
        order = next(ranked_lists(quantizer, block, nprobe_most))[1]
        work = np.cumsum(sizes[order], axis=1)
        scanned += work.sum(axis=0)
        kept.append(work.astype(np.int32))
        ids = search(block, width, nprobe_most)
        ranks = _ranks_of(ids, _lists_of(ivf, n), list_ranks(order, nlist), nprobe_most)
        right = is_neighbour(ids, truth[part])
        for factor, sum_of in sums.items():
            need = factor * k
            found = _found_at_every_nprobe(ranks, right, need, nprobe_most)
            direct += _search_unsure(search, block, truth[part], ranks, work, need, found)
            share = np.minimum(found, k) / k
            sum_of[0] += share.sum(axis=0)
            sum_of[1] += np.square(share).sum(axis=0)
    quantiles = work_quantiles(kept)
    method = f"one search at nprobe {nprobe_most} with the list ranks of {width} candidates"
    if direct:
        method += f", and {direct} single searches at small nprobe"
    count = len(queries)
    curves = []
    for factor, (total, square_total) in sums.items():
        means = QueryMeans(
            recall=total / count,
            recall_square=square_total / count,
            scanned=scanned / count,
            scanned_quantiles=quantiles,
            queries=count,
            k=k,
        )
        curves.append(means.curve(kind.name, nlist, method, k_factor=factor))
    return curves


class _Search:
    """Searches an IVF index, under a filter where there is one."""

    def __init__(self, ivf: Any, allowed: NDArray[np.bool_] | None) -> None:
        self._ivf, self._selector = ivf, None if allowed is None else RowSelector(allowed)

    def __call__(self, queries: FloatMatrix, k: int, nprobe: int) -> NDArray[np.int64]:
        import faiss

        given: dict[str, Any] = {} if self._selector is None else {"sel": self._selector.faiss}
        parameters: Any = faiss.SearchParametersIVF
        found: NDArray[np.int64] = self._ivf.search(queries, k, params=parameters(nprobe=nprobe, **given))[1]
        return found


def _lists_of(ivf: Any, n: int) -> NDArray[np.int32]:
    """Return the list of each row, read from the index itself."""
    import faiss

    lists = np.empty(n, dtype=np.int32)
    for number in range(int(ivf.nlist)):
        size = int(ivf.invlists.list_size(number))
        if size:
            lists[faiss.rev_swig_ptr(ivf.invlists.get_ids(number), size)] = number
    return lists


def _ranks_of(
    ids: NDArray[np.int64], list_of_row: NDArray[np.int32], ranks: NDArray[np.int32], never: int
) -> NDArray[np.int32]:
    """Return the rank of each candidate's list for its query; `never` where there is no candidate."""
    of_candidate = np.take_along_axis(ranks, list_of_row[ids], axis=1)
    of_candidate[ids < 0] = never
    return of_candidate


def _found_at_every_nprobe(
    ranks: NDArray[np.int32], right: NDArray[np.bool_], need: int, nprobe_most: int
) -> NDArray[np.int32]:
    """Count the neighbours among the first `need` candidates for each query and nprobe, shape (nq, nprobe_most).

    A neighbour at place j is seen from ``rank + 1`` probes on, and leaves the first `need` as soon as so many of
    the j candidates before it are seen too: at the `need`-th smallest of their ranks.
    """
    change = np.zeros((len(ranks), nprobe_most + 1), dtype=np.int32)
    for query, place in zip(*np.nonzero(right), strict=True):
        begin = int(ranks[query, place])
        if begin >= nprobe_most:
            continue
        end = nprobe_most
        if place >= need:
            end = int(np.partition(ranks[query, :place], need - 1)[need - 1])
        if end > begin:
            change[query, begin] += 1
            change[query, end] -= 1
    return np.cumsum(change[:, :nprobe_most], axis=1)


def _search_unsure(
    search: _Search,
    queries: FloatMatrix,
    truth: NDArray[np.int64],
    ranks: NDArray[np.int32],
    work: NDArray[np.int64],
    need: int,
    found: NDArray[np.int32],
) -> int:
    """Search where the candidates do not tell, put that into `found`, and return how many searches it took.

    They do not tell where fewer than `need` of them lie in the first p lists, though these hold more vectors.
    """
    nprobe_most = found.shape[1]
    seen = np.zeros((len(ranks), nprobe_most + 1), dtype=np.int64)
    rows = np.broadcast_to(np.arange(len(ranks))[:, None], ranks.shape)
    np.add.at(seen, (rows, np.minimum(ranks, nprobe_most)), 1)
    seen = np.cumsum(seen[:, :nprobe_most], axis=1)
    unsure = (seen < need) & (seen < work)
    for place in np.flatnonzero(unsure.any(axis=0)):
        some = np.flatnonzero(unsure[:, place])
        ids = search(np.ascontiguousarray(queries[some]), need, int(place) + 1)
        found[some, place] = is_neighbour(ids, truth[some]).sum(axis=1)
    return int(unsure.sum())
