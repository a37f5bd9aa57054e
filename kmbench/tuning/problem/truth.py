"""The true neighbours of the queries, exact and with their ties."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kmbench.errors import DataError, TuneError
from kmbench.tuning.problem.kernels import matrix_products
from kmbench.tuning.problem.space import FloatMatrix, Space

__all__ = [
    "MOST_TIES",
    "Progress",
    "Truth",
    "exact_neighbours",
    "float64_measure",
    "is_neighbour",
    "neighbours_from_file",
    "own_rows_share",
]

Progress = Callable[[str, float], None]
"""Told what is being done, and the share of it that is done."""

SLACK = 16
"""Candidates beyond k that the float32 search is asked for; float64 decides among them."""

MOST_TIES = 4096
"""Neighbours kept for one query. Of more that tie at the k-th place, the recall is a lower bound."""

RELATIVE_TIE = 1e-5
"""Distances within this share of the k-th count as equal to it: float32 cannot tell them apart."""

EXPANSION_ERROR = 1e-6
"""Error of a float32 distance as a share of the squared norms that its expansion subtracts."""

CHECKED = 50
"""Queries whose neighbours in a file are compared with exact ones."""

OWN_ROWS_NOTED = 0.1
"""Share of the queries that are rows of the data from which on it is worth a note."""

_QUERY_BLOCK = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What an exact search finds.

    Attributes
    ----------
    k : int
        Neighbours asked for.
    ids : ndarray of int64, shape (nq, K), K >= k
        Rows of the base that are as near as the k-th neighbour, nearest first; -1 where a query has fewer.
    tied : int
        Queries whose k-th neighbour ties with others, so that ``ids`` holds more than k.
    cut : int
        Queries with more than `MOST_TIES` such neighbours.
    file : str or None
        Name of the file that it was taken from; None: from an exact search of all rows.
    checked : int
        Queries of the file whose neighbours were compared with an exact search.
    cached : bool
        The exact search was made by an earlier run.
    """

    k: int
    ids: NDArray[np.int64]
    tied: int
    cut: int
    file: str | None = None
    checked: int = 0
    cached: bool = False


def float64_measure(
    queries: FloatMatrix, base: FloatMatrix, ids: NDArray[np.int64], space: Space
) -> NDArray[np.float64]:
    """Return squared distances, or inner products with the sign turned, in float64, shaped as `ids`."""
    q = queries[:, None, :].astype(np.float64)
    x = base[ids].astype(np.float64)
    if space.inner_product:
        product: NDArray[np.float64] = -np.einsum("qkd,qkd->qk", np.broadcast_to(q, x.shape), x)
        return product
    x -= q
    square: NDArray[np.float64] = np.einsum("qkd,qkd->qk", x, x)
    return square


def exact_neighbours(
    base: FloatMatrix, queries: FloatMatrix, k: int, space: Space, progress: Progress = lambda what, share: None
) -> Truth:
    """Find the k nearest rows of the base for each query, and all that tie with the k-th.

    Rows of zeros under cosine have no direction: they are no neighbours of any query.

    FAISS searches in float32; the candidates are measured again in float64. Where the last candidate is not
    clearly farther than the k-th neighbour, the search of that query is widened until it is.

    Parameters
    ----------
    base : ndarray of float32, shape (n, d), C order
    queries : ndarray of float32, shape (nq, d), C order
    k : int
        Number of neighbours, ``1 <= k <= n``.
    space : Space
        Of which `base` and `queries` already are.
    progress : callable
        See `Progress`.

    Raises
    ------
    TuneError
        If k exceeds the rows of the base.
    """
    left_out = space.directionless(base)
    kept, sought = np.delete(np.arange(len(base)), left_out), base
    if len(left_out):
        sought = np.ascontiguousarray(base[kept])
    n = len(sought)
    if not 1 <= k <= n:
        raise TuneError(f"--at {k}: the data has only {n:,} rows", f"use --at from 1 to {n:,}")
    rows: list[NDArray[np.int64]] = []
    tied = cut = 0
    for start in range(0, len(queries), _QUERY_BLOCK):
        progress("exact neighbours", start / len(queries))
        found, block_cut = _neighbours_of(sought, queries[start : start + _QUERY_BLOCK], k, space)
        rows += [kept[ids] for ids in found]
        cut += block_cut
    tied = sum(len(row) > k for row in rows)
    return Truth(k=k, ids=_padded(rows, k), tied=tied, cut=cut)


