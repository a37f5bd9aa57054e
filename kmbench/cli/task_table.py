"""The table of a workload's own figures, below the table of times."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kmbench.analysis import CellSummary
from kmbench.analysis.tasks import task_table

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
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
        table.add_column("backend", overflow="fold", min_width=13)
        table.add_column("time", justify="right", no_wrap=True)
        for column in found.columns:
            table.add_column(f"{column.title} {column.arrow}".rstrip(), justify="right")
        for row in found.rows:
            values = [
                Text(value, style="bold green" if best else "")
                for value, best in zip(row.values, row.best, strict=True)
            ]
            table.add_row(Text(row.label.replace("[", "\n[", 1)), row.time, *values)
        console.print(table)
        shown = True
    if shown:
        console.print("\n↑ more is better, ↓ less is better; green: as good as any.", style="dim", highlight=False)
