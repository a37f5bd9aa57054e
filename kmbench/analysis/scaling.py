"""How time and memory grow with the rows, the columns or the clusters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kmbench.analysis.powerlaw import PowerLaw, fit_power_law

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AXES", "BUDGETS", "budget_frame", "family_of", "scaling_frame", "scaling_laws"]

AXES = {"n": "rows", "d": "columns", "k": "clusters"}

OPTIONS = {"n": ("n", "limit"), "d": ("d",), "k": ()}
"""Options of a data SPEC that set an axis: the rest of it says which data these are."""

FIXED = ("n", "d", "k", "threads", "protocol", "iterations_given", "seed")

BUDGETS = (1.0, 30.0, 300.0, 3600.0)
"""Seconds that the budget table asks for."""

BEND = 100.0
"""A law that is to foretell uses the points within this factor of the longest time: below, overheads bend it."""

LEAST = 3
"""Sizes that prove a law."""

COLUMNS = (
    "panel", "family", "label", "backend", "x", "n", "d", "k", "threads", "protocol", "iterations", "seconds",
    "seconds_low", "seconds_high", "iteration_seconds", "peak_extra_bytes", "input_bytes",
)  # fmt: skip


def family_of(spec: str, *axes: str) -> str:
    """Return a data SPEC without the options that set the axes: ``blobs:d=64`` of ``blobs:n=10,d=64`` for n."""
    dropped = [option for axis in axes for option in OPTIONS[axis]]
    source, colon, options = spec.partition(":")
    kept = [part for part in re.split(r"[,;]", options) if part.partition("=")[0].strip() not in dropped]
    return f"{source}{colon}{','.join(kept)}" if kept and colon else source


def scaling_frame(cells: pd.DataFrame, axis: str) -> pd.DataFrame:
    """Return the sound cells of which others differ in one axis alone, panel by panel.

    Parameters
    ----------
    cells : DataFrame
        As `kmbench.analysis.cells_frame` gives it.
    axis : {"n", "d", "k"}

    Returns
    -------
    DataFrame
        A row for each cell, ordered by panel, label and x: ``panel`` (int; cells of one panel differ in `axis` and
        backend alone; the one with most sizes is 0), ``x`` (the size), ``seconds`` (median) with its extremes over
        the epochs, ``iteration_seconds`` and memory in bytes. What has a single size is no line, and is left out.
    """
    import pandas as pd

    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in cells.to_dict("records"):
        if row["status"] != "ok" or not _known(row["fit_predict_seconds"]) or row["protocol"] == "target":
            continue
        family = family_of(str(row["dataset"]), axis)
        fixed = tuple(row[name] for name in FIXED if name != axis)
        # What is missing in a frame is NaN, which equals nothing.
        place = (family, *(value if _known(value) else None for value in fixed))
        groups.setdefault(place, []).append(_point(row, axis, family))
    kept = [lines for points in groups.values() if (lines := _lines(points))]
    kept.sort(key=lambda points: (-len({point["x"] for point in points}), -len(points), -points[0]["threads"]))
    rows = [point | {"panel": number} for number, points in enumerate(kept) for point in points]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.sort_values(["panel", "label", "x"], kind="stable", ignore_index=True)


def scaling_laws(frame: pd.DataFrame, figure: str = "seconds", bend: float | None = None) -> dict[Any, PowerLaw]:
    """Fit a power law to each line of a scaling frame.

    Parameters
    ----------
    frame : DataFrame
        Of `scaling_frame`.
    figure : str
        The column that grows.
    bend : float, optional
        Leave out points below the largest figure over this, as long as three are left.

    Returns
    -------
    dict of (int, str) to PowerLaw
        By panel and label; lines with fewer than two sizes have none.
    """
    laws = {}
    for place, line in frame.groupby(["panel", "label"], sort=False):
        known = line[line[figure].notna() & (line[figure] > 0)]
        if bend is not None and len(known):
            near = int((known[figure] >= known[figure].max() / bend).sum())
            known = known.sort_values(figure).tail(max(near, LEAST))
        law = fit_power_law([float(x) for x in known["x"]], [float(y) for y in known[figure]])
        if law is not None:
            laws[place] = law
    return laws


def budget_frame(frame: pd.DataFrame, budgets: Sequence[float] = BUDGETS) -> pd.DataFrame:
    """Return how many rows a power law lets each line of a scaling frame over n reach within some times.

    Returns
    -------
    DataFrame
        ``panel, label, d, budget_seconds, rows, rows_low, rows_high`` (95 %, by the prediction interval),
        ``extrapolated`` (beyond the largest n that was measured, or below the smallest), ``input_bytes`` (of float32
        rows). Only lines of three sizes and more have a row: two prove no law.
    """
    import pandas as pd

    rows = []
    for place, law in scaling_laws(frame, bend=BEND).items():
        panel, label = place
        if law.points < LEAST:
            continue
        own = frame[(frame["panel"] == panel) & (frame["label"] == label)]
        d = int(own["d"].iloc[0])
        for budget in budgets:
            reached, band = law.reach(budget), law.reach_band(budget)
            if reached is not None:
                rows.append(
                    {
                        "panel": panel,
                        "label": label,
                        "d": d,
                        "budget_seconds": budget,
                        "rows": reached,
                        "rows_low": None if band is None else band[0],
                        "rows_high": None if band is None else band[1],
                        "extrapolated": not float(own["x"].min()) <= reached <= float(own["x"].max()),
                        "input_bytes": 4.0 * d * reached,
                    }
                )
    columns = [
        "panel",
        "label",
        "d",
        "budget_seconds",
        "rows",
        "rows_low",
        "rows_high",
        "extrapolated",
        "input_bytes",
    ]
    return pd.DataFrame(rows, columns=columns)


def _lines(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the points of backends that have more than one size."""
    sizes: dict[str, set[Any]] = {}
    for point in points:
        sizes.setdefault(point["label"], set()).add(point["x"])
    return [point for point in points if len(sizes[point["label"]]) > 1]


def _known(value: Any) -> bool:
    return value is not None and value == value


def _point(row: dict[Any, Any], axis: str, family: str) -> dict[str, Any]:
    seconds, given = float(row["fit_predict_seconds"]), row["n_iter"]
    return {
        "family": family,
        "label": row["label"],
        "backend": row["backend"],
        "x": row[axis],
        **{name: row[name] for name in ("n", "d", "k", "threads", "protocol")},
        "iterations": row["iterations_given"],
        "seconds": seconds,
        "seconds_low": row["fit_predict_seconds_low"],
        "seconds_high": row["fit_predict_seconds_high"],
        "iteration_seconds": seconds / given if _known(given) and given else None,
        "peak_extra_bytes": row["peak_extra_bytes"],
        "input_bytes": row["input_bytes"],
    }
