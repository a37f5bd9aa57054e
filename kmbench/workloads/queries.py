"""Rows that are held out of a data set to be searched for, and what an exact search finds for them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kmbench.backends.base import FloatMatrix
from kmbench.datasets import Rows, read_spec
from kmbench.datasets.base import Matrix, rechunk
from kmbench.errors import WorkloadError

__all__ = ["BaseRows", "exact_nearest", "query_rows"]

_BLOCK_VALUES = 2**24


class BaseRows(Rows):
    """The rows of a SPEC but its queries, which are the same for all backends and seeds."""

    def __init__(self, spec: str, queries: int) -> None:
        self._source = read_spec(spec)
        if queries >= self._source.n:
            raise WorkloadError(
                f"queries={queries} is too many for the {self._source.n} rows of {spec}",
                "use fewer queries with queries=N",
            )
        super().__init__(self._source.n - queries, self._source.d, np.dtype(np.float32), self._source.columns)
        self._queries = _held_out(self._source.n, queries)

    def blocks(self, rows: int) -> Iterator[Matrix]:
        """Yield the rows that are searched."""
        return rechunk(self._pieces(rows), rows)

    def _pieces(self, rows: int) -> Iterator[Matrix]:
        start = 0
        for block in self._source.blocks(rows):
            inside = self._queries[(self._queries >= start) & (self._queries < start + len(block))] - start
            start += len(block)
            kept: Matrix = np.delete(block, inside, axis=0)
            if len(kept):
                yield kept


def query_rows(spec: str, queries: int) -> FloatMatrix:
    """Return the rows that `BaseRows` leaves out, float32 of shape (queries, d)."""
    source = read_spec(spec)
    wanted = _held_out(source.n, queries)
    found, start = [], 0
    for block in source.blocks(2**16):
        inside = wanted[(wanted >= start) & (wanted < start + len(block))] - start
        found.append(block[inside])
        start += len(block)
    rows: FloatMatrix = np.ascontiguousarray(np.concatenate(found), dtype=np.float32)
    return rows


def _held_out(n: int, queries: int) -> NDArray[np.int64]:
    return np.sort(np.random.default_rng([0, 11]).choice(n, queries, replace=False))


def exact_nearest(X: FloatMatrix, queries: FloatMatrix, at: int) -> NDArray[np.int64]:
    """Return the `at` nearest rows of X for each query, nearest first, by squared distances in float64.

    Ties at the last place are broken by row number.
    """
    nearest = np.empty((len(queries), at), dtype=np.int64)
    mean = X.mean(axis=0, dtype=np.float64)
    step = max(1, min(len(queries), _BLOCK_VALUES // max(1, len(X))))
    centred = X - mean
    norms = np.einsum("ij,ij->i", centred, centred)
    for start in range(0, len(queries), step):
        scores = norms - 2 * ((queries[start : start + step] - mean) @ centred.T)
        nearest[start : start + step] = np.argsort(scores, axis=1, kind="stable")[:, :at]
    return nearest
