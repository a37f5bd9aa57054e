"""The reference that judges all backends: Lloyd's algorithm in float64, simple rather than fast.

It shares the rule for empty clusters and the threads with the fast paths, and none of their arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .plan import spans
from .relocate import average, empty_clusters, relocate
from .workers import Each, workers

__all__ = ["Noise", "ReferenceResult", "float32_noise", "reference_lloyd"]

Noise = Callable[[tuple[int, int]], NDArray[np.float64]]
"""Gives what is added to centroids of a shape."""

# Scores of a chunk: 4 MiB of float64 for each thread.
CHUNK_SCORES = 2**19
MAX_CHUNK_ROWS = 8192


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReferenceResult:
    """What the reference found.

    Attributes
    ----------
    centroids : ndarray of float64, shape (k, d)
        After the last update.
    labels : ndarray of int32, shape (n,)
        Nearest final centroid of each row.
    inertia : float
        Sum of squared distances of the rows to the final centroids, by difference.
    n_iter : int
        Iterations, as asked for.
    trace : list of float
        Inertia of the centroids before each update.
    empty_events : list of int
        Empty clusters found in each iteration.
    stable_at : int or None
        First iteration, from 1, whose labels equal those of the iteration before.
    """

    centroids: NDArray[np.float64]
    labels: NDArray[np.int32]
    inertia: float
    n_iter: int
    trace: list[float]
    empty_events: list[int]
    stable_at: int | None


def reference_lloyd(
    X: NDArray[np.float32],
    init: NDArray[np.float32],
    iterations: int,
    threads: int,
    noise: Noise | None = None,
) -> ReferenceResult:
    """Run exactly `iterations` of Lloyd's algorithm in float64, over all rows.

    Parameters
    ----------
    X : ndarray of float32, shape (n, d)
        Read in chunks: it may be a read-only memory map.
    init : ndarray of float32, shape (k, d)
        Initial centroids.
    iterations : int
        (assign, update) iterations; 0 evaluates `init`.
    threads : int
        Threads to use; the answer does not depend on them.
    noise : callable or None
        What is added to the start, and to the centroids after each update.

    Returns
    -------
    ReferenceResult
    """
    trace: list[float] = []
    empty_events: list[int] = []
    stable_at = None
    labels = np.full(len(X), -1, dtype=np.int32)
    with workers(threads) as each:
        mean = _mean(X, each)
        centres = _moved(init.astype(np.float64) - mean, noise)
        for iteration in range(1, iterations + 1):
            previous, old = labels, centres
            labels, sums, inertia = _assign(X, mean, old, each)
            empty = empty_clusters(sums)
            if len(empty):
                relocate(X, mean, old, labels, sums, empty)
            centres = _moved(average(sums), noise)
            trace.append(inertia)
            empty_events.append(len(empty))
            if np.array_equal(labels, previous):
                stable_at = stable_at or iteration
                if not len(empty):
                    # The sums are those of the last iteration, and will be: a fixed point.
                    break
        labels, _, inertia = _assign(X, mean, centres, each)
    left = iterations - len(trace)
    return ReferenceResult(
        centroids=centres + mean,
        labels=labels,
        inertia=inertia,
        n_iter=iterations,
        trace=trace + [inertia] * left,
        empty_events=empty_events + [0] * left,
        stable_at=stable_at,
    )


def float32_noise(init: NDArray[np.float32], rng: np.random.Generator) -> Noise:
    """Return noise of the size of float32's rounding of the largest value of a start."""
    scale = float(np.abs(init).max()) * float(np.finfo(np.float32).eps)
    return lambda shape: rng.normal(0.0, scale, shape)


def _moved(centres: NDArray[np.float64], noise: Noise | None) -> NDArray[np.float64]:
    if noise is None:
        return centres
    k, d = centres.shape
    return centres + noise((k, d))


def _mean(X: NDArray[np.float32], each: Each) -> NDArray[np.float32]:
    """Return the mean of each column, rounded to values that can be taken off and added back exactly."""
    total = np.zeros(X.shape[1])
    for part in each(lambda span: X[slice(*span)].sum(axis=0, dtype=np.float64), spans(len(X), MAX_CHUNK_ROWS)):
        total += part
    return (total / len(X)).astype(np.float32)


def _assign(
    X: NDArray[np.float32], mean: NDArray[np.float32], centres: NDArray[np.float64], each: Each
) -> tuple[NDArray[np.int32], NDArray[np.float64], float]:
    """Return labels, sums with counts in the last column, and inertia of an assignment to `centres`."""
    k, d = centres.shape
    norms, weights = np.square(centres).sum(axis=1), np.ascontiguousarray(-2.0 * centres.T)
    labels = np.empty(len(X), dtype=np.int32)

    def one_chunk(span: tuple[int, int]) -> tuple[NDArray[np.float64], float]:
        chunk = np.subtract(X[slice(*span)], mean, dtype=np.float64)
        scores = chunk @ weights
        scores += norms
        nearest = scores.argmin(axis=1)
        labels[slice(*span)] = nearest
        members = sparse.csr_array((np.ones(len(chunk)), (nearest, np.arange(len(chunk)))), shape=(k, len(chunk)))
        sums = np.empty((k, d + 1))
        sums[:, :d] = members @ chunk
        sums[:, d] = np.bincount(nearest, minlength=k)
        return sums, float(np.square(chunk - centres[nearest]).sum())

    size = min(max(CHUNK_SCORES // k, 256), MAX_CHUNK_ROWS)
    total, inertia = np.zeros((k, d + 1)), 0.0
    for sums, part in each(one_chunk, spans(len(X), size)):
        total += sums
        inertia += part
    return labels, total, inertia
