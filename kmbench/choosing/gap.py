"""The gap: how much lower the inertia is than in noise of the same extent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kmbench.backends.training import KMeans
from kmbench.choosing.fits import fit_path
from kmbench.metrics import nearest_two

__all__ = ["Gap", "gap_statistic"]

LEAST_ROWS, ROWS_PER_CLUSTER = 5_000, 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """How the fall of the inertia from one cluster to k compares with noise.

    Attributes
    ----------
    lift : float
        ``gap(k) - gap(1)``: by which the logarithm of the inertia falls further than in noise. Clusters lift it
        above 0.
    error : float
        Its standard error: the standard deviation over the noise sets times ``sqrt(1 + 1 / sets)``.
    """

    lift: float
    error: float


def gap_statistic(
    X: NDArray[np.float32],
    ks: Sequence[int],
    kmeans: KMeans,
    *,
    seed: int,
    references: int,
    tell: Callable[[int], None] | None = None,
) -> dict[int, Gap]:
    """Compare the inertia for each k with that of uniform noise in the box around the principal axes.

    Tibshirani, Walther & Hastie, "Estimating the number of clusters in a data set via the gap statistic", Journal
    of the Royal Statistical Society B 63, 2001, with their reference (b). All inertias are relative to that of one
    cluster, so that the box may be larger than the data, which it is in many dimensions.

    Parameters
    ----------
    X : ndarray of float32, shape (n, d)
        Of many rows, the larger of 5000 and 50 for each cluster are drawn once.
    ks : sequence of int
        Values not below the number of rows drawn are left out of the result.
    kmeans : KMeans
    seed : int
    references : int
        Noise sets; at least 2.
    tell : callable, optional
        Called with each k of each set when it is done.
    """
    rng = np.random.default_rng([seed, 21])
    rows = min(len(X), max(LEAST_ROWS, ROWS_PER_CLUSTER * max(ks)))
    possible = [k for k in ks if k < rows]
    sample = X if rows == len(X) else X[np.sort(rng.choice(len(X), rows, replace=False))]
    centred = sample.astype(np.float64)
    centred -= centred.mean(axis=0)
    if not possible or not centred.any():
        return {}
    _, axes = np.linalg.eigh(centred.T @ centred)
    turned = centred @ axes
    low, high = turned.min(axis=0), turned.max(axis=0)

    def falls(rows: NDArray[np.float64], turn: int) -> NDArray[np.float64]:
        data = rows.astype(np.float32)
        whole = float(np.square(rows - rows.mean(axis=0)).sum())
        fits = fit_path(data, possible, kmeans, seed=[seed, 22, turn], restarts=1, tell=tell)
        tiny = np.finfo(np.float32).eps * whole  # so that clusters without spread leave a logarithm
        inertias = np.array([max(nearest_two(data, fits[k]).inertia, tiny) for k in possible])
        return -np.log(inertias / whole)

    own = falls(turned, 0)
    noise = np.array([falls(rng.uniform(low, high, turned.shape), turn + 1) for turn in range(references)])
    lifts = own - noise.mean(axis=0)
    errors = noise.std(axis=0) * np.sqrt(1 + 1 / references)
    return {
        k: Gap(lift=float(lift), error=float(error)) for k, lift, error in zip(possible, lifts, errors, strict=True)
    }
