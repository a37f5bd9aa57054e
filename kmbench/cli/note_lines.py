"""Notes as the terminal shows them: a line each with its code, which `kmbench explain` spells out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from kmbench.notes import KINDS, Note

__all__ = ["note_lines", "print_every_note", "print_notes"]

MOST = 3
"""Lines below a result; the codes of the other notes are named after them."""


CAPITALS = re.compile(r"^[A-Z ]{4,}: ")


def print_notes(console: Console, notes: Sequence[Note]) -> None:
    """Print at most three lines, one for each code, and where the rest is told."""
    lines = note_lines(notes, console.width - 2)
    for code, line in list(lines.items())[:MOST]:
        told = Text.assemble(("! ", "bold yellow"), (code, "bold"), line.removeprefix(code))
        console.print(told, soft_wrap=True, highlight=False)
    if lines:
        more = list(lines)[MOST:]
        listed = f"{', '.join(more[:4])}{' and others' if len(more) > 4 else ''}"
        also = f"also {listed}; " if more else ""
        console.print(f"  {also}kmbench explain {next(iter(lines))} says more", style="dim", highlight=False)


def print_every_note(console: Console, notes: Sequence[Note]) -> None:
    """Print each note in full, with its hint."""
    for note in notes:
        console.print(Text.assemble(("! ", "bold yellow"), (note.code, "bold"), f" {note}"), highlight=False)


def note_lines(notes: Sequence[Note], width: int) -> dict[str, str]:
    """Return a line for each code, in the order of the notes: as much as fits into a width without a cut.

    That is the text of a note that stands alone, else the title of its kind with what it is about.
    """
    groups: dict[str, list[Note]] = {}
    for note in notes:
        groups.setdefault(note.code, []).append(note)
    return {code: _line(code, group, width) for code, group in groups.items()}


def _line(code: str, group: Sequence[Note], width: int) -> str:
    title = f"{code} {KINDS[code].title}" if code in KINDS else code
    if len(group) == 1:
        for told in (str(group[0]), group[0].text):
            # Some texts begin with their title in capitals, for where they stand alone.
            text = f"{title}: {CAPITALS.sub('', told)}"
            if len(text) <= width and "\n" not in text:
                return text
    concerns = list(dict.fromkeys(name for note in group for name in note.concerns))
    count = f" ({len(group)} times)" if len(group) > 1 else ""
    for shown in range(len(concerns), 0, -1):
        more = len(concerns) - shown
        text = f"{title}: {', '.join(concerns[:shown])}{f' and {more} more' if more else ''}"
        if len(text) <= width:
            return text
    return f"{title}{count}"
