"""The axes of a figure: where they stand, how they look, and the legend above them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from kmbench.figures.style import HEIGHT, INK, TEXT, WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["axes_below_legend", "bare_axes", "legend", "log_steps", "named_axes", "new_axes"]

SMALL = TEXT - 1

LINE = 15.5
"""Points from one entry of the legend to the next."""

OUT = 54
"""Points from the axes to the figure's left edge, where the y axis's name and the legend begin."""


def new_axes(
    height: float = HEIGHT, *, left: float = 62, bottom: float = 42, top: float = 14, right: float = 12
) -> tuple[Figure, Axes]:
    """Return a figure of the page's width with one pair of axes; all in points."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / 72, height / 72))
    place = (left / WIDTH, bottom / height, 1 - (left + right) / WIDTH, 1 - (bottom + top) / height)
    return figure, figure.add_axes(place)


def axes_below_legend(entries: int) -> tuple[Figure, Axes]:
    """Return a figure whose axes have the usual size, with room above them for a legend of so many entries."""
    top = LINE * entries + 26
    return new_axes(HEIGHT + top - 14, top=top)


def bare_axes(ax: Axes, grid: Literal["both", "x", "y"] = "both", *, size: float = SMALL, ink: str = INK) -> None:
    """Take the frame and the tick marks away, and draw a faint grid below all else.

    Parameters
    ----------
    ax : Axes
        With its scales set: setting one brings minor ticks back.
    grid : {"both", "x", "y"}
        Across which axes lines are drawn.
    size : float
        Of the tick labels, in points.
    ink : str
        Colour of labels and grid.
    """
    from matplotlib.ticker import NullLocator

    for axis in (ax.xaxis, ax.yaxis):
        axis.set_minor_locator(NullLocator())
    ax.tick_params(length=0, pad=5, labelsize=size, labelcolor=ink)
    ax.grid(axis=grid, color=ink, alpha=0.14, linewidth=0.8)
    ax.set_axisbelow(True)
    for spine in ax.spines.values():
        spine.set_visible(False)


def named_axes(ax: Axes, x: str, y: str, grid: Literal["both", "x", "y"] = "both") -> None:
    """Make axes bare, and write what they hold; the y axis's name stands above it."""
    bare_axes(ax, grid)
    ax.set_xlabel(x, color=INK, size=SMALL, parse_math=False)
    ax.set_ylabel("")
    ax.set_title(y, loc="left", x=_left_edge(ax), color=INK, size=SMALL, parse_math=False)


def legend(ax: Axes, handles: Sequence[Any], labels: Sequence[str]) -> None:
    """Write the legend above the axes, one entry a line, so that none is cut off."""
    found = ax.legend(
        handles, list(labels), loc="lower left", ncols=1, frameon=False, fontsize=SMALL, handletextpad=0.6,
        bbox_to_anchor=(_left_edge(ax), 1 + 22 / (HEIGHT - 56)), borderpad=0, borderaxespad=0, handlelength=2.4,
        labelspacing=0.25, labelcolor=INK,
    )  # fmt: skip
    for text in found.get_texts():
        text.set_parse_math(False)


def _left_edge(ax: Axes) -> float:
    """Return where the page's left edge is, in widths of the axes."""
    return -OUT / (WIDTH * ax.get_position().width)


def log_steps(low: float, high: float) -> tuple[float, ...]:
    """Return which multiples of the powers of ten are written on a logarithmic axis, so that it has several ticks."""
    return (1.0,) if high / low > 300 else (1.0, 3.0) if high / low > 12 else (1.0, 2.0, 5.0)
