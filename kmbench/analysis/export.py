"""Cells and samples for other programs: a Markdown table for a pull request, and the columns of benchopt."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kmbench.analysis.cells import CellSummary
from kmbench.figures_of_cells import CellFigure, Face, figures_of
from kmbench.records import RecordKind, Status
from kmbench.wording import dataset_name, threads_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["benchopt_frame", "flat_frame", "markdown_table"]


def markdown_table(cells: Sequence[CellSummary]) -> str:
    """Return a Markdown table for each case, as a pull request shows it; text from outside is escaped."""
    parts, shown = [], figures_of(Face.MARKDOWN)
    for case_id in dict.fromkeys(cell.case_id for cell in cells):
        rows = [cell for cell in cells if cell.case_id == case_id]
        lead = rows[0]
        size = f"{lead.n:,} x {lead.d}, k={lead.k}, {threads_text(lead.threads)}"
        title = f"{dataset_name(lead.dataset)}, {size}, {lead.protocol}"
        heads = ["backend", "status", *(_heading(figure) for figure in shown)]
        rule = ["---", "---", *("---:" + "|---" * (figure.name == "speedup") for figure in shown)]
        lines = [f"**{_escaped(title)}**", "", f"| {' | '.join(heads)} |", f"|{'|'.join(rule)}|"]
        for row in rows:
            figures = [_escaped(row.label), row.status.value.replace("_", " ")]
            figures += [_figure_text(row, figure) for figure in shown]
            lines.append(f"| {' | '.join(figures)} |")
        notes = [f"- {_escaped(row.label)}: {_escaped(row.reason)}" for row in rows if row.reason]
        parts.append("\n".join([*lines, *([""] if notes else []), *notes]))
    return "\n\n".join(parts) + "\n"


def _heading(figure: CellFigure) -> str:
    return "speed-up (95 %) | verdict" if figure.name == "speedup" else figure.title


def _figure_text(row: CellSummary, figure: CellFigure) -> str:
    """Write a figure; a ratio with its interval, and the verdict in the next column."""
    worded = figure.word(row)
    if figure.name != "speedup":
        return worded.main
    interval = worded.aside or ("1 epoch" if worded.main not in ("", "baseline") else "")
    verdict = "" if row.verdict is None else row.verdict.value
    return f"{worded.main} ({interval}) | {verdict}" if interval else f"{worded.main} | {verdict}"


def _escaped(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{character}" if character in "\\`*_[]|~#" else character for character in text)


def flat_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame that any format can hold: mappings and lists become JSON texts, folders are left out."""
    found = frame.copy()
    if "dataset" in found:
        found["dataset"] = [dataset_name(str(spec)) for spec in found["dataset"]]
    for name in found:
        if found[name].dtype == object:
            found[name] = [_plain(value) for value in found[name]]
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=True, default=str)
    if isinstance(value, str):
        return str(value).encode("utf-8", "replace").decode("utf-8")  # lone surrogates fit into no file
    return value


def benchopt_frame(records: pd.DataFrame, host: dict[str, Any]) -> pd.DataFrame:
    """Return the samples under the column names of benchopt's result files.

    Parameters
    ----------
    records : DataFrame
        As `kmbench.analysis.load_records` gives it.
    host : dict
        The run's ``host.json``.

    Returns
    -------
    DataFrame
        A row for each epoch and round of a sound cell: ``objective_name, solver_name, data_name, p_solver_NAME,
        p_dataset_NAME, p_obj_NAME, idx_rep, stop_val`` (iterations), ``time`` (seconds until centroids and labels
        exist), ``objective_value`` (inertia) and what else kmbench found about the answer, ``sampling_strategy``, and
        the columns that tell of the host. kmbench measures inertia once for a cell, not for each repetition.

    References
    ----------
    benchopt 1.10, "Manage benchmark results": the columns of its parquet files.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    shown = sorted(figures_of(Face.BENCHOPT), key=lambda figure: figure.unit == "bytes")  # quality before cost
    names = [figure.name for figure in shown]
    for _, cell in records.groupby(["cell_id", "session"], sort=False):
        lines = cell.to_dict("records")
        outcome = [line for line in lines if line["kind"] == RecordKind.OUTCOME]
        if not outcome or outcome[-1]["status"] != Status.OK:
            continue
        fits = [line for line in lines if line["kind"] == RecordKind.FIT]
        for number, fit in enumerate(fits):
            # On a ladder each rung has an inertia of its own.
            own = [
                r
                for r in lines
                if r["kind"] != RecordKind.FIT and r.get("iterations_given") == fit.get("iterations_given")
            ]
            same = [other for other in fits[:number] if other.get("iterations_given") == fit.get("iterations_given")]
            found = {name: _last(own, name) for name in names}
            rows.append(_row(fit, len(same), found) | _host(host))
    return pd.DataFrame(rows)


def _row(fit: dict[Any, Any], number: int, found: dict[str, Any]) -> dict[str, Any]:
    parameters = fit["parameters"] if isinstance(fit["parameters"], dict) else {}
    inner = ",".join(f"{name}={value}" for name, value in parameters.items())
    solver = f"{fit['backend']}[{inner}]" if inner else fit["backend"]
    row = {
        "objective_name": f"k-means[k={fit['k']},protocol={fit['protocol']},threads={fit['threads']}]",
        "obj_description": "Sum of squared distances to the nearest centroid, by kmbench, in float64",
        "solver_name": solver,
        "solver_description": "",
        "data_name": dataset_name(str(fit["dataset"])),  # since 1.10 benchopt calls it dataset_name, and reads both
        "idx_rep": number,
        "stop_val": fit.get("iterations_given"),
        "time": fit["fit_predict_seconds"],
        "objective_value": found["inertia"],
        **{f"objective_{name}": value for name, value in found.items() if name != "inertia"},
        "sampling_strategy": "Iteration" if fit["protocol"] == "target" else "run_once",
    }
    row |= {f"p_obj_{name}": fit[name] for name in ("k", "protocol", "threads", "seed")}
    row |= {f"p_dataset_{name}": fit[name] for name in ("n", "d")}
    row |= {f"p_solver_{name}": value for name, value in parameters.items()}
    return row


def _last(lines: list[dict[Any, Any]], name: str) -> Any:
    known = (line.get(name) for line in reversed(lines))
    return next((value for value in known if value is not None and value == value), None)


def _host(host: dict[str, Any]) -> dict[str, Any]:
    cpu, packages = host.get("cpu"), host.get("packages")
    packages = packages if isinstance(packages, dict) else {}
    memory = host.get("memory_bytes")
    return {
        "platform": host.get("system"),
        "platform-architecture": host.get("machine"),
        "platform-release": host.get("kernel"),
        "system-cpus": host.get("logical_cores"),
        "system-processor": cpu.get("model") if isinstance(cpu, dict) else cpu,
        "system-ram (GB)": round(memory / 1e9) if isinstance(memory, int) else None,
        "version-numpy": packages.get("numpy"),
        "version-scipy": packages.get("scipy"),
    }
