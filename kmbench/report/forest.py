"""The forest plot: of every case the speed-ups with their intervals around 1, on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kmbench.analysis import CellSummary
from kmbench.analysis.run import RunCase
from kmbench.comparison import MARGIN
from kmbench.figures.axes import bare_axes, log_steps, new_axes
from kmbench.figures.drawn import Drawn, csv_href
from kmbench.figures.style import INK, OTHER, PLACES, SAME, TEXT
from kmbench.figures.svg import to_svg
from kmbench.records import Status
from kmbench.report.sentences import FAILED, case_name, reaches
from kmbench.wording import count_text, interval_text, printable, range_text, shortened, times_text

if TYPE_CHECKING:
    import pandas as pd
    from markupsafe import Markup
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ForestCase", "draw_on", "forest_cases", "forest_figure", "forest_frame", "thumbnail"]

MAX_ROWS, MAX_THUMBNAIL_ROWS = 60, 24
"""Rows that are drawn; those of the first cases."""

ROW, HEAD, FOOT, MARGIN_RIGHT = 30, 26, 44, 8
"""Points."""

LINE_CHARACTERS = 58

PRINTED = MappingProxyType({INK: "0.15", SAME: "#0072b2", OTHER: "#c25a00", PLACES[2]: "0.5"})
"""Colours where the figure stands outside of a page, whose style sheet has its own."""


@dataclass(frozen=True, slots=True)
class ForestCase:
    """A case with the rows that are drawn, the fastest first, and why each other row is not.

    Attributes
    ----------
    rows : list of CellSummary
        Those with a speed-up over another backend.
    apart : list of tuple of (str, str)
        Label and reason of each row that cannot be compared.
    """

    name: str
    baseline: str
    rows: list[CellSummary]
    apart: list[tuple[str, str]]


def forest_cases(cases: Sequence[RunCase], names: Mapping[str, str] = MappingProxyType({})) -> list[ForestCase]:
    """Return what is drawn of each case in which something can be compared."""
    found = []
    for case in cases:
        rows = [row for row in case.sound if row.speedup is not None and row.label != row.baseline]
        if not rows:
            continue
        rows.sort(key=lambda row: -(row.speedup or 0.0))
        drawn = {row.label for row in rows}
        apart = [(row.label, _why(row)) for row in case.rows if row.label not in {*drawn, rows[0].baseline}]
        name = names.get(case.lead.case_id) or case_name(case.lead)
        found.append(ForestCase(f"{name}, {case.run}" if case.run else name, str(rows[0].baseline), rows, apart))
    return found


def forest_frame(cases: Sequence[ForestCase]) -> pd.DataFrame:
    """Return what is drawn: a row for each point, with both ends of its interval."""
    import pandas as pd

    columns = ["case", "label", "baseline", "speedup", "speedup_low", "speedup_high", "verdict", "inertia_ratio"]
    points = [
        [printable(case.name), printable(row.label), case.baseline, row.speedup, row.speedup_low, row.speedup_high,
         "" if row.verdict is None else row.verdict.value, row.inertia_ratio]
        for case in cases
        for row in case.rows
    ]  # fmt: skip
    return pd.DataFrame(points, columns=columns)


def forest_figure(cases: Sequence[ForestCase]) -> Drawn | None:
    """Return the figure for the page, or None where nothing can be compared."""
    shown = _first(cases, MAX_ROWS)
    if not shown:
        return None
    bases = " or ".join(dict.fromkeys(case.baseline for case in cases))
    told = [f"{row.label} {_ratio(row)} {row.verdict or ''}".strip() for case in shown for row in case.rows]
    by_case = "; ".join(f"on {case.name}: {', '.join(_told(case))}" for case in shown)
    count = count_text(len(told), "speed-up")
    caption = [
        f"Right of 1 is faster than {bases}. Points with their 95 % intervals on a logarithmic scale; the shaded "
        f"range within {MARGIN:.0%} of 1 is too small a difference to change engines for."
    ]
    if not all(reaches(row) for case in shown for row in case.rows):
        caption.append("Diamonds mark an inertia that differs from the reference: their speed-up costs quality.")
    if len(shown) < len(cases) or sum(len(case.rows) for case in shown) < sum(len(case.rows) for case in cases):
        caption.append(f"The first {MAX_ROWS} rows are drawn; all are in the CSV.")
    return Drawn(
        anchor="speedups",
        title=f"Speed-up over {bases}",
        finding=_finding(shown, bases),
        svg=to_svg(_draw(shown), "forest-", f"{count} over {bases} with 95 % intervals; {by_case}"),
        caption=" ".join(caption),
        csv=csv_href(forest_frame(cases)),
    )


def thumbnail(cases: Sequence[ForestCase], prefix: str) -> Markup | None:
    """Return the figure in small, without names, or None where nothing can be compared."""
    from matplotlib.figure import Figure

    shown = _first(cases, MAX_THUMBNAIL_ROWS)
    if not shown:
        return None
    rows = [row for case in shown for row in case.rows]
    figure = Figure(figsize=(130 / 72, (9 * len(rows) + 12) / 72))
    ax = figure.add_axes((0.02, 0.02, 0.96, 0.96))
    _marks(ax, rows, list(range(len(rows))), MappingProxyType({}), size=3.5)
    ax.set_ylim(len(rows) - 0.3, -0.7)
    ax.set_axis_off()
    faster = sum(row.verdict is not None and row.verdict.value == "faster" for row in rows)
    text = f"{count_text(len(rows), 'speed-up')} over {shown[0].baseline}, {faster} of them faster"
    return to_svg(figure, prefix, text)


def draw_on(ax: Axes, cases: Sequence[ForestCase]) -> None:
    """Draw all cases on axes of any size, names beside them, as in a notebook."""
    heights: list[float] = []
    names: list[str] = []
    height = 0.0
    for case in cases:
        if len(cases) > 1:
            ax.text(0, height, case.name, transform=ax.get_yaxis_transform(), va="center", weight="bold",
                    parse_math=False, color=PRINTED[INK])  # fmt: skip
            height += 1
        for row in case.rows:
            heights.append(height)
            names.append(printable(row.label))
            height += 1
    rows = [row for case in cases for row in case.rows]
    _marks(ax, rows, heights, PRINTED, size=6)
    ax.set_yticks(heights, names)
    for label in ax.get_yticklabels():
        label.set_parse_math(False)
    ax.set_ylim(height - 0.4, -0.6)
    bare_axes(ax, grid="x", ink=PRINTED[INK], size=10)
    bases = " or ".join(dict.fromkeys(case.baseline for case in cases))
    ax.set_xlabel(f"speed-up over {bases}, 95 % interval", color=PRINTED[INK], parse_math=False)


def _draw(cases: Sequence[ForestCase]) -> Figure:
    rows = [row for case in cases for row in case.rows]
    total = ROW * len(rows) + HEAD * len(cases)
    figure, ax = new_axes(total + FOOT, left=0, bottom=FOOT, top=0, right=MARGIN_RIGHT)
    place: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "va": "baseline", "parse_math": False}
    place |= {"color": INK, "size": TEXT - 1.5}
    heights, height = [], 0.0
    for case in cases:
        height += HEAD
        ax.text(0, height - 9, shortened(printable(case.name), LINE_CHARACTERS), weight="bold", **place)
        for row in case.rows:
            height += ROW
            heights.append(height - 8)
            figures = _figures(row)
            label = shortened(printable(row.label), LINE_CHARACTERS - len(figures))
            ax.text(0, height - 16, label, **place)
            ax.text(1, height - 16, figures, ha="right", **place)
    _marks(ax, rows, heights, MappingProxyType({}), size=6.5)
    ax.set_ylim(total + 4, 0)
    bare_axes(ax, grid="x")
    ax.yaxis.set_visible(False)
    ax.set_xlabel("speed-up, log scale: right of 1 is faster", color=INK, size=TEXT - 1.5)
    return figure


def _marks(
    ax: Axes, rows: Sequence[CellSummary], heights: Sequence[float], colours: Mapping[str, str], size: float
) -> None:
    """Draw points and intervals at heights, the margin around 1, and set the scale."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator

    ink, same, other = (colours.get(colour, colour) for colour in (INK, SAME, OTHER))
    known = [value for row in rows for value in (row.speedup, row.speedup_low, row.speedup_high) if value]
    low, high = min([*known, 1 / 1.2]), max([*known, 1.2])
    room = (high / low) ** 0.05
    ax.set_xscale("log")
    ax.set_xlim(low / room, high * room)
    ax.axvspan(1 / (1 + MARGIN), 1 + MARGIN, color=colours.get(PLACES[2], PLACES[2]), alpha=0.22, linewidth=0)
    ax.axvline(1, color=ink, linewidth=1.1)
    for row, height in zip(rows, heights, strict=True):
        assert row.speedup is not None
        colour, marker = (same, "o") if reaches(row) else (other, "D")
        if row.speedup_low is not None and row.speedup_high is not None:
            ax.plot([row.speedup_low, row.speedup_high], [height] * 2, color=colour, linewidth=2.2,
                    solid_capstyle="butt", label="_interval")  # fmt: skip
        ax.plot([row.speedup], [height], marker, color=colour, markersize=size, linestyle="none", label="_point")
    if high / low > 2.5:
        ax.xaxis.set_major_locator(LogLocator(subs=log_steps(low, high), numticks=12))
    else:  # less than half a decade, of which LogLocator writes too little
        ax.xaxis.set_major_locator(FixedLocator([0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}x"))


def _first(cases: Sequence[ForestCase], most: int) -> list[ForestCase]:
    """Return the first cases, so many that they have at most so many rows together."""
    shown: list[ForestCase] = []
    room = most
    for case in cases:
        if room <= 0:
            break
        shown.append(ForestCase(case.name, case.baseline, case.rows[:room], case.apart))
        room -= len(case.rows)
    return shown


def _finding(cases: Sequence[ForestCase], bases: str) -> str:
    rows = [row for case in cases for row in case.rows]
    verdicts = [row.verdict.value for row in rows if row.verdict is not None and row.speedup_low is not None]
    counts = [f"{verdicts.count(word)} {word}" for word in ("faster", "equivalent", "slower", "inconclusive")]
    told = ", ".join(count for count in counts if not count.startswith("0 "))
    return f"Of {count_text(len(rows), 'comparison')} with {bases}: {told or 'one epoch each, so no verdict'}."


def _told(case: ForestCase) -> list[str]:
    return [f"{row.label} {_ratio(row)} {row.verdict or ''}".strip() for row in case.rows]


def _ratio(row: CellSummary) -> str:
    assert row.speedup is not None
    return interval_text(row.speedup, row.speedup_low, row.speedup_high, " to ")


def _figures(row: CellSummary) -> str:
    assert row.speedup is not None
    if row.speedup_low is None or row.speedup_high is None:
        return f"{times_text(row.speedup)}, 1 epoch"
    return f"{times_text(row.speedup)}  {range_text(row.speedup_low, row.speedup_high, '–')}"


def _why(row: CellSummary) -> str:
    if row.status is not Status.OK:
        return FAILED[row.status]
    return "shares no epoch with the baseline" if row.baseline is None else "has no speed-up"
