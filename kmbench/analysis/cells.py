"""What each cell came to: medians, spread, speed-up against the case's baseline, quality, memory."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kmbench.analysis.ratios import paired_ratio
from kmbench.records import CellKey, Record, RecordKind, Status

__all__ = ["DEFAULT_BASELINE", "CellSummary", "summarise"]

DEFAULT_BASELINE = "sklearn-lloyd"
"""What speed-ups are relative to where it takes part and the study names no other."""

TIMES = ("fit_seconds", "fit_cpu_seconds", "assign_seconds", "fit_predict_seconds", "prepare_seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSummary:
    """One row of the table. Times are medians over the samples; ``_low`` and ``_high`` are their extremes.

    Attributes
    ----------
    label : str
        Backend with its parameters.
    speedup : float or None
        Baseline's `fit_predict_seconds` over this cell's, geometric mean over rounds; `speedup_low` and
        `speedup_high` are its 95 % interval. Only between rows with status ``ok``.
    inertia_ratio : float or None
        `inertia` over that of `reference`.
    """

    case_id: str
    cell_id: str
    dataset: str
    n: int
    d: int
    k: int
    threads: int
    protocol: str
    iterations: int | None
    seed: int
    backend: str
    parameters: dict[str, Any]
    label: str
    backend_version: str | None
    status: Status
    reason: str | None
    samples: int = 0
    fit_seconds: float | None = None
    fit_cpu_seconds: float | None = None
    assign_seconds: float | None = None
    fit_predict_seconds: float | None = None
    fit_predict_seconds_low: float | None = None
    fit_predict_seconds_high: float | None = None
    prepare_seconds: float | None = None
    speedup: float | None = None
    speedup_low: float | None = None
    speedup_high: float | None = None
    baseline: str | None = None
    peak_extra_bytes: int | None = None
    retained_bytes: int | None = None
    input_bytes: int | None = None
    memory_method: str | None = None
    inertia: float | None = None
    inertia_ratio: float | None = None
    reference: str | None = None
    reported_inertia: float | None = None
    n_iter: int | None = None
    iterations_given: int | None = None
    ari: float | None = None
    matched_agreement: float | None = None
    empty_clusters: int | None = None
    empty_events: int | None = None
    settings: dict[str, Any] | None = None
    pools: list[dict[str, Any]] = field(default_factory=list)
    output: str | None = None

    @property
    def case_title(self) -> str:
        """The case as a person reads it."""
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        work = "" if self.iterations_given is None else f", {self.iterations_given} iterations"
        return f"{self.dataset}  {self.n:,} x {self.d}  k={self.k}{work}, {threads}, {self.protocol}"


def summarise(records: Iterable[Record], baseline: str | None = None) -> list[CellSummary]:
    """Return a summary of each cell that has an outcome.

    Cases stand in the order in which they were begun; within a case the fastest comes first, and rows without a
    comparable time last.

    Parameters
    ----------
    records : iterable of Record
    baseline : str, optional
        Backend that speed-ups are relative to; by default scikit-learn's Lloyd, else the first that is ``ok``.
    """
    cells: dict[str, list[Record]] = {}
    for record in records:
        cells.setdefault(record.key.cell_id, []).append(record)
    cases: dict[str, list[list[Record]]] = {}
    for lines in cells.values():
        outcomes = [record for record in lines if record.kind is RecordKind.OUTCOME]
        if outcomes:
            counted = [record for record in lines if record.session == outcomes[-1].session]
            cases.setdefault(counted[0].key.case_id, []).append(counted)
    return [summary for case in cases.values() for summary in _summarise_case(case, baseline)]


def _summarise_case(case: list[list[Record]], wanted: str | None) -> list[CellSummary]:
    base = _choose_baseline(case, wanted)
    summaries = [_summarise_cell(lines, base) for lines in case]
    return sorted(
        summaries,
        key=lambda row: (row.status is not Status.OK, row.fit_predict_seconds or float("inf"), row.label),
    )


def _outcome(lines: Sequence[Record]) -> Record:
    return next(record for record in lines if record.kind is RecordKind.OUTCOME)


def _choose_baseline(case: list[list[Record]], wanted: str | None) -> list[Record] | None:
    sound = [lines for lines in case if _outcome(lines).status is Status.OK]
    for name in (wanted,) if wanted is not None else (DEFAULT_BASELINE, None):
        for lines in sound:
            key = lines[0].key
            if name in (None, key.backend, key.label):
                return lines
    return None


def _rounds(lines: Sequence[Record]) -> dict[tuple[int, int], float]:
    """Return the times by session and round: only fits that took turns in one session make a pair."""
    fits = (record for record in lines if record.kind is RecordKind.FIT)
    return {
        (r.session, r.round): r.fit_predict_seconds
        for r in fits
        if r.round is not None and r.fit_predict_seconds is not None
    }


def _summarise_cell(lines: list[Record], base: list[Record] | None) -> CellSummary:
    outcome = _outcome(lines)
    key: CellKey = outcome.key
    figures: dict[str, Any] = {}
    for record in lines:
        if record.kind is RecordKind.FIT:
            continue
        for name in CellSummary.__dataclass_fields__:
            value = getattr(record, name, None)
            if value is not None:
                figures[name] = value
    figures |= {"status": outcome.status, "reason": outcome.reason}
    fits = [record for record in lines if record.kind is RecordKind.FIT]
    for name in TIMES:
        values = [getattr(record, name) for record in fits if getattr(record, name) is not None]
        if values:
            figures[name] = statistics.median(values)
            if name == "fit_predict_seconds":
                figures |= {f"{name}_low": min(values), f"{name}_high": max(values)}
    if base is not None and outcome.status is Status.OK:
        own, theirs = _rounds(lines), _rounds(base)
        common = sorted(own.keys() & theirs.keys())
        if common:
            ratio = paired_ratio([theirs[r] for r in common], [own[r] for r in common])
            figures |= {"speedup": ratio.ratio, "speedup_low": ratio.low, "speedup_high": ratio.high}
            figures["baseline"] = base[0].key.label
    identity = {
        name: getattr(key, name)
        for name in ("case_id", "cell_id", "dataset", "n", "d", "k", "threads", "protocol", "iterations", "seed")
    }
    identity |= {"backend": key.backend, "parameters": key.parameters, "label": key.label}
    identity["backend_version"] = outcome.backend_version
    return CellSummary(**(figures | identity), samples=len(fits))
