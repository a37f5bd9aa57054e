"""`segment`: rows of a table in k segments, with what sets them apart and how stable they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kmbench.backends.training import Trainer, check_numbers, one_backend
from kmbench.datasets.tables.parameters import Asked
from kmbench.datasets.tables.table import Table
from kmbench.errors import CaseError
from kmbench.instruments import default_threads
from kmbench.metrics import adjusted_rand, contingency, evaluate, nearest_two, simplified_silhouette
from kmbench.notes import Note, note
from kmbench.segments.features import Missing, make_features
from kmbench.segments.model import SegmentModel
from kmbench.segments.profile import Profile, by_size, profiles
from kmbench.segments.tables import table_from
from kmbench.shown import Shown

__all__ = ["SegmentResult", "segment"]

ITERATIONS = 50
"""Lloyd iterations: tables are small, and so many let nearly all of them come to rest."""


_GLANCE = 20_000

TRUSTED = 0.6
"""Jaccard index below which a segment is called unstable: Hennig (2007)."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SegmentResult(Shown):
    """Segments of a table.

    Attributes
    ----------
    labels : ndarray of int32, shape (n,)
        Segment of each row of the table, from 1, the largest first; 0 for rows that were left out.
    profiles : list of Profile
        Of all rows, then of each segment.
    features : list of str
        What was clustered by.
    inertia : float
        In standardised units, of the best seed.
    silhouette : float or None
        Simplified silhouette, -1 to 1; None for one segment.
    stability, least_stability : float or None
        Mean and lowest adjusted Rand index between the segments from any two seeds; 1 if always the same; None for
        one seed.
    segment_stability : list of float or None
        Of each segment, the mean over the other seeds of its Jaccard index with the segment most like it.
    written : callable
        Yields the bytes of the table with a column ``segment``, with its own delimiter, encoding and line ends.
    notes : tuple of Note
        Columns that were left out, and anything else that a user should know.
    """

    shown_by = "kmbench.segments.shown"
    own_suffixes = (".csv",)

    labels: NDArray[np.int32]
    profiles: list[Profile]
    features: list[str]
    backend: str
    inertia: float
    silhouette: float | None
    seeds: int
    stability: float | None
    least_stability: float | None
    segment_stability: list[float] | None
    written: Callable[[], Iterator[bytes]] = field(repr=False)
    notes: tuple[Note, ...]
    model: SegmentModel | None = field(default=None, repr=False)

    def predict(self, new_rows: Any) -> NDArray[np.int32]:
        """Return the segment of each new row, from 1.

        Numbers are standardised as the table's were. A text that the table did not have counts as none of its values.

        Parameters
        ----------
        new_rows : path, SPEC, data frame or array
            With the columns that the segments were made by.

        Returns
        -------
        ndarray of int32, shape (rows,)
            0 for rows with missing values where ``missing="drop"``.

        Raises
        ------
        DataError
            If a column is missing, or holds something else than in the table.
        """
        assert self.model is not None, "a result that `segment` returns has its model"
        return self.model.predict(new_rows)

    @property
    def csv(self) -> bytes:
        """The table with a column ``segment``, as it is written to a file."""
        return b"".join(self.written())


