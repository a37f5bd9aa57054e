"""`choose_k`: read, fit every k, compute the table, decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.backends.training import Trainer, check_numbers, one_backend
from kmbench.choosing.data import Clustered, read_clustered
from kmbench.choosing.decide import picks, recommend, why_no_clusters
from kmbench.choosing.elbow import elbow
from kmbench.choosing.fits import fit_path
from kmbench.choosing.gap import gap_statistic
from kmbench.choosing.grid import is_thinned, parse_ks
from kmbench.choosing.result import ChooseResult, KRow
from kmbench.choosing.stability import stability
from kmbench.errors import CaseError
from kmbench.instruments import default_threads
from kmbench.metrics import (
    SilhouetteSampler,
    calinski_harabasz,
    cluster_moments,
    davies_bouldin,
    nearest_two,
    simplified_silhouette,
    spherical_bic,
)
from kmbench.notes import Note, note
from kmbench.segments.features import Missing

__all__ = ["choose_k"]

Progress = Callable[[str, float], None]

FIT_ROWS = 200_000
"""Most rows that centroids are fitted on; the figures are over all rows."""


def _silent(what: str, share: float) -> None:
    """Take what is being done and do nothing."""


def choose_k(
    data: str | Path | NDArray[Any],
    k: str | Sequence[int] = "2:64",
    *,
    missing: Missing = "refuse",
    backend: str = "numpy-lloyd",
    iterations: int = 25,
    restarts: int = 3,
    pairs: int = 4,
    references: int = 5,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = _silent,
) -> ChooseResult:
    """Compare numbers of clusters by several criteria, and recommend one, or none.

    Parameters
    ----------
    data : str, Path or ndarray, shape (n, d)
        A data SPEC, or rows. A table whose columns have names is prepared as `kmbench.segment` does, unless the
        SPEC asks for steps of its own.
    k : str or sequence of int
        Numbers of clusters, such as ``"2:64"``; see `kmbench.choosing.grid.parse_ks`.
    missing : {"refuse", "mean", "median", "drop"}
        What to do with missing values of a table: see `kmbench.segments.features.make_features`.
    backend : str
        Backend with its parameters that does every fit.
    iterations : int
        Lloyd iterations of each fit, if the backend runs a fixed number.
    restarts : int
        k-means++ starts for each k, of which the one with the lowest inertia is kept.
    pairs : int
        Number of ways to halve the data, for the stability.
    references : int
        Number of noise data sets for the gap; at least 2.
    seed : int
        Random seed: the same seed gives the same answer.
    threads : int, optional
        All cores by default.
    progress : callable
        Called with the current step and the share of all work that is done.

    Returns
    -------
    ChooseResult

    Raises
    ------
    KmbenchError
        If the data, the numbers of clusters or the backend will not do.
    """
    check_numbers(restarts=restarts, pairs=pairs, iterations=iterations, seed=seed, threads=threads)
    trainer = Trainer(one_backend(backend), iterations=iterations, threads=threads or default_threads())
    if references < 2:
        raise CaseError(f"references={references} is too small", "use at least 2")
    progress("data", 0.0)
    read = read_clustered(data, missing)
    X = read.X
    n, d = X.shape
    text = k if isinstance(k, str) else ",".join(map(str, k))
    ks = parse_ks(text, n)
    notes: list[Note] = list(read.notes)
    if is_thinned(text):
        notes.append(note("KM251", count=len(ks), text=text))
    rows = np.sort(np.random.default_rng([seed, 1]).choice(n, FIT_ROWS, replace=False)) if n > FIT_ROWS else None
    fitted = X if rows is None else np.ascontiguousarray(X[rows])
    if rows is not None:
        notes.append(note("KM252", fitted=FIT_ROWS, rows=n))
    steps = _Steps(progress, len(ks) * (2 + 2 * pairs + 1 + references))
    fits = fit_path(fitted, ks, trainer, seed=[seed, 2], restarts=restarts, tell=steps("fits"))
    stable = stability(X, ks, trainer, seed=seed, pairs=pairs, tell=steps("stability"))
    gaps = gap_statistic(X, ks, trainer, seed=seed, references=references, tell=steps("comparison with noise"))
    sampler = SilhouetteSampler(X, seed=seed)
    table = []
    tell = steps("criteria")
    for each in ks:
        found = nearest_two(X, fits[each])
        clusters = cluster_moments(X, found.labels, each)
        silhouette = sampler(found.labels)
        steady, gap = stable.get(each), gaps.get(each)
        table.append(
            KRow(
                k=each,
                inertia=found.inertia,
                silhouette_simplified=simplified_silhouette(found),
                silhouette=silhouette.mean,
                silhouette_spread=silhouette.spread,
                calinski_harabasz=calinski_harabasz(clusters),
                davies_bouldin=davies_bouldin(clusters),
                bic=spherical_bic(clusters),
                stability=None if steady is None else steady.mean,
                stability_spread=None if steady is None else steady.spread,
                gap=None if gap is None else gap.lift,
                gap_error=None if gap is None else gap.error,
                clusters=len(clusters.counts),
            )
        )
        tell(each)
    short = [row.k for row in table if row.clusters < row.k]
    if short:
        notes.append(note("KM253", k=short[0]))
    chosen = picks(table)
    reason = why_no_clusters(table)
    best, agreeing = (None, ()) if reason is not None else recommend(table, chosen)
    if reason is None and best is None:
        notes.append(note("KM254", k=ks[-1]))
    return ChooseResult(
        name=read.name,
        n=n,
        d=d,
        recommended=best,
        reason=reason or "",
        criteria=chosen,
        agreeing=agreeing,
        elbow=elbow(ks, [row.inertia for row in table]),
        rows=tuple(table),
        backend=backend,
        seed=seed,
        threads=threads or default_threads(),
        fitted_rows=len(fitted),
        centroids=_as_given(fits, read),
        labels=None if best is None else _of_all_rows(nearest_two(X, fits[best]).labels, read),
        notes=tuple(notes),
    )


def _as_given(fits: Mapping[int, NDArray[np.float32]], read: Clustered) -> dict[int, NDArray[Any]]:
    """Return centroids in the numbers of the data: what was subtracted from it is added in float64."""
    return {k: centroids if read.offset is None else centroids + read.offset for k, centroids in fits.items()}


def _of_all_rows(labels: NDArray[np.int32], read: Clustered) -> NDArray[np.int32]:
    """Return a label for every row of the data, -1 for those that were left out."""
    if read.kept is None:
        return labels
    every = np.full(read.total, -1, dtype=np.int32)
    every[read.kept] = labels
    return every


class _Steps:
    """Counts what is done."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def __call__(self, what: str) -> Callable[[int], None]:
        def tell(k: int) -> None:
            self._done += 1
            self._progress(f"{what}, k={k}", min(1.0, self._done / self._total))

        return tell
