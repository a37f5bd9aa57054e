"""Cells laid out on two axes: speed-ups over rows and columns, threads, agreement of pairs, coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kmbench.analysis.scaling import family_of
from kmbench.comparison import same_inertia, unpaired_ratio

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["agreement_frame", "coverage_frame", "speedup_grid", "thread_frame"]

NO_OUTCOME = "no outcome"
NOT_ASKED = "not asked for"


def speedup_grid(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the speed-ups over the baseline where n and d both vary and nothing else does, at equal inertia.

    Returns
    -------
    DataFrame
        ``panel, label, baseline, n, d, k, threads, speedup, speedup_low, speedup_high, verdict``; both the cell and
        its baseline reach the reference's inertia. A panel (one backend) has at least two n and two d.
    """
    import pandas as pd

    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    compared = (cells["status"] == "ok") & cells["speedup"].notna() & (cells["protocol"] != "target")
    rows = cells[compared].to_dict("records")
    sound = {(row["case_id"], row["label"]) for row in rows if same_inertia(row["inertia_ratio"])}
    names = ("label", "baseline", "n", "d", "k", "threads", "speedup", "speedup_low", "speedup_high", "verdict")
    for row in rows:
        own, base = (row["case_id"], row["label"]), (row["case_id"], row["baseline"])
        if row["label"] != row["baseline"] and own in sound and base in sound:
            place = (
                family_of(str(row["dataset"]), "n", "d"),
                row["k"],
                row["threads"],
                row["protocol"],
                row["label"],
            )
            groups.setdefault(place, []).append({name: row[name] for name in names})
    kept = [
        points
        for points in groups.values()
        if len({point["n"] for point in points}) > 1 and len({point["d"] for point in points}) > 1
    ]
    kept.sort(key=lambda points: -len(points))
    flat = [{"panel": number} | point for number, points in enumerate(kept) for point in points]
    return pd.DataFrame(flat, columns=["panel", *names])


def thread_frame(cells: pd.DataFrame, epochs: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    """Return how much faster each backend gets with more threads, against its fewest.

    Parameters
    ----------
    cells : DataFrame
    epochs : mapping of str to sequence of float
        By ``cell_id``, the time of each epoch in seconds.

    Returns
    -------
    DataFrame
        ``panel, dataset, n, d, k, label, threads, seconds, speedup, speedup_low, speedup_high, efficiency``:
        efficiency is the speed-up over the ratio of the thread counts. Cells with other thread counts did not take
        turns, so the 95 % interval is Welch's, of unpaired times.
    """
    import pandas as pd

    groups: dict[tuple[Any, ...], dict[str, dict[int, dict[Any, Any]]]] = {}
    for row in cells.to_dict("records"):
        if row["status"] == "ok" and row["protocol"] != "target" and epochs.get(row["cell_id"]):
            case = (row["dataset"], row["k"], row["protocol"], row["iterations"], row["seed"])
            groups.setdefault(case, {}).setdefault(str(row["label"]), {})[int(row["threads"])] = row
    rows: list[dict[str, Any]] = []
    kept = [group for group in groups.values() if any(len(line) > 1 for line in group.values())]
    # The one with most counts first, and among these the one with most work.
    slowest = [max(r["fit_predict_seconds"] for line in group.values() for r in line.values()) for group in kept]
    counts = [max(len(line) for line in group.values()) for group in kept]
    kept = [kept[i] for i in sorted(range(len(kept)), key=lambda i: (-counts[i], -slowest[i]))]
    for panel, group in enumerate(kept):
        for label, line in group.items():
            fewest = min(line)
            for threads, row in sorted(line.items()):
                if len(line) < 2:
                    continue
                ratio = unpaired_ratio(epochs[line[fewest]["cell_id"]], epochs[row["cell_id"]])
                is_base = threads == fewest
                rows.append(
                    {
                        "panel": panel,
                        **{name: row[name] for name in ("dataset", "n", "d", "k")},
                        "label": label,
                        "threads": threads,
                        "seconds": row["fit_predict_seconds"],
                        "speedup": 1.0 if is_base else ratio.ratio,
                        "speedup_low": 1.0 if is_base else ratio.low,
                        "speedup_high": 1.0 if is_base else ratio.high,
                        "efficiency": 1.0 if is_base else ratio.ratio * fewest / threads,
                    }
                )
    columns = ["panel", "dataset", "n", "d", "k", "label", "threads", "seconds", "speedup", "speedup_low"]
    return pd.DataFrame(rows, columns=[*columns, "speedup_high", "efficiency"])


def agreement_frame(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the adjusted Rand index of each pair of sound answers of a case, once in each order.

    Returns
    -------
    DataFrame
        ``case_id, label, other, ari``; empty for records that were made before pairs were compared.
    """
    import pandas as pd

    rows = []
    for row in cells.to_dict("records"):
        pairs = row.get("pairwise_ari")
        if row["status"] == "ok" and isinstance(pairs, Mapping):
            rows += [
                {"case_id": row["case_id"], "label": row["label"], "other": other, "ari": ari}
                for other, ari in pairs.items()
            ]
    frame = pd.DataFrame(rows, columns=["case_id", "label", "other", "ari"])
    sound = {(row["case_id"], row["label"]) for row in cells.to_dict("records") if row["status"] == "ok"}
    kept = [place in sound for place in zip(frame["case_id"], frame["other"], strict=True)]
    return frame[pd.Series(kept, dtype=bool)].reset_index(drop=True)


def coverage_frame(cells: pd.DataFrame, unfinished: Sequence[tuple[str, str]] = ()) -> pd.DataFrame:
    """Return what became of every backend in every case, also where it was not asked for.

    Parameters
    ----------
    cells : DataFrame
    unfinished : sequence of (str, str)
        Case and label of cells that were begun and have no outcome.

    Returns
    -------
    DataFrame
        ``case_id, label, status, reason``, every case with every label.
    """
    import pandas as pd

    known = {(r["case_id"], r["label"]): (str(r["status"]), _text(r["reason"])) for r in cells.to_dict("records")}
    for place in unfinished:
        known.setdefault(place, (NO_OUTCOME, "the run was cut off"))
    cases = list(dict.fromkeys(case for case, _ in known))
    labels = list(dict.fromkeys(label for _, label in known))
    rows = [
        {"case_id": case, "label": label, "status": status, "reason": reason}
        for case in cases
        for label in labels
        for status, reason in [known.get((case, label), (NOT_ASKED, ""))]
    ]
    return pd.DataFrame(rows, columns=["case_id", "label", "status", "reason"])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
