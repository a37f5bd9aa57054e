"""The figure of a case: every sample of every sound backend, with the medians marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kmbench.analysis import CellSummary
from kmbench.analysis.run import RunCase
from kmbench.figures.axes import bare_axes, new_axes
from kmbench.figures.style import INK, OTHER, SAME, TEXT
from kmbench.figures.svg import to_svg
from kmbench.report.sentences import reaches
from kmbench.wording import printable, ratio_text, seconds_text, shortened, tick_text, times_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["MAX_DOTS", "MAX_ROWS", "draw_times", "drawn_rows", "sample_frame", "times_figure"]

MAX_ROWS = 40
"""Backends in one figure; the fastest are drawn."""

MAX_DOTS = 200
"""Samples drawn of one backend; of more, evenly spaced ones of the sorted."""

LOG_ABOVE = 20
"""Longest over shortest time above which the axis is logarithmic."""

ROW, FOOT, MARGIN = 42, 40, 8
"""Points."""

LINE_CHARACTERS = 54
GOLDEN = 0.6180339887

DOTS = {"same": (SAME, "o"), "other": (OTHER, "D")}
"""Colour and shape of a dot by whether the inertia is the reference's."""


def drawn_rows(case: RunCase) -> list[CellSummary]:
    """Return the rows that the figure shows: sound ones alone, the fastest first."""
    return [row for row in case.sound if case.epoch_seconds[row.cell_id]][:MAX_ROWS]


def times_figure(case: RunCase, prefix: str, name: str) -> str | None:
    """Return the figure of a case as an SVG element, or None where no row is sound.

    Parameters
    ----------
    case : RunCase
    prefix : str
        Put before the ids of the SVG.
    name : str
        The case, for the text alternative.
    """
    rows = drawn_rows(case)
    if not rows:
        return None
    medians = ", ".join(f"{row.label} {seconds_text(row.fit_predict_seconds)}" for row in rows)
    return str(to_svg(draw_times(case), prefix, f"Time for fit and labels on {name}, median: {medians}"))


def sample_frame(case: RunCase) -> pd.DataFrame:
    """Return what is drawn: a row for each dot, with its ``label``, ``seconds``, ``height`` and ``inertia``."""
    import pandas as pd

    dots = []
    for position, row in enumerate(drawn_rows(case)):
        samples = _thinned([*case.epoch_seconds[row.cell_id].values()])
        for number, seconds in enumerate(samples):
            spread = 0.0 if len(samples) < 2 else (number * GOLDEN) % 1 - 0.5
            kind = "same" if reaches(row) else "other"
            dots.append(
                {
                    "label": printable(row.label),
                    "seconds": seconds,
                    "height": position + 0.26 * spread,
                    "inertia": kind,
                }
            )
    return pd.DataFrame(dots)


def draw_times(case: RunCase) -> Figure:
    """Draw the figure of a case that has sound rows."""
    import seaborn as sns

    rows, frame = drawn_rows(case), sample_frame(case)
    figure, ax = new_axes(ROW * len(rows) + FOOT, left=0, bottom=FOOT, top=0, right=MARGIN)
    for kind, (colour, marker) in DOTS.items():
        dots = frame[frame["inertia"] == kind]
        if len(dots):  # a call for each kind, so that the SVG holds the shape of the dot once
            look = {"color": colour, "marker": marker, "s": 34, "alpha": 0.65, "linewidth": 0}
            sns.scatterplot(data=dots, x="seconds", y="height", ax=ax, zorder=3, clip_on=False, **look)
    _scale(ax, frame["seconds"].min(), frame["seconds"].max())
    for position, row in enumerate(rows):
        _write_row(ax, position, row)
    ax.set_ylim(len(rows) - 0.62, -0.62)
    ax.yaxis.set_visible(False)
    return figure


def _scale(ax: Axes, low: float, high: float) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

    locator: Any
    logarithmic = high > LOG_ABOVE * low
    if logarithmic:
        ax.set_xscale("log")
        ax.set_xlim(low / 1.2, high * 1.2)
        locator = LogLocator(subs=(1.0, 3.0) if high < 300 * low else (1.0,), numticks=12)
    else:
        ax.set_xlim(0, high * 1.04)
        locator = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10])
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: tick_text(seconds)))
    bare_axes(ax, grid="x")
    ax.set_xlabel("time for fit and labels" + (", log scale" if logarithmic else ""), color=INK, size=TEXT - 1)
    ax.set_ylabel("")


def _write_row(ax: Axes, position: int, row: CellSummary) -> None:
    assert row.fit_predict_seconds is not None
    ax.axhline(position, color=INK, alpha=0.12, linewidth=0.8)
    bar: dict[str, Any] = {"marker": "|", "markersize": 21, "markeredgewidth": 1.8, "color": INK}
    ax.plot([row.fit_predict_seconds], [position], zorder=2, clip_on=False, **bar)
    right = _figures(row)
    place: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "va": "baseline", "parse_math": False}
    place |= {"color": INK, "size": TEXT - 1}
    ax.text(0, position - 0.3, shortened(printable(row.label), LINE_CHARACTERS - len(right)), weight="bold", **place)
    ax.text(1, position - 0.3, right, ha="right", **place)


def _figures(row: CellSummary) -> str:
    """Write the median, and the speed-up where it is one at the same answer."""
    median = seconds_text(row.fit_predict_seconds)
    if not reaches(row):
        return f"{median} · inertia {ratio_text(row.inertia_ratio) or 'not known'}"
    if row.speedup is None:
        return median
    return f"{median} · " + ("baseline" if row.label == row.baseline else times_text(row.speedup))


def _thinned(samples: list[float]) -> list[float]:
    if len(samples) <= MAX_DOTS:
        return samples
    ordered = sorted(samples)
    return [ordered[round(number * (len(ordered) - 1) / (MAX_DOTS - 1))] for number in range(MAX_DOTS)]
