"""The tuner's answer in 80 columns: a sentence, the frontier, what stands behind it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kmbench.cli.note_lines import print_notes
from kmbench.tuning.choice.result import TuneResult
from kmbench.tuning.deployment.judgement import CheckResult
from kmbench.tuning.index.kinds import reranks
from kmbench.tuning.report.check import check_rows, check_sentence
from kmbench.tuning.report.extras import (
    FILTER_HEADINGS,
    KIND_HEADINGS,
    SWEPT_HEADINGS,
    extra_sentences,
    filter_rows,
    filter_sentences,
    kind_rows,
    swept_rows,
)
from kmbench.tuning.report.rows import frontier_rows
from kmbench.tuning.report.words import (
    answer,
    error_sentence,
    interval_sentence,
    loosen_sentences,
    next_sentence,
    recall_text,
)
from kmbench.wording import seconds_text

__all__ = ["print_answer", "print_check"]


def print_answer(console: Console, result: TuneResult) -> None:
    """Print the recommendation, the frontier and the notes."""
    console.print()
    console.print(answer(result), style="bold green" if result.target_met else "bold yellow", highlight=False)
    for sentence in loosen_sentences(result):
        console.print(sentence, highlight=False)
    console.print()
    console.print(
        f"{result.name}  {result.n:,} x {result.d}  {result.metric}", style="bold", markup=False, highlight=False
    )
    if len(result.timed_kinds) > 1:
        console.print(_table(KIND_HEADINGS, kind_rows(result), left=1))
        console.print()
    console.print(_frontier(result))
    console.print()
    if len(result.swept) > 1:
        console.print(_table(SWEPT_HEADINGS, swept_rows(result)))
        console.print()
    if result.filters:
        console.print(_table(FILTER_HEADINGS, filter_rows(result), left=1))
        console.print()
    for sentence in (*filter_sentences(result), *extra_sentences(result)):
        console.print(sentence, highlight=False)
    better = next_sentence(result)
    if better is not None:
        console.print(better, highlight=False)
    for line in (interval_sentence(result), error_sentence(result)):
        console.print(line, style="dim", highlight=False)
    print_notes(console, result.notes)


def _frontier(result: TuneResult) -> Table:
    rows = frontier_rows(result)
    several = len({row.option.index for row in rows}) > 1 or rows[0].option.index != "flat"
    table = Table(box=None, pad_edge=False, padding=(0, 1 if several else 2, 0, 0), header_style="dim")
    table.add_column("for recall", justify="right", no_wrap=True)
    if several:
        table.add_column("index", no_wrap=True)
    for heading in ("nlist", "nprobe", "recall", "scanned", "its p99", "query" if several else "one query"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        option = row.option
        factor = f" x{option.k_factor}" if reranks(option.index) else ""
        mark = ("*" if result.target_met else "nearest") if row.recommended else " "
        cells = [f"{mark} {row.target:g}" if len(mark) > 1 else f"{row.target:g} {mark}"]
        cells += [f"{option.index}{factor}"] if several else []
        recall = f"{option.recall:.3f}" if several else recall_text(option)
        cells += [str(option.nlist), str(option.nprobe), recall, f"{option.scanned:,.0f}"]
        cells += [f"{option.scanned_p99:,.0f}", seconds_text(option.mean_seconds)]
        table.add_row(*cells, style="bold" if row.recommended else None)
    return table


def _table(headings: Sequence[str], rows: Sequence[tuple[list[str], bool]], left: int = 0) -> Table:
    """Return a table whose rows say whether they are the chosen one; `left` columns at its start hold words."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number < left else "right", no_wrap=number >= left)
    for cells, chosen in rows:
        table.add_row(*map(escape, cells), style="bold" if chosen else None)
    return table


def print_check(console: Console, found: CheckResult) -> None:
    """Print what a saved index does today."""
    style = "bold green" if found.target_met else "bold yellow"
    console.print(check_sentence(found), style=style, highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("", "then", "now"):
        table.add_column(heading, justify="left" if not heading else "right", no_wrap=True)
    for name, before, now in check_rows(found):
        table.add_row(name, before, now)
    console.print(table)
    if found.today.queries_text:
        console.print(f"Queries: {found.today.queries_text}.", markup=False, style="dim", highlight=False)
    print_notes(console, found.notes)
