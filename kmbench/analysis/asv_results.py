"""One result file of asv, of its format 1 or 2, as rows."""

from __future__ import annotations

import ast
import itertools
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kmbench.errors import OutputError

__all__ = ["load_json", "rows_of_result"]

STATISTICS = {"stats_ci_99_a": "low", "stats_ci_99_b": "high", "stats_q_25": "q25", "stats_q_75": "q75"}
"""asv's columns and what they are called here: the 99 % interval of the median, and the quartiles."""

NEWEST_VERSION = 2
"""Of asv's result files that are read: its ``api_version``."""


def load_json(file: Path) -> dict[str, Any]:
    """Return the object in a JSON file.

    Raises
    ------
    OutputError
        If it cannot be read, or holds something else.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OutputError(f"{file} cannot be read as asv's: {error}", "restore it, or remove it") from None
    if not isinstance(content, dict):
        raise OutputError(f"{file} is not a file of asv", "restore it, or remove it")
    return content


def rows_of_result(file: Path, benchmarks: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each figure of a result file; the columns are those of `kmbench.asv_frame`.

    Parameters
    ----------
    file : Path
    benchmarks : dict
        Of ``benchmarks.json``, by name; empty where there is none.

    Raises
    ------
    OutputError
        If the file is not a result of asv, or of a newer asv.
    """
    result = load_json(file)
    version = result.get("version", NEWEST_VERSION)
    if isinstance(version, int) and version > NEWEST_VERSION:
        raise OutputError(
            f"{file} was written by a newer asv: its format is {version}, kmbench reads up to {NEWEST_VERSION}",
            "update kmbench",
        )
    try:
        named = _named_values(result, version)
        identity = _identity(file, result)
        return [row for name, values in named for row in _rows(identity, name, values, benchmarks)]
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise OutputError(f"{file} is not a result of asv: {error!r}", "restore it, or remove it") from None


def _identity(file: Path, result: dict[str, Any]) -> dict[str, Any]:
    """Return what all rows of a file share: host, commit and environment."""
    requirements, variables = result.get("requirements") or {}, result.get("env_vars") or {}
    python = result["python"]
    environment = result.get("env_name") or "-".join([f"py{python}", *_joined(requirements), *_joined(variables)])
    identity = {
        "machine": file.parent.name,
        "cpu": result["params"].get("cpu"),
        "commit": result["commit_hash"],
        "commit_date": result["date"],
        "environment": environment,
        "tool": _tool(environment),
        "python": python,
    }
    identity |= {f"version_{name}": version for name, version in requirements.items()}
    return identity | {f"variable_{name}": value for name, value in variables.items()}


def _joined(named: dict[str, Any]) -> list[str]:
    return [f"{name}{value or ''}" for name, value in sorted(named.items())]


def _tool(environment: str) -> str:
    """Return what made an environment, such as ``virtualenv``; asv names it first, old versions did not."""
    tool = environment.partition("-py")[0]
    return "" if tool == environment and not environment.startswith("existing") else tool.partition("-")[0]


def _named_values(result: dict[str, Any], version: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return for each benchmark what was found, by asv's names of columns."""
    if version == 1:
        return [(name, _from_first_format(result, name)) for name in sorted(result["results"])]
    columns = result["result_columns"]
    # asv cuts off what is None at the end of a row
    return [(name, dict(zip(columns, values, strict=False))) for name, values in result["results"].items()]


def _from_first_format(result: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a benchmark of asv's first format as the second has it."""
    value = result["results"][name]
    if not isinstance(value, dict):
        value = {"result": [value]}
    found = value["result"] if isinstance(value["result"], list) else [value["result"]]
    statistics = value.get("stats")
    if statistics is not None and not isinstance(statistics, list):
        statistics = [statistics]
    samples = value.get("samples")
    row = {
        "result": found,
        "params": value.get("params") or [],
        "samples": samples,
        "version": result.get("benchmark_version", {}).get(name),
        "started_at": result.get("started_at", {}).get(name),
        "duration": result.get("duration", {}).get(name),
    }
    if statistics is not None:
        ends = [(None, None) if one is None else one["ci_99"] for one in statistics]
        row |= {"stats_ci_99_a": [low for low, _ in ends], "stats_ci_99_b": [high for _, high in ends]}
        for quartile in ("q_25", "q_75"):
            row[f"stats_{quartile}"] = [None if one is None else one.get(quartile) for one in statistics]
    return row


def _rows(
    identity: dict[str, Any], name: str, values: dict[str, Any], benchmarks: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    known = benchmarks.get(name, {})
    version = values.get("version")
    # As asv has it: a result without a version is kept, whatever the benchmark's is now.
    stale = bool(benchmarks) and (name not in benchmarks or (version is not None and known.get("version") != version))
    shared = {"benchmark": name, "metric": name.rpartition(".")[2], "unit": known.get("unit"), "stale": stale}
    shared |= {"measured_at": values.get("started_at"), "duration_seconds": values.get("duration")}
    for cell in _cells(values, known.get("param_names", [])):
        yield identity | shared | cell


def _cells(values: dict[str, Any], names: list[str]) -> Iterator[dict[str, Any]]:
    """Yield one dictionary for each combination of the parameters, in asv's order."""
    params = values.get("params") or []
    for position, combination in enumerate(itertools.product(*params)):
        cell: dict[str, Any] = {}
        for number, text in enumerate(combination):
            name = names[number] if number < len(names) else f"{number + 1}"
            cell[f"param_{name}"] = _value_of(text)
        value = _at(values.get("result"), position)
        skipped = isinstance(value, float) and math.isnan(value)
        status = "failed" if value is None else "skipped" if skipped else "ok"
        cell |= {"status": status, "value": value if status == "ok" else None}
        cell |= {mine: _at(values.get(theirs), position) for theirs, mine in STATISTICS.items()}
        cell["samples"] = _at(values.get("samples"), position)
        yield cell


def _at(values: list[Any] | None, position: int) -> Any:
    return values[position] if values is not None and position < len(values) else None


def _value_of(text: str) -> Any:
    """Return what a parameter's `repr` stands for; text that is none is kept as it is."""
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text
