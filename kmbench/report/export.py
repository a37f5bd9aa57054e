"""Reports in other forms: Markdown for a pull request, CSV and Parquet for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from kmbench.analysis.export import benchopt_frame, flat_frame, markdown_table
from kmbench.analysis.run import Run
from kmbench.errors import OutputError
from kmbench.figures.html import HINT, PAGE_FILE, write_whole
from kmbench.report.page import render_page
from kmbench.whole_file import whole_file

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Format", "write_report"]


class Format(StrEnum):
    """What a report can be written as."""

    HTML = "html"
    MARKDOWN = "md"
    CSV = "csv"
    PARQUET = "parquet"


def write_report(
    runs: Sequence[Run], output: Path, formats: Sequence[Format], *, benchopt: bool = False
) -> list[Path]:
    """Write the report of one or several runs of one host.

    Parameters
    ----------
    runs : sequence of Run
        As `kmbench.analysis.read_runs` gives them.
    output : Path
        Folder for ``index.html``, ``table.md``, ``cells.csv`` and ``samples.csv``, ``cells.parquet`` and
        ``samples.parquet``.
    formats : sequence of Format
    benchopt : bool
        Write the samples under benchopt's column names, as ``benchopt_run_NAME.csv`` or ``.parquet``, instead.

    Returns
    -------
    list of Path
        The files, in the order of the formats.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    written = []
    for form in dict.fromkeys(formats):
        if form is Format.HTML:
            written.append(write_whole(output / PAGE_FILE, render_page(runs)))
            continue
        if form is Format.MARKDOWN:
            rows = [row for run in runs for row in run.cells]
            written.append(write_whole(output / "table.md", markdown_table(rows)))
            continue
        for name, frame in _frames(runs, benchopt).items():
            written.append(_write_frame(frame, output / f"{name}.{form.value}"))
    return written


def _frames(runs: Sequence[Run], benchopt: bool) -> dict[str, pd.DataFrame]:
    import pandas as pd

    if benchopt:
        # Folders of runs without any sound sample have nothing to add.
        parts = [benchopt_frame(run.samples_frame(), run.host) for run in runs]
        found = [part for part in parts if len(part)]
        if not found:
            raise OutputError("no run holds a sound sample", "so there is nothing to export for benchopt")
        folder = runs[0].folder
        assert folder is not None
        return {f"benchopt_run_{folder.resolve().name}": pd.concat(found, ignore_index=True)}
    cells, samples = [], []
    for run in runs:
        name = run.shown_as or run.name
        cells.append(flat_frame(run.frame()).assign(run=name))
        samples.append(flat_frame(run.samples_frame()).assign(run=name))
    return {"cells": pd.concat(cells, ignore_index=True), "samples": pd.concat(samples, ignore_index=True)}


def _write_frame(frame: pd.DataFrame, file: Path) -> Path:
    if file.suffix == ".csv":
        return write_whole(file, frame.to_csv(index=False, lineterminator="\n"))
    try:
        with whole_file(file, HINT) as temporary:
            frame.to_parquet(temporary, index=False)
    except ImportError:
        raise OutputError("parquet needs pyarrow", "pip install 'kmbench[files]', or choose --format csv") from None
    return file
