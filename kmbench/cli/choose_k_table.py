"""The answer of choose-k in 80 columns: a sentence, a row for each k, what the columns are."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from kmbench.choosing.cells import HEADINGS, cells
from kmbench.choosing.result import ChooseResult
from kmbench.choosing.words import answer, method_sentences, pick_sentences
from kmbench.cli.note_lines import print_notes

__all__ = ["print_choice"]


def print_choice(console: Console, result: ChooseResult) -> None:
    """Print the recommendation, the table and the notes."""
    console.print()
    console.print(
        answer(result), style="bold green" if result.recommended is not None else "bold yellow", highlight=False
    )
    for sentence in pick_sentences(result):
        console.print(sentence, highlight=False)
    console.print()
    console.print(f"{result.name}  {result.n:,} x {result.d}", style="bold", markup=False, highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("k", justify="right", no_wrap=True)
    for heading in HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in result.rows:
        chosen = row.k == result.recommended
        table.add_row(f"{'> ' if chosen else ''}{row.k}", *cells(row, result), style="bold" if chosen else None)
    console.print(table)
    console.print("> chosen   * a criterion's pick   ^ elbow", style="dim", highlight=False)
    for line in method_sentences(result):
        console.print(line, style="dim", highlight=False)
    print_notes(console, result.notes)
