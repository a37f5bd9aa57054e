"""Residual k-means: fit, subtract, repeat, on blocks, so that the rows are never copied whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from kmbench.backends.training import KMeans
from kmbench.datasets import initial_centroids
from kmbench.errors import CaseError, DataError
from kmbench.semantic.codebooks import Codebooks, Metric
from kmbench.semantic.nearest import Level, nearest_codes

__all__ = ["Encoded", "encode", "train_codebooks"]

FloatMatrix = NDArray[np.float32]
T = TypeVar("T")

_BLOCK_ROWS = 2048
"""Rows of a block: with its residual and scores it stays in the cache."""

POINTS_PER_CODE = 256
"""Rows trained on for each code, as FAISS limits them by default: more rows hardly lower the error."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encoded:
    """IDs, and what they lose.

    Attributes
    ----------
    ids : ndarray of int32, shape (n, levels)
    errors : ndarray of float64, shape (levels,)
        Mean squared distance between the rows (of norm 1 under cosine) and what the first 1, 2, … digits stand for.
    variance : float
        Mean squared distance of the rows from their mean.
    """

    ids: NDArray[np.int32]
    errors: NDArray[np.float64]
    variance: float


def train_codebooks(
    X: FloatMatrix,
    *,
    levels: int,
    codes: int,
    kmeans: KMeans,
    metric: Metric = "cosine",
    points_per_code: int = POINTS_PER_CODE,
    seed: int = 0,
    threads: int = 1,
    tell: Callable[[str, float], None] | None = None,
) -> Codebooks:
    """Fit k-means level by level, each on what the levels before it leave of a sample of the rows.

    Every level draws a sample of its own. Zeghidour et al., "SoundStream", IEEE/ACM TASLP 30, 2021, train residual
    quantizers of this kind; Rajput et al., "Recommender systems with generative retrieval", NeurIPS 2023, use such
    codes as semantic IDs.

    Parameters
    ----------
    X : ndarray of float32, shape (n, d)
        Not written to; may be a memory map.
    levels, codes : int
        Digits of an ID, and the values that each can take.
    kmeans : callable
        ``kmeans(rows, k, seed=…, init=…)`` with rows of float32, shape (m, d), and a start of shape (k, d); its
        result has ``centroids``, shape (k, d). See `kmbench.backends.training.KMeans`.
    metric : {"cosine", "l2"}
        Under cosine, rows are brought to norm 1 in the sample.
    points_per_code : int
        Size of a sample, for each code.
    seed : int
    threads : int
        For the search of the samples; those of k-means are its own.
    tell : callable, optional
        Takes what is done, and the share of it.

    Raises
    ------
    CaseError
        If there are fewer rows than codes, or a number is below 1.
    DataError
        For a row of zeros under cosine.
    """
    n, d = X.shape
    if levels < 1 or codes < 1 or points_per_code < 1:
        raise CaseError(f"{levels} levels of {codes} codes are not possible", "use at least 1 of each")
    if n < codes:
        raise CaseError(f"{n} items are too few for {codes} codes per level", "use a smaller --codebook")
    size = min(n, points_per_code * codes)
    found = np.empty((levels, codes, d), dtype=np.float32)
    for level in range(levels):
        if tell is not None:
            tell(f"level {level + 1} of {levels}", level / levels)
        rng = np.random.default_rng([seed, level])
        rows = np.arange(n) if size == n else np.sort(rng.choice(n, size, replace=False))
        sample = X[rows] if size < n else X.copy()
        before = Codebooks(centroids=found[:level], metric=metric)
        _reduce(sample, rows, before, threads)
        init = initial_centroids(sample, codes, seed + level)
        found[level] = kmeans(sample, codes, seed=seed + level, init=init).centroids
    return Codebooks(centroids=found, metric=metric)


def encode(X: FloatMatrix, codebooks: Codebooks, *, threads: int = 1) -> Encoded:
    """Return the IDs of all rows. What they are depends on the row and the codebooks alone.

    Parameters
    ----------
    X : ndarray of float32, shape (n, d)
        Not written to; may be a memory map. It is read in blocks.
    codebooks : Codebooks
    threads : int

    Raises
    ------
    DataError
        If the columns are not those of the codebooks, or for a row of zeros under cosine.
    """
    n, d = X.shape
    if d != codebooks.d:
        raise DataError(
            f"the codebooks are for {codebooks.d} columns, the items have {d}", "use items of the same model"
        )
    levels = [Level.of(centroids) for centroids in codebooks.centroids]
    ids = np.empty((n, codebooks.levels), dtype=np.int32)
    centre = _rows(X[:1].copy(), np.zeros(1, dtype=np.int64), codebooks.metric)[0].astype(np.float64)

    def work(start: int) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        block = _rows(X[start : start + _BLOCK_ROWS].copy(), np.arange(start, n), codebooks.metric)
        moved = block - centre  # the variance, without the digits that an offset costs
        sums, squares = moved.sum(axis=0), float(np.einsum("ij,ij->", moved, moved))
        errors = np.empty(codebooks.levels)
        for place, level in enumerate(levels):
            own = nearest_codes(block, level)
            ids[start : start + _BLOCK_ROWS, place] = own
            block -= level.centroids[own]
            errors[place] = np.einsum("ij,ij->i", block, block).sum(dtype=np.float64)
        return errors, sums, squares

    parts = list(_blocks(work, n, threads))
    total = np.sum([part[1] for part in parts], axis=0)
    squares = float(np.sum([part[2] for part in parts]))
    return Encoded(
        ids=ids,
        errors=np.sum([part[0] for part in parts], axis=0) / n,
        variance=max(0.0, squares / n - float(total @ total) / n**2),
    )


def _reduce(sample: FloatMatrix, rows: NDArray[np.int64], codebooks: Codebooks, threads: int) -> None:
    """Replace the rows of a sample by what the codebooks leave of them."""
    levels = [Level.of(centroids) for centroids in codebooks.centroids]

    def work(start: int) -> None:
        block = _rows(sample[start : start + _BLOCK_ROWS], rows[start:], codebooks.metric)
        for level in levels:
            block -= level.centroids[nearest_codes(block, level)]

    list(_blocks(work, len(sample), threads))


def _rows(block: FloatMatrix, rows: NDArray[np.int64], metric: Metric) -> FloatMatrix:
    """Bring rows to norm 1 in place where the metric asks for it; `rows` are their numbers, for messages."""
    if metric == "cosine":
        norms = np.sqrt(np.einsum("ij,ij->i", block, block, dtype=np.float64))
        zero = np.flatnonzero(norms == 0)
        if zero.size:
            raise DataError(
                f"item {rows[zero[0]]} is all zeros, which has no direction under cosine",
                "leave such items out, or use --metric l2",
            )
        block /= norms[:, None]
    return block


def _blocks(work: Callable[[int], T], n: int, threads: int) -> Iterator[T]:
    """Do the blocks on threads, each with a BLAS of one thread, and yield what they return in order."""
    starts = range(0, n, _BLOCK_ROWS)
    with threadpool_limits(limits=1), ThreadPoolExecutor(max_workers=threads) as pool:
        yield from pool.map(work, starts)
