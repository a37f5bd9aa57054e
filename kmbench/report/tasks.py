"""The section of a workload: its figures for each backend, and what it left: pictures, colours, tables."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kmbench.analysis.run import RunCase
from kmbench.analysis.tasks import TaskTable, figure_text, task_table
from kmbench.wording import dataset_name

__all__ = ["TaskView", "task_views"]

LARGEST_PICTURE = 4 * 2**20
"""Bytes of a picture that the page takes in; larger ones stay in the run folder."""

_PICTURES = {".png": "image/png", ".jpg": "image/jpeg"}
_COLOUR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Shown:
    """Something that one or several backends left alike.

    Attributes
    ----------
    labels : str
        Whose it is.
    kind : {"picture", "swatch", "table"}
    content : Any
        The address of a picture that holds it whole, colours with their widths, or columns and rows of a table.
    """

    labels: str
    kind: str
    title: str
    content: Any
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """A case with a workload as the template shows it."""

    anchor: str
    workload: str
    dataset: str
    facts: list[str]
    table: TaskTable
    pictures: list[Shown]
    swatches: list[Shown]
    tables: list[Shown]
    kept: list[str]


def task_views(cases: Sequence[RunCase]) -> list[TaskView]:
    """Return a view of each case that has task figures, in their order."""
    views = []
    for number, case in enumerate(cases, start=1):
        found = task_table(case.rows)
        if found is not None:
            views.append(_view(case, found, f"task{number}"))
    return views


def _view(case: RunCase, found: TaskTable, anchor: str) -> TaskView:
    row = case.lead
    own: list[tuple[str, str]] = [("the original", path) for path in _common(case)]
    own += [(cell.label, path) for cell in case.rows if cell.task for path in cell.artefacts or []]
    shown: list[Shown] = []
    kept = []
    for labels, name, content in _grouped(case.folder, own):
        one = _shown(labels, name, content)
        if one is None:
            kept.append(name)
        else:
            shown.append(one)
    return TaskView(
        anchor=anchor,
        workload=row.workload or "",
        dataset=dataset_name(row.dataset),
        facts=[f"{row.n:,} x {row.d}", f"k = {row.k:,}", row.protocol, f"seed {row.seed}"],
        table=found,
        pictures=[one for one in shown if one.kind == "picture"],
        swatches=[one for one in shown if one.kind == "swatch"],
        tables=[one for one in shown if one.kind == "table"],
        kept=kept,
    )


def _common(case: RunCase) -> list[str]:
    return next((cell.case_artefacts for cell in case.rows if cell.case_artefacts), None) or []


def _grouped(folder: Path | None, own: Sequence[tuple[str, str]]) -> list[tuple[str, str, bytes]]:
    """Return labels, name and content of the files that are there; equal ones of several backends are one."""
    groups: dict[tuple[str, bytes], list[str]] = {}
    for label, path in own:
        file = None if folder is None else (folder / path).resolve()
        if file is None or folder is None or not file.is_relative_to(folder.resolve()) or not file.is_file():
            continue
        groups.setdefault((file.name, file.read_bytes()), []).append(label)
    return [(", ".join(labels), name, content) for (name, content), labels in groups.items()]


def _shown(labels: str, name: str, content: bytes) -> Shown | None:
    """Return a file as the page shows it, or None where it does not."""
    suffix = Path(name).suffix.lower()
    if suffix in _PICTURES and len(content) <= LARGEST_PICTURE:
        address = f"data:{_PICTURES[suffix]};base64,{base64.b64encode(content).decode()}"
        return Shown(labels, "picture", Path(name).stem, address)
    if suffix != ".json":
        return None
    try:
        found = json.loads(content)
        if found["kind"] == "swatch":
            pairs = [
                (colour, 100 * float(share))
                for colour, share in zip(found["colours"], found["shares"], strict=True)
                if _COLOUR.fullmatch(colour)
            ]
            return Shown(labels, "swatch", str(found["title"]), pairs)
        if found["kind"] == "table":
            rows = [[_cell(value) for value in row] for row in found["rows"]]
            columns = [str(column) for column in found["columns"]]
            return Shown(labels, "table", str(found["title"]), (columns, rows), str(found["note"]))
    except (KeyError, TypeError, ValueError):
        return None  # some other file of the workload's own
    return None


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return figure_text(float(value), "") if isinstance(value, int | float) else str(value)
