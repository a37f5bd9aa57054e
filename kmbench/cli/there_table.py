"""What a database was measured to do, in 80 columns."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from kmbench.cli.note_lines import print_notes
from kmbench.tuning.choice.result import TuneResult
from kmbench.tuning.deployment.check_database import DatabaseCheck
from kmbench.tuning.report.there import (
    database_check_rows,
    database_check_sentence,
    there_answer,
    there_rows,
    there_sentences,
)
from kmbench.tuning.report.words import interval_sentence
from kmbench.tuning.targets.there import There

__all__ = ["print_database_check", "print_there"]


def print_there(console: Console, result: TuneResult, there: There) -> None:
    """Print the answer for a database; where none was searched, the file that does it."""
    console.print()
    style = "bold yellow" if not (there.measured and there.met) else "bold green"
    console.print(there_answer(result, there), style=style, highlight=False)
    console.print()
    console.print(
        f"{result.name}  {result.n:,} x {result.d}  {result.metric}", style="bold", markup=False, highlight=False
    )
    if there.measured:
        console.print(_table(there))
        console.print()
    for sentence in (*there_sentences(result, there), interval_sentence(result)):
        console.print(sentence, style="dim", highlight=False, markup=False)
    print_notes(console, (*result.notes, *there.notes))
    if not there.measured:
        for name, text in there.files.items():
            console.print(f"\n{name}", style="bold", highlight=False)
            console.print(text.rstrip(), markup=False, highlight=False, soft_wrap=True)


def _table(there: There) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    names = ["probes", "promised", "its lists", "differ", "found", "scanned", "there"]
    for name in [*names, *(["p50", "p95"] if there.times_count else [])]:
        table.add_column(name, justify="right", no_wrap=True)
    for probes, cells, chosen in there_rows(there):
        cells = [cell.replace(" (forced)", "!") for cell in cells]
        table.add_row(f"{probes} *" if chosen else f"{probes}  ", *cells, style="bold" if chosen else None)
    return table


def print_database_check(console: Console, found: DatabaseCheck) -> None:
    """Print what a table does today."""
    style = "bold green" if found.target_met else "bold yellow"
    console.print(database_check_sentence(found), style=style, highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("", "then", "now"):
        table.add_column(heading, justify="left" if not heading else "right", no_wrap=True)
    for name, before, now in database_check_rows(found):
        table.add_row(name, before, now)
    console.print(table)
    print_notes(console, found.notes)
