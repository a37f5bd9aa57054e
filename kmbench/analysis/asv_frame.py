"""asv's result files as one tidy data frame: a row for each figure of each commit, environment and machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kmbench.analysis.asv_results import load_json, rows_of_result
from kmbench.errors import OutputError
from kmbench.notes import Note, note

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["asv_frame"]

NOT_RESULTS = ("benchmarks.json", "machine.json")

PLACE = ("machine", "cpu", "commit", "commit_date", "environment", "tool", "python")
FIGURE = ("benchmark", "metric", "unit")
FINDING = ("status", "value", "low", "high", "q25", "q75", "samples", "measured_at", "duration_seconds", "stale")
"""Columns that every frame has; versions, variables and parameters stand between them."""


def asv_frame(folder: str | Path, order: Sequence[str] = ()) -> pd.DataFrame:
    """Return what lies in asv's results folder as a tidy data frame, the oldest commit first.

    Parameters
    ----------
    folder : str or Path
        Such as ``results/asv``: `benchmarks.json` and a folder for each machine. Files of asv's formats 1 and 2
        are read.
    order : sequence of str
        Commits, the oldest first: decides where several were made in one second, as a rebase does it.

    Returns
    -------
    DataFrame
        ``machine, cpu, commit, commit_date``; ``environment`` (asv's name of it, which tells environments apart),
        ``tool`` (what made it, such as ``virtualenv``), ``python``; ``version_NAME`` for each library that the
        environment pins and ``variable_NAME`` for each environment variable that it sets; ``benchmark, metric,
        unit``; ``param_NAME`` for each parameter, by value; ``status`` (``ok``, ``skipped``: cannot run there, or
        ``failed``); ``value`` (for samples their median), ``low, high`` (99 % interval), ``q25, q75``, ``samples``
        (list or None); ``measured_at``, ``duration_seconds``; ``stale``: the benchmark has since been given another
        version, or is gone. What does not apply is missing. ``attrs["notes"]`` holds a note for each file that
        could not be read.

    Raises
    ------
    OutputError
        If there are no results there, or none that can be read.
    """
    import pandas as pd

    root = Path(folder)
    files = sorted(file for file in root.glob("*/*.json") if file.name not in NOT_RESULTS)
    if not files:
        raise OutputError(f"{root} holds no results of asv", "give the folder that holds benchmarks.json")
    benchmarks = load_json(root / "benchmarks.json") if (root / "benchmarks.json").is_file() else {}
    rows, notes, faults = [], list[Note](), list[OutputError]()
    for file in files:
        try:
            rows += rows_of_result(file, benchmarks)
        except OutputError as error:
            faults.append(error)
            notes.append(note("KM401", what=error.what, concerns=[str(file.relative_to(root))]))
    if not rows:
        if faults:
            raise faults[0]
        raise OutputError(f"the results of asv in {root} are empty", "run `asv run` first")
    frame = pd.DataFrame(rows)
    for name in ("commit_date", "measured_at"):
        frame[name] = pd.to_datetime(frame[name], unit="ms", utc=True)
    described = [*_named(frame, "version_"), *_named(frame, "variable_")]
    frame = frame[[*PLACE, *described, *FIGURE, *_named(frame, "param_"), *FINDING]]
    place = {commit: number for number, commit in enumerate(order)}
    frame["place"] = frame["commit"].map(place).fillna(len(place))
    columns = ["machine", "commit_date", "place", "commit", "environment", "benchmark"]
    frame = frame.sort_values(columns, kind="stable", ignore_index=True).drop(columns="place")
    frame.attrs["notes"] = notes
    return frame


def _named(frame: pd.DataFrame, prefix: str) -> list[str]:
    return [name for name in frame.columns if name.startswith(prefix)]
