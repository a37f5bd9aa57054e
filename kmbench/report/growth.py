"""Figures of what grows with rows, columns or clusters: time, time per iteration, memory, and what a budget buys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kmbench.analysis.powerlaw import PowerLaw
from kmbench.analysis.scaling import AXES, budget_frame, scaling_frame, scaling_laws
from kmbench.figures.axes import axes_below_legend, legend, log_steps, named_axes
from kmbench.figures.drawn import Drawn, csv_href
from kmbench.figures.style import DASHES, INK, MARKERS, PLACES, RULE, series_of
from kmbench.figures.svg import to_svg
from kmbench.wording import (
    bytes_text,
    count_text,
    dataset_name,
    printable,
    seconds_text,
    shortened,
    threads_text,
    tick_text,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["budget_table", "draw_growth", "growth_figures", "growth_of", "memory_figures"]

MAX_PANELS = 2
"""Panels drawn for one axis; the others are in its CSV."""

NAMES = {"n": "rows n", "d": "columns d", "k": "clusters k"}


def growth_figures(cells: pd.DataFrame, order: Sequence[str]) -> list[Drawn]:
    """Return time against n, d and k, and time per iteration against k, as far as the cells have them."""
    figures = []
    for axis in AXES:
        frame = scaling_frame(cells, axis)
        figures += growth_of(frame, axis, "seconds", order)
        if axis == "k":
            figures += growth_of(frame[frame["iteration_seconds"].notna()], axis, "iteration_seconds", order)
    return figures


def memory_figures(cells: pd.DataFrame, order: Sequence[str]) -> list[Drawn]:
    """Return the peak of extra memory against n, with the size of the input."""
    frame = scaling_frame(cells, "n")
    known = frame[frame["peak_extra_bytes"].notna() & (frame["peak_extra_bytes"] > 0)]
    return growth_of(known, "n", "peak_extra_bytes", order)


def growth_of(frame: pd.DataFrame, axis: str, column: str, order: Sequence[str]) -> list[Drawn]:
    """Return the figures of the largest panels of a scaling frame."""
    what = {"seconds": "Time", "iteration_seconds": "Time per iteration", "peak_extra_bytes": "Memory"}[column]
    laws = scaling_laws(frame, column)
    drawn = []
    sizes = {number: len(set(frame.loc[frame["panel"] == number, "x"])) for number in sorted(set(frame["panel"]))}
    panels = [number for number, count in sizes.items() if count > 1]
    # A panel of two sizes proves no law: it is drawn only where there is no larger one.
    panels = [panel for panel in panels if sizes[panel] > 2] or panels[:1]
    for number, panel in enumerate(panels[:MAX_PANELS], start=1):
        own = frame[frame["panel"] == panel]
        anchor = f"{what.lower().replace(' ', '-')}-{axis}-{number}"
        finding = _finding(own, axis, column, laws)
        figure = draw_growth(own, axis, column, laws, order)
        drawn.append(
            Drawn(
                anchor=anchor,
                title=f"{what} against {NAMES[axis]}: {_fixed(own, axis)}",
                finding=finding,
                svg=to_svg(figure, f"{anchor}-", f"{what} against {NAMES[axis]}. {finding}"),
                caption=_caption(axis, column, panels, number),
                csv=csv_href(frame if number == 1 else own),
            )
        )
    return drawn


def draw_growth(
    frame: pd.DataFrame, axis: str, column: str, laws: Mapping[Any, PowerLaw], order: Sequence[str]
) -> Figure:
    """Draw one panel, both axes logarithmic: a line for each backend, a bar from its fastest to its slowest epoch."""
    import seaborn as sns
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator

    labels = [label for label in series_of(order) if label in set(map(printable, frame["label"]))]
    memory = column == "peak_extra_bytes"
    fig, ax = axes_below_legend(len(labels) + memory)
    handles, names = [], []
    for label in labels:
        place = series_of(order).index(label)
        own = frame[frame["label"].map(printable) == label].sort_values("x")
        look: dict[str, Any] = {"color": PLACES[place], "marker": MARKERS[place], "linewidth": 1.6, "markersize": 5.5}
        sns.lineplot(data=own, x="x", y=column, ax=ax, errorbar=None, markeredgewidth=0, legend=False, **look)
        line = ax.lines[-1]
        if DASHES[place]:
            line.set_dashes(DASHES[place])
        if column == "seconds":
            low, high = own["seconds_low"], own["seconds_high"]
            ax.vlines(own["x"], low, high, color=PLACES[place], linewidth=1.2, alpha=0.8)
        law = laws.get((frame["panel"].iloc[0], _raw(own)))
        handles.append(line)
        names.append(shortened(label, 26) + ("" if law is None else f"  {_exponent(law, axis)}"))
    if memory:
        sizes = frame.drop_duplicates("x").sort_values("x")
        (line,) = ax.plot(sizes["x"], sizes["input_bytes"], color=INK, linewidth=1.2, linestyle=RULE)
        handles.append(line)
        names.append("the input itself, float32")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ticks = sorted(set(frame["x"]))
    shown = [x for i, x in enumerate(ticks) if len(ticks) < 6 or (len(ticks) - 1 - i) % 2 == 0]
    ax.xaxis.set_major_locator(FixedLocator([float(x) for x in shown]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _size(x) if x % 100 == 0 else f"{x:,.0f}"))
    write = (lambda y, _: bytes_text(int(y))) if memory else (lambda y, _: tick_text(y))
    ax.yaxis.set_major_formatter(FuncFormatter(write))
    if memory:
        _binary_ticks(ax, frame)
    else:
        bottom, top = ax.get_ylim()
        ax.yaxis.set_major_locator(LogLocator(subs=log_steps(bottom, top), numticks=12))
    named_axes(ax, f"{NAMES[axis]}, log scale", _above(column))
    legend(ax, handles, names)
    return fig


def budget_table(cells: pd.DataFrame, order: Sequence[str], memory_bytes: int | None) -> Drawn | None:
    """Return how many rows each backend clusters within a second, half a minute, five minutes and an hour."""
    frame = scaling_frame(cells, "n")
    budgets = budget_frame(frame)
    budgets = budgets[budgets["panel"] == 0]
    if budgets.empty:
        return None
    times = sorted(set(budgets["budget_seconds"]))
    rows: list[list[Any]] = [["backend", *(f"within {_budget(seconds)}" for seconds in times)]]
    for label in dict.fromkeys([*order, *budgets["label"]]):
        own = budgets[budgets["label"] == label].set_index("budget_seconds")
        if len(own):
            rows.append(
                [printable(label), *(_reached(own.loc[t], memory_bytes) if t in own.index else "" for t in times)]
            )
    largest = frame.loc[frame["panel"] == 0, "x"].max()
    hour = budgets[budgets["budget_seconds"] == times[-1]].sort_values("rows", ascending=False).iloc[0]
    finding = (
        f"Within {_budget(times[-1])} {printable(hour['label'])} would cluster the most rows, about "
        f"{_size(hour['rows'])}: {'an extrapolation' if hour['extrapolated'] else 'measured'}."
    )
    caption = (
        f"For {_fixed(frame[frame['panel'] == 0], 'n')}. From the power law through the points within a factor 100 "
        "of the longest time (three at least), with its 95% prediction interval. * extrapolated: beyond the "
        f"measured sizes (up to {_size(largest)} rows), where caches and memory may break the power law. "
    )
    if any("†" in str(cell) for row in rows for cell in row):
        caption += f"† the input alone would need more than the {bytes_text(memory_bytes)} of this host."
    return Drawn(
        anchor="budget", title="What a budget of time buys", finding=finding, svg=None, caption=caption,
        csv=csv_href(budgets), table=rows,
    )  # fmt: skip


def _reached(row: Any, memory_bytes: int | None) -> tuple[str, str]:
    mark = "*" if row["extrapolated"] else ""
    if memory_bytes and row["input_bytes"] > memory_bytes:
        mark += "†"
    low, high = row["rows_low"], row["rows_high"]
    return (f"{_size(row['rows'])}{mark}", f"{_size(low)}–{_size(high)}" if low == low and low is not None else "")


def _budget(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _size(count: float) -> str:
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= 0.9995 * size:
            return f"{count / size:.3g}{unit}"
    return f"{count:.3g}"


def _raw(own: pd.DataFrame) -> str:
    return str(own["label"].iloc[0])


def _exponent(law: PowerLaw, axis: str) -> str:
    """Write a fitted exponent: ``~ n^0.98 (0.95–1.01)``."""
    power = f"~ {axis}^{law.exponent:.2f}"
    return power if law.low is None or law.high is None else f"{power} ({law.low:.2f}–{law.high:.2f})"


def _fixed(frame: pd.DataFrame, axis: str) -> str:
    first = frame.iloc[0]
    words = {"n": f"{int(first['n']):,} rows", "d": f"{int(first['d'])} columns", "k": f"k = {int(first['k']):,}"}
    source = dataset_name(str(first["family"])).partition(":")[0]
    threads = threads_text(int(first["threads"]))
    return ", ".join([printable(source), *(text for name, text in words.items() if name != axis), threads])


def _finding(frame: pd.DataFrame, axis: str, column: str, laws: Mapping[Any, PowerLaw]) -> str:
    """Say who is lowest at the largest size, and how the lines grow."""
    largest = frame["x"].max()
    last = frame[frame["x"] == largest].sort_values(column)
    best = last.iloc[0]
    memory = column == "peak_extra_bytes"
    amount = bytes_text(int(best[column])) if memory else seconds_text(float(best[column]))
    least = "needs the least memory beyond the input" if memory else "has the lowest median time"
    text = f"At {largest:,} {AXES[axis]} {printable(best['label'])} {least}, {amount}"
    if len(last) > 1:
        worst = last.iloc[-1]
        text += f", {printable(worst['label'])} {worst[column] / best[column]:.3g} times as much"
    own = [law for place, law in laws.items() if place[0] == frame["panel"].iloc[0] and law.points > 2]
    if own:
        powers = sorted(law.exponent for law in own)
        grows = f"{powers[0]:.2f}" if len(own) == 1 else f"{powers[0]:.2f} to {powers[-1]:.2f}"
        text += f"; fitted exponents are {grows}"
    return f"{text}."


def _above(column: str) -> str:
    return {
        "seconds": "fit and labels, log scale",
        "iteration_seconds": "time for an iteration, log scale",
        "peak_extra_bytes": "peak beyond the input, log scale",
    }[column]


def _caption(axis: str, column: str, panels: Sequence[int], number: int) -> str:
    parts = []
    if column == "seconds":
        parts.append("Points are medians of the epochs, bars reach from the fastest to the slowest epoch.")
    if column == "iteration_seconds":
        parts.append("The time for fit and labels over the iterations: labels are part of it.")
    if column == "peak_extra_bytes":
        parts.append(
            "Measured in a separate pass, in a fresh process. Below the dashed line an engine needs less memory "
            "than its input."
        )
    parts.append(f"Exponents of {axis} are fitted to all sizes; in brackets their 95% interval, from three sizes on.")
    left = len(panels) - MAX_PANELS
    if number == 1 and left > 0:
        parts.append(f"The CSV holds {count_text(left, 'more panel')}.")
    return " ".join(parts)


def _binary_ticks(ax: Any, frame: pd.DataFrame) -> None:
    from matplotlib.ticker import FixedLocator

    high = float(max(frame["peak_extra_bytes"].max(), frame["input_bytes"].max()))
    low = float(min(frame["peak_extra_bytes"].min(), frame["input_bytes"].min()))
    step = 16 if high / low > 300 else 4
    ax.yaxis.set_major_locator(FixedLocator([float(step**power) for power in range(20)]))
    ax.set_ylim(low / 1.5, high * 1.5)
