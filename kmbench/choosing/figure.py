"""The figure: inertia and every criterion against k, the elbow and the recommended k marked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kmbench.choosing.result import ChooseResult
from kmbench.figures.svg import svg_element
from kmbench.whole_file import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["choose_figure", "draw", "save_figure"]

INK, LINE, MARK, SECOND = "#010203", "#020304", "#030405", "#040506"
"""Drawn in these on a page, and replaced by colours that are read on light and dark paper."""

SHOWN = {INK: "currentColor", LINE: "#2f83c4", MARK: "var(--bad)", SECOND: "#d1720c"}
PRINTED = {INK: "#1d2127", LINE: "#0072b2", MARK: "#a3231f", SECOND: "#c25a00"}
TEXT = 9.5


def draw(result: ChooseResult, colours: dict[str, str]) -> Figure:
    """Draw six panels over the same k.

    Parameters
    ----------
    result : ChooseResult
    colours : dict
        For `INK`, `LINE`, `MARK` and `SECOND`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 6.6), layout="constrained")
    axes = figure.subplots(3, 2, sharex=True)
    ks = [row.k for row in result.rows]

    def line(ax: Axes, name: str, error: str = "", colour: str = LINE, **more: Any) -> None:
        values = np.array([np.nan if getattr(row, name) is None else getattr(row, name) for row in result.rows])
        values = np.where(np.isfinite(values.astype(float)), values.astype(float), np.nan)
        size = 3.5 if len(ks) <= 32 else 0
        more = {"linestyle": "-"} | more
        ax.plot(ks, values, marker="o", color=colours[colour], markersize=size, linewidth=1.3, **more)
        if error:
            spread = np.array([getattr(row, error) or 0.0 for row in result.rows], dtype=float)
            ax.fill_between(ks, values - spread, values + spread, color=colours[colour], alpha=0.18, linewidth=0)

    panels = (
        ("inertia", "inertia", ""),
        ("silhouette", "silhouette", "silhouette_spread"),
        ("calinski_harabasz", "Calinski–Harabasz (larger is better)", ""),
        ("davies_bouldin", "Davies–Bouldin (smaller is better)", ""),
        ("bic", "BIC (smaller is better)", ""),
        ("stability", "stability of halves", "stability_spread"),
    )
    for ax, (name, title, error) in zip(axes.flat, panels, strict=True):
        line(ax, name, error, label="true, sampled" if name == "silhouette" else None)
        if name == "silhouette":
            line(ax, "silhouette_simplified", colour=SECOND, linestyle=(0, (4, 2)), label="simplified")
            ax.legend(fontsize=TEXT - 1.5, frameon=False, labelcolor=colours[INK])
        if name == "inertia" and result.elbow is not None:
            height = next(row.inertia for row in result.rows if row.k == result.elbow)
            ax.plot([result.elbow], [height], "D", color=colours[SECOND], markersize=6, zorder=4)
            ax.annotate(
                f"elbow {result.elbow}",
                (result.elbow, height),
                xytext=(7, 6),
                textcoords="offset points",
                color=colours[SECOND],
                size=TEXT,
            )
        if result.recommended is not None:
            ax.axvline(result.recommended, color=colours[MARK], linewidth=1, linestyle=(0, (4, 3)), zorder=1)
        ax.set_title(title, loc="left", size=TEXT, color=colours[INK])
        ax.tick_params(length=0, labelsize=TEXT - 1, labelcolor=colours[INK])
        ax.grid(color=colours[INK], alpha=0.13, linewidth=0.8)
        ax.yaxis.get_offset_text().set(color=colours[INK], size=TEXT - 1.5)
        for spine in ax.spines.values():
            spine.set_visible(False)
    _count_from(axes, ks)
    for ax in axes[-1]:
        ax.set_xlabel("number of clusters k", size=TEXT, color=colours[INK])
    return figure


def _count_from(axes: Any, ks: list[int]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    for ax in axes.flat:
        if ks[-1] > 50 * ks[0]:
            ax.set_xscale("log")
            ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            ax.xaxis.set_minor_locator(NullLocator())
        else:
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda k, _: f"{k:g}"))


def choose_figure(result: ChooseResult) -> str:
    """Return the figure as an SVG element for the page."""
    chosen = "none is recommended" if result.recommended is None else f"{result.recommended} is recommended"
    words = f"Inertia and five criteria for {len(result.rows)} numbers of clusters; {chosen}."
    return svg_element(draw(result, {name: name for name in SHOWN}), "choose-", words, SHOWN)


def save_figure(result: ChooseResult, path: Path) -> None:
    """Write the figure as PNG, SVG or PDF, by the suffix.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with whole_file(path, "give another --output") as temporary:
        draw(result, PRINTED).savefig(temporary, format=path.suffix[1:].lower(), dpi=150, facecolor="white")
