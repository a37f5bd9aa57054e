"""The gallery: every run under a folder rendered, and an index page that tells the answer of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kmbench.analysis.run import Run, read_run
from kmbench.errors import OutputError
from kmbench.figures.html import PAGE_FILE, render, write_whole
from kmbench.records import RECORDS_FILE, Status
from kmbench.report.forest import forest_cases, thumbnail
from kmbench.report.page import render_page
from kmbench.report.race import headline_of
from kmbench.report.sentences import Headline, case_name, headline, more_cases, summary
from kmbench.wording import count_text

__all__ = ["Entry", "find_runs", "write_gallery"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A report as the index shows it; `href` is relative to the index, `thumbnail` SVG that is safe as it stands."""

    href: str
    name: str
    folder: str
    sentences: list[str]
    more: str
    facts: list[str]
    thumbnail: Any = None


SHOWN = 3
"""Sentences of one report on the index, where it has none over all its cases."""


def find_runs(root: Path) -> list[Path]:
    """Return the run folders under a folder, sorted.

    Raises
    ------
    OutputError
        If there is none.
    """
    found = sorted(file.parent for file in root.rglob(RECORDS_FILE))
    if not found:
        raise OutputError(f"{root} holds no run", f"a run folder has a {RECORDS_FILE}; kmbench run makes one")
    return found


def write_gallery(root: Path, output: Path, tell: Callable[[Path], None] = lambda page: None) -> Path:
    """Render every run under a folder into a folder of its own, and an index over them.

    Parameters
    ----------
    root : Path
        Such as ``results``: STUDY/RUN folders at any depth.
    output : Path
        Such as ``reports``: gets ``STUDY-RUN/index.html`` for each, and ``index.html``.
    tell : callable
        Takes each page as it is written.

    Returns
    -------
    Path
        The index.
    """
    entries = []
    for folder in find_runs(root):
        name = "-".join(folder.relative_to(root).parts) or folder.resolve().name
        run = read_run(folder)
        page = write_whole(output / name / PAGE_FILE, render_page(run))
        tell(page)
        entries.append(_entry(run, name))
    names = [entry.name for entry in entries]
    entries = [entry if names.count(entry.name) == 1 else replace(entry, name=entry.folder) for entry in entries]
    own = {entry.folder for entry in entries}
    others = sorted(page.parent.name for page in output.glob(f"*/{PAGE_FILE}") if page.parent.name not in own)
    text = render("kmbench.report", "gallery.html", entries=entries, others=others, page=PAGE_FILE)
    return write_whole(output / PAGE_FILE, text)


def _entry(run: Run, name: str) -> Entry:
    answers = [headline(case, case_name(case.lead)) for case in run.cases if case.lead.protocol != "target"]
    answers += [headline_of(race) for race in run.races]
    over_all = summary([one for one in answers if isinstance(one, Headline)]) if not run.races else None
    sentences = [over_all] if over_all else [str(one) for one in answers[:SHOWN]]
    rows = [row for case in run.cases for row in case.rows]
    cpu = run.host.get("cpu")
    model = cpu.get("model") if isinstance(cpu, dict) else None
    cores = run.host.get("affinity_cores")
    sound = sum(row.status is Status.OK for row in rows)
    facts = [count_text(len(run.cases), "case"), f"{sound} of {len(rows)} cells sound"]
    facts += [f"{model}, {cores} cores" if cores else str(model)] if model else []
    facts += [run.span[1][:10]] if run.span else []
    return Entry(
        href=f"{name}/{PAGE_FILE}",
        name=run.name,
        folder=name,
        sentences=sentences or ["No cell has finished yet."],
        more="" if over_all else more_cases(len(answers) - SHOWN),
        facts=facts,
        thumbnail=thumbnail(forest_cases([case for case in run.cases if case.lead.protocol != "target"]), f"{name}-"),
    )
