"""All settings at once: recall, work, time, memory and build time of every nprobe of every curve, as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.tuning.index.kinds import reranks
from kmbench.tuning.recall.curve import Curve
from kmbench.tuning.timing.cost import CostModel

__all__ = ["Option", "Settings", "tabulate"]

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One setting with what is expected of it; times in seconds for one query, `scanned` in vectors for one."""

    index: str
    k_factor: int
    nlist: int
    nprobe: int
    recall: float
    recall_low: float
    recall_high: float
    scanned: float
    scanned_p99: float
    mean_seconds: float
    p50_seconds: float
    p95_seconds: float
    p99_seconds: float
    batch_seconds: float
    memory_bytes: int
    build_seconds: float

    @property
    def key(self) -> tuple[str, int, int, int]:
        """What tells two settings apart."""
        return self.index, self.nlist, self.nprobe, self.k_factor


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Columns over all settings; `curve` says which of `curves` each belongs to."""

    curves: Sequence[Curve]
    curve: NDArray[np.int64]
    nprobe: NDArray[np.int64]
    nlist: NDArray[np.int64]
    recall: Column
    recall_low: Column
    recall_high: Column
    scanned: Column
    scanned_p99: Column
    mean: Column
    p50: Column
    p95: Column
    p99: Column
    batch: Column
    memory: Column
    build: Column

    def option(self, at: int) -> Option:
        """Return one setting."""
        curve = self.curves[int(self.curve[at])]
        return Option(
            index=curve.index,
            k_factor=curve.k_factor,
            nlist=curve.nlist,
            nprobe=int(self.nprobe[at]),
            recall=float(self.recall[at]),
            recall_low=float(self.recall_low[at]),
            recall_high=float(self.recall_high[at]),
            scanned=float(self.scanned[at]),
            scanned_p99=float(self.scanned_p99[at]),
            mean_seconds=float(self.mean[at]),
            p50_seconds=float(self.p50[at]),
            p95_seconds=float(self.p95[at]),
            p99_seconds=float(self.p99[at]),
            batch_seconds=float(self.batch[at]),
            memory_bytes=int(self.memory[at]),
            build_seconds=float(self.build[at]),
        )

    def find(self, key: tuple[str, int, int, int]) -> int:
        """Return the place of a setting."""
        index, nlist, nprobe, k_factor = key
        for number, curve in enumerate(self.curves):
            if (curve.index, curve.nlist, curve.k_factor) == (index, nlist, k_factor):
                return int(np.flatnonzero(self.curve == number)[nprobe - 1])
        raise KeyError(key)

    def frontier(self) -> list[int]:
        """Return the places of settings that no other beats in recall and expected time, fastest first."""
        order = np.lexsort((-self.recall, self.mean))
        best = np.maximum.accumulate(self.recall[order])
        first = np.flatnonzero(np.concatenate([[True], best[1:] > best[:-1]]))
        return [int(place) for place in order[first]]


def tabulate(
    curves: Sequence[Curve],
    k: int,
    single: Mapping[str, CostModel],
    batch: Mapping[str, CostModel],
    memory: Mapping[tuple[str, int], float],
    build: Mapping[tuple[str, int], float],
) -> Settings:
    """Put curves beside each other and add what their settings cost.

    Parameters
    ----------
    single, batch : mapping of CostModel by kind of index
    memory, build : mapping by kind of index and nlist
        Bytes and seconds.
    """
    columns: dict[str, list[NDArray[np.float64]]] = {}
    for number, curve in enumerate(curves):
        nprobe = np.arange(1, len(curve) + 1)
        reranked = k * curve.k_factor if reranks(curve.index) else 0
        of_one, of_batch = single[curve.index], batch[curve.index]
        p50, p95, p99 = (of_one.predict(curve.nlist, nprobe, row, reranked) for row in curve.scanned_quantiles)
        whole = np.ones(len(curve))
        rows = {
            "curve": number * whole,
            "nprobe": nprobe * whole,
            "nlist": curve.nlist * whole,
            "recall": curve.recall,
            "recall_low": curve.recall_low,
            "recall_high": curve.recall_high,
            "scanned": curve.scanned,
            "scanned_p99": curve.scanned_quantiles[2],
            "mean": of_one.predict(curve.nlist, nprobe, curve.scanned, reranked),
            "p50": p50,
            "p95": p95,
            "p99": p99,
            "batch": of_batch.predict(curve.nlist, nprobe, curve.scanned, reranked),
            "memory": memory[curve.index, curve.nlist] * whole,
            "build": build[curve.index, curve.nlist] * whole,
        }
        for name, row in rows.items():
            columns.setdefault(name, []).append(row)
    joined = {name: np.concatenate(rows) for name, rows in columns.items()}
    whole_numbers: dict[str, Any] = {name: joined.pop(name).astype(np.int64) for name in ("curve", "nprobe", "nlist")}
    rest: dict[str, Any] = joined
    return Settings(curves=list(curves), **whole_numbers, **rest)
