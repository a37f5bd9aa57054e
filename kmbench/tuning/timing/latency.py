"""Time searches as the runner times fits: fresh processes, shuffled order, disturbed figures taken once more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kmbench.errors import TuneError
from kmbench.runner.process import WorkerFailure
from kmbench.tuning.problem.truth import Progress
from kmbench.tuning.recall.probes import Probes
from kmbench.tuning.timing.search import SearchClient, SearchSetup, search_setting

__all__ = ["EPOCHS", "Measured", "Point", "measure_points"]

EPOCHS = 3
"""Processes that each index is loaded into, where nothing else is asked; figures are medians over them."""

SINGLE_QUERIES = 300
REPEATS = 2

DISTURBED_SHARE = 0.05
"""Share of its time that a search may have waited for a core before it is measured once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A setting to be timed; `allowed` holds the rows of a filter, `probes` a rule other than a fixed nprobe."""

    file: Path
    index: str
    nlist: int
    nprobe: int
    k_factor: int
    allowed: Path | None = None
    probes: Probes | None = None

    @property
    def key(self) -> tuple[str, int, int, int]:
        """What tells two settings apart."""
        return self.index, self.nlist, self.nprobe, self.k_factor


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What searches took at one setting, in seconds; medians over the epochs.

    Attributes
    ----------
    p50, p95, p99 : float
        Of one query at a time: on one thread, or on the GPU with the way there and back.
    single : float
        Mean of one query at a time, the faster of its repeats.
    batch : float
        Of one query in a batch of all: on all threads, or on the GPU.
    rows : tuple of int
        Queries asked one at a time; fewer where they took long.
    disturbed : int
        Measurements that waited for a core, also when taken again.
    """

    p50: float
    p95: float
    p99: float
    single: float
    batch: float
    rows: tuple[int, ...]
    disturbed: int


@dataclass(slots=True)
class _Taken:
    percentiles: list[Any] = field(default_factory=list)
    single: list[float] = field(default_factory=list)
    batch: list[float] = field(default_factory=list)
    disturbed: int = 0
    asked: int = SINGLE_QUERIES


def measure_points(
    points: Sequence[Point], setup: SearchSetup, epochs: int = EPOCHS, progress: Progress = lambda what, share: None
) -> list[Measured]:
    """Time every point in some fresh processes.

    In each epoch every index is loaded into a process of its own, one after the other in shuffled order, and its
    points are asked in shuffled order: what the host does in between falls on all of them alike.

    Parameters
    ----------
    points : sequence of Point
    setup : SearchSetup
    epochs : int
        Processes that each index is loaded into.
    progress : callable
        See `kmbench.tuning.problem.truth.Progress`.

    Raises
    ------
    TuneError
        If a process that searches fails.
    """
    random = np.random.default_rng([setup.seed, 11])
    rows = random.permutation(setup.queries_count)[:SINGLE_QUERIES].tolist()
    taken = [_Taken() for _ in points]
    files = sorted({point.file for point in points})
    done = 0
    for epoch in range(epochs):
        for number in random.permutation(len(files)):
            file = files[number]
            own = [place for place, point in enumerate(points) if point.file == file]
            try:
                with setup.client(file, f"latency-{epoch}-{number}.log", passive_wait=True) as client:
                    for place in random.permutation(own):
                        progress("latency", done / (epochs * len(points)))
                        _take(client, points[place], rows, taken[place])
                        done += 1
            except WorkerFailure as failure:
                raise TuneError(f"searching {points[own[0]].index} failed: {failure.reason}") from None
    return [_summed(one, rows) for one in taken]


def _take(client: SearchClient, point: Point, rows: list[int], taken: _Taken) -> None:
    setting = search_setting(point.nprobe, point.k_factor, point.allowed, point.probes)
    told, disturbed = _undisturbed(lambda: client.request("single", **setting, queries=rows, repeats=REPEATS))
    seconds = np.array(told["seconds"])
    taken.asked = min(taken.asked, seconds.shape[1])
    taken.percentiles.append(np.percentile(seconds, (50, 95, 99)))
    taken.single.append(float(seconds.min(axis=0).mean()))
    taken.disturbed += disturbed
    told, disturbed = _undisturbed(lambda: client.request("batch", **setting))
    taken.batch.append(float(told["seconds"]))
    taken.disturbed += disturbed


def _undisturbed(ask: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], bool]:
    """Ask, and once more where the search waited for a core; return the less disturbed, and whether it still was."""
    told = ask()
    if (told["waited_share"] or 0.0) <= DISTURBED_SHARE:
        return told, False
    again = ask()
    if (again["waited_share"] or 0.0) < told["waited_share"]:
        told = again
    return told, told["waited_share"] > DISTURBED_SHARE


def _summed(taken: _Taken, rows: list[int]) -> Measured:
    p50, p95, p99 = np.median(taken.percentiles, axis=0)
    return Measured(
        p50=float(p50),
        p95=float(p95),
        p99=float(p99),
        single=float(np.median(taken.single)),
        batch=float(np.median(taken.batch)),
        rows=tuple(rows[: taken.asked]),
        disturbed=taken.disturbed,
    )
