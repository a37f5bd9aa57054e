"""The runner's side of scoring: asks a process of its own how well the sound answers of a case serve its workload."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kmbench.records import Status
from kmbench.runner.case_run import Context
from kmbench.runner.judge import Submission
from kmbench.runner.process import WorkerFailure, WorkerProcess
from kmbench.study.expand import Case

__all__ = ["SCORER", "TASKS_FOLDER", "score_answers"]

SCORER = "kmbench.runner.scorer"

TASKS_FOLDER = "tasks"
"""Folder in the run folder for what workloads leave, below it one for each case and each cell."""


def score_answers(
    case: Case, context: Context, submissions: Sequence[Submission], statuses: Sequence[Status]
) -> list[dict[str, Any]]:
    """Return for each answer the figures of its quality record; nothing where it is not sound or there is no task.

    Where a score fails, ``remark`` says why; the others go on in a new process.
    """
    found: list[dict[str, Any]] = [{} for _ in submissions]
    sound = [place for place, status in enumerate(statuses) if status is Status.OK]
    if case.key.workload is None or not sound:
        return found
    scorer: WorkerProcess | None = None
    common: list[str] | None = None
    try:
        for place in sound:
            submission = submissions[place]
            below = f"{TASKS_FOLDER}/{submission.key.cell_id}"
            try:
                if scorer is None:
                    scorer = _open(case, context)
                    if common is None:
                        common = []
                        below_case = f"{TASKS_FOLDER}/{case.key.case_id}"
                        told = scorer.request("common", folder=str(context.store.path), below=below_case)
                        common = told["artefacts"]
                found[place] = scorer.request(
                    "score",
                    centroids=submission.centroids,
                    labels=submission.labels,
                    folder=str(context.store.path),
                    below=below,
                )
                found[place]["case_artefacts"] = common or None
            except WorkerFailure as failure:
                found[place] = {"remark": f"the workload could not score it: {failure.reason}"}
                if scorer is not None:
                    scorer.close()
                    scorer = None
    finally:
        if scorer is not None:
            scorer.close()
    return found


def _open(case: Case, context: Context) -> WorkerProcess:
    key, dataset = case.key, case.dataset
    log: Path = context.scratch / f"{key.case_id}-scorer.log"
    scorer = context.spawn(SCORER, context.referee_threads, replace(context.limits, memory_bytes=None), log)
    try:
        scorer.request(
            "open",
            workload=key.workload,
            spec=dataset.spec,
            data=dataset.path,
            k=key.k,
            seed=key.seed,
            threads=context.referee_threads,
        )
    except WorkerFailure:
        scorer.close()
        raise
    return scorer
