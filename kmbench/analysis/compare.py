"""Two runs side by side, which did not take turns: figures and their differences, without a verdict."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kmbench.analysis.cells import CellSummary
from kmbench.analysis.run import read_run
from kmbench.records import Status
from kmbench.run_folder import check_same_host

__all__ = ["ComparedCell", "compare_runs"]


@dataclass(frozen=True, slots=True)
class ComparedCell:
    """A cell of two runs; what one of them lacks is None.

    Attributes
    ----------
    ratio : float or None
        Median time after over that before.
    """

    case: str
    label: str
    before_seconds: float | None
    after_seconds: float | None
    ratio: float | None
    inertia_change: float | None
    extra_bytes_change: int | None
    note: str | None


def compare_runs(before: Path, after: Path, *, force: bool = False) -> list[ComparedCell]:
    """Return the cells of both runs, those of the first in its order.

    Raises
    ------
    OutputError
        If a folder holds no run, or the two were made on different hosts or with different versions and `force`
        is not asked for.
    """
    runs = [read_run(folder, strict=True) for folder in (before, after)]
    if not force:
        check_same_host([before, after], [run.host for run in runs], "--force compares them")
    rows = [{row.cell_id: row for row in run.cells} for run in runs]
    compared = []
    for cell_id in dict.fromkeys([*rows[0], *rows[1]]):
        compared.append(_compare(rows[0].get(cell_id), rows[1].get(cell_id)))
    return compared


def _compare(one: CellSummary | None, other: CellSummary | None) -> ComparedCell:
    known = one or other
    assert known is not None
    notes = []
    for row, where in ((one, "before"), (other, "after")):
        if row is None:
            notes.append(f"not measured {where}")
        elif row.status is not Status.OK:
            notes.append(f"{row.status.value} {where}")
    sound = [row if row is not None and row.status is Status.OK else None for row in (one, other)]
    first, second = (dataclasses.asdict(row) if row is not None else {} for row in sound)

    def both(name: str) -> tuple[Any, Any] | None:
        pair = (first.get(name), second.get(name))
        return None if None in pair else pair

    times, inertias, memory = both("fit_predict_seconds"), both("inertia"), both("peak_extra_bytes")
    task = "" if known.workload is None else f"{known.workload} on "
    return ComparedCell(
        case=f"{task}{known.dataset} k={known.k} threads={known.threads} {known.protocol}",
        label=known.label,
        before_seconds=first.get("fit_predict_seconds"),
        after_seconds=second.get("fit_predict_seconds"),
        ratio=None if times is None else times[1] / times[0],
        inertia_change=inertias[1] / inertias[0] - 1 if inertias and inertias[0] else None,
        extra_bytes_change=None if memory is None else memory[1] - memory[0],
        note="; ".join(notes) or None,
    )
