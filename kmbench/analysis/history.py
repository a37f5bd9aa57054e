"""What asv's results say over the commits and over the versions: lines, changes, and version against version."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from kmbench.comparison import RatioInterval, Verdict, paired_ratio, verdict_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "TIME",
    "Change",
    "Versions",
    "changes",
    "environment_names",
    "has_moved",
    "history_frame",
    "pinned_first",
    "versions_compared",
]

TIME = "track_fit_predict_seconds"
"""The metric that versions are compared by."""

EXACT = {"track_inertia": 1e-4, "track_iterations": 1e-4, "track_agreement_loss": 1e-4}
"""Metrics that chance does not move, and the share by which they must move to be called changed."""

MEMORY, MEMORY_SHARE, MEMORY_BYTES = "track_peak_extra_bytes", 0.10, 2_000_000
"""Memory has changed beyond the larger of the two: what an allocator does from run to run lies below."""

APART_SECONDS = 900.0
"""Environments whose figures of a commit were measured longer apart, by the median, get no verdict: a host's pace
drifts by more than versions differ."""

PIN, VARIABLE = "version_", "variable_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A figure that is another one from a commit on.

    Attributes
    ----------
    cell : str
        Such as ``faiss-cpu, digits, k=16``.
    after, before : str
        The commits, of which `after` has the new figure.
    old, new : float
    backend, parameters : str, dict
        What makes the cell.
    """

    machine: str
    environment: str
    cell: str
    metric: str
    before: str
    after: str
    old: float
    new: float
    backend: str
    parameters: dict[str, Any]

    @property
    def worse(self) -> bool:
        """Whether the new figure is the larger one: all of asv's metrics are better where they are lower."""
        return self.new > self.old


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """A backend with the libraries of one environment against those of the first.

    Attributes
    ----------
    slowdown : RatioInterval
        Time in `environment` over that in `base`; a pair for each commit, the geometric mean over the cells.
    apart_seconds : float
        Between the measurements of a commit in both, the median.
    verdict : Verdict
        On `environment`; inconclusive where they lie too far apart.
    """

    machine: str
    backend: str
    base: str
    environment: str
    cells: int
    slowdown: RatioInterval
    apart_seconds: float
    verdict: Verdict


def pinned_first(environments: pd.Series) -> list[str]:
    """Return the different environments of some results: the pinned one, which has the most, stands first.

    Of equals the one of the later name, which is mostly that of the newer versions.
    """
    counts = environments.value_counts()
    return sorted(sorted(map(str, counts.index), reverse=True), key=lambda name: -int(counts[name]))


def environment_names(frame: pd.DataFrame) -> dict[str, str]:
    """Return short names of the environments: what differs among them; the first one is the pinned.

    asv's own name tells environments apart: two of the same versions may differ in their Python, in an environment
    variable or in the tool that made them. The pinned environment, which stands first, has the most results.
    """
    order = pinned_first(frame["environment"])
    rows = {name: frame.loc[frame["environment"] == name].iloc[0] for name in order}
    described = {name: [*_description(row, frame.columns)] for name, row in rows.items()}
    differing = [parts for parts in zip(*described.values(), strict=True) if len(set(parts)) > 1]
    if differing:
        names = [", ".join(filter(None, parts)) for parts in zip(*differing, strict=True)]
    else:
        pins = [f"{PIN}{name}" for name in ("faiss-cpu", "scikit-learn") if f"{PIN}{name}" in frame.columns]
        pins = pins or [name for name in frame.columns if name.startswith(PIN)]
        names = [", ".join(filter(None, (_written(row, pin, PIN) for pin in pins))) for row in rows.values()]
    equal = Counter(names)
    return {
        environment: name if name and equal[name] == 1 else f"{name} ({environment})" if name else environment
        for environment, name in zip(order, names, strict=True)
    }


def _description(row: pd.Series, columns: Iterable[str]) -> Iterator[str]:
    """Yield what makes an environment: its libraries, its Python, its variables, and the tool that made it."""
    yield from (_written(row, name, PIN) for name in columns if name.startswith(PIN))
    yield f"python {row['python']}"
    yield from (_written(row, name, VARIABLE) for name in columns if name.startswith(VARIABLE))
    yield str(row.get("tool") or "")


def _written(row: pd.Series, column: str, prefix: str) -> str:
    """Write ``numpy 2.4.6`` from a column such as ``version_numpy``; empty where it does not apply."""
    value = row[column]
    return f"{column.removeprefix(prefix)} {value}" if isinstance(value, str) and value else ""


