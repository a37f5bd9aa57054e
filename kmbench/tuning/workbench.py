"""What all steps of a tuning share: the problem, the lists, the indexes on disk, and the way they are timed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kmbench.tuning.choice.settings import Constraints
from kmbench.tuning.index.cache import IndexCache
from kmbench.tuning.index.kinds import Kind
from kmbench.tuning.index.training import Trained, Training
from kmbench.tuning.problem.data import Problem
from kmbench.tuning.problem.device import Device
from kmbench.tuning.problem.truth import Progress
from kmbench.tuning.timing.cost import TimedPoint
from kmbench.tuning.timing.latency import Measured, Point, measure_points

__all__ = ["Workbench"]


class Workbench:
    """One tuning at work.

    Attributes
    ----------
    lists : dict of Trained by nlist
        Filled as they are trained.
    queries_file : Path
        The queries as a user has them, for the processes that search.
    """

    def __init__(
        self,
        problem: Problem,
        asked: Constraints,
        kinds: Sequence[Kind],
        nlists: Sequence[int],
        training: Training,
        progress: Progress,
        epochs: int,
        device: Device = "cpu",
    ) -> None:
        self.problem, self.asked, self.kinds, self.nlists = problem, asked, kinds, nlists
        self.training, self.progress, self.scratch = training, progress, training.scratch
        self.epochs, self.device = epochs, device
        self.lists: dict[int, Trained] = {}
        self.shelf = IndexCache(problem, self.lists, training.seed, self.scratch)
        self.queries_file = self.scratch / "queries.npy"
        np.save(self.queries_file, problem.raw_queries)

    def kind(self, name: str) -> Kind:
        """Return a kind of index by its name."""
        return next(kind for kind in self.kinds if kind.name == name)

    def point(self, index: str, nlist: int, nprobe: int, k_factor: int) -> Point:
        """Return a setting with the file that serves it."""
        file = self.shelf.file(self.kind(index), nlist)
        return Point(file=file, index=index, nlist=nlist, nprobe=nprobe, k_factor=k_factor)

    def measure(self, points: Sequence[Point]) -> list[Measured]:
        """Time settings."""
        return measure_points(
            points,
            self.queries_file,
            len(self.problem.queries),
            self.asked.at,
            self.training.threads,
            self.training.seed,
            self.scratch,
            self.progress,
            self.epochs,
            self.device,
            self.training.spawn,
        )

    def timed_points(self, point: Point, measured: Measured) -> tuple[TimedPoint, TimedPoint]:
        """Return what was measured as points of the models: one query at a time, and batches."""
        trained = self.lists[point.nlist]
        sizes = np.bincount(trained.list_of_row, minlength=point.nlist)
        work = sizes[trained.quantizer.search(self.problem.queries, point.nprobe)[1]].sum(axis=1)
        common: dict[str, Any] = {
            "nlist": point.nlist,
            "nprobe": point.nprobe,
            "reranked": self.asked.at * point.k_factor if point.index.endswith("+refine") else 0,
        }
        single = TimedPoint(scanned=float(work[list(measured.rows)].mean()), seconds=measured.single, **common)
        return single, TimedPoint(scanned=float(work.mean()), seconds=measured.batch, **common)
