"""Time against quality, point by point: hover or focus tells a point's settings."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kmbench.analysis.tradeoff import recall_frame, tradeoff_frame
from kmbench.figures.style import Drawn, csv_href, log_steps, printable, series_of, tick
from kmbench.wording import bytes_text, ratio_text, seconds_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Spot", "pareto_figures", "recall_figures", "spots_of"]

MAX_PANELS = 6
MAX_SPOTS = 400
"""Points of one figure; the CSV holds all."""

LEFT, RIGHT, TOP, BOTTOM, WIDTH, HEIGHT = 62, 388, 30, 232, 400, 276

SHAPES = (
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
    "M-4.6-4.6h9.2v9.2h-9.2z",
    "M0-5.8L5.4 4.4H-5.4z",
    "M0-6.2L5.2 0L0 6.2L-5.2 0z",
    "M0 5.8L5.4-4.4H-5.4z",
    "M-2-5.6h4v3.6h3.6v4h-3.6v3.6h-4v-3.6h-3.6v-4h3.6z",
    "M-5.4-3L-3-5.4L0-2.4L3-5.4L5.4-3L2.4 0L5.4 3L3 5.4L0 2.4L-3 5.4L-5.4 3L-2.4 0z",
    "M0-6L1.6-2H6L2.4 1L3.8 5.4L0 2.6L-3.8 5.4L-2.4 1L-6-2H-1.6z",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One setting of a figure: where it stands, on which scale, and what is told of it."""

    label: str
    x: float
    y: float
    seconds: float
    quality: float
    front: bool
    style: int
    told: str


def pareto_figures(cells: pd.DataFrame, order: Sequence[str], names: Mapping[str, str]) -> list[Drawn]:
    """Return time against inertia for each case in which the answers are not all the same."""

    def finding(case: pd.DataFrame) -> str:
        front = case[case["front"]].sort_values("fit_predict_seconds")
        fast, good = front.iloc[0], front.iloc[-1]
        if len(front) == 1:
            return f"{printable(fast['label'])} is the fastest and the best: nothing else is worth its time."
        return (
            f"{len(front)} of {len(case)} settings are worth their time: from {printable(fast['label'])} "
            f"({seconds_text(fast['fit_predict_seconds'])}, inertia {ratio_text(fast['inertia_ratio'])}) to "
            f"{printable(good['label'])} ({seconds_text(good['fit_predict_seconds'])}, "
            f"{ratio_text(good['inertia_ratio'])})."
        )

    return _figures(
        tradeoff_frame(cells), "inertia_ratio", "pareto", "Time against inertia", names, order, finding,
        "inertia above the reference's, lower is better", _excess_text, False,
    )  # fmt: skip


def recall_figures(cells: pd.DataFrame, order: Sequence[str], names: Mapping[str, str]) -> list[Drawn]:
    """Return time against the share of right labels for each grid of an approximate backend."""

    def finding(case: pd.DataFrame) -> str:
        front = case[case["front"]].sort_values("recall")
        best, fast = front.iloc[-1], front.iloc[0]
        return (
            f"The best recall is {best['recall']:.1%} in {seconds_text(best['fit_predict_seconds'])} with "
            f"{printable(best['label'])}; the fastest setting reaches {fast['recall']:.1%} in "
            f"{seconds_text(fast['fit_predict_seconds'])}."
        )

    return _figures(
        recall_frame(cells), "recall", "recall", "Recall against cost", names, order, finding,
        "recall: share of rows with the reference's label", lambda share: f"{100 * share:.3g}%", True,
    )  # fmt: skip


def _figures(
    frame: pd.DataFrame,
    column: str,
    kind: str,
    title: str,
    names: Mapping[str, str],
    order: Sequence[str],
    finding: Callable[[pd.DataFrame], str],
    above: str,
    write: Callable[[float], str],
    more_is_better: bool,
) -> list[Drawn]:
    drawn: list[Drawn] = []
    for case_id, case in frame.groupby("case_id", sort=False):
        if len(drawn) == MAX_PANELS:
            break
        anchor = f"{kind}-{len(drawn) + 1}"
        spots, scale = spots_of(case, column, order)
        what = finding(case)
        drawn.append(
            Drawn(
                anchor=anchor,
                title=f"{title}: {names[str(case_id)]}",
                finding=what,
                svg=_svg(spots, scale, above, write, f"{title}. {what}"),
                caption=f"{'Higher' if more_is_better else 'Lower'} and further left is better. Ringed points are on "
                "the front: no other setting is better in both.",
                csv=csv_href(_csv(case)),
            )
        )
    return drawn


def spots_of(case: pd.DataFrame, column: str, order: Sequence[str]) -> tuple[list[Spot], list[tuple[float, float]]]:
    """Return the points of a case, and the ends of its two scales: of seconds and of quality."""
    rows = case.sort_values(["front", "fit_predict_seconds"], ascending=[False, True]).to_dict("records")[:MAX_SPOTS]
    times = [float(row["fit_predict_seconds"]) for row in rows]
    values = [float(row[column]) for row in rows]
    low, high = min(times) / 1.25, max(times) * 1.25
    pad = (max(values) - min(values)) * 0.09 or 0.01
    bottom, top = min(values) - pad, max(values) + pad
    backends = series_of(dict.fromkeys([label.partition("[")[0] for label in order]))
    spots = []
    for row, seconds, value in zip(rows, times, values, strict=True):
        backend = printable(str(row["backend"]))
        spots.append(
            Spot(
                label=printable(row["label"]),
                x=LEFT + (RIGHT - LEFT) * math.log(seconds / low) / math.log(high / low),
                y=BOTTOM - (BOTTOM - TOP) * (value - bottom) / (top - bottom),
                seconds=seconds,
                quality=value,
                front=bool(row["front"]),
                style=backends.index(backend) if backend in backends else 0,
                told=_told(row),
            )
        )
    return sorted(spots, key=lambda spot: spot.seconds), [(low, high), (bottom, top)]


