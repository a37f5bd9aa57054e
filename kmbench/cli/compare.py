"""`kmbench compare`: two runs of one host, cell by cell."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from kmbench.analysis.compare import ComparedCell

__all__ = ["compare_command", "print_comparison"]


def compare_command(
    before: Annotated[Path, typer.Argument(help="Run folder to compare with (before).")],
    after: Annotated[Path, typer.Argument(help="Run folder to compare (after).")],
    force: Annotated[
        bool, typer.Option("--force", help="Compare runs even if their hosts or versions differ.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array, an object per cell.")] = False,
) -> None:
    """Compare two runs cell by cell.

    The two runs did not take turns, so changes on the host in between also affect their ratios. Therefore no verdict
    is given, and runs of different hosts or versions are refused.

    [bold]Example[/bold]

    kmbench compare results/quick/20260101-120000 results/quick/20260102-120000
    """
    from kmbench.analysis.compare import compare_runs

    rows = compare_runs(before, after, force=force)
    if as_json:
        print(json.dumps([dataclasses.asdict(row) for row in rows], indent=1))  # noqa: T201
    else:
        print_comparison(Console(highlight=False), rows)


def print_comparison(console: Console, rows: Sequence[ComparedCell]) -> None:
    """Print how many cells can be compared, then these, and last those that failed."""
    from kmbench.wording import count_text

    both = [row for row in rows if row.ratio is not None]
    console.print(f"{count_text(len(both), 'cell')} can be compared{_lacking(rows)}.", style="bold")
    for case, group in groupby(both, key=lambda row: row.case):
        console.print()
        console.print(case, style="dim", markup=False, soft_wrap=True)
        _print_case(console, list(group))
    failed = [row for row in rows if row.ratio is None and "not measured" not in (row.note or "")]
    for row in failed:
        console.print(Text.assemble((f"{row.label}: ", "bold"), f"{row.note or 'no time'} ({row.case})"))
    if both:
        console.print(
            "\nThe runs did not take turns, so changes on the host in between are part of each ratio.", style="dim"
        )


def _lacking(rows: Sequence[ComparedCell]) -> str:
    """Say in how many cells one side is missing or failed."""
    parts = []
    for word, lacks in (("before", "not measured after"), ("after", "not measured before")):
        count = sum(lacks in (row.note or "") for row in rows)
        parts += [f"{count} only {word}"] if count else []
    failed = sum(row.ratio is None and "not measured" not in (row.note or "") for row in rows)
    parts += [f"{failed} failed in one of the runs"] if failed else []
    return f"; {', '.join(parts)}" if parts else ""


def _print_case(console: Console, rows: Sequence[ComparedCell]) -> None:
    from kmbench.cli.lines import Column, print_lines
    from kmbench.wording import bytes_text, ratio_text, seconds_text, times_text

    memory = ["" if row.extra_bytes_change is None else _signed(bytes_text(row.extra_bytes_change)) for row in rows]
    inertia = ["" if row.inertia_change is None else ratio_text(1 + row.inertia_change) for row in rows]
    print_lines(
        console,
        [
            Column("backend", [row.label for row in rows], right=False),
            Column("before", [seconds_text(row.before_seconds) for row in rows]),
            Column("after", [seconds_text(row.after_seconds) for row in rows]),
            Column("after/before", ["" if row.ratio is None else times_text(row.ratio) for row in rows]),
            Column("memory", memory, rank=1),
            Column("inertia", inertia, rank=2),
        ],
    )


def _signed(text: str) -> str:
    return text if text.startswith("-") else f"+{text}"
