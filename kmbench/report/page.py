"""The page of one run or of several: one HTML file that needs no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from kmbench.analysis.floors import Ceilings
from kmbench.analysis.run import Run, RunCase, RunGroup, read_runs
from kmbench.errors import OutputError
from kmbench.figures.drawn import csv_href
from kmbench.figures.html import PAGE_FILE, render, script_of, write_whole
from kmbench.records import RECORDS_FILE, Status
from kmbench.report.device import DeviceTable, device_table
from kmbench.report.figures import MAX_DOTS, MAX_ROWS, drawn_rows, sample_frame, times_figure
from kmbench.report.forest import forest_cases, forest_figure
from kmbench.report.method import describe_method
from kmbench.report.overview import overview_of
from kmbench.report.race import view_of
from kmbench.report.sentences import Headline, case_name, headline, more_cases, reaches, summary
from kmbench.report.table import HEADINGS, table_note, table_rows
from kmbench.report.tasks import task_views
from kmbench.wording import count_text, dataset_name, threads_text

__all__ = ["MAX_CASES", "PAGE_FILE", "render_page", "write_page", "write_run_page"]

MAX_CASES = 24
"""Cases with a section and a figure of their own; the others are in the table and in the figures over all."""

SHOWN = 6
"""Answers that stand open; more are folded away."""

NAMED = 8
"""Unfinished cells that are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _CaseView:
    """A case as the template shows it; `figure` is SVG that is safe as it stands."""

    anchor: str
    title: str
    facts: list[str]
    headline: Headline
    figure: Any
    csv: str
    caption: str
    note: str
    device: DeviceTable | None


def write_page(*folders: Path, output: Path | None = None) -> Path:
    """Render the page of one or several run folders.

    Parameters
    ----------
    *folders : Path
        With ``records.jsonl``, and ``study.toml`` and ``host.json`` where there are any.
    output : Path, optional
        The folder to write into, by default the first run's.

    Returns
    -------
    Path
        The page, ``index.html`` in that folder. Until it is whole, an older one stays.

    Raises
    ------
    OutputError
        If a folder holds no records that this version reads, the runs are of different hosts or versions, or the
        page cannot be written.
    """
    return write_whole((output or folders[0]) / PAGE_FILE, render_page(read_runs(folders)))


def write_run_page(run: Run) -> Path:
    """Render the page of a run that was read or measured, into its folder.

    Raises
    ------
    OutputError
        If the page cannot be written.
    """
    if run.folder is None:
        raise OutputError("a run without a folder has no place for its page", "give write_page a run folder")
    return write_whole(run.folder / PAGE_FILE, render_page(run))


def render_page(runs: Run | Sequence[Run]) -> str:
    """Return the page of one or several runs as HTML."""
    whole = RunGroup([runs] if isinstance(runs, Run) else list(runs))
    compared = [case for case in whole.cases if case.lead.protocol != "target"]
    vary = _varying(compared)
    views = [_view(case, number, vary, whole.ceilings) for number, case in enumerate(compared, start=1)]
    raced = [view_of(race, number) for number, race in enumerate(whole.races, start=1)]
    names = {case.lead.case_id: case_name(case.lead, vary) for case in whole.cases}
    speedups = forest_cases(compared, names)
    anchors = [view.anchor if number < MAX_CASES else "" for number, view in enumerate(views)]
    rows = [row for case, anchor in zip(compared, anchors, strict=True) for row in table_rows(case, anchor)]
    answers = [view.headline for view in raced] + [view.headline for view in views]
    return render(
        "kmbench.report",
        "page.html",
        title=whole.name,
        runs=whole.runs,
        races=raced,
        cases=views[:MAX_CASES],
        summary=summary([view.headline for view in views]),
        answers=answers[:SHOWN],
        more_answers=answers[SHOWN:],
        more_text=more_cases(len(answers) - SHOWN),
        left_out_text=more_cases(len(views) - MAX_CASES),
        forest=forest_figure(speedups),
        apart=[(case.name, case.apart) for case in speedups if case.apart],
        overview=overview_of(whole.runs, names),
        tasks=task_views(whole.cases),
        rows=rows,
        headings=HEADINGS,
        note=_note(compared),
        counts=_counts(whole.cases),
        unfinished=_unfinished(whole),
        notes=[str(note) for note in whole.notes],
        method=describe_method(whole),
        records_file=RECORDS_FILE,
        when=_when(*(whole.span or (None, None))),
        script=script_of("kmbench.report", "page.js"),
    )


def _unfinished(run: RunGroup) -> str:
    named = ", ".join(key.label for key in run.unfinished[:NAMED])
    more = len(run.unfinished) - NAMED
    return f"{named} and {more} more" if more > 0 else named


def _view(case: RunCase, number: int, vary: Sequence[str], ceilings: Ceilings | None) -> _CaseView:
    from markupsafe import Markup

    row = case.lead
    name = case_name(row, vary)
    if case.run:
        name = f"{name}, {case.run}"
    figure = times_figure(case, f"case{number}-", name) if number <= MAX_CASES else None
    return _CaseView(
        anchor=f"case{number}",
        title=dataset_name(row.dataset) + ("" if row.workload is None else f" as {row.workload}"),
        facts=_facts(case),
        headline=headline(case, name),
        figure=None if figure is None else Markup(figure),  # ElementTree has escaped it
        csv="" if figure is None else csv_href(sample_frame(case).drop(columns="height")),
        caption=_caption(case),
        note=table_note(case),
        device=device_table(case, ceilings),
    )


def _note(cases: Sequence[RunCase]) -> str:
    """Say what the figures of the table are relative to, where that is the same for all cases."""
    notes = list(dict.fromkeys(filter(None, map(table_note, cases))))
    return notes[0] if len(notes) == 1 else "Each case says what its speed-up and inertia are relative to."


def _varying(cases: Sequence[RunCase]) -> list[str]:
    fields = ("iterations", "protocol", "seed")
    return [name for name in fields if len({getattr(case.lead, name) for case in cases}) > 1]


def _facts(case: RunCase) -> list[str]:
    row = case.lead
    facts = [f"{row.n:,} x {row.d}", f"k = {row.k:,}", threads_text(row.threads)]
    given = row.iterations_given if row.iterations_given is not None else row.iterations
    if given is not None:
        facts.append(f"{'at most ' if row.protocol == 'native' else ''}{given} iterations")
    return [*([case.run] if case.run else []), *facts, row.protocol, f"seed {row.seed}"]


def _caption(case: RunCase) -> str:
    rows = drawn_rows(case)
    parts = ["Each dot is one epoch, the bar their median; lower is better."]
    if not all(map(reaches, rows)):
        parts.append("Diamonds mark backends that do not reach the reference's inertia.")
    if len(rows) < len(case.sound):
        parts.append(f"The {MAX_ROWS} fastest of {len(case.sound)} backends are drawn.")
    if any(len(case.epoch_seconds[row.cell_id]) > MAX_DOTS for row in rows):
        parts.append(f"Of many epochs, {MAX_DOTS} evenly spaced ones are drawn.")
    return " ".join(parts)


def _counts(cases: Sequence[RunCase]) -> str:
    """Count the cells by what became of them: ``2 cases, 9 cells: 5 ok, 2 invalid``."""
    found = Counter(row.status for case in cases for row in case.rows)
    by_status = ", ".join(f"{found[status]} {status.value.replace('_', ' ')}" for status in Status if found[status])
    return f"{count_text(len(cases), 'case')}, {count_text(found.total(), 'cell')}: {by_status}"


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
