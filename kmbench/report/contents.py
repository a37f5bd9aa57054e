"""What a run folder holds, case by case, for the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from kmbench.analysis import CellSummary, summarise
from kmbench.analysis.cells import epoch_means
from kmbench.analysis.compare import differing_fields
from kmbench.analysis.floors import CEILINGS_FILE, Ceilings
from kmbench.analysis.target import Race, races
from kmbench.errors import OutputError
from kmbench.records import Record, RecordKind, Status, read_records, torn_line
from kmbench.run_folder import read_host, read_study

__all__ = ["CaseContents", "RunContents", "read_run", "read_runs"]


@dataclass(frozen=True, slots=True)
class CaseContents:
    """One case: the rows of its table in their order, and the records they were made from.

    Attributes
    ----------
    rows : list of CellSummary
        Sound rows first, the fastest of them on top.
    records : list of Record
        Those that count: of the session that wrote each cell's outcome.
    samples : dict
        By ``cell_id``, the times until centroids and labels exist, in seconds, one for each epoch.
    run : str
        Which run it is of, where the page shows several.
    folder : Path or None
        The run folder, below which a workload's artefacts lie.
    """

    rows: list[CellSummary]
    records: list[Record]
    samples: dict[str, list[float]]
    run: str = ""
    folder: Path | None = None

    @property
    def sound(self) -> list[CellSummary]:
        """The rows that are compared."""
        return [row for row in self.rows if row.status is Status.OK]

    @property
    def lead(self) -> CellSummary:
        """The row that tells most about what the case was."""
        return self.rows[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContents:
    """Everything that the page tells.

    Attributes
    ----------
    name : str
        The study's name, or the folder's where there is no study.
    study, host : dict
        As in ``study.toml`` and ``host.json``; empty where these are missing or cannot be read.
    races : list of Race
        The cases of the protocol ``target``, their starts taken together.
    ceilings : Ceilings or None
        What the GPU reaches at best, from ``ceilings.json``.
    unfinished : list of str
        Labels of cells that were begun and have no outcome: the run was cut off there.
    holes : list of (str, str)
        Case and label of the same.
    torn : str or None
        What is said of a last line that a kill has torn.
    first_at, last_at : str or None
        Times of the first and the last record.
    """

    name: str
    study: dict[str, Any]
    host: dict[str, Any]
    cases: list[CaseContents]
    races: list[Race]
    unfinished: list[str]
    holes: list[tuple[str, str]]
    torn: str | None
    first_at: str | None
    last_at: str | None
    ceilings: Ceilings | None = None


def read_run(folder: Path) -> RunContents:
    """Read a run folder.

    Raises
    ------
    OutputError
        If it holds no records that this version reads.
    """
    records = read_records(folder)
    study, host = read_study(folder), read_host(folder, strict=False)
    baseline = study.get("baseline")
    rows = summarise(records, baseline if isinstance(baseline, str) else None)
    lines: dict[str, list[Record]] = {}
    for record in records:
        lines.setdefault(record.key.cell_id, []).append(record)
    finished = {row.cell_id for row in rows}
    cases = [_case(list(group), lines, folder) for _, group in groupby(rows, key=lambda row: row.case_id)]
    name = study.get("name")
    begun = [own[0].key for cell_id, own in lines.items() if cell_id not in finished]
    times = sorted(record.at for record in records)
    return RunContents(
        name=name if isinstance(name, str) and name else folder.resolve().name,
        study=study,
        host=host,
        cases=cases,
        races=races(records, baseline if isinstance(baseline, str) else None),
        unfinished=[key.label for key in begun],
        holes=[(key.case_id, key.label) for key in begun],
        torn=torn_line(folder),
        first_at=times[0] if times else None,
        last_at=times[-1] if times else None,
        ceilings=Ceilings.from_file(folder / CEILINGS_FILE) if (folder / CEILINGS_FILE).exists() else None,
    )


def read_runs(folders: Sequence[Path]) -> list[RunContents]:
    """Read several runs of one host and one set of versions.

    Raises
    ------
    OutputError
        If one cannot be read, or they are of different hosts or versions.
    """
    runs = [read_run(folder) for folder in folders]
    for folder, run in zip(folders[1:], runs[1:], strict=True):
        if run.host.get("fingerprint") != runs[0].host.get("fingerprint"):
            fields = ", ".join(differing_fields(runs[0].host, run.host)) or "the fingerprints themselves"
            raise OutputError(
                f"{folders[0]} and {folder} are of different hosts or versions: {fields}", "report them apart"
            )
    if len(runs) == 1:
        return runs
    names = Counter(run.name for run in runs)
    told = [
        run.name if names[run.name] == 1 else f"{run.name}, {folder.resolve().name}"
        for folder, run in zip(folders, runs, strict=True)
    ]
    return [
        replace(run, cases=[replace(case, run=name) for case in run.cases])
        for name, run in zip(told, runs, strict=True)
    ]


def _case(rows: list[CellSummary], lines: dict[str, list[Record]], folder: Path) -> CaseContents:
    counted: list[Record] = []
    samples = {}
    for row in rows:
        own = lines[row.cell_id]
        session = next(record.session for record in reversed(own) if record.kind is RecordKind.OUTCOME)
        own = [record for record in own if record.session == session]
        counted += own
        samples[row.cell_id] = list(epoch_means(own, "fit_predict_seconds").values())
    return CaseContents(rows, counted, samples, folder=folder)
