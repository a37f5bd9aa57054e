"""The figure: recall against the time of one query, every nprobe a point, a line for each nlist, targets as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kmbench.figures.axes import named_axes, new_axes
from kmbench.figures.style import COLOURS, GLYPHS, GOAL, INK, MARKERS, MAX_SERIES, PLACES, RULE, TEXT
from kmbench.figures.svg import to_svg
from kmbench.tuning.choice.result import TuneResult
from kmbench.tuning.index.kinds import reranks
from kmbench.tuning.report.words import recall_text, setting_text
from kmbench.wording import seconds_text

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["MOST_CURVES", "draw_curves", "drawn_curves", "legend", "tune_figure"]

HEIGHT = 330
"""Points."""

LOWEST, HIGHEST = 0.4, 0.9995
"""Recalls that are drawn; the axis spreads out towards 1, where the choice is made."""

MOST_CURVES = MAX_SERIES
LEAST_STEP = 1.5
"""Points on the page, in points of type: of nprobes that fall closer together, one is drawn."""


def drawn_curves(result: TuneResult) -> list[int]:
    """Return the curves that are drawn: of each kind and nlist the number of re-ranked candidates that is fastest."""
    settings, target = result.settings, result.asked.recall
    best: dict[tuple[str, int], tuple[tuple[bool, float], int]] = {}
    for number, curve in enumerate(settings.curves):
        own = np.flatnonzero(settings.curve == number)
        first = curve.first_at(target)
        rank = (first is None, float(settings.mean[own[(first or len(own)) - 1]]))
        key = (curve.index, curve.nlist)
        if key not in best or rank < best[key][0]:
            best[key] = (rank, number)
    ordered = sorted(best.values())[:MOST_CURVES]
    chosen = result.choice.option
    numbers = [number for _, number in ordered]
    return sorted(
        numbers, key=lambda number: (settings.curves[number].index != chosen.index, settings.curves[number].nlist)
    )


def tune_figure(result: TuneResult) -> Markup:
    """Return the figure as an SVG element."""
    option = result.choice.option
    lines = ", ".join(_name(result, number) for number in drawn_curves(result))
    description = (
        f"Recall against the expected time of one query, a line for each of {lines}. Recommended: "
        f"{setting_text(option)} with recall {recall_text(option)} in {seconds_text(option.mean_seconds)}."
    )
    return to_svg(draw_curves(result), "tune-", description)


def draw_curves(result: TuneResult) -> Figure:
    """Draw the curves of a result."""
    settings = result.settings
    figure, ax = new_axes(HEIGHT, left=46)
    numbers = drawn_curves(result)
    shown = [np.flatnonzero((settings.curve == number) & (settings.recall >= LOWEST)) for number in numbers]
    shown = [places[: 1 + int(np.searchsorted(settings.recall[places], HIGHEST))] for places in shown]
    times = np.concatenate([settings.mean[places] for places in shown if len(places)] or [settings.mean]) * 1e3
    _scale(ax, float(times.min()), float(times.max()))
    for order, (number, places) in enumerate(zip(numbers, shown, strict=True)):
        if len(places):
            _line(ax, result, number, places, order)
    _targets(ax, result)
    return figure


def _line(ax: Axes, result: TuneResult, number: int, places: NDArray[np.int64], order: int) -> None:
    settings, colour = result.settings, PLACES[order]
    x, y = settings.mean[places] * 1e3, np.clip(settings.recall[places], LOWEST, HIGHEST)
    ax.plot(x, y, color=colour, linewidth=1.2, zorder=2)
    at = ax.transData.transform(np.column_stack([x, y])) * 72 / ax.figure.dpi
    kept, last = [], None
    for place, point in enumerate(at):
        if last is None or np.hypot(*(point - last)) >= LEAST_STEP:
            kept.append(place)
            last = point
    ax.plot(x[kept], y[kept], MARKERS[order], color=colour, markersize=3.2, markeredgewidth=0, zorder=3)


def _targets(ax: Axes, result: TuneResult) -> None:
    option, asked = result.choice.option, result.asked
    place: dict[str, Any]
    rule: dict[str, Any] = {"color": GOAL, "linewidth": 1.1, "linestyle": RULE, "zorder": 1}
    if LOWEST < asked.recall < HIGHEST:
        ax.axhline(asked.recall, **rule)
        place = {"xytext": (2, 4), "textcoords": "offset points", "size": TEXT, "color": GOAL}
        ax.annotate(f"target {asked.recall:g}", (0, asked.recall), xycoords=("axes fraction", "data"), **place)
    low, high = ax.get_xlim()
    if asked.max_latency_seconds is not None and low < 1e3 * asked.max_latency_seconds < high:
        ax.axvline(1e3 * asked.max_latency_seconds, **rule)
        place = {"xytext": (-4, 4), "textcoords": "offset points", "size": TEXT, "color": GOAL, "ha": "right"}
        limit = f"limit {seconds_text(asked.max_latency_seconds)}"
        ax.annotate(limit, (1e3 * asked.max_latency_seconds, 0), xycoords=("data", "axes fraction"), **place)
    x, y = option.mean_seconds * 1e3, min(max(option.recall, LOWEST), HIGHEST)
    ax.plot([x], [y], "o", markersize=12, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=1.6, zorder=4)
    left = x > np.sqrt(low * high)
    kind = "" if option.index == "flat" else f"{option.index}\n"
    place = {"textcoords": "offset points", "size": TEXT, "weight": "bold", "color": INK, "zorder": 5}
    right_below = {"xytext": (10, -8), "ha": "left", "va": "top"}
    place |= {"xytext": (-10, 9), "ha": "right", "va": "bottom"} if left else right_below
    work = f"{option.scanned:,.0f} vectors scanned\n99 % of queries up to {option.scanned_p99:,.0f}"
    ax.annotate(f"{kind}nlist {option.nlist}, nprobe {option.nprobe}\n{work}", (x, y), **place)


def _scale(ax: Axes, low: float, high: float) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator

    def spread(recall: Any) -> Any:
        return -np.log10(np.maximum(1 - np.asarray(recall, dtype=float), 1e-9))

    def back(height: Any) -> Any:
        return 1 - 10.0 ** -np.asarray(height, dtype=float)

    ax.set_yscale("function", functions=(spread, back))
    ax.set_ylim(LOWEST - 0.02, 0.9997)
    ax.yaxis.set_major_locator(FixedLocator([0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda recall, _: f"{recall:g}"))
    ax.set_xscale("log")
    ax.set_xlim(low / 1.1, high * 1.1)
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 200 * low else (1.0,), numticks=14))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda milliseconds, _: seconds_text(milliseconds / 1e3)))
    named_axes(ax, "expected time of one query, log scale", "")


def _name(result: TuneResult, number: int) -> str:
    curve = result.settings.curves[number]
    kind = "" if curve.index == "flat" else f"{curve.index} "
    factor = f" k_factor {curve.k_factor}" if reranks(curve.index) else ""
    return f"{kind}nlist {curve.nlist}{factor}"


def legend(result: TuneResult) -> list[tuple[str, str, str]]:
    """Return name, colour and shape of each line, for the page's key."""
    return [
        (_name(result, number), COLOURS[PLACES[order]], GLYPHS[order])
        for order, number in enumerate(drawn_curves(result))
    ]
