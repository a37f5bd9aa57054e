"""asv's result files as one tidy data frame: a row for each figure of each commit, environment and machine."""

from __future__ import annotations

import ast
import itertools
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmbench.errors import OutputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["asv_frame"]

NOT_RESULTS = ("benchmarks.json", "machine.json")

STATISTICS = {"stats_ci_99_a": "low", "stats_ci_99_b": "high", "stats_q_25": "q25", "stats_q_75": "q75"}
"""asv's columns and what they are called here: the 99 % interval of the median, and the quartiles."""

PLACE = ("machine", "cpu", "commit", "commit_date", "environment", "python")
FIGURE = ("benchmark", "metric", "unit")
FINDING = ("status", "value", "low", "high", "q25", "q75", "samples", "measured_at", "duration_seconds", "stale")
"""Columns that every frame has; versions and parameters stand between them."""


def asv_frame(folder: str | Path) -> pd.DataFrame:
    """Return what lies in asv's results folder as a tidy data frame, the oldest commit first.

    Parameters
    ----------
    folder : str or Path
        Such as ``results/asv``: `benchmarks.json` and a folder for each machine.

    Returns
    -------
    DataFrame
        ``machine, cpu, commit, commit_date, environment, python``; ``version_NAME`` for each library that the
        environment pins (empty for environments that pin none); ``benchmark, metric, unit``; ``param_NAME`` for
        each parameter, by value; ``status`` (``ok``, ``skipped``: cannot run there, or ``failed``); ``value`` (for
        samples their median), ``low, high`` (99 % interval), ``q25, q75``, ``samples`` (list or None);
        ``measured_at``, ``duration_seconds``; ``stale``: the benchmark has since been given another version, or is
        gone. What does not apply is missing.

    Raises
    ------
    OutputError
        If there are no results there, or a file is not asv's.
    """
    import pandas as pd

    root = Path(folder)
    files = sorted(file for file in root.glob("*/*.json") if file.name not in NOT_RESULTS)
    if not files:
        raise OutputError(f"{root} holds no results of asv", "give the folder that holds benchmarks.json")
    benchmarks = _load(root / "benchmarks.json") if (root / "benchmarks.json").is_file() else {}
    rows = [row for file in files for row in _rows(file, benchmarks)]
    if not rows:
        raise OutputError(f"the results of asv in {root} are empty", "asv run measures")
    frame = pd.DataFrame(rows)
    for name in ("commit_date", "measured_at"):
        frame[name] = pd.to_datetime(frame[name], unit="ms", utc=True)
    frame = frame[[*PLACE, *_named(frame, "version_"), *FIGURE, *_named(frame, "param_"), *FINDING]]
    order = ["machine", "commit_date", "commit", "environment", "benchmark"]
    return frame.sort_values(order, kind="stable", ignore_index=True)


def _named(frame: pd.DataFrame, prefix: str) -> list[str]:
    return [name for name in frame.columns if name.startswith(prefix)]


def _load(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OutputError(f"{file} cannot be read as asv's: {error}", "restore it, or remove it") from None
    if not isinstance(content, dict):
        raise OutputError(f"{file} is not a file of asv", "restore it, or remove it")
    return content


def _rows(file: Path, benchmarks: dict[str, Any]) -> Iterator[dict[str, Any]]:
    result = _load(file)
    try:
        columns, results = result["result_columns"], result["results"]
        identity = {
            "machine": file.parent.name,
            "cpu": result["params"].get("cpu"),
            "commit": result["commit_hash"],
            "commit_date": result["date"],
            "environment": result["env_name"],
            "python": result["python"],
        }
        identity |= {f"version_{name}": version for name, version in result.get("requirements", {}).items()}
        for name, values in results.items():
            row = dict(zip(columns, values, strict=False))  # asv cuts off what is None at the end
            known = benchmarks.get(name, {})
            stale = bool(benchmarks) and known.get("version") != row.get("version")
            shared = {"benchmark": name, "metric": name.rpartition(".")[2], "unit": known.get("unit"), "stale": stale}
            shared |= {"measured_at": row.get("started_at"), "duration_seconds": row.get("duration")}
            for cell in _cells(row, known.get("param_names", [])):
                yield identity | shared | cell
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise OutputError(f"{file} is not a result of asv: {error!r}", "restore it, or remove it") from None


def _cells(row: dict[str, Any], names: list[str]) -> Iterator[dict[str, Any]]:
    """Yield one dictionary for each combination of the parameters, in asv's order."""
    params = row.get("params") or []
    for position, combination in enumerate(itertools.product(*params)):
        cell: dict[str, Any] = {}
        for number, text in enumerate(combination):
            name = names[number] if number < len(names) else f"{number + 1}"
            cell[f"param_{name}"] = _value_of(text)
        value = _at(row.get("result"), position)
        skipped = isinstance(value, float) and math.isnan(value)
        status = "failed" if value is None else "skipped" if skipped else "ok"
        cell |= {"status": status, "value": value if status == "ok" else None}
        cell |= {mine: _at(row.get(theirs), position) for theirs, mine in STATISTICS.items()}
        cell["samples"] = _at(row.get("samples"), position)
        yield cell


def _at(values: list[Any] | None, position: int) -> Any:
    return values[position] if values is not None and position < len(values) else None


def _value_of(text: str) -> Any:
    """Return what a parameter's `repr` stands for; text that is none is kept as it is."""
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text
