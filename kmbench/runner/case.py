"""Run one case: the same start for all, interleaved epochs, the referee's judgement, then memory on its own."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from kmbench.records import RecordKind, Status
from kmbench.runner.case_run import CaseRun, CellRun, Context
from kmbench.runner.epochs import Epochs
from kmbench.runner.events import CaseStarted
from kmbench.runner.judge import Judge, Judged
from kmbench.runner.process import Limits, WorkerFailure
from kmbench.runner.scores import score_answers
from kmbench.runner.stopping import Rule
from kmbench.study.expand import Case, Cell
from kmbench.study.protocol import rungs_up_to

__all__ = ["run_case", "steps_of"]

REFEREE, FITS_REFEREE = "kmbench.runner.referee", "kmbench.runner.referee_fits"


def steps_of(cells: Sequence[Cell], rule: Rule) -> int:
    """Return how many `Step` events a case of these cells is expected to send."""
    key = cells[0].key
    rungs = len(rungs_up_to(key.iterations)) if key.protocol == "target" and key.iterations else 1
    return 1 + sum(cell.status is None for cell in cells) * (rungs * rule.least * (rule.rounds + 1) + 2)


def run_case(case: Case, cells: Sequence[Cell], context: Context, number: int = 1, of: int = 1) -> None:
    """Measure the cells of a case that have no outcome yet, and record one for each."""
    case_run = CaseRun(case, context)
    context.listener(CaseStarted(case.key, number, of, steps_of(cells, context.rule)))
    live = []
    for position, cell in enumerate(cells):
        one = CellRun(cell, context.scratch / f"{case.key.case_id}-{position}")
        if cell.status is not None:
            case_run.end(one, cell.status, cell.reason)
            continue
        one.folder.mkdir(exist_ok=True)
        live.append(one)
    if not live:
        return
    log = context.scratch / f"{case.key.case_id}-referee.log"
    module = FITS_REFEREE if case.several_fits else REFEREE
    with context.spawn(module, context.referee_threads, Limits(None, None), log) as referee:
        judge = Judge(referee, case)
        try:
            judge.open(context.scratch, context.referee_threads)
            case_run.init, case_run.iterations = judge.init, judge.iterations
            case_run.rungs = _rungs(case, judge.iterations)
            case_run.step("reference")
            Epochs(case_run, live, lambda rung, answered: _judge_rung(case_run, judge, rung, answered)).run()
            answered = [one for one in live if not one.ended]
            if case_run.has_room_for(len(answered)):
                for one in answered:
                    _post_memory(case_run, one)
            submissions = [one.submission() for one in answered]
            judged = judge.judge(submissions, compare_labels=not case.several_fits)
            for one in answered:
                _await_memory(one)
        except WorkerFailure as failure:
            reason = f"the referee failed: {failure.reason}"
            for one in live:
                if not one.ended:
                    one.close()
                    case_run.end(one, Status.ERROR, reason, referee.output())
            return
    scores = score_answers(case, context, submissions, [found.verdict.status for found in judged])
    for one, found, score in zip(answered, judged, scores, strict=True):
        _conclude(case_run, one, found, score)


def _rungs(case: Case, iterations: int | None) -> list[int | None]:
    if case.key.protocol != "target" or iterations is None:
        return [iterations]
    return [*rungs_up_to(iterations)]


def _judge_rung(case_run: CaseRun, judge: Judge, rung: int | None, answered: list[CellRun]) -> None:
    """Judge the answers on a rung below the top of a ladder; the top itself is judged as the answer of its cell."""
    if rung is None or rung == case_run.rungs[-1]:
        return
    for one, judged in zip(answered, judge.judge_rung([one.submission() for one in answered], rung), strict=True):
        status, reason = judged.verdict.status, judged.verdict.reason
        case_run.record(one, RecordKind.RUNG, rung, status=status, reason=reason, **judged.figures)
        if status is not Status.OK:
            one.fault = one.fault or f"after {rung} iterations {reason}"


def _conclude(case_run: CaseRun, one: CellRun, judged: Judged, score: dict[str, Any]) -> None:
    """Record the quality of an answer, measure the memory of a sound one, and end its cell."""
    status, reason = judged.verdict.status, judged.verdict.reason
    remark = score.pop("remark", None)
    case_run.record(one, RecordKind.QUALITY, status=status, reason=reason, **judged.figures, **score)
    case_run.step("judge", one)
    if status is Status.OK and one.fault is not None:
        status, reason = Status.INVALID, one.fault
    if status is Status.OK:
        missing = _measure_memory(case_run, one)
        reason = "; ".join(filter(None, (reason, one.told.get("fallback"), remark, missing))) or None
    one.close()
    case_run.end(one, status, reason, one.output)


def _post_memory(case_run: CaseRun, one: CellRun) -> None:
    """Start the process of the memory pass; it loads libraries and input while the referee judges the answer."""
    one.worker = case_run.spawn(one, "memory.log")
    with contextlib.suppress(WorkerFailure):  # told again when its reply is collected
        case_run.post_open(one.worker, one, mapped=False)


def _await_memory(one: CellRun) -> None:
    """Wait until the process has warmed up. All do before the first is measured: NVML sees the GPU as a whole."""
    if one.worker is None:
        return
    try:
        one.worker.collect()
    except WorkerFailure as failure:
        one.memory_fault = failure.reason
        one.close()


def _measure_memory(case_run: CaseRun, one: CellRun) -> str | None:
    """Measure in a fresh process; return why it could not be done, which leaves the cell as it is."""
    if one.worker is None and one.memory_fault is None:
        _post_memory(case_run, one)
        _await_memory(one)
    if one.memory_fault is not None:
        return f"memory was not measured: {one.memory_fault}"
    assert one.worker is not None
    try:
        case_run.record(one, RecordKind.MEMORY, **one.worker.request("memory"))
    except WorkerFailure as failure:
        return f"memory was not measured: {failure.reason}"
    case_run.step("memory", one)
    return None
