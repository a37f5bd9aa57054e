"""The runner's side of the referee: fixes the work of a case, then judges the answers that came of it."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kmbench.backends.base import Precision
from kmbench.backends.registry import get_backend
from kmbench.records import CellKey, Status
from kmbench.runner.correctness import (
    Evaluation,
    ReferenceEvaluation,
    Verdict,
    judge_matched,
    judge_native,
    nothing_left,
)
from kmbench.runner.process import WorkerProcess
from kmbench.study.expand import Case

__all__ = ["FLOAT64_REFERENCE", "Judge", "Judged", "Submission"]

FLOAT64_REFERENCE = "numpy-lloyd[precision=float64]"
"""Name of the matched protocol's reference in the records."""

MAX_PAIRED = 24
"""Answers of a case that are compared with each other: pairs grow with the square."""


@dataclass(frozen=True, slots=True)
class Submission:
    """An answer as a worker left it: two ``.npy`` files, and what it told."""

    key: CellKey
    precision: Precision
    centroids: str
    labels: str
    told: dict[str, Any]

    @property
    def files(self) -> list[str]:
        """Both files."""
        return [self.centroids, self.labels]


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on a submission, and the figures of its quality record."""

    verdict: Verdict
    figures: dict[str, Any]


class Judge:
    """The referee of one case.

    Attributes
    ----------
    init : str or None
        ``.npy`` file of the common start, ``.npz`` of several; None in a native run.
    iterations : int or None
        What every backend is given: fewer than asked for where the reference's labels stand still earlier.
    inertias, empty_events : list
        Of the reference, after and in each iteration; empty in a native run.
    """

    def __init__(self, process: WorkerProcess, case: Case) -> None:
        self._process = process
        self._case = case
        self._reference: ReferenceEvaluation | None = None
        self.init: str | None = None
        self.iterations = case.key.iterations
        self.inertias: list[float] = []
        self.empty_events: list[int] = []

    def open(self, scratch: Path, threads: int) -> None:
        """Load the data; in a matched run draw the start and compute the reference.

        Raises
        ------
        WorkerFailure
            If the referee cannot do it.
        """
        key = self._case.key
        several = {"workload": key.workload} if self._case.several_fits else {}
        self._process.request("open", data=self._case.dataset.path, threads=threads, **several)
        if key.protocol == "native":
            return
        assert key.iterations is not None
        self.init = str(scratch / f"{key.case_id}-init{'.npz' if several else '.npy'}")
        self._process.request("draw", k=key.k, seed=key.seed, path=self.init)
        kept = f"reference-{self._case.dataset.fingerprint}-{key.k}-{key.seed}-{key.iterations}.npz"
        keep = {} if several else {"kept": str(scratch / kept)}
        found = self._process.request("reference", iterations=key.iterations, **keep)
        if found["stable_at"] is not None:
            # Some engines stop once no label changes. Below that count all of them do the same work.
            self.iterations = max(1, min(key.iterations, found["stable_at"] - 1))
        self.inertias, self.empty_events = found["inertias"], found["empty_events"]
        self._reference = self._after(self.iterations or 1)

    def _after(self, iterations: int) -> ReferenceEvaluation:
        """Return the reference's answer after so many iterations."""
        emptied = sum(self.empty_events[:iterations])
        return ReferenceEvaluation(inertia=self.inertias[iterations - 1], iterations=iterations, empty_events=emptied)

    def judge_rung(self, submissions: Sequence[Submission], iterations: int) -> list[Judged]:
        """Judge the answers after fewer iterations, by inertia alone.

        Raises
        ------
        WorkerFailure
            If the referee cannot do it.
        """
        whole, self._reference = self._reference, self._after(iterations)
        try:
            return self.judge(submissions, compare_labels=False)
        finally:
            self._reference = whole

    def judge(self, submissions: Sequence[Submission], compare_labels: bool = True) -> list[Judged]:
        """Evaluate every answer with one piece of code and put it through the gate.

        In a matched run answers are compared with the float64 reference, in a native one with the best of them.

        Raises
        ------
        WorkerFailure
            If the referee cannot do it.
        """
        found = [self._process.request("evaluate", centroids=s.centroids, labels=s.labels) for s in submissions]
        finite = [(f["inertia"], s) for f, s in zip(found, submissions, strict=True) if f["finite"]]
        best = min(finite, key=lambda pair: pair[0], default=None)
        judged = []
        for submission, evaluation in zip(submissions, found, strict=True):
            answer = Evaluation(
                n_iter=submission.told["n_iter"],
                precision=submission.precision,
                finite=evaluation["finite"],
                inertia=evaluation.get("inertia"),
                labels_inertia=evaluation.get("labels_inertia"),
                empty_events=submission.told["empty_events"],
            )
            verdict = self._verdict(submission.key.backend, answer)
            figures = {name: submission.told[name] for name in ("n_iter", "empty_events", "reported_inertia")}
            if answer.finite:
                assert best is not None
                figures |= self._quality(evaluation, verdict, best)
                if compare_labels:
                    figures |= self._agreement(submission, best[1])
            judged.append(Judged(verdict, figures))
        if compare_labels:
            self._compare_pairs(submissions, judged)
        return judged

    def _compare_pairs(self, submissions: Sequence[Submission], judged: Sequence[Judged]) -> None:
        """Note how far the sound answers agree with each other, which agreement with the reference cannot tell."""
        pairs = zip(submissions, judged, strict=True)
        sound = [(s, j.figures) for s, j in pairs if j.verdict.status is Status.OK and "ari" in j.figures]
        for (one, its), (other, theirs) in itertools.combinations(sound[:MAX_PAIRED], 2):
            ari = self._process.request("pair", labels=[one.labels, other.labels], k=self._case.key.k)["ari"]
            its.setdefault("pairwise_ari", {})[other.key.label] = ari
            theirs.setdefault("pairwise_ari", {})[one.key.label] = ari

    def _verdict(self, backend: str, answer: Evaluation) -> Verdict:
        traits, dataset = get_backend(backend).traits, self._case.dataset
        if self._reference is None:
            return judge_native(answer, traits, dataset)
        verdict = judge_matched(answer, traits, self._reference, dataset)
        if verdict.wants_sensitivity:
            spread = self._process.request("sensitivity", iterations=self._reference.iterations)["spread"]
            self._reference = dataclasses.replace(self._reference, sensitivity=spread)
            verdict = judge_matched(answer, traits, self._reference, dataset)
        return verdict

    def _quality(
        self, evaluation: dict[str, Any], verdict: Verdict, best: tuple[float, Submission]
    ) -> dict[str, Any]:
        if self._reference is not None:
            reference, reference_inertia = FLOAT64_REFERENCE, self._reference.inertia
        else:
            reference, reference_inertia = best[1].key.label, best[0]
        dataset, inertia = self._case.dataset, evaluation["inertia"]
        ratio: float | None
        if nothing_left(dataset, reference_inertia):
            ratio = 1.0 if verdict.status is Status.OK and nothing_left(dataset, inertia) else None
        else:
            ratio = inertia / reference_inertia
        return {
            "inertia": inertia,
            "empty_clusters": evaluation["empty_clusters"],
            "reference": reference,
            "reference_inertia": reference_inertia,
            "inertia_ratio": ratio,
        }

    def _agreement(self, own: Submission, best: Submission) -> dict[str, Any]:
        """Compare labels and centroids with the reference's, or in a native run with those of the best answer."""
        against = best.files if self._reference is None else None
        told: dict[str, Any] = self._process.request("agree", answer=own.files, against=against)
        return told
