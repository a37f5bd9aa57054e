"""Run one case: the same start for all, interleaved rounds, the referee's judgement, then memory on its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from kmbench.records import Record, RecordKind, Status
from kmbench.runner.events import CaseStarted, CellEnded, Listener, Step
from kmbench.runner.judge import Judge, Judged, Submission
from kmbench.runner.process import Limits, WorkerFailure, WorkerProcess
from kmbench.runner.store import RunFolder
from kmbench.study.expand import Case, Cell

__all__ = ["CaseRun", "Context", "steps_of"]

WORKER, REFEREE = "kmbench.runner.worker", "kmbench.runner.referee"

SETTLE_SECONDS = 0.05
"""Pause after each fit: thread pools of the last backend spin for a while and would tax the next one."""

COPIES_PER_WORKER = 2.5
"""Input and a centred copy, and room: what a live worker is expected to hold, in sizes of its input."""


@dataclass(frozen=True, slots=True)
class Context:
    """What all cases of a run share."""

    store: RunFolder
    scratch: Path
    host: str
    repeats: int
    limits: Limits
    referee_threads: int
    listener: Listener
    spawn: Callable[[str, int, Limits, Path], WorkerProcess] = WorkerProcess
    settle_seconds: float = SETTLE_SECONDS


@dataclass(slots=True)
class _Live:
    """A cell that is being measured, and what is known of it so far."""

    cell: Cell
    folder: Path
    worker: WorkerProcess | None = None
    prepare_seconds: float | None = None
    told: dict[str, Any] = field(default_factory=dict)
    output: str = ""
    ended: bool = False

    def submission(self) -> Submission:
        """Return where the worker puts its answer, with what it told."""
        return Submission(
            self.cell.key, str(self.folder / "centroids.npy"), str(self.folder / "labels.npy"), self.told
        )


def steps_of(cells: Sequence[Cell], repeats: int) -> int:
    """Return how many `Step` events a case of these cells sends at most."""
    return 1 + sum(cell.status is None for cell in cells) * (repeats + 3)


class CaseRun:
    """One case of a run. `cells` are those of the case that have no outcome yet."""

    def __init__(self, case: Case, cells: Sequence[Cell], context: Context) -> None:
        self._case = case
        self._cells = cells
        self._context = context
        self._limits = context.limits
        self._init: str | None = None
        self._given = case.key.iterations

    def run(self, number: int = 1, of: int = 1) -> None:
        """Measure the cells and record an outcome for each."""
        context = self._context
        context.listener(CaseStarted(self._case.key, number, of, steps_of(self._cells, context.repeats)))
        live = []
        for position, cell in enumerate(self._cells):
            one = _Live(cell, context.scratch / f"{self._case.key.case_id}-{position}")
            if cell.status is not None:
                self._end(one, cell.status, cell.reason)
                continue
            one.folder.mkdir(exist_ok=True)
            live.append(one)
        if not live:
            return
        log = context.scratch / f"{self._case.key.case_id}-referee.log"
        with context.spawn(REFEREE, context.referee_threads, Limits(None, None), log) as referee:
            judge = Judge(referee, self._case)
            try:
                judge.open(context.scratch, context.referee_threads)
                self._init, self._given = judge.init, judge.iterations
                self._step("reference")
                answered = self._measure(live)
                judged = judge.judge([one.submission() for one in answered])
            except WorkerFailure as failure:
                reason = f"the referee failed: {failure.reason}"
                for one in live:
                    if not one.ended:
                        self._end(one, Status.ERROR, reason, referee.output())
                return
        for one, found in zip(answered, judged, strict=True):
            self._conclude(one, found)

    # -- time -------------------------------------------------------------------------------------------------

    def _measure(self, live: list[_Live]) -> list[_Live]:
        """Open a worker for each cell, measure in interleaved rounds, and take the answers of those that held."""
        with ExitStack() as stack:
            for one in live:
                self._try(one, self._open, stack)
            for number in range(self._context.repeats):
                running = [one for one in live if one.worker is not None]
                order = self._random(number).permutation(len(running))
                for place, chosen in enumerate(order):
                    self._try(running[chosen], self._sample, number, place)
            for one in live:
                self._try(one, self._export)
        return [one for one in live if one.told]

    def _random(self, number: int) -> np.random.Generator:
        key = self._case.key
        return np.random.default_rng([key.seed, int(key.case_id, 16), self._context.store.session, number])

    def _try(self, one: _Live, step: Any, *arguments: Any) -> None:
        """Do one step with a cell's worker; where it fails, the cell ends here and the others go on."""
        if one.worker is None and step != self._open:
            return
        try:
            step(one, *arguments)
        except WorkerFailure as failure:
            output = "" if one.worker is None else one.worker.output()
            if one.worker is not None:
                one.worker.close()
                one.worker = None
            self._end(one, failure.status, failure.reason, output)

    def _spawn(self, one: _Live, log: str) -> WorkerProcess:
        return self._context.spawn(WORKER, one.cell.key.threads, self._limits, one.folder / log)

    def _request_open(self, worker: WorkerProcess, one: _Live, mapped: bool) -> None:
        key = one.cell.key
        job = {"k": key.k, "protocol": key.protocol, "iterations": self._given}
        worker.request(
            "open",
            backend=key.backend,
            parameters=key.parameters,
            data=self._case.dataset.path,
            init=self._init,
            mapped=mapped,
            job=job | {"seed": key.seed, "threads": key.threads},
        )

    def _open(self, one: _Live, stack: ExitStack) -> None:
        needed = COPIES_PER_WORKER * self._case.dataset.nbytes * len(self._cells)
        one.worker = self._spawn(one, "output.log")
        stack.callback(one.worker.close)
        self._request_open(one.worker, one, mapped=needed > psutil.virtual_memory().total / 2)
        one.prepare_seconds = one.worker.request("calibrate")["prepare_seconds"]
        self._step("warm-up", one)

    def _sample(self, one: _Live, number: int, place: int) -> None:
        assert one.worker is not None
        figures = one.worker.request("fit")
        self._record(
            one.cell, RecordKind.FIT, round=number, order=place, prepare_seconds=one.prepare_seconds, **figures
        )
        self._step(f"round {number + 1}", one)
        time.sleep(self._context.settle_seconds)

    def _export(self, one: _Live) -> None:
        assert one.worker is not None
        target = one.submission()
        one.told = one.worker.request("export", centroids=target.centroids, labels=target.labels)
        one.output = one.worker.output()
        one.worker.close()

    # -- quality and memory -----------------------------------------------------------------------------------

    def _conclude(self, one: _Live, judged: Judged) -> None:
        """Record the quality of an answer, measure the memory of a sound one, and end its cell."""
        status, reason = judged.verdict.status, judged.verdict.reason
        self._record(one.cell, RecordKind.QUALITY, status=status, reason=reason, **judged.figures)
        self._step("judge", one)
        if status is Status.OK:
            missing = self._measure_memory(one)
            reason = "; ".join(filter(None, (reason, missing))) or None
        self._end(one, status, reason, one.output)

    def _measure_memory(self, one: _Live) -> str | None:
        """Measure in a fresh process; return why it could not be done, which leaves the cell as it is."""
        with self._spawn(one, "memory.log") as worker:
            try:
                self._request_open(worker, one, mapped=False)
                self._record(one.cell, RecordKind.MEMORY, **worker.request("memory"))
            except WorkerFailure as failure:
                return f"memory was not measured: {failure.reason}"
        self._step("memory", one)
        return None

    # -- records ----------------------------------------------------------------------------------------------

    def _record(self, cell: Cell, kind: RecordKind, **figures: Any) -> Record:
        record = Record(
            kind=kind,
            key=cell.key,
            session=self._context.store.session,
            host=self._context.host,
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            backend_version=cell.version,
            iterations_given=self._given,
            **figures,
        )
        self._context.store.append(record)
        return record

    def _end(self, one: _Live, status: Status, reason: str | None, output: str = "") -> None:
        """Record the outcome of a cell."""
        known = {name: one.told.get(name) for name in ("settings", "pools", "n_iter")}
        record = self._record(
            one.cell, RecordKind.OUTCOME, status=status, reason=reason, output=output or None, **known
        )
        one.ended = True
        self._context.listener(CellEnded(record))

    def _step(self, what: str, one: _Live | None = None) -> None:
        self._context.listener(Step(self._case.key if one is None else one.cell.key, what))
