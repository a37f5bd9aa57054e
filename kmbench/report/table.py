"""The rows of the table, every figure written out as text."""

from __future__ import annotations

from dataclasses import dataclass, field

from kmbench.analysis import CellSummary
from kmbench.analysis.cells import speedup_text
from kmbench.analysis.run import RunCase
from kmbench.analysis.scaling import family_of
from kmbench.records import Status
from kmbench.report.commands import repeat_command
from kmbench.report.sentences import reaches
from kmbench.wording import (
    agreement_text,
    bytes_text,
    dataset_name,
    range_text,
    ratio_text,
    seconds_text,
    spread_text,
    threads_text,
    times_text,
)

__all__ = ["HEADINGS", "Row", "Value", "table_note", "table_rows"]

HEADINGS = (
    ("fit + labels", "± spread"),
    ("speed-up", "95% interval"),
    ("memory", "to input"),
    ("inertia", "to reference"),
    ("ARI", ""),
    ("matched", ""),
    ("in CPU time", "95% interval"),
    ("fit", ""),
    ("assign", ""),
    ("empty", "clusters"),
    ("iterations", ""),
)
"""Columns after backend, status and case: what they hold, and what the small second line does."""

SYMBOLS = {Status.OK: "✓", Status.SKIPPED: "–", Status.UNAVAILABLE: "–"}
"""Beside the word and the colour, so that the status is read in grey too; the others failed."""


@dataclass(frozen=True, slots=True)
class Value:
    """A figure of the table and the smaller one below it.

    Attributes
    ----------
    differs : bool
        Whether it says that a sound answer is not the reference's, and is marked as in the figure.
    sort : str
        The figure in full, for sorting; empty where there is none.
    """

    main: str
    small: str = ""
    differs: bool = False
    sort: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One backend in the table.

    Attributes
    ----------
    tone : {"ok", "aside", "failed"}
        How much the row stands out.
    values : list of Value
        In the order of `HEADINGS`.
    case, size, anchor : str
        Which case it is of, the sizes of that, and its section on the page.
    command : str
        What measures it again.
    """

    case: str
    size: str
    anchor: str
    command: str
    backend: str
    parameters: str
    version: str
    status: str
    symbol: str
    tone: str
    reason: str | None
    values: list[Value] = field(default_factory=list)


def table_rows(case: RunCase, anchor: str) -> list[Row]:
    """Return the rows of a case in the order of its summaries."""
    return [_row(row, anchor) for row in case.rows]


def table_note(case: RunCase) -> str:
    """Say what the figures of a case are relative to."""
    baseline = next((row.baseline for row in case.sound if row.baseline is not None), None)
    reference = next((row.reference for row in case.rows if row.reference is not None), None)
    parts = []
    if baseline is not None:
        parts.append(f"Speed-up is over {baseline}.")
    if reference is not None:
        parts.append(f"Inertia, ARI (adjusted Rand index) and matched labels are against {reference}.")
    return " ".join(parts)


def _row(row: CellSummary, anchor: str) -> Row:
    tone = "ok" if row.status is Status.OK else "failed" if row.status.is_failure else "aside"
    return Row(
        case=dataset_name(family_of(row.dataset, "n", "d")) + ("" if row.workload is None else f" as {row.workload}"),
        size=f"{row.n:,} x {row.d}, k={row.k:,}, {threads_text(row.threads)}",
        anchor=anchor,
        command=repeat_command(row),
        backend=row.backend,
        parameters=row.label.removeprefix(row.backend),
        version=row.backend_version or "",
        status=row.status.value.replace("_", " "),
        symbol=SYMBOLS.get(row.status, "✕"),
        tone=tone,
        reason=row.reason,
        values=[
            _value(seconds_text(row.fit_predict_seconds), row.fit_predict_seconds, _spread(row)),
            _speedup(row),
            _memory(row),
            _value(ratio_text(row.inertia_ratio), row.inertia_ratio, differs=tone == "ok" and not reaches(row)),
            _value("" if row.ari is None else f"{row.ari:.3f}", row.ari),
            _value(agreement_text(row.matched_agreement), row.matched_agreement),
            _cpu_speedup(row),
            _value(seconds_text(row.fit_seconds), row.fit_seconds),
            _value(seconds_text(row.assign_seconds), row.assign_seconds),
            _value("" if row.empty_clusters is None else str(row.empty_clusters), row.empty_clusters),
            _value("" if row.n_iter is None else str(row.n_iter), row.n_iter),
        ],
    )


def _value(main: str, figure: float | None, small: str = "", *, differs: bool = False) -> Value:
    return Value(main, small, differs, "" if figure is None else f"{figure:.6g}")


def _spread(row: CellSummary) -> str:
    middle, low, high = row.fit_predict_seconds, row.fit_predict_seconds_low, row.fit_predict_seconds_high
    if not middle or low is None or high is None:
        return ""
    return "1 epoch" if row.epochs < 2 else f"±{spread_text(low, middle, high)}"


def _speedup(row: CellSummary) -> Value:
    """Split ``1.32x (1.28-1.36)`` into its two lines."""
    main, _, small = speedup_text(row).partition(" (")
    interval = small.removesuffix(")").replace("-", "–")
    return _value(main, row.speedup, interval if row.verdict is None else f"{interval} {row.verdict}")


def _cpu_speedup(row: CellSummary) -> Value:
    if row.cpu_speedup is None or row.label == row.baseline:
        return Value("")
    if row.cpu_speedup_low is None or row.cpu_speedup_high is None:
        return _value(times_text(row.cpu_speedup), row.cpu_speedup)
    interval = range_text(row.cpu_speedup_low, row.cpu_speedup_high, "–")
    return _value(times_text(row.cpu_speedup), row.cpu_speedup, interval)


def _memory(row: CellSummary) -> Value:
    if row.peak_extra_bytes is None or not row.input_bytes:
        return _value(bytes_text(row.peak_extra_bytes), row.peak_extra_bytes)
    share = f"{row.peak_extra_bytes / row.input_bytes:.2f}x"
    return _value(bytes_text(row.peak_extra_bytes), row.peak_extra_bytes, share)
