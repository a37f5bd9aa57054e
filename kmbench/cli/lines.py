"""Tables of one line a row: no name is broken, and what does not fit is left out, the least needed first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

__all__ = ["Column", "fitting", "print_lines", "print_parts", "width_of"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes
    ----------
    heading : str or Text
    cells : sequence of str or Text
    right : bool
        Whether its cells end at the same place, as figures do; else they begin there.
    rank : int
        0: always shown. Where the width does not suffice, the column with the highest rank is left out first.
    """

    heading: str | Text
    cells: Sequence[str | Text]
    right: bool = True
    rank: int = 0

    @property
    def width(self) -> int:
        """Columns of the terminal that its longest cell takes."""
        return max(_text(cell).cell_len for cell in (self.heading, *self.cells))


def width_of(columns: Sequence[Column]) -> int:
    """Return how wide a table of these columns is."""
    return sum(column.width for column in columns) + max(0, len(columns) - 1)


def fitting(columns: Sequence[Column], width: int) -> list[Column]:
    """Return the columns that fit into a width: all of rank 0, and of the others as many as there is room for."""
    shown = list(columns)
    while width_of(shown) > width and (last := max(shown, key=lambda column: column.rank)).rank > 0:
        shown.remove(last)
    return shown


def print_lines(
    console: Console, columns: Sequence[Column], styles: Sequence[str] = (), *, heading_style: str = "dim"
) -> None:
    """Print the columns that fit, a line for each row.

    A first cell that leaves too little room for the rest of its row stands on a line of its own above it.

    Parameters
    ----------
    styles : sequence of str
        Of each row, where they differ.
    """
    shown = fitting(columns, console.width)
    first, rest = shown[0], shown[1:]
    room = max(console.width - width_of(rest) - 1, _text(first.heading).cell_len)
    names = [_text(cell) for cell in first.cells]
    lead = max([_text(first.heading).cell_len, *(name.cell_len for name in names if name.cell_len <= room)])
    _print(console, [(first.heading, lead, first.right), *((one.heading, one.width, one.right) for one in rest)],
           heading_style)  # fmt: skip
    for number, name in enumerate(names):
        style = styles[number] if styles else ""
        if rest and name.cell_len > room:
            _print(console, [(name, name.cell_len, False)], style)
            name = Text()
        cells = [(one.cells[number], one.width, one.right) for one in rest]
        _print(console, [(name, lead, first.right), *cells], style)


def print_parts(console: Console, columns: Sequence[Column], styles: Sequence[str] = ()) -> None:
    """Print all columns: those that do not fit beside the others below them, the first column before each part."""
    first, rest = columns[0], list(columns[1:])
    while rest:
        count = 1
        while count < len(rest) and width_of([first, *rest[: count + 1]]) <= console.width:
            count += 1
        print_lines(console, [first, *rest[:count]], styles)
        rest = rest[count:]


def _print(console: Console, cells: Sequence[tuple[str | Text, int, bool]], style: str) -> None:
    line = Text(style=style)
    for number, (cell, width, right) in enumerate(cells):
        text = _text(cell)
        gap = " " * (width - text.cell_len)
        line.append(" " * (number > 0))
        line.append_text(Text.assemble(gap, text) if right else Text.assemble(text, gap))
    line.rstrip()
    console.print(line, soft_wrap=True, highlight=False)


def _text(cell: str | Text) -> Text:
    return cell if isinstance(cell, Text) else Text(cell)
