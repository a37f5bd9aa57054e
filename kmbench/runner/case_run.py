"""What all steps of a case share: its workers, its records, its progress."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from kmbench.instruments import choose_cores
from kmbench.records import Record, RecordKind, Status
from kmbench.runner.core_probe import CoreProbe
from kmbench.runner.events import CellEnded, Listener, Step
from kmbench.runner.judge import Submission
from kmbench.runner.process import Limits, WorkerFailure, WorkerProcess
from kmbench.runner.stopping import Rule
from kmbench.runner.store import RunFolder
from kmbench.study.expand import Case, Cell
from kmbench.study.protocol import job_protocol

__all__ = ["CaseRun", "CellRun", "Context"]

WORKER = "kmbench.runner.worker"

SETTLE_SECONDS = 0.05
"""Pause after each fit: thread pools of the last backend spin for a while and would tax the next one."""


COPIES_PER_WORKER = 2.5
"""Input and a centred copy, and room: what a live worker is expected to hold, in sizes of its input."""


@dataclass(frozen=True, slots=True)
class Context:
    """What all cases of a run share. `spawn` and `clock` are there for tests to replace.

    Attributes
    ----------
    trees : mapping of str to Path
        Where each revision that the cells name is installed.
    core_probe : CoreProbe or None
        None: the cores are not probed.
    cluster : str or None
        Where distributed backends run, its address included.
    """

    store: RunFolder
    scratch: Path
    host: str
    rule: Rule
    baseline: str | None
    limits: Limits
    referee_threads: int
    listener: Listener
    trees: Mapping[str, Path] = field(default_factory=dict)
    spawn: Callable[..., WorkerProcess] = WorkerProcess
    clock: Callable[[], float] = time.monotonic
    settle_seconds: float = SETTLE_SECONDS
    core_probe: CoreProbe | None = None
    cluster: str | None = None


@dataclass(slots=True)
class CellRun:
    """A cell that is being measured, and what is known of it so far.

    Attributes
    ----------
    loops : dict
        Calls of fit and of assign that are timed together, found in its first process, by rung.
    least_delay_share : float or None
        Of its threads' time, the least that any of its fits waited for a core: what it does to itself, when it has
        more threads than there are cores.
    least_system_share : float or None
        The least share of its wall time that any of its fits spent in the kernel.
    fit_peak_bytes : int or None
        The most that any of its fits took beyond what its process held.
    times : dict
        Time until labels of each clean sample, by epoch.
    told : dict
        What its worker told with the answer.
    fault : str or None
        Why its answer on an earlier rung of a ladder was wrong.
    memory_fault : str or None
        Why the process of its memory pass did not begin.
    """

    cell: Cell
    folder: Path
    worker: WorkerProcess | None = None
    prepare_seconds: float | None = None
    first_call_seconds: float | None = None
    loops: dict[int | None, list[int]] = field(default_factory=dict)
    fit_seconds: float = 0.0
    least_delay_share: float | None = None
    least_system_share: float | None = None
    fit_peak_bytes: int | None = None
    times: dict[int, list[float]] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    output: str = ""
    fault: str | None = None
    memory_fault: str | None = None
    ended: bool = False

    def submission(self) -> Submission:
        """Return where the worker puts its answer, with what it told."""
        return Submission(
            self.cell.key,
            self.cell.precision,
            str(self.folder / "centroids.npy"),
            str(self.folder / "labels.npy"),
            self.told,
        )

    def close(self) -> None:
        """Let its worker go."""
        if self.worker is not None:
            self.worker.close()
            self.worker = None


class CaseRun:
    """A case that is being measured.

    Attributes
    ----------
    init : str or None
        ``.npy`` file of the common start, once the referee has drawn it.
    iterations : int or None
        What every backend is given.
    cores : tuple of int or None
        That its workers are bound to.
    rungs : list
        In the protocol ``target`` the iterations at which every backend is stopped; else `iterations` alone.
    """

    def __init__(self, case: Case, context: Context) -> None:
        self.case = case
        self.context = context
        self.init: str | None = None
        self.iterations = case.key.iterations
        self.rungs: list[int | None] = [self.iterations]
        placement = case.key.cores
        self.cores = None if placement is None else tuple(choose_cores(case.key.threads, placement))

    def probe_cores(self) -> float | None:
        """Return how far apart the cores are now, or None."""
        probe = self.context.core_probe
        return None if probe is None else probe.ratio(self.case.key.threads, self.cores)

    @property
    def core_boundary(self) -> float | None:
        """The probe's ratio that parts the two states of the cores, as far as it is known."""
        probe = self.context.core_probe
        return None if probe is None else probe.boundary(self.case.key.threads, self.cores)

    def spawn(self, live: CellRun, log: str) -> WorkerProcess:
        """Start a worker for a cell."""
        key = live.cell.key
        tree = {} if key.revision is None else {"tree": self.context.trees[key.revision]}
        limits = dataclasses.replace(self.context.limits, cores=self.cores)
        return self.context.spawn(WORKER, key.threads, limits, live.folder / log, **tree)

    def post_open(self, worker: WorkerProcess, live: CellRun, mapped: bool) -> None:
        """Hand a worker its backend, its input and its job; it warms up until the reply is collected."""
        key = live.cell.key
        # Told only where there is something to tell: an older kmbench, as a gate compares, knows no workloads.
        several = {"workload": key.workload} if self.case.several_fits else {}
        job = {"k": key.k, "protocol": job_protocol(key.protocol), "iterations": self.iterations}
        worker.post(
            "open",
            backend=key.backend,
            parameters=live.cell.parameters,
            data=self.case.dataset.path,
            init=self.init,
            mapped=mapped,
            pages=key.pages or "cold",
            memory_limit=self.context.limits.memory_bytes,
            warm_bytes=live.fit_peak_bytes or 0,
            job=job | {"seed": key.seed, "threads": key.threads},
            **self._placed(live.cell),
            **several,
        )

    def _placed(self, cell: Cell) -> dict[str, Any]:
        """Return how a worker gets X and where its backend runs, as far as an older kmbench need not be told."""
        takes = {} if cell.takes == "array" else {"takes": cell.takes}
        cluster = self.context.cluster
        return takes if cluster is None else takes | {"cluster": cluster}

    def has_room_for(self, workers: int) -> bool:
        """Whether so many workers can each hold the input and what they make of it."""
        return COPIES_PER_WORKER * self.case.dataset.nbytes * workers <= psutil.virtual_memory().total / 2

    def attempt(self, live: CellRun, step: Callable[..., None], *arguments: Any) -> bool:
        """Do one step with a cell; where its worker fails, the cell ends here and the others go on."""
        try:
            step(live, *arguments)
        except WorkerFailure as failure:
            output = "" if live.worker is None else live.worker.output()
            live.close()
            self.end(live, failure.status, failure.reason, output)
            return False
        return True

    def record(self, live: CellRun, kind: RecordKind, rung: int | None = None, **figures: Any) -> Record:
        """Append a record of a cell to the store."""
        record = Record(
            kind=kind,
            key=live.cell.key,
            session=self.context.store.session,
            host=self.context.host,
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            backend_version=live.cell.version,
            iterations_given=self.iterations if rung is None else rung,
            **figures,
        )
        self.context.store.append(record)
        return record

    def end(self, live: CellRun, status: Status, reason: str | None, output: str = "") -> None:
        """Record the outcome of a cell."""
        known = {name: live.told.get(name) for name in ("settings", "pools", "n_iter", "cluster_seconds")}
        known["precision"] = live.cell.precision
        record = self.record(live, RecordKind.OUTCOME, status=status, reason=reason, output=output or None, **known)
        live.ended = True
        self.context.listener(CellEnded(record))

    def step(self, what: str, live: CellRun | None = None) -> None:
        """Tell the listener that something was done."""
        self.context.listener(Step(self.case.key if live is None else live.cell.key, what))
