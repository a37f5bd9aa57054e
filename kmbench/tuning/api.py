"""`tune`: what a caller asks, brought together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.backends.training import check_numbers, one_backend
from kmbench.instruments import default_threads
from kmbench.runner.scratch import scratch_folder
from kmbench.tuning.choice.result import TuneResult
from kmbench.tuning.deployment.save import check_target
from kmbench.tuning.index.kinds import parse_kinds
from kmbench.tuning.index.training import ITERATIONS, Training
from kmbench.tuning.pipeline import TuningPlan, run_tuning
from kmbench.tuning.problem.constraints import read_constraints
from kmbench.tuning.problem.data import read_problem
from kmbench.tuning.problem.device import read_device
from kmbench.tuning.problem.nlist import read_nlists
from kmbench.tuning.problem.truth import Progress
from kmbench.tuning.timing.latency import EPOCHS
from kmbench.tuning.timing.search import SearchSetup

__all__ = ["tune"]


def _silent(what: str, share: float) -> None:
    """Take progress and do nothing."""


def tune(
    data: str | Path | NDArray[Any],
    queries: str | Path | NDArray[Any] | None = None,
    *,
    metric: str | None = None,
    recall: float = 0.95,
    at: int = 10,
    max_latency_ms: float | None = None,
    max_memory: int | str | None = None,
    max_build_seconds: float | None = None,
    nlist: str | None = None,
    index: str = "flat",
    backend: str = "faiss-cpu",
    iterations: int = ITERATIONS,
    points_per_list: int = 256,
    threads: int | None = None,
    device: str = "cpu",
    truth: str | Path | None = None,
    epochs: int = EPOCHS,
    seed: int = 0,
    save: str | Path | None = None,
    progress: Progress = _silent,
) -> TuneResult:
    """Choose nlist and nprobe of an IVF index for a recall, and measure what they cost.

    Parameters
    ----------
    data, queries : str, Path or ndarray of shape (n, d)
        Data SPECs, or arrays. Without queries those of an ann-benchmarks file are used, else rows drawn from the
        data, which are then left out of it.
    metric : {"l2", "ip", "cosine"}, optional
        That of an ann-benchmarks file, else L2.
    recall : float
        Target for recall@`at`, below 1; its whole 95 % interval must reach it.
    at : int
        Neighbours per query.
    max_latency_ms : float, optional
        For the 95th percentile of one query at a time.
    max_memory : int or str, optional
        Of the index: bytes, or text such as ``"4G"``.
    max_build_seconds : float, optional
        For training, assignment and encoding on this host.
    nlist : str, optional
        Numbers of lists, such as ``"256,1024"``; by default powers of two around the square root of the rows.
    index : str
        Kinds of index: ``flat``, ``fp16``, ``sq8``, ``sq4``, ``pqM``, each but flat also with ``+refine``.
    backend : str
        k-means backend that trains the centroids.
    iterations, points_per_list : int
        Of the training; rows beyond ``points_per_list * nlist`` are left out by chance.
    threads : int, optional
        For batches, training and the exact search; all cores by default.
    device : {"cpu", "cuda"}
        Where the index is searched, timed and checked: ``cuda`` is the first GPU. The recall curve does not depend
        on it, nor does what is saved, but for the recipe and the example.
    truth : str or Path, optional
        File of true neighbours, such as ``.ivecs``.
    epochs : int
        Processes that each index is timed in.
    seed : int
    save : str or Path, optional
        Folder for the index, its recipe and an example that serves it.
    progress : callable
        Called with what is being done and the share of it that is done.

    Returns
    -------
    TuneResult

    Raises
    ------
    KmbenchError
        For bad input; nothing is then written.
    """
    import faiss

    asked = read_constraints(recall, at, max_latency_ms, max_memory, max_build_seconds)
    place = read_device(device, at)
    check_numbers(iterations=iterations, points_per_list=points_per_list, epochs=epochs, threads=threads, seed=seed)
    chosen_backend = one_backend(backend)
    count = threads or default_threads()
    target = None if save is None else check_target(Path(save))
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count)
    try:
        with scratch_folder() as scratch:
            progress("data", 0.0)
            problem = read_problem(
                _spec(data, scratch / "data.npy"),
                None if queries is None else _spec(queries, scratch / "asked.npy"),
                None if truth is None else str(truth),
                metric,
                at,
                seed,
                scratch,
            )
            if isinstance(data, np.ndarray):
                problem = replace(problem, name="an array")
            n, d = problem.base.shape
            kinds, nlists = parse_kinds(index, d, n, place), read_nlists(nlist, n)
            training = Training(
                backend=chosen_backend,
                iterations=iterations,
                points_per_list=points_per_list,
                seed=seed,
                threads=count,
                scratch=scratch,
            )
            np.save(scratch / "asked-raw.npy", problem.raw_queries)
            plan = TuningPlan(
                problem=problem,
                asked=asked,
                kinds=kinds,
                nlists=nlists,
                training=training,
                setup=SearchSetup(
                    queries=scratch / "asked-raw.npy",
                    queries_count=len(problem.queries),
                    k=at,
                    threads=count,
                    device=place,
                    seed=seed,
                    scratch=scratch,
                    spawn=training.spawn,
                ),
                epochs=epochs,
                progress=progress,
            )
            return run_tuning(plan, target)
    finally:
        faiss.omp_set_num_threads(before)


def _spec(given: str | Path | NDArray[Any], file: Path) -> str:
    """Return a data SPEC; an array is written to a file first."""
    if isinstance(given, np.ndarray):
        np.save(file, given)
        return str(file)
    return str(given)
