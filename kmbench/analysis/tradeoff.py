"""Time against quality: which settings no other beats in both, and how each backend stands over all cases."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from kmbench.comparison import same_inertia

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["pareto_front", "performance_profile", "profile_labels", "recall_frame", "tradeoff_frame"]

GRID = 3
"""Settings of one backend in one case from which on they are a frontier."""


def pareto_front(cost: list[float], loss: list[float]) -> list[bool]:
    """Return for each point whether no other is at least as good in both figures and better in one of them."""
    order = sorted(range(len(cost)), key=lambda i: (cost[i], loss[i]))
    front, best, best_cost = [False] * len(cost), math.inf, math.nan
    for i in order:
        if loss[i] < best or (loss[i] == best and cost[i] == best_cost):
            front[i], best, best_cost = True, loss[i], cost[i]
    return front


def _sound(cells: pd.DataFrame) -> pd.DataFrame:
    ok = (cells["status"] == "ok") & cells["fit_predict_seconds"].notna() & (cells["protocol"] != "target")
    return cells[ok]


def tradeoff_frame(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the sound cells of each case where quality differs, with ``front``: whether it is on the Pareto front.

    A case has rows where at least three cells are sound and one of them misses the reference's inertia: else time
    alone decides.
    """
    import pandas as pd

    found = []
    for _, case in _sound(cells).groupby("case_id", sort=False):
        known = case[case["inertia_ratio"].notna()]
        if len(known) < GRID or all(same_inertia(ratio) for ratio in known["inertia_ratio"]):
            continue
        # What lies within the tolerance of the reference is the same answer: rounding makes nobody better.
        same = [same_inertia(ratio) and same_inertia(1 / ratio) for ratio in known["inertia_ratio"]]
        loss = [1.0 if is_same else float(ratio) for is_same, ratio in zip(same, known["inertia_ratio"], strict=True)]
        found.append(known.assign(front=pareto_front([float(s) for s in known["fit_predict_seconds"]], loss)))
    return pd.concat(found, ignore_index=True) if found else _sound(cells).iloc[:0].assign(front=[])


def recall_frame(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the grids of at least three settings of one backend in one case, by share of the reference's labels.

    Adds ``recall``: the share of rows that got the reference's label, and ``front`` over time and recall, within
    one grid.
    """
    import pandas as pd

    sound = _sound(cells)
    sound = sound[sound["matched_agreement"].notna()]
    found = []
    for _, grid in sound.groupby(["case_id", "backend"], sort=False):
        if grid["label"].nunique() >= GRID and len(set(grid["matched_agreement"])) > 1:
            recall = [float(share) for share in grid["matched_agreement"]]
            front = pareto_front([float(s) for s in grid["fit_predict_seconds"]], [-share for share in recall])
            found.append(grid.assign(recall=recall, front=front))
    return pd.concat(found, ignore_index=True) if found else sound.iloc[:0].assign(recall=[], front=[])


def profile_labels(cells: pd.DataFrame) -> list[str]:
    """Return the backends that were asked for in every case of a frame, whatever became of them there."""
    own = cells[cells["protocol"] != "target"]
    count = own["case_id"].nunique()
    asked = own.groupby("label", sort=False)["case_id"].nunique()
    return [str(label) for label, number in asked.items() if number == count]


def performance_profile(cells: pd.DataFrame) -> pd.DataFrame:
    """Return for each backend which share of the cases it solves within a factor of the fastest.

    Solved is a case whose reference inertia the cell reaches. One that misses it, failed or could not run is never
    solved, however fast. Only backends that were asked for in every case take part.

    Returns
    -------
    DataFrame
        ``label, factor, share``: steps, the first at factor 1; empty for fewer than two backends or cases.

    References
    ----------
    Dolan and Moré, Benchmarking optimization software with performance profiles (2002).
    """
    import pandas as pd

    labels = profile_labels(cells)
    needed = ["case_id", "label", "status", "fit_predict_seconds", "inertia_ratio"]
    own = cells.loc[(cells["protocol"] != "target") & cells["label"].isin(labels), needed]
    count = own["case_id"].nunique()
    rows: list[dict[str, Any]] = []
    if len(labels) > 1 and count > 1:
        factors: dict[str, list[float]] = {label: [] for label in labels}
        solved: dict[str, dict[str, float]] = {}
        for row in own.to_dict("records"):  # of all cases at once: a frame for each costs more than all else here
            known = row["fit_predict_seconds"] == row["fit_predict_seconds"]
            if row["status"] == "ok" and known and same_inertia(row["inertia_ratio"]):
                solved.setdefault(row["case_id"], {})[str(row["label"])] = float(row["fit_predict_seconds"])
        for times in solved.values():
            best = min(times.values())
            for label, seconds in times.items():
                factors[label].append(seconds / best)
        for label, reached in factors.items():
            ordered = sorted(reached)
            first = sum(factor <= 1 for factor in ordered)
            rows.append({"label": label, "factor": 1.0, "share": first / count})
            rows += [
                {"label": label, "factor": factor, "share": number / count}
                for number, factor in enumerate(ordered, start=1)
                if number > first
            ]
    return pd.DataFrame(rows, columns=["label", "factor", "share"])
