"""What ``--check`` concludes: whether a saved index still does what it promised, and what a reader must know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.notes import Note, note, notes_as_json
from kmbench.tuning.deployment.recipe import Recipe
from kmbench.tuning.problem.device import Device
from kmbench.tuning.problem.truth import OWN_ROWS_NOTED
from kmbench.tuning.recall.interval import recall_interval
from kmbench.tuning.timing.latency import Measured

__all__ = ["CheckResult", "Today", "judge_check"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """What a check measured.

    Attributes
    ----------
    recalls : ndarray of float64, shape (nq,)
        Of each query.
    measured : Measured
        Times of a search.
    rows : int
        Of the data as it is now.
    rows_changed, own_rows : float
        Share of the sampled rows that are no longer what they were; share of the queries that are rows of the data.
    vectors, imbalance : int, float
        Of the index.
    device : {"cpu", "cuda"}
        Where it was searched.
    gpu : str or None
        Name of the GPU that it was searched on.
    queries_text : str
        Where the queries come from.
    filter_name : str or None
        The filter that it was searched under.
    nprobe : int or None
        That it was searched with; None: that of the recipe.
    """

    recalls: NDArray[np.float64]
    measured: Measured
    rows: int
    rows_changed: float
    vectors: int
    imbalance: float
    device: Device
    gpu: str | None
    own_rows: float
    queries_text: str = ""
    filter_name: str | None = None
    nprobe: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What a saved index does today, beside what its recipe promised.

    Attributes
    ----------
    recipe : Recipe
    today : Today
    recall, recall_low, recall_high : float
        With its 95 % interval.
    recall_met, latency_met : bool
        The recall is at least the target; the 95th percentile is within its limit, where there is one.
    notes : tuple of Note
        What a user should know.
    """

    recipe: Recipe
    today: Today
    recall: float
    recall_low: float
    recall_high: float
    recall_met: bool
    latency_met: bool
    notes: tuple[Note, ...]

    @property
    def target_met(self) -> bool:
        """Whether the index still does what was asked of it."""
        return self.recall_met and self.latency_met

    def to_json(self) -> dict[str, Any]:
        """Return the object that ``--check --json`` prints."""
        recipe, measured = self.recipe, self.today.measured
        return {
            "nlist": recipe.nlist,
            "nprobe": self.today.nprobe or recipe.nprobe,
            "filter": self.today.filter_name,
            "queries": self.today.queries_text,
            "index": recipe.index,
            "recall": self.recall,
            "recall_low": self.recall_low,
            "recall_high": self.recall_high,
            "recall_then": recipe.recall,
            "recall_target": recipe.recall_target,
            "latency_ms": {name: 1e3 * getattr(measured, name) for name in ("p50", "p95", "p99")},
            "queries_per_second": 1 / measured.batch,
            "rows_changed": self.today.rows_changed,
            "target_met": self.target_met,
            **notes_as_json(self.notes),
        }


def judge_check(recipe: Recipe, today: Today) -> CheckResult:
    """Compare what was measured today with what the recipe promises."""
    recalls = today.recalls
    mean, square = np.array([recalls.mean()]), np.array([np.square(recalls).mean()])
    low, high = (float(bound[0]) for bound in recall_interval(mean, square, len(recalls), recipe.at))
    limit = recipe.max_latency_ms
    return CheckResult(
        recipe=recipe,
        today=today,
        recall=float(mean[0]),
        recall_low=low,
        recall_high=high,
        recall_met=bool(mean[0] >= recipe.recall_target),
        latency_met=limit is None or 1e3 * today.measured.p95 <= limit,
        notes=tuple(_notes(recipe, today, low, high)),
    )


def _notes(recipe: Recipe, today: Today, low: float, high: float) -> list[Note]:
    notes = []
    if recipe.device != today.device:
        notes.append(note("KM311"))
    if low < recipe.recall_target <= high:
        notes.append(note("KM312", queries=4 * len(today.recalls)))
    if today.rows_changed > 0:
        notes.append(note("KM313", share=today.rows_changed))
    if today.rows > today.vectors:
        notes.append(note("KM314", rows=today.rows - today.vectors))
    if today.measured.disturbed:
        notes.append(note("KM307"))
    if today.own_rows >= OWN_ROWS_NOTED:
        notes.append(note("KM302", share=today.own_rows))
    return notes