def segment(
    table: Any,
    k: int,
    *,
    missing: Missing = "refuse",
    leave_out: Sequence[str] = (),
    columns: Sequence[str] = (),
    id: str | None = None,
    decimal: Literal["point", "comma"] | None = None,
    backend: str = "numpy-lloyd",
    seeds: int = 10,
    seed: int = 0,
    iterations: int = ITERATIONS,
    threads: int | None = None,
) -> SegmentResult:
    """Divide the rows of a table into k segments by k-means.

    Numbers are standardised, flags are 0 and 1, texts one-hot. Columns that are constant, empty, or number the rows
    are left out, and `SegmentResult.notes` says so. The segments are those of the seed with the lowest inertia.

    Parameters
    ----------
    table : path, SPEC, data frame of pandas or polars, or array
        A table of any kind that docs/data.md names: text, packed or not, spreadsheet, Parquet, Arrow.
    k : int
        Segments, at least 1 and at most the rows.
    missing : {"refuse", "mean", "median", "drop"}
        What to do with missing values: see `kmbench.segments.features.make_features`.
    leave_out : sequence of str
        Columns that are not clustered by.
    columns : sequence of str
        The only columns to cluster by, whatever the rules say about them.
    id : str, optional
        The column that identifies the rows; it is not clustered by.
    decimal : {"point", "comma"}, optional
        The decimal mark, if the table leaves it open.
    backend : str
        A k-means backend with its parameters.
    seeds : int
        Number of starts: the best is used, all measure the stability.
    seed : int
        Random seed of the first start.
    iterations : int
        Lloyd iterations.
    threads : int, optional
        Default: all cores.

    Raises
    ------
    KmbenchError
        If the table cannot be read or clustered, a value is out of bounds, or the backend fails.

    Examples
    --------
    >>> from kmbench import segment
    >>> segment("customers.csv", 5).frame()  # doctest: +SKIP
    """
    check_numbers(k=k, seeds=seeds, seed=seed, iterations=iterations, threads=threads)
    choice = one_backend(backend)
    found = table_from(table, Asked(decimal=decimal, columns=columns, leave_out=leave_out, ids=(id,) if id else ()))
    features = make_features(found, missing)
    X = features.X
    if not 1 <= k <= len(X):
        raise CaseError(f"k={k} is out of bounds for {len(X)} rows", f"use k from 1 to {len(X)}")
    notes = list(features.notes)
    distinct = _distinct(X, k)
    if distinct < k:
        raise CaseError(
            f"k={k}: only {distinct} rows are distinct in the columns that are clustered by", f"use k <= {distinct}"
        )
    trainer = Trainer(choice, iterations=iterations, threads=threads or default_threads())
    answers = []
    for start in range(seed, seed + seeds):
        centroids = trainer(X, k, seed=start).centroids
        evaluation = evaluate(X, centroids)
        answers.append((evaluation.inertia, centroids, by_size(evaluation.labels, k)))
    best = min(range(seeds), key=lambda place: answers[place][0])
    inertia, centroids, labels = answers[best]
    others = [answer[2] for place, answer in enumerate(answers) if place != best]
    agreement = [
        adjusted_rand(contingency(one, other, k, k)) for one, other in combinations([a[2] for a in answers], 2)
    ]
    column = "segment"
    if column in [one.name for one in found.columns]:
        column = "segment_found"
        notes.append(note("KM106", column=column))
    steady = _jaccard(labels, others, k) if others else None
    for number, share in enumerate(steady or [], start=1):
        if share < TRUSTED:
            notes.append(note("KM255", number=number, share=share))
    whole = np.zeros(found.n, dtype=np.int32)
    whole[features.rows] = labels + 1
    return SegmentResult(
        labels=whole,
        profiles=profiles(features, labels, k),
        features=features.names,
        backend=backend,
        inertia=inertia,
        silhouette=simplified_silhouette(nearest_two(X, centroids)) if k > 1 else None,
        seeds=seeds,
        stability=float(np.mean(agreement)) if agreement else None,
        least_stability=float(np.min(agreement)) if agreement else None,
        segment_stability=steady,
        written=partial(found.with_column, column, _by_row(found, whole)),
        notes=tuple(notes),
        model=SegmentModel(
            encoders=features.encoders,
            centroids=_in_order(X, centroids, k),
            missing=missing,
            decimal=decimal,
        ),
    )


def _in_order(X: NDArray[np.float32], centroids: NDArray[Any], k: int) -> NDArray[np.float32]:
    """Return the centroids in the order of the segments: that of `by_size`."""
    order = np.argsort(-np.bincount(evaluate(X, centroids).labels, minlength=k), kind="stable")
    return np.asarray(centroids, dtype=np.float32)[order]


def _distinct(X: NDArray[np.float32], k: int) -> int:
    """Return how many rows differ, or at least k of them: the first rows show it in nearly all tables."""
    if k == 1:
        return 1
    first = len(np.unique(X[:_GLANCE], axis=0))
    return first if first >= k else len(np.unique(X, axis=0))


def _by_row(table: Table, labels: NDArray[np.int32]) -> list[str]:
    """Return what is written beside each row of the file: nothing where it is no row, or was left out."""
    texts = [""] * table.file_rows
    for row, label in zip(table.rows.tolist(), labels.tolist(), strict=True):
        texts[row] = str(label) if label else ""
    return texts


def _jaccard(labels: NDArray[np.int32], others: Sequence[NDArray[np.int32]], k: int) -> list[float]:
    """Return for each segment how much of it comes back, as a mean over other clusterings.

    References
    ----------
    Hennig, "Cluster-wise assessment of cluster stability", Computational Statistics & Data Analysis 52 (2007): the
    Jaccard index with the most similar cluster; below 0.6 a cluster should not be trusted, above 0.85 it is stable.
    """
    sizes = np.bincount(labels, minlength=k)
    total = np.zeros(k)
    for other in others:
        shared = np.zeros((k, k))
        np.add.at(shared, (labels, other), 1)
        union = sizes[:, None] + np.bincount(other, minlength=k)[None, :] - shared
        total += np.where(union > 0, shared / np.maximum(union, 1), 0).max(axis=1)
    return [float(value) for value in total / len(others)]
