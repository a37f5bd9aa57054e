"""The rows of the table, every figure written out as text."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

from kmbench.analysis import CellSummary
from kmbench.analysis.run import RunCase
from kmbench.analysis.scaling import family_of
from kmbench.figures_of_cells import CellFigure, Face, figures_of
from kmbench.records import Status, label_of
from kmbench.report.sentences import reaches
from kmbench.wording import dataset_name, threads_text

__all__ = ["HEADINGS", "Row", "Value", "repeat_command", "table_note", "table_rows"]

HEADINGS = tuple((figure.page_title or figure.title, figure.aside) for figure in figures_of(Face.PAGE))
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


def repeat_command(row: CellSummary) -> str:
    """Return the command that repeats a cell, together with the baseline that its ratio needs.

    Of a file's path only the name is published: the command is run where the data lies.
    """
    own = label_of(row.backend, row.parameters)
    backends = [own] if row.baseline in (None, row.label) else [row.baseline, own]
    parts = ["kmbench", "run", "--data", dataset_name(row.dataset), "--k", str(row.k)]
    if row.workload is not None:
        parts += ["--workload", row.workload]
    parts += ["--backends", ",".join(name for name in backends if name), "--threads", str(row.threads)]
    parts += ["--protocol", row.protocol, "--seed", str(row.seed)]
    if row.protocol == "target":
        parts += ["--seeds", "1"]
    if row.iterations is not None:
        parts += ["--iterations", str(row.iterations)]
    if row.pages == "cold":
        parts += ["--pages", "cold"]
    return shlex.join(parts)


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
        values=[_value(row, figure) for figure in figures_of(Face.PAGE)],
    )


def _value(row: CellSummary, figure: CellFigure) -> Value:
    """Write a figure of a row; the smaller one below it as the page has it."""
    worded, found = figure.word(row), getattr(row, figure.name)
    if not worded.main:
        return Value("")
    differs = figure.name == "inertia_ratio" and row.status is Status.OK and not reaches(row)
    return Value(worded.main, _aside(row, figure, worded.aside), differs, "" if found is None else f"{found:.6g}")


def _aside(row: CellSummary, figure: CellFigure, aside: str) -> str:
    if figure.name == "fit_predict_seconds":
        return f"±{aside}" if aside else "1 epoch" if row.epochs == 1 else ""
    if figure.unit == "x":
        aside = aside.replace("-", "–")
    if figure.name == "speedup" and row.speedup is not None and not aside and row.label != row.baseline:
        aside = "1 epoch"
    return f"{aside} {row.verdict}" if figure.name == "speedup" and row.verdict is not None else aside
