"""Notes as the terminal shows them: a line each."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from kmbench.notes import Note

__all__ = ["print_notes"]


def print_notes(console: Console, notes: Sequence[Note]) -> None:
    """Print each note with its hint."""
    for note in notes:
        console.print(Text.assemble(("! ", "bold yellow"), str(note)), highlight=False)
