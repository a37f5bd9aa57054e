"""The figures of workloads as a table: one row for each backend, one column for each figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kmbench.analysis.cells import CellSummary
from kmbench.wording import bytes_text, seconds_text

__all__ = ["TaskColumn", "TaskRow", "TaskTable", "figure_text", "task_table"]

ALIKE = 1e-4
"""Relative difference from the best value below which a value counts as good as it."""


@dataclass(frozen=True, slots=True)
class TaskColumn:
    """A figure: what stands above its column."""

    name: str
    title: str
    unit: str
    better: str | None
    summary: str

    @property
    def arrow(self) -> str:
        """``↑`` where higher is better, ``↓`` where lower is."""
        return {"higher": "↑", "lower": "↓"}.get(self.better or "", "")

    @property
    def direction(self) -> str:
        """``higher is better`` or the like; empty where neither is."""
        return {"higher": "higher is better", "lower": "lower is better"}.get(self.better or "", "")


@dataclass(frozen=True, slots=True)
class TaskRow:
    """The figures of one backend as texts; `best` tells which are as good as any, `time` what they took."""

    label: str
    time: str
    values: list[str]
    best: list[bool]


@dataclass(frozen=True, slots=True)
class TaskTable:
    """The task figures of a case; rows stand in the order of its cells."""

    columns: list[TaskColumn]
    rows: list[TaskRow]


def task_table(cells: Sequence[CellSummary]) -> TaskTable | None:
    """Return the task figures of the cells of one case, or None where there are none."""
    scored = [cell for cell in cells if cell.task]
    if not scored:
        return None
    about: dict[str, dict[str, Any]] = {}
    for cell in scored:
        for figure in cell.task_figures or []:
            about.setdefault(figure["name"], figure)
    columns = [TaskColumn(f["name"], f["title"], f["unit"], f["better"], f["summary"]) for f in about.values()]
    bests = {column.name: _best(column, scored) for column in columns}
    rows = []
    for cell in scored:
        found = [(column, (cell.task or {}).get(column.name)) for column in columns]
        texts = ["" if value is None else figure_text(value, column.unit) for column, value in found]
        time = seconds_text(cell.fit_predict_seconds)
        rows.append(
            TaskRow(cell.label, time, texts, [_is_best(value, bests[column.name]) for column, value in found])
        )
    return TaskTable(columns, rows)


def _best(column: TaskColumn, cells: Sequence[CellSummary]) -> float | None:
    """Return the best value, or None where there is no best: all are alike, or it is not that kind of figure."""
    values = [cell.task[column.name] for cell in cells if cell.task and column.name in cell.task]
    if column.better not in ("higher", "lower") or len(values) < 2:
        return None
    best = max(values) if column.better == "higher" else min(values)
    return None if all(_is_best(value, best) for value in values) else best


def _is_best(value: float | None, best: float | None) -> bool:
    return value is not None and best is not None and abs(value - best) <= ALIKE * abs(best)


def _four_digits(value: float) -> str:
    size = abs(value)
    if not 1e-3 <= size < 1e9:
        return f"{value:.4g}"
    decimals = 4 if size < 1 else 3 if size < 10 else 2 if size < 100 else 1 if size < 1000 else 0
    return f"{value:,.{decimals}f}"


def figure_text(value: float, unit: str) -> str:
    """Write a figure of a task: ``31.42 dB``, ``12.5%`` of a share, ``1.21 MiB``."""
    if unit == "B":
        return bytes_text(round(value))
    if unit == "%":
        return f"{100 * value:.2f}%"
    whole = value == int(value) and abs(value) < 1e7
    return f"{f'{int(value):,}' if whole else _four_digits(value)} {unit}".rstrip()
