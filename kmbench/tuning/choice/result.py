"""What the tuner answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kmbench.notes import Note, notes_as_json
from kmbench.shown import Shown
from kmbench.tuning.choice.choose import Choice, TimedOption
from kmbench.tuning.choice.filtered import FilterAnswer
from kmbench.tuning.choice.ranges import RangeAnswer
from kmbench.tuning.choice.rules import ProbesAnswer
from kmbench.tuning.choice.settings import Settings
from kmbench.tuning.choice.sweep import SweptLists
from kmbench.tuning.problem.constraints import Constraints
from kmbench.tuning.problem.device import Device
from kmbench.tuning.targets.there import There
from kmbench.tuning.timing.cost import ModelError
from kmbench.tuning.timing.latency import Measured

__all__ = ["ListsInfo", "TuneResult"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListsInfo:
    """How one number of lists came out of training.

    Attributes
    ----------
    nlist, points : int
        Lists, and rows that their centroids were trained on.
    train_seconds : float
    imbalance : float
        How many times as many vectors are scanned at nprobe 1 by a query like the data as with lists of equal size.
    empty_lists : int
    balanced : bool
        Rows of long lists were moved to others.
    """

    nlist: int
    points: int
    train_seconds: float
    imbalance: float
    empty_lists: int
    balanced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TuneResult(Shown):
    """The answer, and all it rests on.

    Attributes
    ----------
    name : str
        SPEC of the data.
    n, d : int
        Rows that are searched, and columns.
    asked : Constraints
    choice : Choice
        Setting, and whether it does what is asked.
    measured : Measured
        Its times.
    verified_recall : float
        Recall of the index file at that setting, by a direct search in another process.
    memory_bytes, build_seconds : int, float
        Of the recommended index, as built.
    settings : Settings
        Every setting.
    timed : list of TimedOption
        The recommended setting and its neighbours.
    single_error, batch_error : ModelError or None
        Of the cost model, at points it was not fitted to.
    method : str
        How the recall of the recommended kind of index was found.
    queries : int
    queries_text, truth_text : str
        Where the queries and their true neighbours come from.
    metric : {"l2", "ip", "cosine"}
    backend : str
        That trained the centroids.
    threads, seed : int
    lists : list of ListsInfo
        Of every nlist that was tried.
    versions : dict
        Of the libraries, by name.
    notes : tuple of Note
        What a user should know.
    device : {"cpu", "cuda"}
        Where the index was searched, and is to be served.
    gpu : str or None
        Name of the GPU.
    saved : Path or None
        Folder of the saved index.
    swept : sequence of SweptLists
        Numbers of lists that were compared before any was trained in full.
    filters : sequence of FilterAnswer
    probes : ProbesAnswer or None
        The rule that was asked for in place of a fixed nprobe.
    recall_at : dict of float by int
        Recall of fewer neighbours at the recommended setting, where lists hold whole vectors.
    bytes_per_vector : int
        Of the recommended kind: code, number, and the vector that it is ranked again by.
    range_search : RangeAnswer or None
    there : There or None
        What a database was measured to do with it.
    """

    shown_by = "kmbench.tuning.report.shown"

    name: str
    n: int
    d: int
    asked: Constraints
    choice: Choice
    measured: Measured
    verified_recall: float
    memory_bytes: int
    build_seconds: float
    settings: Settings
    timed: list[TimedOption]
    single_error: ModelError | None
    batch_error: ModelError | None
    method: str
    queries: int
    queries_text: str
    truth_text: str
    metric: str
    backend: str
    threads: int
    seed: int
    lists: list[ListsInfo]
    versions: dict[str, str]
    notes: tuple[Note, ...]
    device: Device = "cpu"
    gpu: str | None = None
    saved: Path | None = None
    swept: Sequence[SweptLists] = ()
    filters: Sequence[FilterAnswer] = ()
    probes: ProbesAnswer | None = None
    recall_at: dict[int, float] = field(default_factory=dict)
    bytes_per_vector: int = 0
    range_search: RangeAnswer | None = None
    there: There | None = None

    @property
    def target_met(self) -> bool:
        """Whether the recommended setting does all that is asked, in the database where one was searched."""
        return self.there.met if self.there is not None and self.there.measured else self.choice.met

    @property
    def timed_kinds(self) -> list[TimedOption]:
        """The measured setting of each kind of index that reaches the target fastest, the recommended one first."""
        found: dict[str, TimedOption] = {}
        ordered = sorted(self.timed, key=lambda one: one.option.key != self.choice.option.key)
        for one in ordered:
            reaches = one.option.recall_low >= self.asked.recall or one.option.key == self.choice.option.key
            if reaches:
                found.setdefault(one.option.index, one)
        return list(found.values())

    def to_json(self) -> dict[str, Any]:
        """Return the object that ``--json`` prints."""
        option, measured, settings = self.choice.option, self.measured, self.settings
        frontier = [
            {
                "nlist": int(settings.nlist[place]),
                "nprobe": int(settings.nprobe[place]),
                "recall": float(settings.recall[place]),
                "scanned_vectors": float(settings.scanned[place]),
                "scanned_vectors_p99": float(settings.scanned_p99[place]),
            }
            for place in settings.frontier()
        ]
        return {
            "nlist": option.nlist,
            "nprobe": option.nprobe,
            "index": option.index,
            "recall": option.recall,
            "recall_low": option.recall_low,
            "recall_high": option.recall_high,
            "scanned_vectors": option.scanned,
            "scanned_vectors_p99": option.scanned_p99,
            "latency_ms": {name: 1e3 * getattr(measured, name) for name in ("p50", "p95", "p99")},
            "queries_per_second": 1 / measured.batch,
            "memory_bytes": self.memory_bytes,
            "bytes_per_vector": self.bytes_per_vector,
            "build_seconds": self.build_seconds,
            "target_met": self.target_met,
            "recall_at": self.recall_at,
            "frontier": frontier,
            "kinds": [_kind_json(one) for one in self.timed_kinds],
            "filters": [one.to_json() for one in self.filters],
            "probes": None if self.probes is None else self.probes.to_json(),
            "range": None if self.range_search is None else self.range_search.to_json(),
            **({} if self.there is None else {"there": self.there.to_json()}),
            **notes_as_json(self.notes if self.there is None else (*self.notes, *self.there.notes)),
        }


def _kind_json(one: TimedOption) -> dict[str, Any]:
    option = one.option
    return {
        "index": option.index,
        "nlist": option.nlist,
        "nprobe": option.nprobe,
        "k_factor": option.k_factor,
        "recall": option.recall,
        "latency_ms": 1e3 * one.measured.single,
        "queries_per_second": 1 / one.measured.batch,
        "memory_bytes": option.memory_bytes,
    }
