"""Time against quality, point by point: hover or focus tells a point's settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kmbench.analysis.tradeoff import recall_frame, tradeoff_frame
from kmbench.figures.drawn import Drawn, csv_href
from kmbench.figures.points import Point, Scale, points_svg
from kmbench.figures.style import series_of
from kmbench.wording import bytes_text, dataset_name, printable, ratio_text, seconds_text, tick_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RECALL", "pareto_figures", "points_of", "recall_figures", "scales_of"]

MAX_PANELS = 6
MAX_POINTS = 400
"""Points of one figure; the CSV holds all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quality:
    """What a figure sets against time."""

    kind: str
    title: str
    name: str
    column: str
    offset: float
    write: Callable[[float], str]
    best: str


def _excess_text(excess: float) -> str:
    return "same" if abs(excess) < 1e-11 else f"{100 * excess:+.3g}%"


INERTIA = _Quality(
    kind="pareto",
    title="Time against inertia",
    name="inertia above the reference's, lower is better",
    column="inertia_ratio",
    offset=1.0,  # so that the reference's own inertia is a round number
    write=_excess_text,
    best="Lower",
)

RECALL = _Quality(
    kind="recall",
    title="Recall against cost",
    name="recall: share of rows with the reference's label",
    column="recall",
    offset=0.0,
    write=lambda share: f"{100 * share:.3g}%",
    best="Higher",
)


def pareto_figures(cells: pd.DataFrame, order: Sequence[str], names: Mapping[str, str]) -> list[Drawn]:
    """Return time against inertia for each case in which the answers are not all the same."""

    def finding(case: pd.DataFrame) -> str:
        front = case[case["front"]].sort_values("fit_predict_seconds")
        fast, good = front.iloc[0], front.iloc[-1]
        if len(front) == 1:
            return f"{printable(fast['label'])} is both the fastest and the best: the only one on the Pareto front."
        return (
            f"{len(front)} of {len(case)} settings are on the Pareto front: from {printable(fast['label'])} "
            f"({seconds_text(fast['fit_predict_seconds'])}, inertia {ratio_text(fast['inertia_ratio'])}) to "
            f"{printable(good['label'])} ({seconds_text(good['fit_predict_seconds'])}, "
            f"{ratio_text(good['inertia_ratio'])})."
        )

    return _figures(tradeoff_frame(cells), INERTIA, names, order, finding)


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

    return _figures(recall_frame(cells), RECALL, names, order, finding)


def _figures(
    frame: pd.DataFrame,
    quality: _Quality,
    names: Mapping[str, str],
    order: Sequence[str],
    finding: Callable[[pd.DataFrame], str],
) -> list[Drawn]:
    drawn: list[Drawn] = []
    for case_id, case in frame.groupby("case_id", sort=False):
        if len(drawn) == MAX_PANELS:
            break
        what = finding(case)
        points = points_of(case, quality, order)
        drawn.append(
            Drawn(
                anchor=f"{quality.kind}-{len(drawn) + 1}",
                title=f"{quality.title}: {names[str(case_id)]}",
                finding=what,
                svg=points_svg(points, *scales_of(points, quality), f"{quality.title}. {what}"),
                caption=f"{quality.best} and further left is better. Ringed points are on the front: no other "
                "setting is better in both.",
                csv=csv_href(_csv(case)),
            )
        )
    return drawn


def points_of(case: pd.DataFrame, quality: _Quality, order: Sequence[str]) -> list[Point]:
    """Return the points of a case, the fastest first; of very many those on the front and the fastest others."""
    rows = case.sort_values(["front", "fit_predict_seconds"], ascending=[False, True]).to_dict("records")
    backends = series_of(dict.fromkeys([label.partition("[")[0] for label in order]))
    points = []
    for row in rows[:MAX_POINTS]:
        backend = printable(str(row["backend"]))
        points.append(
            Point(
                x=float(row["fit_predict_seconds"]),
                y=float(row[quality.column]) - quality.offset,
                told=_told(row),
                label=str(row["label"]),
                series=backends.index(backend) if backend in backends else 0,
                front=bool(row["front"]),
            )
        )
    return sorted(points, key=lambda point: point.x)


def scales_of(points: Sequence[Point], quality: _Quality) -> tuple[Scale, Scale]:
    """Return the scales of time and of quality, with some room around the points."""
    times, values = [point.x for point in points], [point.y for point in points]
    pad = (max(values) - min(values)) * 0.09 or 0.01
    return (
        Scale(
            name="time for fit and labels, log scale",
            low=min(times) / 1.25,
            high=max(times) * 1.25,
            write=tick_text,
            logarithmic=True,
        ),
        Scale(name=quality.name, low=min(values) - pad, high=max(values) + pad, write=quality.write),
    )


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
    own["dataset"] = [dataset_name(str(spec)) for spec in own["dataset"]]
    return own
