"""Figures of threads and of all cases at once: thread scaling with efficiency, performance profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kmbench.analysis.grids import thread_frame
from kmbench.analysis.tradeoff import performance_profile
from kmbench.figures.axes import axes_below_legend, legend, named_axes
from kmbench.figures.drawn import Drawn, csv_href
from kmbench.figures.style import DASHES, INK, MARKERS, PLACES, RULE, series_of
from kmbench.figures.svg import to_svg
from kmbench.wording import dataset_name, percent_text, printable, shortened, times_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["draw_profile", "draw_threads", "profile_figure", "thread_figures"]

MAX_PANELS = 2


def thread_figures(cells: pd.DataFrame, epochs: Mapping[str, Sequence[float]], order: Sequence[str]) -> list[Drawn]:
    """Return the speed-up with more threads, for the cases that were measured with several counts."""
    frame = thread_frame(cells, epochs)
    drawn = []
    for number, (_, own) in enumerate(frame.groupby("panel", sort=True), start=1):
        if number > MAX_PANELS:
            break
        most = own["threads"].max()
        last = own[own["threads"] == most].sort_values("efficiency", ascending=False)
        best, worst = last.iloc[0], last.iloc[-1]
        finding = f"With {most} threads {printable(best['label'])} is {times_text(best['speedup'])} as fast as with "
        finding += f"{own['threads'].min()} (efficiency {best['efficiency']:.0%})"
        if len(last) > 1:
            finding += f", {printable(worst['label'])} {times_text(worst['speedup'])} ({worst['efficiency']:.0%})"
        first, anchor = own.iloc[0], f"threads-{number}"
        size = f"{first['n']:,} x {first['d']}, k = {first['k']:,}"
        drawn.append(
            Drawn(
                anchor=anchor,
                title=f"Threads: {printable(dataset_name(str(first['dataset'])).partition(':')[0])}, {size}",
                finding=f"{finding}.",
                svg=to_svg(draw_threads(own, order), f"{anchor}-", f"Speed-up with more threads. {finding}."),
                caption="Speed-up over the fewest threads; bars are 95% intervals (Welch's: other thread counts did "
                "not take turns). The dashed line is as many times as fast as there are more threads: efficiency "
                "100%.",
                csv=csv_href(
                    (frame if number == 1 else own).assign(dataset=lambda f: f["dataset"].map(dataset_name))
                ),
            )
        )
    return drawn


def draw_threads(frame: pd.DataFrame, order: Sequence[str]) -> Figure:
    """Draw one panel: speed-up against threads, a line for each backend."""
    import seaborn as sns
    from matplotlib.ticker import FixedLocator, FuncFormatter

    labels = [label for label in series_of(order) if label in set(map(printable, frame["label"]))]
    fig, ax = axes_below_legend(len(labels))
    counts = sorted(set(frame["threads"]))
    ax.plot(counts, [count / counts[0] for count in counts], color=INK, linewidth=1.2, linestyle=RULE, alpha=0.7)
    handles, names = [], []
    for number, label in enumerate(labels):
        place = series_of(order).index(label)
        own = frame[frame["label"].map(printable) == label].sort_values("threads")
        # Side by side where several stand at the same count, so that their intervals are read.
        moved = own.assign(threads=own["threads"] * 1.02 ** (number - (len(labels) - 1) / 2))
        look: dict[str, Any] = {"color": PLACES[place], "marker": MARKERS[place], "linewidth": 1.6, "markersize": 6}
        sns.lineplot(
            data=moved, x="threads", y="speedup", ax=ax, errorbar=None, markeredgewidth=0, legend=False, **look
        )
        line = ax.lines[-1]
        if DASHES[place]:
            line.set_dashes(DASHES[place])
        bars = moved[moved["speedup_low"].notna()]
        ax.vlines(bars["threads"], bars["speedup_low"], bars["speedup_high"], color=PLACES[place], linewidth=1.4)
        handles.append(line)
        names.append(f"{shortened(label, 28)}  efficiency {own['efficiency'].iloc[-1]:.0%}")
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_locator(FixedLocator([float(count) for count in counts]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:.0f}"))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}x"))
    named_axes(ax, "threads", "speed-up over the fewest threads")
    legend(ax, handles, names)
    return fig


def profile_figure(cells: pd.DataFrame, order: Sequence[str]) -> Drawn | None:
    """Return the performance profile of the backends that were asked for in every case."""
    frame = performance_profile(cells)
    if frame.empty:
        return None
    count = cells.loc[cells["protocol"] != "target", "case_id"].nunique()
    firsts = frame[frame["factor"] == 1].groupby("label", sort=False)["share"].max().sort_values(ascending=False)
    solved = frame.groupby("label", sort=False)["share"].max()
    best = firsts.index[0]
    finding = f"{printable(str(best))} has the lowest median time in {firsts.iloc[0]:.0%} of the {count} cases"
    failing = [f"{printable(str(label))} solves {share:.0%}" for label, share in solved.items() if share < 1]
    finding += f"; {', '.join(failing[:3])}." if failing else ", and all backends solve every case."
    return Drawn(
        anchor="profile",
        title="Performance profile over all cases",
        finding=finding,
        svg=to_svg(draw_profile(frame, order), "profile-", f"Performance profile. {finding}"),
        caption="Share of the cases that a backend solves within a factor of the fastest: higher and further left "
        "is better. A run that does not reach the inertia of the reference, fails or cannot run does not count as "
        "solved, however fast it is. Only backends that were requested in every case take part. Times are "
        "medians, so a lead may be inconclusive.",
        csv=csv_href(frame),
    )


def draw_profile(frame: pd.DataFrame, order: Sequence[str]) -> Figure:
    """Draw the steps, the factor on a logarithmic axis."""
    from matplotlib.ticker import FixedLocator, FuncFormatter

    labels = [label for label in series_of(order) if label in set(map(printable, frame["label"]))]
    fig, ax = axes_below_legend(len(labels))
    high = max(2.0, float(frame["factor"].max())) * 1.15
    handles, names = [], []
    for label in labels:
        place = series_of(order).index(label)
        own = frame[frame["label"].map(printable) == label]
        x, y = [*own["factor"], high], [*own["share"], own["share"].iloc[-1]]
        look: dict[str, Any] = {"color": PLACES[place], "linewidth": 1.8, "marker": MARKERS[place], "markersize": 5}
        (line,) = ax.step(x, y, where="post", markeredgewidth=0, clip_on=False, markevery=range(len(own)), **look)
        if DASHES[place]:
            line.set_dashes(DASHES[place])
        handles.append(line)
        names.append(shortened(label, 40))
    ax.set_xscale("log")
    ax.set_xlim(1, high)
    ax.set_ylim(0, 1.02)
    factors = [f for f in (1, 1.2, 1.5, 2, 3, 5, 10, 20, 50, 100, 1000, 10_000) if f <= high]
    factors = factors if len(factors) < 7 else [f for f in factors if f not in (1.2, 1.5, 3, 20)]
    ax.xaxis.set_major_locator(FixedLocator([float(f) for f in factors]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda factor, _: f"{factor:g}x"))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda share, _: percent_text(round(share, 6))))
    named_axes(ax, "times the fastest, log scale", "share of the cases solved")
    legend(ax, handles, names)
    return fig
