"""The answer of `kmbench run`: for each case a sentence, a line for each cell, and what a reader must know."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from kmbench.analysis import CellSummary
from kmbench.analysis.run import RunCase
from kmbench.cli.interval_strip import Scale, scale_of
from kmbench.cli.lines import Column, fitting, print_lines, print_parts, width_of
from kmbench.cli.note_lines import print_notes
from kmbench.comparison import Verdict
from kmbench.figures_of_cells import FIGURES, CellFigure, Face, figures_of
from kmbench.notes import Note
from kmbench.records import Status
from kmbench.study import Case

__all__ = ["print_cases", "print_plan"]

VERDICT_STYLES = {Verdict.FASTER: "bold green", Verdict.SLOWER: "cyan"}

STYLES = {Status.OK: "green", Status.SKIPPED: "yellow", Status.UNAVAILABLE: "yellow"}

STRIP_LEAST, STRIP_MOST = 5, 25
"""Characters of the strip of an interval; with less room there is none."""

SPREAD_RANK, MEMORY_RANK = 2, 1
"""Of the columns of every table: what is left out for names that are very long."""

SHOWN = tuple(figure.name for figure in figures_of(Face.TERMINAL))
REST = tuple(sorted((f for f in figures_of(Face.PAGE) if f.name not in SHOWN), key=lambda f: f.name != "cpu_speedup"))
"""Shown where there is room, or asked for with ``--wide``; the ratio in CPU time first."""

BY_NAME = {figure.name: figure for figure in FIGURES}


def print_cases(
    console: Console,
    cases: Sequence[RunCase],
    notes: Sequence[Note] = (),
    *,
    wide: bool = False,
    summary: str | None = None,
    sentences: Sequence[str] = (),
) -> None:
    """Print the answer over all cases, a table for each case below its own answer, and last the notes.

    Parameters
    ----------
    cases : sequence of RunCase
    wide : bool
        Whether all figures are shown: those that do not fit beside the others stand in tables of their own.
    summary : str, optional
        The answer over several cases.
    sentences : sequence of str
        The answer of each case.
    """
    if summary is not None:
        console.print()
        console.print(Text(summary, style="bold"), highlight=False)
    for number, case in enumerate(cases):
        first = next(iter(case.sound), case.rows[0])
        console.print()
        if number < len(sentences):
            console.print(Text(sentences[number], style="bold" if summary is None else ""), highlight=False)
        _print_title(console, first)
        _print_case(console, case.rows, wide)
        for row in case.rows:
            if row.reason and row.status is not Status.UNAVAILABLE:
                status = "" if row.status is Status.OK else f"{row.status.value}: "
                console.print(Text.assemble((f"{row.label}: ", "bold"), status, row.reason), highlight=False)
    console.print()
    cells = [row for case in cases for row in case.rows]
    _print_unavailable(console, cells)
    legend = _legend(cells)
    if legend:
        console.print(legend, style="dim", highlight=False)
    print_notes(console, notes)


def _print_unavailable(console: Console, cells: Sequence[CellSummary]) -> None:
    """Print why engines cannot run here, once for all cases and for all engines that lack the same."""
    lacking: dict[str, list[str]] = {}
    for row in cells:
        if row.reason and row.status is Status.UNAVAILABLE:
            labels = lacking.setdefault(row.reason, [])
            if row.label not in labels:
                labels.append(row.label)
    for reason, labels in lacking.items():
        names = (f"{', '.join(labels)}: ", "bold")
        console.print(Text.assemble(names, f"{Status.UNAVAILABLE.value}: {reason}"), highlight=False)
    if lacking:
        console.print()


def _print_title(console: Console, row: CellSummary) -> None:
    """Print what a case is, on two lines where its data has a long name."""
    title = row.case_title
    end = title.index(row.dataset) + len(row.dataset)
    lines = [title] if len(title) <= console.width else [title[:end], title[end:].lstrip()]
    for line in lines:
        console.print(line, style="dim", markup=False, highlight=False, soft_wrap=True)


def _legend(cells: Sequence[CellSummary]) -> str:
    baselines = sorted({cell.baseline for cell in cells if cell.baseline is not None})
    if not baselines:
        return ""
    return (
        f"Time: fit and labels, median of the epochs. Speed-up: over {' or '.join(baselines)}, 95 % interval; "
        f"{_resolution(cells)}. Memory: peak beyond the input. Inertia: against the reference."
    )


def _resolution(cells: Sequence[CellSummary]) -> str:
    """Say how small a difference the run could have shown."""
    effects = [cell.smallest_effect for cell in cells if cell.smallest_effect is not None]
    if not effects:
        return "one epoch cannot show a difference"
    low, high = f"{min(effects):.0%}", f"{max(effects):.0%}"
    return f"smallest detectable difference: {low if low == high else f'{low} to {high}'}"


def _print_case(console: Console, rows: Sequence[CellSummary], wide: bool) -> None:
    names, *figures, verdict = _columns(rows)
    styles = ["" if row.status is Status.OK else "dim" for row in rows]
    shown = fitting([names, *figures, verdict], console.width)
    extras = [column for figure in REST if (column := _extra(rows, figure)) is not None]
    extras += [column] if (column := _memory_to_input(rows)) is not None else []
    beside, below = _side_by_side(extras, console.width - width_of(shown) - STRIP_MOST - 1)
    room = console.width - width_of([*shown, *beside]) - 1
    if room >= STRIP_LEAST and any(row.speedup is not None for row in rows):
        place = next(number for number, column in enumerate(shown) if column.heading == "speed-up, 95 %") + 1
        shown.insert(place, _strips(rows, min(room, STRIP_MOST), console.options.ascii_only))
    print_lines(console, [*shown[:-1], *beside, shown[-1]], styles)
    if wide and below:
        print_parts(console, [names, *below], styles)


def _side_by_side(columns: Sequence[Column], width: int) -> tuple[list[Column], list[Column]]:
    """Return the columns that fit into a width together, in their order, and the rest."""
    count = 0
    while count < len(columns) and width_of(columns[: count + 1]) <= width:
        count += 1
    return list(columns[:count]), list(columns[count:])


def _columns(rows: Sequence[CellSummary]) -> list[Column]:
    """Return the columns of every table: the name first, the verdict last."""
    columns = [Column("backend", [row.label for row in rows], right=False)]
    for name in SHOWN:
        figure = BY_NAME[name]
        worded = [figure.word(row) for row in rows]
        if name == "fit_predict_seconds":
            columns.append(Column(figure.title, [one.main for one in worded]))
            columns.append(Column("±", [one.aside for one in worded], rank=SPREAD_RANK))
        elif figure.unit == "x":
            wide = max(len(one.aside) for one in worded)
            texts = [f"{one.main} {one.aside:<{wide}}" if one.aside else one.main for one in worded]
            columns.append(Column(f"{figure.title}, 95 %", texts))
        elif name == "peak_extra_bytes":
            columns.append(Column(figure.title, [one.main for one in worded], rank=MEMORY_RANK))
        else:
            columns.append(Column(figure.title, [one.main for one in worded]))
    columns.append(Column("verdict", [_verdict(row) for row in rows], right=False))
    return columns


def _extra(rows: Sequence[CellSummary], figure: CellFigure) -> Column | None:
    """Return the column of a figure that is shown where there is room; None where no row has one."""
    worded = [figure.word(row) for row in rows]
    if not any(one.main for one in worded):
        return None
    aside = figure.unit == "x"
    texts = [f"{one.main} {one.aside}".rstrip() if aside else one.main for one in worded]
    return Column(figure.page_title or figure.title, texts)


def _memory_to_input(rows: Sequence[CellSummary]) -> Column | None:
    texts = [BY_NAME["peak_extra_bytes"].word(row).aside for row in rows]
    return Column("memory/input", texts) if any(texts) else None


def _strips(rows: Sequence[CellSummary], width: int, ascii_only: bool) -> Column:
    sound = [row for row in rows if row.status is Status.OK]
    known = [value for row in sound for value in (row.speedup, row.speedup_low, row.speedup_high) if value]
    scale: Scale = scale_of(known, width, ascii_only=ascii_only)
    strips = []
    for row in rows:
        compared = row.status is Status.OK and row.label != row.baseline
        values = (row.speedup, row.speedup_low, row.speedup_high) if compared else (None, None, None)
        strips.append(scale.strip(*values, style=VERDICT_STYLES.get(row.verdict or Verdict.INCONCLUSIVE, "")))
    return Column(scale.heading(), strips, right=False)


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
