"""Run a study: data first, then case by case, with everything on disk as soon as it is known."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from numpy.typing import NDArray

from kmbench.datasets import ConvertedRows, Options, Rows, materialise, read_spec
from kmbench.datasets.base import ArrayRows
from kmbench.errors import OutputError, StudyError
from kmbench.instruments import (
    Pressure,
    default_threads,
    describe_host,
    fingerprint,
    pressure_between,
    read_pressure,
)
from kmbench.records import RECORDS_FILE, DatasetInfo, Record
from kmbench.run_folder import read_host, read_study
from kmbench.runner.case import run_case
from kmbench.runner.case_run import Context
from kmbench.runner.core_probe import CoreProbe
from kmbench.runner.estimate import work_of
from kmbench.runner.events import DataRead, Listener, StudyStarted
from kmbench.runner.process import Limits, WorkerProcess
from kmbench.runner.scratch import scratch_folder
from kmbench.runner.stopping import rule_of
from kmbench.runner.store import RunFolder
from kmbench.study import Case, Study, expand
from kmbench.study.expand import with_data
from kmbench.workloads import workload_from

__all__ = ["RunResult", "plan", "run_study"]

Arrays = Mapping[str, NDArray[Any]]
NO_ARRAYS: Arrays = MappingProxyType({})

BUSY_LOAD = 0.5
"""Load average of the last minute, per core, above which a host is taken to be shared."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """A finished run.

    Attributes
    ----------
    folder : Path
        The run folder.
    records : list of Record
        All its records, those of earlier sessions included.
    study, host : dict
        What lies beside them: ``study.toml`` and ``host.json``.
    cases_left : int
        Cases that were not begun, because the time was up.
    """

    folder: Path
    records: list[Record]
    study: dict[str, Any]
    host: dict[str, Any]
    cases_left: int = 0


def plan(study: Study, arrays: Arrays = NO_ARRAYS) -> list[Case]:
    """Return the cases of a study from the shapes of its data alone; their fingerprints are empty.

    `arrays` are those of `run_study`.

    Raises
    ------
    KmbenchError
        If the study names anything that does not exist or cannot be.
    """

    def shape(spec: str, workload: str | None) -> DatasetInfo:
        source = _rows_of(spec, workload, arrays)
        dtype = str(source.source_dtype)
        return DatasetInfo(
            spec=spec,
            n=source.n,
            d=source.d,
            source_dtype=dtype,
            fingerprint="",
            path="",
            mean_square=0.0,
            spread=0.0,
        )

    return expand(study, shape, default_threads())


def run_study(
    study: Study,
    output: Path | None,
    resume: bool,
    listener: Listener,
    revisions: Mapping[str, Path] | None = None,
    stop_after: float | None = None,
    arrays: Arrays = NO_ARRAYS,
) -> RunResult:
    """Measure a study and return what was recorded.

    Parameters
    ----------
    study : Study
    output : Path or None
        Run folder; None: a new one under ``results/<study>/``, or with `resume` the latest one there.
    resume : bool
        Go on with the run in the folder: cells with an outcome are not measured again.
    listener : callable
        Takes the events of `kmbench.runner.events`.
    revisions : mapping of str to Path, optional
        Folders in which kmbench is installed, by name: every cell is measured with each of them, taking turns, and
        compared with the same of the first.
    stop_after : float, optional
        Seconds after which no further case is begun; those that are left are measured when the run is resumed.
    arrays : mapping of str to ndarray, shape (n, d)
        Data that the study names and that is in memory, by those names.

    Raises
    ------
    KmbenchError
        Before anything is written, if the study, its data or the folder will not do.
    """
    cases = plan(study, arrays)
    path = _folder_for(study, output, resume)
    with RunFolder(path, resume=resume) as store, scratch_folder() as scratch:
        pairs = dict.fromkeys((case.key.dataset, case.key.workload) for case in cases)
        datasets = {pair: materialise(pair[0], scratch, _rows_of(*pair, arrays)) for pair in pairs}
        for info in datasets.values():
            listener(DataRead(spec=info.spec, notes=info.notes))
        cases = [with_data(case, datasets[case.key.dataset, case.key.workload]) for case in cases]
        cases = [_in_revisions(case, revisions or {}) for case in cases]
        host = describe_host()
        host["fingerprint"] = fingerprint(host)
        host["passive_wait"] = passive = _is_busy()
        store.begin(study, host)
        finished = store.finished_cells()
        pending = [(case, [cell for cell in case.cells if cell.key.cell_id not in finished]) for case in cases]
        pending = [(case, cells) for case, cells in pending if cells]
        listener(
            StudyStarted(
                folder=str(path),
                cells=sum(len(case.cells) for case in cases),
                cells_done=len(finished),
                work={
                    case.key.case_id: work_of(Case(case.dataset, tuple(cells)), rule_of(study, case.key.protocol))
                    for case, cells in pending
                },
            )
        )
        limits = Limits(study.timeout, study.memory_limit, passive, study.blas_coretype)
        core_probe = CoreProbe(scratch, limits)
        context = Context(
            store=store,
            scratch=scratch,
            host=host["fingerprint"],
            rule=rule_of(study, "matched"),
            baseline=study.baseline,
            limits=limits,
            referee_threads=default_threads(),
            listener=listener,
            trees=revisions or {},
            core_probe=core_probe,
            cluster=study.cluster,
        )
        before, began, left = _pressure(), time.monotonic(), 0
        try:
            for number, (case, cells) in enumerate(pending, start=1):
                if stop_after is not None and time.monotonic() - began >= stop_after:
                    left = len(pending) - number + 1
                    break
                own = dataclasses.replace(context, rule=rule_of(study, case.key.protocol))
                run_case(case, cells, own, number, len(pending))
        finally:
            core_probe.close()
            store.note_session(pressure_between(before, _pressure()))
        return RunResult(path, store.records, read_study(path), read_host(path), left)


def _pressure() -> Pressure:
    return read_pressure(unwaited_seconds=WorkerProcess.unwaited_seconds)


def _rows_of(spec: str, workload: str | None, arrays: Arrays) -> Rows:
    """Return what is clustered: an array, the rows of a SPEC, or what a workload makes of them."""
    if spec in arrays:
        if workload is not None:
            raise StudyError(f"workload {workload} reads its data itself", "give it a path or a SPEC, not an array")
        return ConvertedRows(ArrayRows(arrays[spec]), Options(), spec, shift=True)
    return read_spec(spec, shift=True) if workload is None else workload_from(workload).rows(spec)


def _in_revisions(case: Case, revisions: Mapping[str, Path]) -> Case:
    """Return a case with one cell for each of its cells and each revision."""
    if not revisions:
        return case
    cells = [
        dataclasses.replace(cell, key=dataclasses.replace(cell.key, revision=name))
        for cell in case.cells
        for name in revisions
    ]
    return Case(case.dataset, tuple(cells))


def _is_busy() -> bool:
    """Whether other work shares this host: a CI runner, or a load above half the cores before anything began."""
    return "CI" in os.environ or os.getloadavg()[0] > BUSY_LOAD * default_threads()


def _folder_for(study: Study, output: Path | None, resume: bool) -> Path:
    if output is not None:
        if resume and not (output / RECORDS_FILE).exists():
            raise OutputError(f"{output} holds no run to resume", "give the folder of the interrupted run")
        return output
    home = Path("results") / study.name
    if not resume:
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
        path = home / stamp
        again = 1
        while path.exists():
            again += 1
            path = home / f"{stamp}-{again}"
        return path
    runs = sorted(home.glob(f"*/{RECORDS_FILE}"), key=lambda file: file.stat().st_mtime)
    if not runs:
        raise OutputError(f"there is no run under {home} to resume", "give its folder with --output")
    return runs[-1].parent
