"""The figures of the history: one line for each backend and environment over the commits, and version ratios."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kmbench.analysis.history import Versions
from kmbench.figures.axes import bare_axes, new_axes
from kmbench.figures.style import DASHES, INK, MARKERS, MAX_SERIES, PLACES, RULE, TEXT
from kmbench.figures.svg import to_svg
from kmbench.wording import bytes_text, printable, tick_text, times_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_lines", "draw_versions", "lines_svg", "versions_svg"]

HEIGHT = 250
"""Points."""

LOG_ABOVE = 2
"""Largest over smallest value above which the axis is logarithmic."""

LABEL_SHARE = 0.085
"""Least distance of two labels at the ends of lines, as a share of the axis."""

UNITS = {"seconds": tick_text, "bytes": lambda size: bytes_text(round(size)), "x the baseline's": times_text}


def lines_svg(lines: pd.DataFrame, commits: list[str], environments: list[str], prefix: str, description: str) -> Any:
    """Return the lines of one case as an SVG element; see `draw_lines`."""
    return to_svg(draw_lines(lines, commits, environments), f"{prefix}-", description)


def versions_svg(found: list[Versions], prefix: str, description: str) -> Any:
    """Return the comparison of versions as an SVG element; see `draw_versions`."""
    return to_svg(draw_versions(found), f"{prefix}-", description)


def draw_lines(lines: pd.DataFrame, commits: list[str], environments: list[str]) -> Figure:
    """Draw a figure over the commits.

    Parameters
    ----------
    lines : DataFrame
        With ``position``, ``value``, ``line`` (named at its end, told by colour and marker), ``environment_name``
        (told by dashes) and one ``unit``.
    commits : list of str
        The machine's commits by position.
    environments : list of str
        All of the machine's; the first is solid.
    """
    import seaborn as sns
    from matplotlib.ticker import FixedLocator, FuncFormatter

    names = list(dict.fromkeys(lines["line"]))
    figure, ax = new_axes(HEIGHT, left=56, bottom=46, right=108)
    sns.lineplot(
        data=lines, x="position", y="value", hue="line", style="environment_name", estimator=None, ax=ax,
        legend=False, style_order=environments,
        palette=list((PLACES * 9)[: len(names)]), dashes=list((DASHES * 9)[: len(environments)]), linewidth=1.4,
    )  # fmt: skip
    for number, name in enumerate(names):
        own = lines[lines["line"] == name]
        look: Any = {
            "color": PLACES[number % MAX_SERIES],
            "marker": MARKERS[number % MAX_SERIES],
            "linestyle": "none",
            "markersize": 4.5,
        }
        ax.plot(own["position"], own["value"], markeredgewidth=0, **look)
    unit = str(lines["unit"].iloc[0])
    _scale(ax, lines["value"].min(), lines["value"].max(), 2 if unit == "bytes" else 10)
    write = UNITS.get(unit, lambda value: f"{value:.4g}")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))
    step = max(1, -(-len(commits) // 6))
    shown = list(range(0, len(commits), step))
    ax.xaxis.set_major_locator(FixedLocator(shown))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda at, _: commits[int(at)][:7]))
    ax.set_xlim(-0.3, max(len(commits) - 0.7, 0.7))
    _finish(ax)
    ax.tick_params(axis="x", labelrotation=35, labelsize=TEXT - 3)
    _name_ends(ax, lines, names)
    return figure


def _scale(ax: Axes, low: float, high: float, base: int) -> None:
    """Set the axis: logarithmic where the values differ much, else close around them."""
    from matplotlib.ticker import LogLocator, MaxNLocator

    if low > 0 and high / low > LOG_ABOVE:
        ax.set_yscale("log", base=base)
        ax.set_ylim(low / 1.15, high * 1.15)
        ax.yaxis.set_major_locator(LogLocator(base, subs=(1, 2, 5) if base == 10 and high / low < 300 else (1,)))
    else:
        room = 0.12 * (high - low) or 0.05 * abs(high) or 1.0
        ax.set_ylim(low - room, high + room)
        ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))


def _name_ends(ax: Axes, lines: pd.DataFrame, names: list[str]) -> None:
    """Write each line's name beside its end, moved apart where they would lie on one another."""
    ends = []
    for name in names:
        last = lines[lines["line"] == name].sort_values("position").iloc[-1]
        at = ax.transAxes.inverted().transform(ax.transData.transform((last["position"], last["value"])))[1]
        ends.append((float(at), name))
    places: list[float] = []
    for at, _ in sorted(ends):
        places.append(max(at, places[-1] + LABEL_SHARE) if places else at)
    excess = max(0.0, max(places) - 1.0)
    for place, (_, name) in zip(places, sorted(ends), strict=True):
        colour = PLACES[names.index(name) % MAX_SERIES]
        ax.text(
            1.02, place - excess, printable(name), transform=ax.transAxes, va="center", color=colour, size=TEXT - 2
        )


def _finish(ax: Axes) -> None:
    bare_axes(ax, size=TEXT - 2)
    ax.set_xlabel("")
    ax.set_ylabel("")


def draw_versions(found: list[Versions]) -> Figure:
    """Draw, for each backend and environment, its time over that in the pinned one, with the 95 % interval."""
    from matplotlib.ticker import FuncFormatter, LogLocator

    figure, ax = new_axes(44 + 34 * len(found), left=132, bottom=34, top=6, right=18)
    ends = [1.0]
    for place, one in enumerate(found):
        low, high = one.slowdown.low or one.slowdown.ratio, one.slowdown.high or one.slowdown.ratio
        ends += [low, high]
        ax.plot([low, high], [place, place], color=PLACES[0], linewidth=2, solid_capstyle="butt")
        ax.plot([one.slowdown.ratio], [place], color=PLACES[0], marker="o", markersize=7)
    ax.axvline(1.0, color=INK, alpha=0.5, linewidth=0.9, linestyle=RULE)
    ax.set_xscale("log")
    ax.set_xlim(min(*ends, 0.9) / 1.05, max(*ends, 1.1) * 1.05)
    ax.xaxis.set_major_locator(LogLocator(10, subs=(0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 5)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}x"))
    ax.set_ylim(len(found) - 0.4, -0.6)
    ax.set_yticks(range(len(found)), [printable(one.backend) for one in found])
    _finish(ax)
    return figure
