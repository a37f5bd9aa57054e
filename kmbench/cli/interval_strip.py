"""An interval as a strip of characters on a logarithmic scale that shows where 1 is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

__all__ = ["Scale", "scale_of"]

LEAST = 1.25
"""The scale reaches at least this far to one side of 1, so that a hundredth never fills it."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A logarithmic scale from `low` to `high`, which 1 lies between, in `width` characters.

    Attributes
    ----------
    ascii_only : bool
        Whether the terminal can show nothing else.
    """

    low: float
    high: float
    width: int
    ascii_only: bool = False

    def place(self, value: float) -> int:
        """Return the character that a value falls on."""
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return min(max(round(share * (self.width - 1)), 0), self.width - 1)

    def heading(self) -> str:
        """Return a line with a 1 where 1 is."""
        return (" " * self.place(1.0) + "1").ljust(self.width)

    def strip(self, ratio: float | None, low: float | None, high: float | None, style: str = "") -> Text:
        """Draw a ratio and its interval; of what is None only the line at 1."""
        one, line, both, point = ("|", "-", "+", "o") if self.ascii_only else ("│", "━", "┿", "●")
        characters = [" "] * self.width
        if low is not None and high is not None:
            for place in range(self.place(low), self.place(high) + 1):
                characters[place] = line
        at_one = self.place(1.0)
        characters[at_one] = one if characters[at_one] == " " else both
        if ratio is not None:
            characters[self.place(ratio)] = point
        text = Text("".join(characters), style=style)
        if characters[at_one] == one:
            text.stylize("dim", at_one, at_one + 1)
        return text


def scale_of(values: Sequence[float], width: int, *, ascii_only: bool = False) -> Scale:
    """Return a scale that holds all values and 1, with a little room at its ends."""
    low, high = min([1.0, *values]), max([1.0, *values])
    if high / low < LEAST:
        low, high = (low, low * LEAST) if high > 1 / low else (high / LEAST, high)
    room = (high / low) ** 0.04
    return Scale(low / room, high * room, width, ascii_only)
