"""Time the settings of one problem: from kind of index, nlist and nprobe to seconds and points of the cost model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from kmbench.tuning.index.kinds import Kind, reranks
from kmbench.tuning.index.training import Trained
from kmbench.tuning.problem.space import FloatMatrix
from kmbench.tuning.problem.truth import Progress
from kmbench.tuning.timing.cost import TimedPoint
from kmbench.tuning.timing.latency import Measured, Point, measure_points
from kmbench.tuning.timing.search import SearchSetup

__all__ = ["SearchTimer"]


class IndexFiles(Protocol):
    """Where index files are: `kmbench.tuning.index.cache.IndexCache`, or some of them."""

    def file(self, kind: Kind, trained: Trained) -> Path:
        """Return the file of an index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTimer:
    """What it takes to time a setting.

    Attributes
    ----------
    lists : mapping of Trained by nlist
    queries : ndarray of float32, shape (nq, d)
        In the space of the index.
    epochs : int
        Processes that each index is loaded into.
    """

    setup: SearchSetup
    cache: IndexFiles
    lists: Mapping[int, Trained]
    queries: FloatMatrix
    epochs: int
    progress: Progress

    def point(self, kind: Kind, nlist: int, nprobe: int, k_factor: int) -> Point:
        """Return a setting with the file that serves it, which is built where it is not there yet."""
        file = self.cache.file(kind, self.lists[nlist])
        return Point(file=file, index=kind.name, nlist=nlist, nprobe=nprobe, k_factor=k_factor)

    def measure(self, points: Sequence[Point]) -> list[Measured]:
        """Time settings.

        Raises
        ------
        TuneError
            If a process that searches fails.
        """
        return measure_points(points, self.setup, self.epochs, self.progress)

    def model_points(self, point: Point, measured: Measured) -> tuple[TimedPoint, TimedPoint]:
        """Return what was measured as points of the cost models: one query at a time, and batches."""
        trained = self.lists[point.nlist]
        work = trained.sizes[trained.quantizer.search(self.queries, point.nprobe)[1]].sum(axis=1)
        common: dict[str, Any] = {
            "nlist": point.nlist,
            "nprobe": point.nprobe,
            "reranked": self.setup.k * point.k_factor if reranks(point.index) else 0,
        }
        scanned = float(np.mean(work[list(measured.rows)]))
        single = TimedPoint(scanned=scanned, seconds=measured.single, **common)
        return single, TimedPoint(scanned=float(work.mean()), seconds=measured.batch, **common)
