"""A race on the page: which backend comes near the best inertia first, from how many starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kmbench.analysis.target import TARGETS, Contender, Race, TimeToTarget
from kmbench.comparison import Verdict
from kmbench.figures.axes import axes_below_legend, legend, named_axes
from kmbench.figures.drawn import csv_href
from kmbench.figures.style import INK, MARKERS, MAX_SERIES, PLACES, RULE
from kmbench.figures.svg import to_svg
from kmbench.records import Status
from kmbench.report.sentences import FAILED, Headline
from kmbench.report.table import SYMBOLS, Value
from kmbench.wording import (
    count_text,
    dataset_name,
    interval_text,
    percent_text,
    printable,
    range_text,
    seconds_text,
    shortened,
    threads_text,
    tick_text,
    times_text,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["RaceView", "curve_frame", "draw_curves", "view_of"]

LEAST_EXCESS = 1e-5
"""Share above the best inertia at which the figure's axis ends; what is closer is drawn there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceRow:
    """One backend in the table: for each target its time, the starts that arrived, and the speed-up."""

    label: str
    tone: str
    status: str
    symbol: str
    reason: str | None
    values: list[Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceView:
    """A race as the template shows it; `figure` is SVG that is safe as it stands."""

    anchor: str
    title: str
    facts: list[str]
    headline: Headline
    figure: Any
    csv: str
    caption: str
    targets: list[str]
    rows: list[RaceRow]
    note: str


def view_of(race: Race, number: int) -> RaceView:
    """Return a race for the template."""
    anchor = f"race{number}"
    figure = _figure(race, anchor)
    key = race.key
    threads, starts = threads_text(key.threads), count_text(len(race.seeds), "start")
    return RaceView(
        anchor=anchor,
        title=dataset_name(key.dataset),
        facts=[f"{key.n:,} x {key.d}", f"k = {key.k:,}", threads, f"at most {key.iterations} iterations", starts],
        headline=headline_of(race),
        figure=figure,
        csv=csv_href(curve_frame(race)),
        caption="Each line is one start, stopped after more and more iterations. Lower and further left is better; "
        "the dashed lines are the targets.",
        targets=[f"to {percent_text(target)}" for target in TARGETS],
        rows=[_row(contender, race.baseline) for contender in race.contenders],
        note=_note(race),
    )


def headline_of(race: Race) -> Headline:
    """Return the sentence for a race: who is first at the nearer target, how sure that is, and what is censored."""
    key = race.key
    lead = f"On {dataset_name(key.dataset)} ({key.n:,} x {key.d}, k={key.k}, {threads_text(key.threads)}, target)"
    left_out = "; ".join(f"{r.label} {FAILED[r.status]}" for r in race.contenders if r.status is not Status.OK)
    aside = f"Not compared: {left_out}." if left_out else None
    running = [contender for contender in race.contenders if contender.times]
    arrived = [contender for contender in running if contender.times[0].reached]
    if not running:
        return Headline(lead=lead, subject="no backend", rest=f"gave a sound answer: {left_out}.")
    near = percent_text(TARGETS[0])
    if not arrived:
        return Headline(
            lead=lead, subject="no backend", rest=f"comes within {near} of the best known inertia.", left_out=aside
        )
    first = arrived[0]
    rest = f"is within {near} of the best inertia first, {_when(first.times[0])}"
    rest += _against(first, race.baseline) + _closer(first)
    return Headline(lead=lead, subject=first.label, rest=f"{rest}.", left_out=aside)


def _when(time: TimeToTarget) -> str:
    starts = f"from {time.reached} of {time.starts} starts"
    if time.seconds is None:
        return f"but {starts} only"
    return f"in {seconds_text(time.seconds)}, {starts}"


def _against(first: Contender, baseline: str | None) -> str:
    time = first.times[0]
    if first.label == baseline or time.speedup is None:
        return ""
    ratio, low, high = time.speedup.ratio, time.speedup.low, time.speedup.high
    if low is None or high is None:
        return (
            f"; {times_text(ratio)} as fast as {baseline} from the only start that both share, "
            "which is not enough for a verdict"
        )
    sure = "" if time.verdict is not Verdict.INCONCLUSIVE else ", which is inconclusive"
    return f"; {interval_text(ratio, low, high, ' to ')} as fast as {baseline}{sure}"


def _closer(first: Contender) -> str:
    time = first.times[1]
    near = percent_text(time.target)
    return f"; within {near} {_when(time)}" if time.reached else f"; never within {near}"


def _row(contender: Contender, baseline: str | None) -> RaceRow:
    values = []
    for time in contender.times:
        if time.seconds is None:  # later than all others, and JavaScript reads the word as a number
            values.append(Value(f"> {seconds_text(time.censored_seconds)}", sort="Infinity"))
        else:
            values.append(Value(seconds_text(time.seconds), sort=f"{time.seconds:.6g}"))
        values.append(Value(f"{time.reached} of {time.starts}", sort=str(time.reached)))
        values.append(_speedup(time, contender.label == baseline))
    failed = contender.status.is_failure
    return RaceRow(
        label=contender.label,
        tone="failed" if failed else "ok" if contender.status is Status.OK else "aside",
        status=contender.status.value.replace("_", " "),
        symbol="✕" if failed else SYMBOLS[contender.status],
        reason=contender.reason,
        values=values or [Value("")] * (3 * len(TARGETS)),
    )


def _speedup(time: TimeToTarget, is_baseline: bool) -> Value:
    if is_baseline:
        return Value("baseline", sort="1")
    if time.speedup is None:
        return Value("")
    ratio, low, high = time.speedup.ratio, time.speedup.low, time.speedup.high
    small = "1 start"
    if low is not None and high is not None:
        small = f"{range_text(low, high, '–')} {time.verdict}"
    return Value(times_text(ratio), small, sort=f"{ratio:.6g}")


def _note(race: Race) -> str:
    over = f" Speed-up is over {race.baseline}, over the starts from which both arrive." if race.baseline else ""
    return (
        "Time: median over the starts, at the first rung that reaches the target; a start that never reaches it "
        "counts as later than all others, and “>” shows when its last rung ended. The best known inertia is that "
        f"of all backends, the float64 reference and all starts.{over}"
    )


def _figure(race: Race, prefix: str) -> Any:
    if race.best_inertia is None or curve_frame(race).empty:
        return None
    return to_svg(draw_curves(race), f"{prefix}-", f"Inertia above the best known against time. {headline_of(race)}")


def curve_frame(race: Race) -> pd.DataFrame:
    """Return what is drawn: a row for each rung, with ``backend``, ``seed``, ``seconds`` and ``excess``."""
    import pandas as pd

    best = race.best_inertia or 1.0
    points = [
        {
            "backend": printable(contender.label),
            "seed": curve.seed,
            "seconds": seconds,
            "excess": max(inertia / best - 1, LEAST_EXCESS),
        }
        for contender in race.contenders[:MAX_SERIES]
        for curve in contender.curves
        for _, seconds, inertia in curve.points
    ]
    return pd.DataFrame(points, columns=["backend", "seed", "seconds", "excess"])


def draw_curves(race: Race) -> Figure:
    """Draw objective against time of a race that has sound contenders, both axes logarithmic."""
    import seaborn as sns
    from matplotlib.ticker import FuncFormatter

    frame = curve_frame(race)
    names: Sequence[str] = list(dict.fromkeys(frame["backend"]))
    figure, ax = axes_below_legend(len(names))
    sns.lineplot(
        data=frame, x="seconds", y="excess", hue="backend", style="backend", units="seed", estimator=None, sort=False,
        ax=ax, palette=list(PLACES[: len(names)]), markers=list(MARKERS[: len(names)]), dashes=False, linewidth=1.1,
        markersize=4.5, markeredgewidth=0, alpha=0.8,
    )  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    for target in TARGETS:
        ax.axhline(target, color=INK, alpha=0.5, linewidth=0.9, linestyle=RULE)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: tick_text(seconds)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda excess, _: percent_text(excess)))
    named_axes(ax, "time for fit and labels, log scale", "inertia above the best known")
    handles, labels = ax.get_legend_handles_labels()
    legend(ax, handles, [shortened(label, 40) for label in labels])
    return figure
