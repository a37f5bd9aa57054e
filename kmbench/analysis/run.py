"""A run, read once: its cells, cases, races and notes, each worked out when it is first asked for."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmbench.analysis.cells import CellSummary, cells_frame, summarise
from kmbench.analysis.floors import CEILINGS_FILE, Ceilings
from kmbench.analysis.pooling import Priors, kind_of, variance_priors
from kmbench.analysis.target import Race, race_rows, races
from kmbench.analysis.warnings import concerning, notes_of
from kmbench.comparison import RatioInterval, counted_cells, epoch_means, ratio_by_epoch
from kmbench.errors import OutputError
from kmbench.notes import Note, note, notes_as_json
from kmbench.records import RECORDS_FILE, CellKey, Record, Status, read_records_and_torn_line
from kmbench.run_folder import check_same_host, read_host, read_study

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Run", "RunCase", "RunGroup", "read_run", "read_runs"]


@dataclass(frozen=True, slots=True)
class RunCase:
    """One case: the rows of its table in their order, and the records they were made from.

    Attributes
    ----------
    rows : list of CellSummary
        Sound rows first, the fastest of them on top.
    records : list of Record
        Those that count: of the session that wrote each cell's outcome.
    epoch_seconds : dict
        By ``cell_id``, the times until centroids and labels exist, in seconds, by session and epoch.
    run : str
        Which run it is of, where several are shown together.
    folder : Path or None
        The run folder, below which a workload's artefacts lie.
    variance_priors : mapping
        What the run says about the variance of a pair of each kind.
    """

    rows: list[CellSummary]
    records: list[Record]
    epoch_seconds: dict[str, dict[tuple[int, int], float]]
    run: str = ""
    folder: Path | None = None
    variance_priors: Priors = field(default_factory=dict)

    def ratio(self, row: CellSummary, over: CellSummary) -> RatioInterval | None:
        """Return how many times as fast as another row of the case a row is; None where they share no epoch.

        The interval is found as that of a speed-up in the table.
        """
        kind = kind_of(row.protocol, row.threads, [row.settings, over.settings])
        prior = self.variance_priors.get(kind)
        return ratio_by_epoch(self.epoch_seconds[over.cell_id], self.epoch_seconds[row.cell_id], prior)

    @property
    def sound(self) -> list[CellSummary]:
        """The rows that are compared."""
        return [row for row in self.rows if row.status is Status.OK]

    @property
    def lead(self) -> CellSummary:
        """The row that tells most about what the case was."""
        return self.rows[0]


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run: its records with the study and the host beside them, and what follows from these.

    Attributes
    ----------
    records : sequence of Record
        All of them, in the order written.
    study, host : dict
        As in ``study.toml`` and ``host.json``; empty where these are missing or cannot be read.
    folder : Path or None
        Where it lies.
    torn : int or None
        Number of a last line of the records that a kill has torn.
    cases_left : int
        Cases that a session left for the next one, because its time was up; known only of a run just measured.
    shown_as : str
        What tells it from others that are shown beside it; empty where it stands alone.
    """

    records: Sequence[Record]
    study: dict[str, Any] = field(default_factory=dict)
    host: dict[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    torn: int | None = None
    cases_left: int = 0
    shown_as: str = ""

    @property
    def name(self) -> str:
        """The study's name, or the folder's where there is no study."""
        name = self.study.get("name")
        if isinstance(name, str) and name:
            return name
        return "" if self.folder is None else self.folder.resolve().name

    @property
    def baseline(self) -> str | None:
        """The backend that the study names as the one that speed-ups are relative to."""
        found = self.study.get("baseline")
        return found if isinstance(found, str) else None

    @cached_property
    def counted(self) -> dict[str, list[Record]]:
        """The records that count of each finished cell, by ``cell_id``: those of the session that finished it."""
        return counted_cells(self.records)

    @cached_property
    def cells(self) -> list[CellSummary]:
        """A summary of each finished cell; cases in the order begun, within a case the fastest first."""
        return summarise(self.counted, self.baseline, self.variance_priors)

    @cached_property
    def variance_priors(self) -> Priors:
        """What the compared pairs of each kind say about the variance of one of them, where they are enough."""
        return variance_priors(self.counted, self.baseline)

    @cached_property
    def cases(self) -> list[RunCase]:
        """The cells by case, with the records they were made from."""
        return [self._case(list(rows)) for _, rows in groupby(self.cells, key=lambda row: row.case_id)]

    def _case(self, rows: list[CellSummary]) -> RunCase:
        own = {row.cell_id: self.counted[row.cell_id] for row in rows}
        seconds = {cell_id: epoch_means(lines, "fit_predict_seconds") for cell_id, lines in own.items()}
        records = [record for lines in own.values() for record in lines]
        return RunCase(
            rows, records, seconds, run=self.shown_as, folder=self.folder, variance_priors=self.variance_priors
        )

    @cached_property
    def races(self) -> list[Race]:
        """The cases of the protocol ``target``, their starts taken together."""
        return races(self.counted, self.baseline)

    @cached_property
    def notes(self) -> list[Note]:
        """What a reader must know before believing the run."""
        return [*self.torn_notes, *notes_of(self.cells, self.host)]

    @property
    def torn_notes(self) -> list[Note]:
        """A note where the last record was torn."""
        return [] if self.torn is None else [note("KM207", file=self.records_file, line=self.torn)]

    @property
    def records_file(self) -> str:
        """Where the records lie, as a message names it."""
        return RECORDS_FILE if self.folder is None else str(self.folder / RECORDS_FILE)

    @cached_property
    def unfinished(self) -> list[CellKey]:
        """The cells that were begun and have no outcome: the run was cut off there."""
        begun = {record.key.cell_id: record.key for record in self.records}
        return [key for cell_id, key in begun.items() if cell_id not in self.counted]

    @cached_property
    def span(self) -> tuple[str, str] | None:
        """Times of the first and the last record; None without any."""
        times = [record.at for record in self.records]
        return (min(times), max(times)) if times else None

    @cached_property
    def ceilings(self) -> Ceilings | None:
        """What the GPU reaches at best, from ``ceilings.json`` in the run folder."""
        file = None if self.folder is None else self.folder / CEILINGS_FILE
        return Ceilings.from_file(file) if file is not None and file.exists() else None

    @property
    def failed(self) -> bool:
        """Whether a cell failed, or nothing was measured at all."""
        statuses = [cell.status for cell in self.cells]
        return any(status.is_failure for status in statuses) or Status.OK not in statuses

    @property
    def compared(self) -> list[CellSummary]:
        """The cells of the table: those of the protocol ``target`` are told as races."""
        return [cell for cell in self.cells if cell.protocol != "target"]

    def frame(self) -> pd.DataFrame:
        """Return one row for each finished cell; times are medians in seconds."""
        return cells_frame(self.cells)

    def samples_frame(self) -> pd.DataFrame:
        """Return one row for each record, that is for each sample of each cell."""
        import pandas as pd

        return pd.DataFrame([json.loads(record.to_line()) for record in self.records])

    def json_rows(self) -> list[dict[str, Any]]:
        """Return the array that ``run --json`` prints: an object for each cell, and last those of the races."""
        rows = []
        for cell in self.compared:
            rows.append(dataclasses.asdict(cell) | notes_as_json(concerning(self.notes, cell.label)))
        return rows + race_rows(self.races)


def read_run(folder: Path, *, strict: bool = False) -> Run:
    """Read a run folder, or a ``records.jsonl`` alone.

    Parameters
    ----------
    folder : Path
    strict : bool
        Whether a ``host.json`` that cannot be read is an error, as are records alone, which tell of no host. For a
        page neither is: it says as much as it can.

    Raises
    ------
    OutputError
        If it holds no records that this version reads, or its study cannot be read.
    """
    records, torn = read_records_and_torn_line(folder)
    if not folder.is_dir():
        if strict:
            raise OutputError(f"{folder} is a file", "give the run folder that contains it")
        return Run(records=records, torn=torn)
    study, host = read_study(folder), read_host(folder, strict=strict)
    return Run(records=records, study=study, host=host, folder=folder, torn=torn)


def read_runs(folders: Sequence[Path]) -> list[Run]:
    """Read several runs of one host and one set of versions.

    Raises
    ------
    OutputError
        If one cannot be read, or they are of different hosts or versions.
    """
    runs = [read_run(folder) for folder in folders]
    check_same_host(folders, [run.host for run in runs], "report them separately")
    if len(runs) == 1:
        return runs
    names = Counter(run.name for run in runs)
    return [
        replace(run, shown_as=run.name if names[run.name] == 1 else f"{run.name}, {folder.resolve().name}")
        for folder, run in zip(folders, runs, strict=True)
    ]


@dataclass(frozen=True)
class RunGroup:
    """One run, or several of one host, as they are shown together.

    Attributes
    ----------
    runs : sequence of Run
        At least one, as `read_runs` gives them.
    """

    runs: Sequence[Run]

    @property
    def name(self) -> str:
        """The runs' names, each once."""
        return ", ".join(dict.fromkeys(run.name for run in self.runs))

    @property
    def study(self) -> dict[str, Any]:
        """The first run's study."""
        return self.runs[0].study

    @cached_property
    def host(self) -> dict[str, Any]:
        """The host, with the sessions of all runs."""
        host = self.runs[0].host
        if len(self.runs) == 1:
            return host
        listed = [run.host.get("sessions") for run in self.runs]
        return host | {"sessions": [one for sessions in listed if isinstance(sessions, list) for one in sessions]}

    @cached_property
    def cases(self) -> list[RunCase]:
        """The cases of all runs; they stay apart."""
        return [case for run in self.runs for case in run.cases]

    @property
    def races(self) -> list[Race]:
        """The races of all runs."""
        return [race for run in self.runs for race in run.races]

    @property
    def unfinished(self) -> list[CellKey]:
        """The cells without an outcome of all runs."""
        return [key for run in self.runs for key in run.unfinished]

    @property
    def ceilings(self) -> Ceilings | None:
        """What the GPU reaches at best, as the first run has it."""
        return self.runs[0].ceilings

    @property
    def span(self) -> tuple[str, str] | None:
        """Times of the first and the last record; None without any."""
        spans = [run.span for run in self.runs if run.span is not None]
        return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None

    @property
    def notes(self) -> list[Note]:
        """What a reader must know before believing the runs."""
        torn = [one for run in self.runs for one in run.torn_notes]
        return [*torn, *notes_of([row for case in self.cases for row in case.rows], self.host)]
