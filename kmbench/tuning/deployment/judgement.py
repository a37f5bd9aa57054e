"""What ``--check`` concludes: whether a saved index still does what it promised, and what a reader must know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.notes import Note, note
from kmbench.tuning.deployment.recipe import Recipe
from kmbench.tuning.problem.device import Device, device_text, gpu_name
from kmbench.tuning.problem.truth import OWN_ROWS_NOTED
from kmbench.tuning.recall.interval import recall_interval
from kmbench.tuning.timing.latency import Measured
from kmbench.wording import seconds_text

__all__ = ["CheckResult", "Today", "judge_check"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What a saved index does.

    Attributes
    ----------
    recall, recall_low, recall_high : float
    measured : Measured
    target_met : bool
        The recall is at least the target, and the latency within its limit where there is one.
    rows_changed : float
        Share of the sampled rows that are no longer what they were.
    sentence : str
    rows : list of (name, then, now)
    """

    recipe: Recipe
    recall: float
    recall_low: float
    recall_high: float
    measured: Measured
    target_met: bool
    rows_changed: float
    sentence: str
    rows: list[tuple[str, str, str]]
    notes: list[Note]

    def to_json(self) -> dict[str, Any]:
        """Return the object that ``--check --json`` prints."""
        recipe = self.recipe
        return {
            "nlist": recipe.nlist,
            "nprobe": recipe.nprobe,
            "index": recipe.index,
            "recall": self.recall,
            "recall_low": self.recall_low,
            "recall_high": self.recall_high,
            "recall_then": recipe.recall,
            "recall_target": recipe.recall_target,
            "latency_ms": {name: 1e3 * getattr(self.measured, name) for name in ("p50", "p95", "p99")},
            "queries_per_second": 1 / self.measured.batch,
            "rows_changed": self.rows_changed,
            "target_met": self.target_met,
            "notes": [note.as_dict() for note in self.notes],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """What a check measured.

    Attributes
    ----------
    recalls : ndarray of float64, shape (nq,)
        Of each query.
    rows : int
        Of the data as it is now.
    rows_changed, own_rows : float
        Share of the sampled rows that are no longer what they were; share of the queries that are rows of the data.
    vectors, imbalance : int, float
        Of the index.
    device : {"cpu", "cuda"}
        Where it was searched.
    """

    recalls: NDArray[np.float64]
    measured: Measured
    rows: int
    rows_changed: float
    vectors: int
    imbalance: float
    device: Device
    own_rows: float


def judge_check(recipe: Recipe, today: Today) -> CheckResult:
    """Compare what was measured today with what the recipe promises."""
    recalls, measured = today.recalls, today.measured
    mean, square = np.array([recalls.mean()]), np.array([np.square(recalls).mean()])
    low, high = (float(bound[0]) for bound in recall_interval(mean, square, len(recalls), recipe.at))
    recall = float(mean[0])
    slow = recipe.max_latency_ms is not None and 1e3 * measured.p95 > recipe.max_latency_ms
    return CheckResult(
        recipe=recipe,
        recall=recall,
        recall_low=low,
        recall_high=high,
        measured=measured,
        target_met=recall >= recipe.recall_target and not slow,
        rows_changed=today.rows_changed,
        sentence=_sentence(recipe, recall, low, high, measured, slow),
        rows=_rows(recipe, today, recall),
        notes=_notes(recipe, today, low, high),
    )


def _sentence(recipe: Recipe, recall: float, low: float, high: float, measured: Measured, slow: bool) -> str:
    now = f"recall@{recipe.at} is {recall:.3f} ({low:.3f} to {high:.3f})"
    if recall < recipe.recall_target:
        return f"The target {recipe.recall_target:g} is no longer met: {now}. Tune again on today's data."
    if slow:
        limit = f"{recipe.max_latency_ms:g} ms"
        return f"The latency limit of {limit} is no longer kept: p95 {seconds_text(measured.p95)}."
    return f"The target {recipe.recall_target:g} is met: {now}."


def _rows(recipe: Recipe, today: Today, recall: float) -> list[tuple[str, str, str]]:
    measured = today.measured
    rows = [
        (f"recall@{recipe.at}", f"{recipe.recall:.3f}", f"{recall:.3f}"),
        ("p50, one query", seconds_text(recipe.latency_ms["p50"] / 1e3), seconds_text(measured.p50)),
        ("p95, one query", seconds_text(recipe.latency_ms["p95"] / 1e3), seconds_text(measured.p95)),
        ("queries/s in batches", f"{recipe.queries_per_second:,.0f}", f"{1 / measured.batch:,.0f}"),
        ("rows of the data", f"{recipe.data.n:,}", f"{today.rows:,}"),
        ("vectors in the index", f"{recipe.data.n:,}", f"{today.vectors:,}"),
        ("list imbalance", f"{recipe.lists.imbalance:.2f}", f"{today.imbalance:.2f}"),
    ]
    if "cuda" in (recipe.device, today.device):
        now_on = device_text(today.device, gpu_name())
        rows.append(("searched on", device_text(recipe.device, recipe.gpu), now_on))
    return rows


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
