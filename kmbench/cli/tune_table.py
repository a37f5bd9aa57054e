"""The tuner's answer in 80 columns: a sentence, the frontier, what stands behind it."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from kmbench.cli.note_lines import print_notes
from kmbench.tuning.choice.result import TuneResult
from kmbench.tuning.deployment.judgement import CheckResult
from kmbench.tuning.index.kinds import reranks
from kmbench.tuning.report.check import check_rows, check_sentence
from kmbench.tuning.report.rows import frontier_rows
from kmbench.tuning.report.words import (
    answer,
    error_sentence,
    interval_sentence,
    loosen_sentences,
    next_sentence,
    recall_text,
)
from kmbench.wording import bytes_text, seconds_text

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
    console.print(_frontier(result))
    console.print()
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
    for heading in ("nlist", "nprobe", "recall", "scanned", "one query"):
        table.add_column(heading, justify="right", no_wrap=True)
    if several:
        table.add_column("memory", justify="right", no_wrap=True)
    for row in rows:
        option = row.option
        factor = f" x{option.k_factor}" if reranks(option.index) else ""
        mark = ("*" if result.target_met else "nearest") if row.recommended else " "
        cells = [f"{mark} {row.target:g}" if len(mark) > 1 else f"{row.target:g} {mark}"]
        cells += [f"{option.index}{factor}"] if several else []
        cells += [str(option.nlist), str(option.nprobe), recall_text(option), f"{option.scanned:,.0f}"]
        cells += [seconds_text(option.mean_seconds)]
        cells += [bytes_text(option.memory_bytes)] if several else []
        table.add_row(*cells, style="bold" if row.recommended else None)
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
    print_notes(console, found.notes)
