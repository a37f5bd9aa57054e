"""`semantic_ids`: read, train or load codebooks, encode, score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.backends.training import Trainer, check_numbers, one_backend
from kmbench.datasets import ConvertedRows, Options, read_spec
from kmbench.datasets.base import ArrayRows, block_rows
from kmbench.datasets.held import matrix_of
from kmbench.errors import CaseError
from kmbench.instruments import default_threads
from kmbench.semantic.codebooks import METRICS, Codebooks, Metric
from kmbench.semantic.residual import POINTS_PER_CODE, encode, train_codebooks
from kmbench.semantic.scores import Collisions, code_use, collisions, perplexity, with_last_digit
from kmbench.shown import Shown

__all__ = ["LevelScore", "SemanticIds", "semantic_ids"]

Progress = Callable[[str, float], None]


def _silent(what: str, share: float) -> None:
    """Take what is being done and do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelScore:
    """What one level does.

    Attributes
    ----------
    used : int
        Number of codes that are used by some item.
    perplexity : float
        Exponential of the entropy of the codes.
    error : float
        Mean squared distance between items and their reconstruction from the digits up to this level.
    relative_error : float or None
        The same over the variance of the items; None where they are all equal.
    """

    used: int
    perplexity: float
    error: float
    relative_error: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SemanticIds(Shown):
    """IDs, the codebooks they come from, and their scores.

    Attributes
    ----------
    ids : ndarray of int32, shape (n, levels), or (n, levels + 1) where they were made unique
    codebooks : Codebooks
    levels : tuple of LevelScore
    collisions : Collisions
        Before a last digit makes IDs unique.
    unique : bool
    trained : bool
        Whether the codebooks were trained here, and not loaded.
    """

    shown_by = "kmbench.semantic.shown"

    name: str
    n: int
    ids: NDArray[np.int32] = field(repr=False)
    codebooks: Codebooks = field(repr=False)
    levels: tuple[LevelScore, ...]
    collisions: Collisions
    unique: bool
    trained: bool

    def transform(self, new_items: Any, *, threads: int | None = None) -> NDArray[np.int32]:
        """Return the IDs of new items by the same codebooks, shape (items, levels).

        No last digit is added: items of the same ID keep it.

        Parameters
        ----------
        new_items : array, data frame, tensor, path or SPEC
            Embeddings with as many columns as the first.
        threads : int, optional
            All cores by default.

        Raises
        ------
        KmbenchError
            If the items cannot be read, or have other columns.
        """
        X, _ = _read(new_items)
        return encode(X, self.codebooks, threads=threads or default_threads()).ids

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        books = self.codebooks
        return {
            "data": {"name": self.name, "n": self.n, "d": books.d},
            "levels": books.levels,
            "codebook": books.codes,
            "metric": books.metric,
            "trained": self.trained,
            "collision_rate": self.collisions.rate,
            "distinct_ids": self.collisions.distinct,
            "largest_collision": self.collisions.largest,
            "unique": self.unique,
            "table": [{"level": place, **asdict(level)} for place, level in enumerate(self.levels, start=1)],
        }


def semantic_ids(
    data: str | Path | NDArray[Any],
    *,
    levels: int = 3,
    codebook: int = 256,
    metric: str = "cosine",
    codebooks: Codebooks | str | Path | None = None,
    unique: bool = False,
    backend: str = "numpy-lloyd",
    iterations: int = 25,
    points_per_code: int = POINTS_PER_CODE,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = _silent,
) -> SemanticIds:
    """Give every embedding an ID of a few digits, by residual k-means.

    Parameters
    ----------
    data : str, Path or ndarray, shape (n, d)
        A data SPEC, or embeddings. An array is never changed.
    levels, codebook : int
        Digits of an ID, and the values that each can take.
    metric : {"cosine", "l2"}
        Cosine normalizes a copy of the rows to norm 1.
    codebooks : Codebooks or path, optional
        Used instead of training; they then determine `levels`, `codebook` and `metric`.
    unique : bool
        Add a last digit that distinguishes items with the same ID.
    backend : str
        Backend with its parameters that trains; not used with `codebooks`.
    iterations : int
        Lloyd iterations for each level, if the backend runs a fixed number.
    points_per_code : int
        Training rows per code.
    seed : int
    threads : int, optional
        All cores by default.
    progress : callable
        Called with the current step and the share of it that is done.

    Returns
    -------
    SemanticIds

    Raises
    ------
    KmbenchError
        If the data, the numbers, the codebooks or the backend will not do.
    """
    if metric not in METRICS:
        raise CaseError(f"--metric {metric}: unknown metric", f"use {' or '.join(METRICS)}")
    check_numbers(
        levels=levels,
        codebook=codebook,
        iterations=iterations,
        points_per_code=points_per_code,
        seed=seed,
        threads=threads,
    )
    workers = threads or default_threads()
    progress("data", 0.0)
    X, name = _read(data)
    if codebooks is None:
        chosen: Metric = "cosine" if metric == "cosine" else "l2"
        trainer = Trainer(one_backend(backend), iterations=iterations, threads=workers)
        books = train_codebooks(
            X,
            levels=levels,
            codes=codebook,
            kmeans=trainer,
            metric=chosen,
            points_per_code=points_per_code,
            seed=seed,
            threads=workers,
            tell=lambda what, share: progress(what, 0.1 + 0.6 * share),
        )
    else:
        books = codebooks if isinstance(codebooks, Codebooks) else Codebooks.load(Path(codebooks))
    progress("IDs", 0.7)
    encoded = encode(X, books, threads=workers)
    progress("scores", 0.95)
    scores = tuple(
        LevelScore(
            used=code_use(codes, books.codes),
            perplexity=perplexity(codes, books.codes),
            error=float(error),
            relative_error=float(error) / encoded.variance if encoded.variance > 0 else None,
        )
        for codes, error in zip(encoded.ids.T, encoded.errors, strict=True)
    )
    return SemanticIds(
        name=name,
        n=len(X),
        ids=with_last_digit(encoded.ids) if unique else encoded.ids,
        codebooks=books,
        levels=scores,
        collisions=collisions(encoded.ids),
        unique=unique,
        trained=codebooks is None,
    )


def _read(data: str | Path | NDArray[Any]) -> tuple[NDArray[np.float32], str]:
    """Return checked float32 rows: an array that is such already is only looked at."""
    if isinstance(data, str | Path):
        rows, name = read_spec(str(data)), str(data)
    else:
        array = matrix_of(data, "the array of embeddings")
        rows, name = ConvertedRows(ArrayRows(array), Options(), "the array"), "the array"
        if array.dtype == np.float32 and array.flags.c_contiguous:
            for _ in rows.blocks(block_rows(rows.d)):
                pass
            return array, name
    X = np.empty((rows.n, rows.d), dtype=np.float32)
    start = 0
    for block in rows.blocks(block_rows(rows.d)):
        X[start : start + len(block)] = block
        start += len(block)
    return X, name
