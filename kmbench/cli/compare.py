"""`kmbench compare`: two runs of one host, cell by cell."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

__all__ = ["compare_command"]


def compare_command(
    before: Annotated[Path, typer.Argument(help="Run folder to compare with.")],
    after: Annotated[Path, typer.Argument(help="Run folder.")],
    force: Annotated[bool, typer.Option("--force", help="Compare runs of different hosts or versions.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array, an object per cell.")] = False,
) -> None:
    """Compare two runs cell by cell.

    The two did not take turns, so their times differ by what the host did in between as well: no verdict is given,
    and runs of different hosts or versions are refused.

    [bold]Example[/bold]

    kmbench compare results/quick/20260101-120000 results/quick/20260102-120000
    """
    from kmbench.analysis.compare import compare_runs
    from kmbench.wording import bytes_text, seconds_text, times_text

    rows = compare_runs(before, after, force=force)
    if as_json:
        print(json.dumps([dataclasses.asdict(row) for row in rows], indent=1))  # noqa: T201
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("case", "backend"):
        table.add_column(heading, overflow="fold")
    for heading in ("before", "after", "after/before", "memory"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("note", overflow="fold")
    for row in rows:
        table.add_row(
            row.case,
            row.label,
            seconds_text(row.before_seconds),
            seconds_text(row.after_seconds),
            "" if row.ratio is None else times_text(row.ratio),
            "" if row.extra_bytes_change is None else bytes_text(row.extra_bytes_change),
            row.note or "",
        )
    Console().print(table)
