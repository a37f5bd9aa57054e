"""The page of a run: one HTML file that needs no network and no script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from kmbench.analysis import warnings_of
from kmbench.analysis.floors import Ceilings
from kmbench.records import RECORDS_FILE, Status
from kmbench.report.contents import CaseContents, RunContents, read_run
from kmbench.report.device import DeviceTable, device_table
from kmbench.report.figures import MAX_DOTS, MAX_ROWS, drawn_rows, times_figure
from kmbench.report.html import templates, write_whole
from kmbench.report.method import describe_method
from kmbench.report.race import view_of
from kmbench.report.sentences import Answer, answer, case_name, dataset_name, reaches
from kmbench.report.table import HEADINGS, Row, table_note, table_rows

__all__ = ["PAGE_FILE", "render_page", "write_page"]

PAGE_FILE = "index.html"
"""Name of the page in a run folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _CaseView:
    """A case as the template shows it; `figure` is SVG that is safe as it stands."""

    anchor: str
    title: str
    facts: list[str]
    answer: Answer
    figure: Any
    caption: str
    rows: list[Row]
    note: str
    device: DeviceTable | None


def write_page(folder: Path) -> Path:
    """Render the page of a run folder into it.

    Parameters
    ----------
    folder : Path
        With ``records.jsonl``, and ``study.toml`` and ``host.json`` where there are any.

    Returns
    -------
    Path
        The page, ``index.html`` in that folder. Until it is whole, an older one stays.

    Raises
    ------
    OutputError
        If the folder holds no records that this version reads, or cannot be written.
    """
    return write_whole(folder / PAGE_FILE, render_page(read_run(folder)))


def render_page(run: RunContents) -> str:
    """Return the page of a run as HTML."""
    compared = [case for case in run.cases if case.lead.protocol != "target"]
    vary = _varying(compared)
    return (
        templates()
        .get_template("page.html")
        .render(
            run=run,
            races=[view_of(race, number) for number, race in enumerate(run.races, start=1)],
            cases=[_view(case, number, vary, run.ceilings) for number, case in enumerate(compared, start=1)],
            counts=_counts(run.cases),
            warnings=warnings_of([row for case in run.cases for row in case.rows], run.host),
            method=describe_method(run),
            headings=HEADINGS,
            records_file=RECORDS_FILE,
            when=_when(run.first_at, run.last_at),
            version=version("kmbench"),
        )
    )


def _view(case: CaseContents, number: int, vary: Sequence[str], ceilings: Ceilings | None) -> _CaseView:
    from markupsafe import Markup

    row = case.lead
    name = case_name(row, vary)
    figure = times_figure(case, f"case{number}-", name)
    return _CaseView(
        anchor=f"case{number}",
        title=dataset_name(row.dataset),
        facts=_facts(case),
        answer=answer(case, name),
        figure=None if figure is None else Markup(figure),  # ElementTree has escaped it
        caption=_caption(case),
        rows=table_rows(case),
        note=table_note(case),
        device=device_table(case, ceilings),
    )


def _varying(cases: Sequence[CaseContents]) -> list[str]:
    fields = ("iterations", "protocol", "seed")
    return [name for name in fields if len({getattr(case.lead, name) for case in cases}) > 1]


def _facts(case: CaseContents) -> list[str]:
    row = case.lead
    facts = [f"{row.n:,} x {row.d}", f"k = {row.k:,}", "1 thread" if row.threads == 1 else f"{row.threads} threads"]
    given = row.iterations_given if row.iterations_given is not None else row.iterations
    if given is not None:
        facts.append(f"{'at most ' if row.protocol == 'native' else ''}{given} iterations")
    return [*facts, row.protocol, f"seed {row.seed}"]


def _caption(case: CaseContents) -> str:
    rows = drawn_rows(case)
    parts = ["Each dot is one epoch, the bar their median; less is better."]
    if not all(map(reaches, rows)):
        parts.append("Diamonds mark backends that do not reach the reference's inertia.")
    if len(rows) < len(case.sound):
        parts.append(f"The {MAX_ROWS} fastest of {len(case.sound)} backends are drawn.")
    if any(len(case.samples[row.cell_id]) > MAX_DOTS for row in rows):
        parts.append(f"Of many epochs, {MAX_DOTS} evenly spaced ones are drawn.")
    return " ".join(parts)


def _counts(cases: Sequence[CaseContents]) -> str:
    """Count the cells by what became of them: ``2 cases, 9 cells: 5 ok, 2 invalid``."""
    found = Counter(row.status for case in cases for row in case.rows)
    by_status = ", ".join(f"{found[status]} {status.value.replace('_', ' ')}" for status in Status if found[status])
    return f"{_plural(len(cases), 'case')}, {_plural(found.total(), 'cell')}: {by_status}"


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _when(first: str | None, last: str | None) -> str:
    """Write when the records were made: ``2026-01-31, 10:12 to 10:14 UTC``."""
    if first is None or last is None:
        return ""
    try:
        start, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
    except ValueError:
        return f"{first} to {last}"
    zone = end.tzname() or ""
    if start.date() == end.date():
        return f"{start:%Y-%m-%d, %H:%M} to {end:%H:%M} {zone}".strip()
    return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} {zone}".strip()
