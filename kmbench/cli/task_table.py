"""The table of a workload's own figures, below the table of times."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.text import Text

from kmbench.analysis import CellSummary
from kmbench.analysis.tasks import task_table
from kmbench.cli.lines import Column, print_parts

__all__ = ["print_tasks"]


def print_tasks(console: Console, cells: Sequence[CellSummary]) -> None:
    """Print the task figures of each case that has any; the best of a column are marked."""
    shown = False
    for _, group in groupby(cells, key=lambda cell: cell.case_id):
        rows = list(group)
        found = task_table(rows)
        if found is None:
            continue
        first = rows[0]
        title = f"{first.workload} on {first.dataset}, k={first.k}: the task"
        console.print(f"\n{title}", style="bold", markup=False, highlight=False)
        names = Column("backend", [row.label for row in found.rows], right=False)
        columns = [names, Column("time", [row.time for row in found.rows])]
        for place, column in enumerate(found.columns):
            values = [Text(row.values[place], style="bold green" if row.best[place] else "") for row in found.rows]
            columns.append(Column(f"{column.title} {column.arrow}".rstrip(), values))
        print_parts(console, columns)
        shown = True
    if shown:
        console.print("\n↑ higher is better, ↓ lower is better; green: among the best.", style="dim", highlight=False)
