"""The figure: inertia and every criterion against k, the elbow and the recommended k marked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from kmbench.choosing.result import ChooseResult
from kmbench.figures.axes import bare_axes
from kmbench.figures.style import GOAL, INK, PLACES, PRINTED, RULE
from kmbench.figures.svg import to_svg
from kmbench.whole_file import whole_file

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["choose_figure", "draw", "save_figure"]

LINE, SECOND = PLACES[:2]
TEXT = 9.5


def draw(result: ChooseResult, colours: Mapping[str, str] = MappingProxyType({})) -> Figure:
    """Draw six panels over the same k.

    Parameters
    ----------
    result : ChooseResult
    colours : mapping of str to str
        Replaces the colours of `kmbench.figures.style`; a figure for a page is drawn in these themselves.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 6.6), layout="constrained")
    axes = figure.subplots(3, 2, sharex=True)
    ks = [row.k for row in result.rows]
    ink, first, second, goal = (colours.get(colour, colour) for colour in (INK, LINE, SECOND, GOAL))

    def line(ax: Axes, name: str, error: str = "", colour: str = first, **more: Any) -> None:
        values = np.array([np.nan if getattr(row, name) is None else getattr(row, name) for row in result.rows])
        values = np.where(np.isfinite(values.astype(float)), values.astype(float), np.nan)
        size = 3.5 if len(ks) <= 32 else 0
        more = {"linestyle": "-"} | more
        ax.plot(ks, values, marker="o", color=colour, markersize=size, linewidth=1.3, **more)
        if error:
            spread = np.array([getattr(row, error) or 0.0 for row in result.rows], dtype=float)
            ax.fill_between(ks, values - spread, values + spread, color=colour, alpha=0.18, linewidth=0)

    panels = (
        ("inertia", "inertia", ""),
        ("silhouette", "silhouette", "silhouette_spread"),
        ("calinski_harabasz", "Calinski–Harabasz (higher is better)", ""),
        ("davies_bouldin", "Davies–Bouldin (lower is better)", ""),
        ("bic", "BIC (lower is better)", ""),
        ("stability", "stability of halves", "stability_spread"),
    )
    for ax, (name, title, error) in zip(axes.flat, panels, strict=True):
        line(ax, name, error, label="true, sampled" if name == "silhouette" else None)
        if name == "silhouette":
            line(ax, "silhouette_simplified", colour=second, linestyle=(0, (4, 2)), label="simplified")
            ax.legend(fontsize=TEXT - 1.5, frameon=False, labelcolor=ink)
        if name == "inertia" and result.elbow is not None:
            height = next(row.inertia for row in result.rows if row.k == result.elbow)
            ax.plot([result.elbow], [height], "D", color=second, markersize=6, zorder=4)
            ax.annotate(
                f"elbow {result.elbow}",
                (result.elbow, height),
                xytext=(7, 6),
                textcoords="offset points",
                color=second,
                size=TEXT,
            )
        if result.recommended is not None:
            ax.axvline(result.recommended, color=goal, linewidth=1, linestyle=RULE, zorder=1)
        ax.set_title(title, loc="left", size=TEXT, color=ink)
        ax.yaxis.get_offset_text().set(color=ink, size=TEXT - 1.5)
    _count_from(axes, ks)
    for ax in axes.flat:
        bare_axes(ax, size=TEXT - 1, ink=ink)
    for ax in axes[-1]:
        ax.set_xlabel("number of clusters k", size=TEXT, color=ink)
    return figure


def _count_from(axes: Any, ks: list[int]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

    for ax in axes.flat:
        if ks[-1] > 50 * ks[0]:
            ax.set_xscale("log")
            ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        else:
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda k, _: f"{k:g}"))


def choose_figure(result: ChooseResult) -> Markup:
    """Return the figure as an SVG element for the page."""
    chosen = "none is recommended" if result.recommended is None else f"{result.recommended} is recommended"
    words = f"Inertia and five criteria for {len(result.rows)} numbers of clusters; {chosen}."
    return to_svg(draw(result), "choose-", words)


def save_figure(result: ChooseResult, path: Path) -> None:
    """Write the figure as PNG, SVG or PDF, by the suffix.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with whole_file(path, "give another --output") as temporary:
        draw(result, PRINTED).savefig(temporary, format=path.suffix[1:].lower(), dpi=150, facecolor="white")
