"""The figures over all cases, each only where the runs have data for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from kmbench.analysis import CellSummary, cells_frame
from kmbench.analysis.run import Run
from kmbench.figures.drawn import Drawn
from kmbench.report.grids import agreement_figures, coverage_table, speedup_figures
from kmbench.report.growth import budget_table, growth_figures, memory_figures
from kmbench.report.pareto import pareto_figures, recall_figures
from kmbench.report.steps import profile_figure, thread_figures
from kmbench.wording import printable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Overview", "overview_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What the page draws over all cases.

    Attributes
    ----------
    groups : list of (str, str, list of Drawn)
        Anchor, title and figures.
    agreement : list of Drawn
        Matrices: who labels alike.
    coverage : Drawn or None
    reasons : list of (str, str, str)
        Backend, what became of it and where, and why.
    """

    groups: list[tuple[str, str, list[Drawn]]]
    agreement: list[Drawn]
    coverage: Drawn | None
    reasons: list[tuple[str, str, str]]


def overview_of(runs: Sequence[Run], names: Mapping[str, str]) -> Overview:
    """Draw the figures of some runs.

    Parameters
    ----------
    runs : sequence of Run
        Where several measured the same cell, the last of them is drawn.
    names : mapping of str to str
        By ``case_id``, how the page calls it.
    """
    cells, epochs = _merged(runs)
    memory = runs[0].host.get("memory_bytes") if runs else None
    # The styles go to those that most cases have, so that a grid of one case takes none from the others.
    sound = cells[cells["status"] == "ok"]
    counts = sound.groupby("label", sort=False)["case_id"].nunique().sort_values(ascending=False, kind="stable")
    order = [str(label) for label in counts.index]
    plain = cells[cells["workload"].isna()]  # two tasks on one data set are no sizes of one another
    budget = budget_table(plain, order, memory if isinstance(memory, int) else None)
    profile = profile_figure(cells, order)
    quality = [*pareto_figures(cells, order, names), *recall_figures(cells, order, names)]
    quality += [profile] if profile else []
    growth = [*growth_figures(plain, order), *memory_figures(plain, order), *([budget] if budget else [])]
    growth += [*speedup_figures(plain), *thread_figures(plain, epochs, order)]
    groups = [("quality", "Time and quality", quality), ("growth", "How it grows", growth)]
    holes = [(key.case_id, key.label) for run in runs for key in run.unfinished]
    covered = coverage_table(cells, names, holes)
    return Overview(
        groups=[group for group in groups if group[2]],
        agreement=agreement_figures(cells, names),
        coverage=None if covered is None else covered[0],
        reasons=[] if covered is None else covered[1],
    )


def _printable(row: CellSummary) -> CellSummary:
    """Return a row whose texts a data frame can hold: lone surrogates are in JSON, and in nothing else."""
    values = {field.name: getattr(row, field.name) for field in fields(row) if field.name != "output"}
    texts: dict[str, Any] = {name: printable(value) for name, value in values.items() if type(value) is str}
    return replace(row, **texts, output=None)


def _merged(runs: Sequence[Run]) -> tuple[pd.DataFrame, dict[str, list[float]]]:
    """Return the cells of all runs, the last of each, and the times of their epochs."""
    rows, epochs = {}, {}
    for run in runs:
        for case in run.cases:
            for row in case.rows:
                rows[row.cell_id] = _printable(row)
                epochs[row.cell_id] = [*case.epoch_seconds[row.cell_id].values()]
    return cells_frame(list(rows.values())), epochs
