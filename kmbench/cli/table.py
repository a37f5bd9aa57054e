"""The tables of `kmbench run` in 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kmbench.analysis import CellSummary
from kmbench.cli.note_lines import print_notes
from kmbench.comparison import Verdict
from kmbench.figures_of_cells import FIGURES, CellFigure, Face, figures_of
from kmbench.notes import Note
from kmbench.records import Status
from kmbench.study import Case

__all__ = ["print_plan", "print_table"]

VERDICT_STYLES = {Verdict.FASTER: "bold green", Verdict.SLOWER: "cyan"}

SPREAD_BESIDE = "fit_predict_seconds"
"""The figure whose spread has a column of its own."""

BY_NAME = {figure.name: figure for figure in FIGURES}

STYLES = {Status.OK: "green", Status.SKIPPED: "yellow", Status.UNAVAILABLE: "yellow"}


def print_table(console: Console, cells: Sequence[CellSummary], notes: Sequence[Note] = ()) -> None:
    """Print one table per case, below it the reasons of the rows that have one, and last the notes."""
    for _, group in groupby(cells, key=lambda cell: cell.case_id):
        rows = list(group)
        first = next((row for row in rows if row.status is Status.OK), rows[0])
        console.print()
        console.print(first.case_title, style="bold", markup=False, highlight=False)
        console.print(_case_table(rows))
        for row in rows:
            if row.reason:
                status = "" if row.status is Status.OK else f"{row.status.value}: "
                reason = Text.assemble((f"{row.label}: ", "bold"), status, row.reason)
                console.print(reason, highlight=False)
    console.print()
    baselines = sorted({cell.baseline for cell in cells if cell.baseline is not None})
    if baselines:
        console.print(
            f"Time: fit and labels, median of the epochs. Speed-up: over {' or '.join(baselines)}, with its 95 % "
            f"interval, below it the same in CPU time; {_resolution(cells)}. Memory: peak beyond the input, below it "
            "as a multiple of the input. Inertia and ARI (adjusted Rand index): against the reference.",
            style="dim",
            highlight=False,
        )
    print_notes(console, notes)


def _resolution(cells: Sequence[CellSummary]) -> str:
    """Say how small a difference the run could have shown."""
    effects = [cell.smallest_effect for cell in cells if cell.smallest_effect is not None]
    if not effects:
        return "one epoch tells no difference from chance"
    return f"differences below {min(effects):.0%} to {max(effects):.0%} could not be told"


def _case_table(rows: Sequence[CellSummary]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("backend", overflow="fold", min_width=13, max_width=13)
    shown = figures_of(Face.TERMINAL)
    for figure in shown:
        table.add_column(figure.title + (", 95 %" if figure.unit == "x" else ""), justify="right", no_wrap=True)
        if figure.name == SPREAD_BESIDE:
            table.add_column("±", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for row in rows:
        texts = [text for figure in shown for text in _texts(row, figure)]
        dim = None if row.status is Status.OK else "dim"
        table.add_row(Text(row.label.replace("[", "\n[", 1)), *texts, _verdict(row), style=dim)
    return table


def _texts(row: CellSummary, figure: CellFigure) -> list[Text]:
    """Return what stands in the column of a figure, and in that of its spread where it has one."""
    worded = figure.word(row)
    if figure.name == SPREAD_BESIDE:
        return [Text(worded.main), Text(worded.aside)]
    if figure.unit == "x":  # the interval beside it, below it the same in CPU time, which a busy host disturbs least
        cpu = BY_NAME["cpu_speedup"].word(row).main
        return [_stacked(f"{worded.main} {worded.aside}".rstrip(), cpu and f"CPU {cpu}")]
    return [_stacked(worded.main, worded.aside and f"{worded.aside} input")]


def _stacked(main: str, small: str) -> Text:
    """Put a second figure below the first one, quieter."""
    return Text.assemble(main, (f"\n{small}", "dim")) if small else Text(main)


def _verdict(row: CellSummary) -> Text:
    """Return the verdict of a sound row that has one, else the status."""
    if row.status is Status.OK and row.verdict is not None:
        return Text(row.verdict.value, style=VERDICT_STYLES.get(row.verdict, "dim"))
    return Text(row.status.value, style=STYLES.get(row.status, "bold red"))


def print_plan(console: Console, cases: Sequence[Case], seconds: float) -> None:
    """Print the cells that a run would measure, and how long it may take."""
    for number, case in enumerate(cases, start=1):
        key = case.key
        task = "" if key.workload is None else f"{key.workload} on "
        title = f"[{number}/{len(cases)}] {task}{key.dataset}  {key.n:,} x {key.d}  k={key.k}  threads={key.threads}"
        console.print(f"{title}  {key.protocol}", style="bold", markup=False, highlight=False)
        for cell in case.cells:
            note = "" if cell.status is None else f"  {cell.status.value}: {cell.reason}"
            console.print(f"  {cell.key.label}{note}", markup=False, highlight=False)
    count = sum(len(case.cells) for case in cases)
    console.print(
        f"\n{count} cells, about {_duration(seconds)} (an estimate from one matrix product)", highlight=False
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
