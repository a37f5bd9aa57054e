"""How all figures look: their size, the ink, and a colour, a marker and a dash for each series."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kmbench.wording import printable

__all__ = [
    "COLOURS",
    "DASHES",
    "GLYPHS",
    "GOAL",
    "HEIGHT",
    "INK",
    "MARKERS",
    "MAX_SERIES",
    "OTHER",
    "PLACES",
    "PRINTED",
    "RULE",
    "SAME",
    "TEXT",
    "WIDTH",
    "series_of",
]

WIDTH, HEIGHT = 400, 270
"""Points. The width is small so that text is still read where the figure is squeezed into a phone."""

TEXT = 12.5

MAX_SERIES = 8
"""Backends in one figure: as many as there are styles to tell apart."""

INK, SAME, OTHER, GOAL = "#010203", "#020304", "#030405", "#060708"
"""Drawn in these, and replaced by the page's own: they follow its light or dark scheme."""

PLACES = tuple(f"#0405{number:02x}" for number in range(1, MAX_SERIES + 1))
"""What the series are drawn in, replaced by the page's own too."""

COLOURS = {INK: "currentColor", SAME: "var(--same)", OTHER: "var(--other)", GOAL: "var(--bad)"}
COLOURS |= {place: f"var(--c{number})" for number, place in enumerate(PLACES, start=1)}
"""From what a figure is drawn in to the page's colours, whose values are in ``templates/page.css``."""

PRINTED = {INK: "#1d2127", GOAL: "#a3231f", PLACES[0]: "#0072b2", PLACES[1]: "#c25a00"}
"""For a figure in a file of its own, on white: the page's light scheme."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
GLYPHS = ("●", "■", "▲", "◆", "▼", "✚", "✖", "★")
"""The markers as text, for a key beside the figure."""

DASHES: tuple[Any, ...] = ("", (5, 2), (2, 1.5), (6, 2, 1.5, 2), (1, 1.5), (8, 3), (4, 1, 1, 1, 1, 1), (3, 3))

RULE: Any = (0, (4, 3))
"""Dashes of a line that is no series: a target, the ideal, the input."""


def series_of(labels: Iterable[str]) -> list[str]:
    """Return the labels that get a style, in the order of the page: a backend looks alike in all figures."""
    return list(dict.fromkeys(printable(label) for label in labels))[:MAX_SERIES]
