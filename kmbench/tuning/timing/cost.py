"""What a search costs: overhead, ranking the lists, visiting them, comparing their vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["CostModel", "ModelError", "TimedPoint", "fit_cost", "held_out_error", "with_visits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedPoint:
    """A setting and the time of one query there; `scanned` and `reranked` are vectors per query."""

    nlist: int
    nprobe: int
    scanned: float
    reranked: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CostModel:
    """Seconds per query as ``a + b nlist + e nprobe + c scanned + g reranked + v visited``.

    A visit of a list costs as much as a hundred vectors or more, so nprobe has a term beside the scanned vectors.
    Under a filter the scanned vectors are those it allows, and every row of a probed list is visited to be asked
    about: without one nothing is.
    """

    overhead_seconds: float
    list_seconds: float
    probe_seconds: float
    vector_seconds: float
    rerank_seconds: float
    visit_seconds: float = 0.0

    def predict(
        self,
        nlist: ArrayLike,
        nprobe: ArrayLike,
        scanned: ArrayLike,
        reranked: ArrayLike,
        visited: ArrayLike = 0.0,
    ) -> NDArray[np.float64]:
        """Return seconds per query; arguments broadcast."""
        total: NDArray[np.float64] = (
            self.overhead_seconds
            + self.list_seconds * np.asarray(nlist, dtype=np.float64)
            + self.probe_seconds * np.asarray(nprobe, dtype=np.float64)
            + self.vector_seconds * np.asarray(scanned, dtype=np.float64)
            + self.rerank_seconds * np.asarray(reranked, dtype=np.float64)
            + self.visit_seconds * np.asarray(visited, dtype=np.float64)
        )
        return total

    def times(self, factor: float) -> CostModel:
        """Return the model of a search that takes so many times as long in all its parts."""
        return CostModel(**{part.name: factor * getattr(self, part.name) for part in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelError:
    """How far a model is off at points it was not fitted to, as a share of the measured time.

    Attributes
    ----------
    mean, worst : float
        Of the absolute errors.
    points : int
        Number of points.
    """

    mean: float
    worst: float
    points: int


def fit_cost(points: Sequence[TimedPoint]) -> CostModel:
    """Fit by least squares of relative errors with coefficients that are not negative."""
    from scipy.optimize import nnls

    rows = np.array([[1.0, p.nlist, p.nprobe, p.scanned, p.reranked] for p in points])
    seconds = np.array([p.seconds for p in points])
    scale = np.maximum(rows.max(axis=0), 1e-300)  # columns of one size: nnls has an absolute tolerance
    found, _ = nnls(rows / scale / seconds[:, None], np.ones(len(points)))
    return CostModel(
        **dict(
            zip(
                ("overhead_seconds", "list_seconds", "probe_seconds", "vector_seconds", "rerank_seconds"),
                map(float, found / scale),
                strict=True,
            )
        )
    )


def with_visits(model: CostModel, points: Sequence[TimedPoint], visited: Sequence[float]) -> CostModel:
    """Return the model with the seconds of a visited row under one filter, from settings timed under it.

    It depends on the filter: where allowed and other rows alternate, the processor guesses wrong at every second.
    """
    without = [float(model.predict(p.nlist, p.nprobe, p.scanned, p.reranked)) for p in points]
    each = [(p.seconds - least) / max(rows, 1.0) for p, least, rows in zip(points, without, visited, strict=True)]
    return replace(model, visit_seconds=max(0.0, float(np.median(each))))


def held_out_error(model: CostModel, points: Sequence[TimedPoint]) -> ModelError | None:
    """Return the error at points the model was not fitted to, or None without any."""
    if not points:
        return None
    errors = [abs(float(model.predict(p.nlist, p.nprobe, p.scanned, p.reranked)) / p.seconds - 1) for p in points]
    return ModelError(mean=float(np.mean(errors)), worst=max(errors), points=len(points))
