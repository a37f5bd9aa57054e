"""The start that all engines of a case share: rows of X that differ, each moved a little."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets.base import FloatMatrix, block_rows
from kmbench.datasets.moments import ColumnMoments
from kmbench.errors import CaseError
from kmbench.shards import Shards, rows_at

__all__ = ["draw_start", "initial_centroids"]

_JITTER = 1e-3
_ORDER, _MOVES = 1, 2
_SPREAD_ROWS = 2**16
_WALK_ROWS = 2**12
_MOST_WALK_BYTES = 2**26


def initial_centroids(X: FloatMatrix | Shards, k: int, seed: int) -> FloatMatrix:
    """Choose k rows of X that differ by value and move each by a seeded normal jitter.

    The jitter has 1e-3 times the standard deviation of each column. It keeps exact ties, which engines break
    differently, from occurring on integer data. Columns that are constant stay as they are.

    Parameters
    ----------
    X : ndarray of float32 or Shards, shape (n, d)
        Shards are read once from front to back, and again only where most of the rows drawn first are equal.
    k : int
        Number of centroids, ``1 <= k <= n``. Where X has fewer rows that differ, they are repeated.
    seed : int
        At least 0.

    Returns
    -------
    ndarray of float32, shape (k, d), C order
        The same for the same content, k and seed, on any number of threads.

    Raises
    ------
    CaseError
        If k is below 1 or above n, or the seed is negative.

    Notes
    -----
    The standard deviations are those of X; where it has more than 65536 rows, of so many drawn ones.
    """
    _, contents, moves = _drawn(X, k, seed)
    moved: FloatMatrix = (contents.astype(np.float64) + moves).astype(np.float32)
    return moved


def draw_start(X: FloatMatrix | Shards, k: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return what `initial_centroids` is the sum of: the numbers of k rows, and how each is moved, shape (k, d).

    Raises
    ------
    CaseError
        As `initial_centroids`.
    """
    rows, _, moves = _drawn(X, k, seed)
    return rows, moves


def _drawn(X: FloatMatrix | Shards, k: int, seed: int) -> tuple[NDArray[np.int64], FloatMatrix, NDArray[np.float64]]:
    """Return the numbers of k rows, the rows, and how each is moved."""
    n, d = X.shape
    if not 1 <= k <= n:
        raise CaseError(f"k={k} is out of bounds for {n} rows", f"use k from 1 to {n}")
    if seed < 0:
        raise CaseError(f"seed={seed} is negative", "use seed >= 0")
    order: NDArray[np.integer] = np.arange(n, dtype=np.int32 if n < 2**31 else np.int64)
    np.random.default_rng([seed, _ORDER]).shuffle(order)
    step = max(k, _WALK_ROWS)
    deviations, first = _spread_and_first(X, order, step)
    places, contents = _distinct_rows(X, order, k, step, first)
    moves = np.random.default_rng([seed, _MOVES]).standard_normal((k, d))
    moves *= _JITTER * deviations
    again = np.arange(k) % len(places)
    return order[places[again]].astype(np.int64), contents[again], moves


def _distinct_rows(
    X: FloatMatrix | Shards, order: NDArray[np.integer], k: int, step: int, first: FloatMatrix
) -> tuple[NDArray[np.int64], FloatMatrix]:
    """Return the first k places in `order` whose rows differ from all before, or fewer if X has fewer, and the rows.

    `first` are the rows of the first `step` places. The steps grow: each is a reading of a file.
    """
    seen: set[bytes] = set()
    places: list[int] = []
    found: list[FloatMatrix] = []
    at = 0
    while at < len(order):
        rows = first if at == 0 else rows_at(X, order[at : at + step])
        for place, content in _new_in_block(rows):
            if content not in seen:
                seen.add(content)
                places.append(at + place)
                found.append(rows[place])
                if len(places) == k:
                    return np.array(places), np.array(found)
        at += len(rows)
        step = min(4 * step, max(k, _MOST_WALK_BYTES // (4 * X.shape[1])))
    return np.array(places), np.array(found)


def _new_in_block(rows: FloatMatrix) -> list[tuple[int, bytes]]:
    """Return place and content of the rows that differ from those before them, in order."""
    rows = rows + np.float32(0)  # a negative zero has other bytes
    whole = rows.view(np.dtype((np.void, rows.strides[0])))[:, 0]
    first = np.sort(np.unique(whole, return_index=True)[1])
    return [(int(place), whole[place].tobytes()) for place in first]


def _spread_and_first(
    X: FloatMatrix | Shards, order: NDArray[np.integer], step: int
) -> tuple[NDArray[np.float64], FloatMatrix]:
    """Return the standard deviation of each column over the first rows of `order`, and the first `step` of them."""
    indices = np.sort(order[:_SPREAD_ROWS])
    moments = ColumnMoments(X.shape[1])
    rows = block_rows(X.shape[1])
    wanted = np.searchsorted(indices, order[: min(step, _SPREAD_ROWS)])
    first = np.empty((len(wanted), X.shape[1]), dtype=np.float32)
    at = 0
    for block in _taken(X, indices, rows):
        moments.update(block)
        here = (wanted >= at) & (wanted < at + len(block))
        first[here] = block[wanted[here] - at]
        at += len(block)
    if step > _SPREAD_ROWS:
        first = rows_at(X, order[:step])
    return np.sqrt(moments.variance), first


def _taken(X: FloatMatrix | Shards, indices: NDArray[np.integer], rows: int) -> Iterator[FloatMatrix]:
    """Yield the rows at increasing indices, `rows` at a time."""
    if isinstance(X, Shards):
        yield from X.gather(indices, rows)
        return
    for at in range(0, len(indices), rows):
        yield X[indices[at : at + rows]]