def _told(row: Mapping[Any, Any]) -> str:
    """Write what the point is: its settings and its figures."""
    parts = [f"{name} {value}" for name, value in (row["parameters"] or {}).items()]
    settings = ", ".join(parts) or "no parameters"
    figures = [seconds_text(row["fit_predict_seconds"])]
    if row["inertia_ratio"] == row["inertia_ratio"]:
        figures.append(f"inertia {ratio_text(row['inertia_ratio'])}")
    if row["matched_agreement"] == row["matched_agreement"] and row["matched_agreement"] is not None:
        figures.append(f"{row['matched_agreement']:.1%} of the reference's labels")
    if row["peak_extra_bytes"] == row["peak_extra_bytes"] and row["peak_extra_bytes"] is not None:
        figures.append(f"{bytes_text(int(row['peak_extra_bytes']))} beyond the input")
    return printable(f"{row['backend']}: {settings}. {', '.join(figures)}.")


def _csv(case: pd.DataFrame) -> pd.DataFrame:
    columns = ["dataset", "n", "d", "k", "threads", "label", "fit_predict_seconds", "fit_predict_seconds_low"]
    columns += ["fit_predict_seconds_high", "inertia_ratio", "matched_agreement", "peak_extra_bytes", "front"]
    own = case[columns].copy()
    own["dataset"] = [str(spec).rpartition("/")[2] for spec in own["dataset"]]
    return own


def _svg(
    spots: Sequence[Spot],
    scale: Sequence[tuple[float, float]],
    above: str,
    write: Callable[[float], str],
    description: str,
) -> Any:
    from markupsafe import Markup

    (low, high), (bottom, top) = scale
    parts = [
        Markup('<svg viewBox="0 0 {} {}" role="group" aria-label="{}" class="points">').format(
            WIDTH, HEIGHT, printable(description)
        )
    ]
    parts.append(Markup('<text x="6" y="14" class="axis">{}</text>').format(above))
    for value in _round_ticks(bottom, top):
        y = BOTTOM - (BOTTOM - TOP) * (value - bottom) / (top - bottom)
        parts.append(Markup('<path class="grid" d="M{} {:.1f}H{}"/>').format(LEFT, y, RIGHT))
        parts.append(
            Markup('<text x="{}" y="{:.1f}" text-anchor="end" class="axis">{}</text>').format(
                LEFT - 8, y + 4, write(value)
            )
        )
    for seconds in _log_ticks(low, high):
        x = LEFT + (RIGHT - LEFT) * math.log(seconds / low) / math.log(high / low)
        parts.append(Markup('<path class="grid" d="M{:.1f} {}V{}"/>').format(x, TOP, BOTTOM))
        parts.append(
            Markup('<text x="{:.1f}" y="{}" text-anchor="middle" class="axis">{}</text>').format(
                x, BOTTOM + 18, tick(seconds)
            )
        )
    parts.append(
        Markup(
            '<text x="{}" y="{}" text-anchor="middle" class="axis">time for fit and labels, log scale</text>'
        ).format((LEFT + RIGHT) / 2, HEIGHT - 6)
    )
    front = [spot for spot in spots if spot.front]
    if len(front) > 1:
        steps = f"M{front[0].x:.1f} {front[0].y:.1f}" + "".join(f"H{s.x:.1f}V{s.y:.1f}" for s in front[1:])
        parts.append(Markup('<path class="front" d="{}"/>').format(steps))
    for spot in spots:
        ring = Markup('<circle class="ring" r="9"/>') if spot.front else Markup("")
        parts.append(
            Markup(
                '<g class="point" tabindex="0" role="img" aria-label="{told}" data-told="{told}" '
                'transform="translate({x:.1f} {y:.1f})"><title>{told}</title><circle class="hit" r="12"/>{ring}'
                '<path d="{shape}" fill="var(--c{colour})"/></g>'
            ).format(told=spot.told, x=spot.x, y=spot.y, ring=ring, shape=SHAPES[spot.style], colour=spot.style + 1)
        )
    for spot in _named(front):
        right = spot.x < (LEFT + RIGHT) / 2
        parts.append(
            Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}" class="name">{}</text>').format(
                spot.x + (13 if right else -13), spot.y - 9, "start" if right else "end", spot.label
            )
        )
    parts.append(Markup("</svg>"))
    return Markup("").join(parts)


def _named(front: Sequence[Spot]) -> list[Spot]:
    """Return the ends of the front: with more names they would stand on each other."""
    return [] if not front else [front[0]] if len(front) == 1 else [front[0], front[-1]]


def _excess_text(ratio: float) -> str:
    excess = 100 * (ratio - 1)
    return "same" if abs(excess) < 1e-9 else f"{excess:+.3g}%"


def _round_ticks(low: float, high: float) -> list[float]:
    """Return about five round numbers between two, counted from 1 so that the reference's inertia is one of them."""
    step = 10 ** math.floor(math.log10((high - low) / 4))
    step = next(step * factor for factor in (1, 2, 2.5, 5, 10) if (high - low) / (step * factor) <= 6)
    first = math.ceil((low - 1) / step)
    return [1 + number * step for number in range(first, math.floor((high - 1) / step) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    factors = log_steps(low, high)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [10.0**power * factor for power in powers for factor in factors if low <= 10.0**power * factor <= high]
