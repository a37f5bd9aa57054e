"""How all figures look: size, ink, a colour, a marker and a dash for each backend, and the way into the page."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from kmbench.figures.svg import svg_element

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "COLOURS",
    "DASHES",
    "HEIGHT",
    "INK",
    "MARKERS",
    "MAX_SERIES",
    "OTHER",
    "PLACES",
    "SAME",
    "TEXT",
    "WIDTH",
    "Drawn",
    "csv_href",
    "legend",
    "log_steps",
    "new_axes",
    "one_per_line",
    "percent",
    "plain_axes",
    "printable",
    "series_of",
    "shortened",
    "tick",
    "to_svg",
]

WIDTH, HEIGHT = 400, 270
"""Points. The width is small so that text is still read where the figure is squeezed into a phone."""

TEXT = 12.5

MAX_SERIES = 8
"""Backends in one figure: as many as there are styles to tell apart."""

INK, SAME, OTHER = "#010203", "#020304", "#030405"
"""Drawn in these, and replaced by the page's own: they follow its light or dark scheme."""

PLACES = tuple(f"#0405{number:02x}" for number in range(1, MAX_SERIES + 1))
"""What the series are drawn in, replaced by the page's own too."""

COLOURS = {INK: "currentColor", SAME: "var(--same)", OTHER: "var(--other)"}
COLOURS |= {place: f"var(--c{number})" for number, place in enumerate(PLACES, start=1)}

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES: tuple[Any, ...] = ("", (5, 2), (2, 1.5), (6, 2, 1.5, 2), (1, 1.5), (8, 3), (4, 1, 1, 1, 1, 1), (3, 3))


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A figure as the template shows it.

    Attributes
    ----------
    anchor : str
        Unique on the page, and the name of its files.
    title : str
        What is drawn.
    finding : str
        What it shows, in a sentence: also the text alternative.
    svg : Markup or None
        Safe as it stands; None where `table` says it.
    caption : str
        How to read it.
    csv : str
        ``data:`` address of what is drawn.
    table : list of list of str
        The head and the rows, where a table says it better.
    """

    anchor: str
    title: str
    finding: str
    svg: Any
    caption: str
    csv: str
    table: Sequence[Sequence[Any]] = ()


def series_of(labels: Iterable[str]) -> list[str]:
    """Return the labels that get a style, in the order of the page: a backend looks alike in all figures."""
    return list(dict.fromkeys(printable(label) for label in labels))[:MAX_SERIES]


def to_svg(figure: Figure, prefix: str, description: str) -> Any:
    """Return a figure as an SVG element for the page."""
    import matplotlib
    from markupsafe import Markup

    settings: Any = {"font.size": TEXT, "text.color": INK}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # The page's own font writes the text; that matplotlib's lacks a character does not matter.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        return Markup(svg_element(figure, prefix, printable(description), COLOURS))


def new_axes(
    height: float = HEIGHT, *, left: float = 62, bottom: float = 42, top: float = 14, right: float = 12
) -> tuple[Figure, Axes]:
    """Return a figure of the page's width with one pair of axes; all in points."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / 72, height / 72))
    place = (left / WIDTH, bottom / height, 1 - (left + right) / WIDTH, 1 - (bottom + top) / height)
    return figure, figure.add_axes(place)


def plain_axes(ax: Axes, x: str, y: str, grid: Literal["both", "x", "y"] = "both") -> None:
    """Take the frame away, and write what the axes hold; the y axis's name stands above it."""
    from matplotlib.ticker import NullLocator

    for axis in (ax.xaxis, ax.yaxis):
        axis.set_minor_locator(NullLocator())
    ax.tick_params(length=0, pad=5, labelsize=TEXT - 1, labelcolor=INK)
    ax.grid(axis=grid, color=INK, alpha=0.14, linewidth=0.8)
    ax.set_axisbelow(True)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_xlabel(x, color=INK, size=TEXT - 1, parse_math=False)
    ax.set_ylabel("")
    ax.set_title(y, loc="left", x=-54 / (WIDTH * ax.get_position().width), color=INK, size=TEXT - 1, parse_math=False)


def legend(ax: Axes, handles: Sequence[Any], labels: Sequence[str]) -> None:
    """Write the legend above the axes, one entry a line, so that none is cut off."""
    found = ax.legend(
        handles, list(labels), loc="lower left", ncols=1, frameon=False, fontsize=TEXT - 1, handletextpad=0.6,
        bbox_to_anchor=(-54 / (WIDTH * ax.get_position().width), 1 + 22 / (HEIGHT - 56)), borderpad=0,
        borderaxespad=0, handlelength=2.4, labelspacing=0.25, labelcolor=INK,
    )  # fmt: skip
    for text in found.get_texts():
        text.set_parse_math(False)


def one_per_line(count: int) -> float:
    """Return the points that a legend of so many entries takes above a figure."""
    return 15.5 * count + 16


def csv_href(frame: pd.DataFrame) -> str:
    """Return a data frame as the address of a CSV file that lies in the page itself."""
    text = frame.to_csv(index=False, float_format="%.9g", lineterminator="\n")
    return "data:text/csv;charset=utf-8," + quote(text.encode("utf-8", "replace"), safe=",:;[]()=.-_@/")


def printable(label: str) -> str:
    """Replace control characters and lone surrogates, which neither XML nor a data frame can hold."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in label)


def shortened(label: str, most: int) -> str:
    """Return a label with its middle left out, where it is longer than `most` characters."""
    if len(label) <= most:
        return label
    return f"{label[: most // 2]}\N{HORIZONTAL ELLIPSIS}{label[-(most // 2 - 1) :]}"


def tick(seconds: float) -> str:
    """Write a time below an axis."""
    if seconds <= 0:
        return "0"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size * 0.9999:
            return f"{seconds / size:.4g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def log_steps(low: float, high: float) -> tuple[float, ...]:
    """Return which multiples of the powers of ten are written on a logarithmic axis, so that it has several ticks."""
    return (1.0,) if high / low > 300 else (1.0, 3.0) if high / low > 12 else (1.0, 2.0, 5.0)


def percent(share: float) -> str:
    """Write a share without needless digits."""
    return f"{100 * share:g}%"
