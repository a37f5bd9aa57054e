"""Run one case: the same start for all, interleaved rounds, the referee's judgement, then memory on its own."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from kmbench.backends.registry import get_backend
from kmbench.records import Record, RecordKind, Status
from kmbench.runner.events import CaseStarted, CellEnded, Listener, Step
from kmbench.runner.gates import Answer, ReferenceAnswer, Verdict, judge_matched, judge_native, nothing_left
from kmbench.runner.process import Limits, WorkerFailure, WorkerProcess
from kmbench.runner.store import RunFolder
from kmbench.study.expand import Case, Cell

__all__ = ["CaseRun", "Context", "steps_of"]

WORKER, REFEREE = "kmbench.runner.worker", "kmbench.runner.referee"

SETTLE_SECONDS = 0.05
"""Pause after each fit: thread pools of the last backend spin for a while and would tax the next one."""

COPIES_PER_WORKER = 2.5
"""Input and a centred copy, and room: what a live worker is expected to hold, in sizes of its input."""

FLOAT64_REFERENCE = "numpy-lloyd[precision=float64]"
"""Name of the matched protocol's reference in the records."""


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
    answer: dict[str, Any] = field(default_factory=dict)
    output: str = ""

    @property
    def centroids(self) -> str:
        return str(self.folder / "centroids.npy")

    @property
    def labels(self) -> str:
        return str(self.folder / "labels.npy")


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
        self._reference: ReferenceAnswer | None = None

    def run(self, number: int = 1, of: int = 1) -> None:
        """Measure the cells and record an outcome for each."""
        context = self._context
        context.listener(CaseStarted(self._case.key, number, of, steps_of(self._cells, context.repeats)))
        live = []
        for position, cell in enumerate(self._cells):
            if cell.status is not None:
                self._outcome(cell, cell.status, cell.reason)
                continue
            folder = context.scratch / f"{self._case.key.case_id}-{position}"
            folder.mkdir(exist_ok=True)
            live.append(_Live(cell, folder))
        if not live:
            return
        with self._start_referee() as referee:
            try:
                self._open_referee(referee)
            except WorkerFailure as failure:
                for one in live:
                    self._outcome(one.cell, Status.ERROR, f"the referee failed: {failure.reason}", referee.output())
                return
            self._step("reference")
            answered = self._measure(live)
            judged = self._judge(referee, answered)
        for one, verdict in judged:
            reason = verdict.reason
            if verdict.status is Status.OK:
                reason = self._measure_memory(one, reason)
            self._outcome(one.cell, verdict.status, reason, one.output, one.answer)

    # -- the referee ------------------------------------------------------------------------------------------

    def _start_referee(self) -> WorkerProcess:
        limits = Limits(None, None)
        log = self._context.scratch / f"{self._case.key.case_id}-referee.log"
        return self._context.spawn(REFEREE, self._context.referee_threads, limits, log)

    def _open_referee(self, referee: WorkerProcess) -> None:
        """Draw the start, run the reference, and fix the iterations that every backend is given."""
        key = self._case.key
        referee.request("open", data=self._case.dataset.path, threads=self._context.referee_threads)
        if key.protocol != "matched":
            return
        assert key.iterations is not None
        self._init = str(self._context.scratch / f"{key.case_id}-init.npy")
        referee.request("draw", k=key.k, seed=key.seed, path=self._init)
        found = referee.request("reference", iterations=key.iterations)
        self._given = key.iterations
        if found["stable_at"] is not None:
            # Some engines stop once no label changes. Below that count all of them do the same work.
            self._given = max(1, min(key.iterations, found["stable_at"] - 1))
        self._reference = ReferenceAnswer(
            inertia=found["inertia"], iterations=self._given, empty_events=found["empty_events"]
        )

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
        return [one for one in live if one.answer]

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
            self._outcome(one.cell, failure.status, failure.reason, output)

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
        one.answer = one.worker.request("export", centroids=one.centroids, labels=one.labels)
        one.output = one.worker.output()
        one.worker.close()

    # -- quality ----------------------------------------------------------------------------------------------

    def _judge(self, referee: WorkerProcess, answered: list[_Live]) -> list[tuple[_Live, Verdict]]:
        """Evaluate every answer with the referee's one piece of code and put it through the gate."""
        judged = []
        found = [referee.request("evaluate", centroids=one.centroids, labels=one.labels) for one in answered]
        best = min((f["inertia"] for f in found if f["finite"]), default=None)
        for one, evaluation in zip(answered, found, strict=True):
            answer = Answer(
                n_iter=one.answer["n_iter"],
                finite=evaluation["finite"],
                inertia=evaluation.get("inertia"),
                labels_inertia=evaluation.get("labels_inertia"),
                empty_events=one.answer["empty_events"],
            )
            verdict = self._verdict(referee, one, answer)
            figures: dict[str, Any] = {"n_iter": answer.n_iter, "empty_events": answer.empty_events}
            if answer.finite:
                figures |= self._quality(referee, one, evaluation, answered, found, best, verdict)
            self._record(
                one.cell,
                RecordKind.QUALITY,
                status=verdict.status,
                reason=verdict.reason,
                reported_inertia=one.answer["reported_inertia"],
                **figures,
            )
            self._step("judge", one)
            judged.append((one, verdict))
        return judged

    def _verdict(self, referee: WorkerProcess, one: _Live, answer: Answer) -> Verdict:
        traits = get_backend(one.cell.key.backend).traits
        if self._reference is None:
            return judge_native(answer, traits, self._case.dataset)
        verdict = judge_matched(answer, traits, self._reference, self._case.dataset)
        if verdict.wants_sensitivity:
            spread = referee.request("sensitivity", iterations=self._reference.iterations)["spread"]
            self._reference = dataclasses.replace(self._reference, sensitivity=spread)
            verdict = judge_matched(answer, traits, self._reference, self._case.dataset)
        return verdict

    def _quality(
        self,
        referee: WorkerProcess,
        one: _Live,
        evaluation: dict[str, Any],
        answered: list[_Live],
        found: list[dict[str, Any]],
        best: float | None,
        verdict: Verdict,
    ) -> dict[str, Any]:
        """Return inertia and agreement: with the float64 reference, or in a native run with the best answer."""
        if self._reference is not None:
            reference, against = FLOAT64_REFERENCE, None
            reference_inertia = self._reference.inertia
        else:
            winner = next(a for a, f in zip(answered, found, strict=True) if f["finite"] and f["inertia"] == best)
            reference, against = winner.cell.key.label, winner.labels
            reference_inertia = evaluation["inertia"] if best is None else best
        agreement = referee.request("agree", labels=one.labels, against=against, k=one.cell.key.k)
        inertia = evaluation["inertia"]
        if nothing_left(self._case.dataset, reference_inertia):
            ratio = 1.0 if verdict.status is Status.OK and nothing_left(self._case.dataset, inertia) else None
        else:
            ratio = inertia / reference_inertia
        return agreement | {
            "inertia": inertia,
            "empty_clusters": evaluation["empty_clusters"],
            "reference": reference,
            "reference_inertia": reference_inertia,
            "inertia_ratio": ratio,
        }

    # -- memory -----------------------------------------------------------------------------------------------

    def _measure_memory(self, one: _Live, reason: str | None) -> str | None:
        """Measure in a fresh process. A failure leaves the cell as it is, and says so."""
        worker = self._spawn(one, "memory.log")
        try:
            self._request_open(worker, one, mapped=False)
            self._record(one.cell, RecordKind.MEMORY, **worker.request("memory"))
        except WorkerFailure as failure:
            missing = f"memory was not measured: {failure.reason}"
            reason = missing if reason is None else f"{reason}; {missing}"
        finally:
            worker.close()
        self._step("memory", one)
        return reason

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

    def _outcome(
        self, cell: Cell, status: Status, reason: str | None, output: str = "", answer: dict[str, Any] | None = None
    ) -> None:
        known = {name: (answer or {}).get(name) for name in ("settings", "pools", "n_iter")}
        record = self._record(cell, RecordKind.OUTCOME, status=status, reason=reason, output=output or None, **known)
        self._context.listener(CellEnded(record))

    def _step(self, what: str, one: _Live | None = None) -> None:
        self._context.listener(Step(self._case.key if one is None else one.cell.key, what))