def _neighbours_of(
    base: FloatMatrix, queries: FloatMatrix, k: int, space: Space
) -> tuple[list[NDArray[np.int64]], int]:
    found: list[NDArray[np.int64]] = [np.empty(0, np.int64)] * len(queries)
    left = np.arange(len(queries))
    width, cut = min(len(base), k + SLACK), 0
    while len(left):
        most = width >= min(len(base), max(MOST_TIES, k + SLACK))
        again = []
        # Blocks that hold a few hundred thousand candidates' vectors at most.
        step = max(1, 2**24 // (width * base.shape[1]))
        for at in range(0, len(left), step):
            some = left[at : at + step]
            for place, row, settled in _search(base, queries[some], k, width, space):
                if settled or most:
                    found[some[place]] = row
                    cut += not settled
                else:
                    again.append(some[place])
        left = np.array(again, dtype=np.int64)
        width = min(len(base), 4 * width, max(MOST_TIES, k + SLACK))
    return found, cut


def _search(
    base: FloatMatrix, queries: FloatMatrix, k: int, width: int, space: Space
) -> list[tuple[int, NDArray[np.int64], bool]]:
    """Return for each query its place, the neighbours up to ties with the k-th, and whether none can be missing."""
    import faiss

    with matrix_products():
        _, ids = faiss.knn(queries, base, width, metric=space.faiss_metric)
    measure = float64_measure(queries, base, ids, space)
    return _cut_at_ties(queries, base, ids, measure, k, space, complete=width == len(base))


def _cut_at_ties(
    queries: FloatMatrix,
    base: FloatMatrix,
    ids: NDArray[np.int64],
    measure: NDArray[np.float64],
    k: int,
    space: Space,
    complete: bool,
) -> list[tuple[int, NDArray[np.int64], bool]]:
    order = np.argsort(measure, axis=1, kind="stable")
    ids, measure = np.take_along_axis(ids, order, 1), np.take_along_axis(measure, order, 1)
    kth = measure[:, k - 1]
    norms = np.einsum("ij,ij->i", queries, queries, dtype=np.float64)
    if space.inner_product:
        far = np.einsum("ij,ij->i", base[ids[:, -1]], base[ids[:, -1]], dtype=np.float64)
        doubt = EXPANSION_ERROR * np.sqrt(norms * far)
        limit = kth + doubt
    else:
        doubt = EXPANSION_ERROR * (norms + (np.sqrt(norms) + np.sqrt(measure[:, -1])) ** 2)
        limit = kth * (1 + RELATIVE_TIE)
    count = (measure <= limit[:, None]).sum(axis=1)
    settled = np.full(len(ids), complete) | (measure[:, -1] > limit + doubt)
    return [(place, ids[place, : count[place]], bool(settled[place])) for place in range(len(ids))]


def neighbours_from_file(
    base: FloatMatrix, queries: FloatMatrix, stored: NDArray[np.int64], k: int, space: Space, where: str
) -> Truth:
    """Take the neighbours that a file holds, after a sample of them is found to be true of this data.

    Parameters
    ----------
    base, queries : ndarray of float32
    stored : ndarray of int64, shape (nq, columns), columns > k
        Rows of the base, nearest first.
    k : int
    space : Space
    where : str
        The file, for messages.

    Raises
    ------
    DataError
        If they belong to other data, another metric or another order of the rows.
    """
    hint = "check that base, queries and metric belong to it, or leave --truth out"
    if stored.shape[0] != len(queries):
        raise DataError(f"{where} holds neighbours of {stored.shape[0]:,} queries, there are {len(queries):,}", hint)
    if stored.min() < 0 or stored.max() >= len(base):
        raise DataError(f"{where} names row {stored.max():,}, the data has {len(base):,} rows", hint)
    checked = np.random.default_rng(0).choice(len(queries), min(CHECKED, len(queries)), replace=False)
    truth = exact_neighbours(base, queries[checked], k, space)
    last = float64_measure(queries[checked], base, truth.ids[:, k - 1 : k], space)[:, 0]
    given = np.sort(float64_measure(queries[checked], base, stored[checked], space), axis=1)[:, k - 1]
    distinct = np.array([len(np.unique(row)) == len(row) for row in stored[checked]])
    # Files are often made in float32: a neighbour that is off by its rounding is no other data set.
    wrong = np.flatnonzero((given - last > 1e-3 * np.abs(last) + 1e-6) | ~distinct)
    if len(wrong) > len(checked) // 20:
        raise DataError(
            f"{where} is the ground truth of another data set: {len(wrong)} of {len(checked)} checked queries have "
            "nearer neighbours",
            hint,
        )
    rows: list[NDArray[np.int64]] = []
    cut = 0
    left_out = space.directionless(base)
    for start in range(0, len(queries), _QUERY_BLOCK):
        part, ids = queries[start : start + _QUERY_BLOCK], stored[start : start + _QUERY_BLOCK]
        found = _cut_at_ties(part, base, ids, float64_measure(part, base, ids, space), k, space, False)
        block = [row for _, row, _ in found]
        none_of_zeros = [not np.isin(row, left_out).any() for row in block]
        unsure = np.array(
            [place for place, _, settled in found if not (settled and none_of_zeros[place])], dtype=np.int64
        )
        if len(unsure):
            again = exact_neighbours(base, part[unsure], k, space)
            cut += again.cut
            for place, row in zip(unsure, again.ids, strict=True):
                block[place] = row[row >= 0]
        rows += block
    return Truth(
        k=k,
        ids=_padded(rows, k),
        tied=sum(len(row) > k for row in rows),
        cut=cut,
        file=where,
        checked=len(checked),
    )


def own_rows_share(base: FloatMatrix, queries: FloatMatrix, truth: Truth) -> float:
    """Return the share of the queries that are rows of the base: each finds itself, which flatters the recall."""
    return float((base[truth.ids[:, 0]] == queries).all(axis=1).mean())


def is_neighbour(found: NDArray[np.int64], truth: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rows that an index found are true neighbours of their query, ties with the k-th included.

    Parameters
    ----------
    found : ndarray of int64, shape (nq, any)
        Rows of the base, -1 where nothing was found.
    truth : ndarray of int64, shape (nq, K)
        Of `Truth`.
    """
    width = 1 + max(int(found.max(initial=0)), int(truth.max(initial=0)))
    query = np.arange(len(found), dtype=np.int64)[:, None] * width
    known = (truth + query)[truth >= 0]
    return np.isin(found + query, known) & (found >= 0)


def _padded(rows: list[NDArray[np.int64]], k: int) -> NDArray[np.int64]:
    ids = np.full((len(rows), max([k, *map(len, rows)])), -1, dtype=np.int64)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
    return ids