def history_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the measured figures that still hold, with what a line of a figure needs.

    Parameters
    ----------
    frame : DataFrame
        Of `kmbench.asv_frame`.

    Returns
    -------
    DataFrame
        Its rows of status ``ok`` that are not stale, with ``environment_name``, ``group`` (the class of the
        benchmark, such as ``fit.Fit``), ``parameters`` (as a dict), ``cell`` (the same as one text), ``backend`` and
        ``position`` (of the commit on its machine, from 0).
    """
    import pandas as pd

    sound = frame[(frame["status"] == "ok") & ~frame["stale"]].copy()
    names = environment_names(frame)
    sound["environment_name"] = sound["environment"].map(names)
    sound["group"] = sound["benchmark"].str.rpartition(".")[0]
    parameters = [name for name in frame.columns if name.startswith("param_")]
    given = [_given(row, parameters) for row in sound[parameters].to_dict("records")]
    sound["parameters"] = pd.Series(given, index=sound.index, dtype=object)
    sound["cell"] = [_cell(one) for one in given]
    backend = sound.get("param_backend")
    sound["backend"] = sound["group"] if backend is None else backend.fillna(sound["group"])
    sound.loc[sound["group"].str.endswith("FitIVF"), "backend"] = "faiss-ivf"
    positions: dict[tuple[str, str], int] = {}
    for machine, rows in frame.groupby("machine"):
        for position, commit in enumerate(dict.fromkeys(rows["commit"])):
            positions[str(machine), str(commit)] = position
    pairs = zip(sound["machine"], sound["commit"], strict=True)
    sound["position"] = [positions[pair] for pair in pairs]
    return sound.reset_index(drop=True)


def _given(row: Mapping[Any, Any], names: list[str]) -> dict[str, Any]:
    """Return the parameters that a row has; a column of whole numbers with gaps has become one of floats."""
    given = {name.removeprefix("param_"): row[name] for name in names}
    given = {name: value for name, value in given.items() if value is not None and value == value}
    return {n: int(v) if isinstance(v, float) and v.is_integer() else v for n, v in given.items()}


def _cell(given: Mapping[str, Any]) -> str:
    bare = [str(given[name]) for name in ("backend", "dataset") if name in given]
    return ", ".join([*bare, *(f"{n}={value}" for n, value in given.items() if n not in ("backend", "dataset"))])


def changes(history: pd.DataFrame) -> list[Change]:
    """Return where figures that chance does not move became others, the latest commit first.

    Parameters
    ----------
    history : DataFrame
        Of `history_frame`.
    """
    found = [change for line in _lines(history, [*EXACT, MEMORY]) for change in _changes_of(line)]
    place = dict(zip(history["commit"], history["position"], strict=True))
    return sorted(found, key=lambda change: (-place[change.after], change.metric, change.cell))


def _lines(history: pd.DataFrame, metrics: list[str]) -> Iterator[pd.DataFrame]:
    chosen = history[history["metric"].isin(metrics)]
    for _, line in chosen.groupby(["machine", "environment_name", "benchmark", "cell"], sort=False):
        yield line.sort_values("position")


def _changes_of(line: pd.DataFrame) -> Iterator[Change]:
    metric = str(line["metric"].iloc[0])
    rows = line.to_dict("records")
    for old, new in pairwise(rows):
        if has_moved(metric, old["value"], new["value"]):
            cell = new["cell"] if new["cell"].startswith(new["backend"]) else f"{new['backend']}, {new['cell']}"
            yield Change(
                machine=new["machine"],
                environment=new["environment_name"],
                cell=cell,
                metric=metric,
                before=old["commit"],
                after=new["commit"],
                old=old["value"],
                new=new["value"],
                backend=new["backend"],
                parameters=new["parameters"],
            )


def has_moved(metric: str, old: float, new: float) -> bool:
    """Tell whether a figure that chance does not move is another one."""
    if metric == MEMORY:
        return abs(new - old) > max(MEMORY_SHARE * old, MEMORY_BYTES)
    return abs(new - old) > EXACT[metric] * max(abs(old), abs(new))


def versions_compared(history: pd.DataFrame) -> list[Versions]:
    """Compare every environment with the one of the most results, by backend, over the commits that both have.

    A pair is a commit: the geometric mean over the backend's cells of the time in one environment over that in the
    other. `asv run` measures the environments of a commit one after the other, which leaves little time to drift;
    where they were measured in different hours no verdict is given.

    Parameters
    ----------
    history : DataFrame
        Of `history_frame`.
    """
    times = history[history["metric"] == TIME]
    if times.empty:
        return []
    order = pinned_first(history["environment_name"])
    found = []
    for (machine, backend), rows in times.groupby(["machine", "backend"], sort=False):
        table = rows.pivot_table(
            index=["commit", "cell"], columns="environment_name", values="value", sort=False, aggfunc="first"
        )
        base, *others = [name for name in order if name in table.columns]
        for other in others:
            both = table[[base, other]].dropna()
            if both.empty:
                continue
            logs = [
                statistics.fmean(math.log(b / a) for a, b in zip(part[base], part[other], strict=True))
                for _, part in both.groupby(level="commit", sort=False)
            ]
            slowdown = paired_ratio([math.exp(log) for log in logs], [1.0] * len(logs))
            speedup = paired_ratio([1.0] * len(logs), [math.exp(log) for log in logs])
            cells = len(both.index.get_level_values("cell").unique())
            apart = _seconds_apart(rows, base, other, both.index.get_level_values("commit"))
            found.append(
                Versions(
                    machine=str(machine),
                    backend=str(backend),
                    base=base,
                    environment=other,
                    cells=cells,
                    slowdown=slowdown,
                    apart_seconds=apart,
                    verdict=verdict_of(speedup) if apart <= APART_SECONDS else Verdict.INCONCLUSIVE,
                )
            )
    return found


def _seconds_apart(rows: pd.DataFrame, base: str, other: str, commits: pd.Index) -> float:
    """Return the median over the commits of the time between the measurements in two environments."""
    chosen = rows[rows["commit"].isin(commits)]
    at = chosen.pivot_table(index="commit", columns="environment_name", values="measured_at", aggfunc="min")
    return float((at[base] - at[other]).dt.total_seconds().abs().median())
