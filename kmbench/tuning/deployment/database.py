"""``--save`` for a database: the files that build the index there, and what the recipe says of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kmbench.tuning.choice.result import TuneResult
from kmbench.tuning.deployment.recipe import TargetRecipe
from kmbench.tuning.index.training import Trained
from kmbench.tuning.problem.data import Problem
from kmbench.tuning.targets.base import Task
from kmbench.tuning.targets.curves import from_space
from kmbench.tuning.targets.measure import DEFAULT_TABLE
from kmbench.tuning.targets.registry import TargetChoice
from kmbench.tuning.targets.there import There

__all__ = ["target_recipe", "write_for_database"]


def write_for_database(
    result: TuneResult, database: TargetChoice, problem: Problem, trained: Trained, folder: Path
) -> None:
    """Write the snippet and the files that it reads: all rows under their numbers, and the centroids."""
    there = result.there
    assert there is not None
    task = Task(
        kind=there.promise.kind, metric=problem.space.metric, n=problem.data.n, d=problem.data.d, k=result.asked.at
    )
    for name, text in there.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    centroids = from_space(trained.centroids, problem.space) if there.centroids == "kmbench" else None
    database.open(task).write_data(folder, np.arange(problem.data.n), problem.raw, centroids)


def target_recipe(result: TuneResult, there: There) -> TargetRecipe:
    """Return the database's part of a recipe."""
    spot = there.chosen or there.spot(there.promise.nprobe)
    build = there.builds[-1] if there.builds else None
    times = spot if there.times_count else None
    return TargetRecipe(
        name=there.target,
        table=there.table or DEFAULT_TABLE,
        measured=there.measured,
        versions=dict(there.versions or {}),
        centroids=there.centroids,
        nprobe=there.promise.nprobe if spot is None else spot.nprobe,
        recall=None if spot is None else spot.recall,
        recall_low=None if spot is None else spot.recall_low,
        recall_high=None if spot is None else spot.recall_high,
        scanned_vectors=None if spot is None else spot.scanned,
        latency_ms=None if times is None else {name: 1e3 * getattr(times, name) for name in ("p50", "p95", "p99")},
        build_seconds=None if build is None else build.seconds,
        index_bytes=None if build is None else build.bytes,
        imbalance=None if build is None else build.imbalance,
        centroids_digest=there.centroids_digest,
    )
