"""`tune`: what a caller asks, brought together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.backends.training import check_numbers, one_backend
from kmbench.errors import TuneError
from kmbench.instruments import default_threads
from kmbench.runner.scratch import scratch_folder
from kmbench.tuning.choice.plan import TuningPlan, read_balance
from kmbench.tuning.choice.result import TuneResult
from kmbench.tuning.choice.rules import read_rule
from kmbench.tuning.deployment.save import check_target
from kmbench.tuning.index.kinds import kinds_within, parse_kinds
from kmbench.tuning.index.training import POINTS_PER_LIST, Training
from kmbench.tuning.pipeline import run_tuning
from kmbench.tuning.problem.constraints import Constraints, read_constraints
from kmbench.tuning.problem.data import Sources, read_problem
from kmbench.tuning.problem.device import read_device
from kmbench.tuning.problem.faiss_here import need_faiss
from kmbench.tuning.problem.filters import read_filters
from kmbench.tuning.problem.host import THIS_HOST, Host
from kmbench.tuning.problem.nlist import read_nlists
from kmbench.tuning.problem.truth import Progress
from kmbench.tuning.targets.base import Task
from kmbench.tuning.targets.refusals import refuse_kinds, refuse_nlists, refuse_options
from kmbench.tuning.targets.registry import FAISS, reach, read_target
from kmbench.tuning.timing.latency import EPOCHS
from kmbench.tuning.timing.search import SearchSetup

__all__ = ["TuningOptions", "tune", "tune_on"]


def _silent(what: str, share: float) -> None:
    """Take progress and do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningOptions:
    """What is tried, and how: as a caller writes it. `tune` says what each means."""

    index: str = "flat"
    nlist: str | None = None
    backend: str = "faiss-cpu"
    iterations: int | None = None
    points_per_list: int = POINTS_PER_LIST
    threads: int | None = None
    device: str = "cpu"
    epochs: int = EPOCHS
    thorough: bool = False
    balance: str = "auto"
    filters: Sequence[str | Path | NDArray[Any]] = ()
    probes: str = "fixed"
    radius: float | None = None
    seed: int = 0
    target: str = FAISS


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
    iterations: int | None = None,
    points_per_list: int = POINTS_PER_LIST,
    threads: int | None = None,
    device: str = "cpu",
    truth: str | Path | None = None,
    epochs: int = EPOCHS,
    thorough: bool = False,
    balance: str = "auto",
    filters: Sequence[str | Path | NDArray[Any]] = (),
    probes: str = "fixed",
    radius: float | None = None,
    seed: int = 0,
    target: str = FAISS,
    save: str | Path | None = None,
    progress: Progress = _silent,
) -> TuneResult:
    """Choose nlist and nprobe of an IVF index for a recall, and measure what they cost.

    Parameters
    ----------
    data, queries : str, Path or ndarray of shape (n, d)
        Data SPECs, or arrays. Without queries, those of an ann-benchmarks file are used, otherwise rows drawn from
        the data, which are then left out of it.
    metric : {"l2", "ip", "cosine"}, optional
        Default: that of an ann-benchmarks file, otherwise L2.
    recall : float
        Target for recall@`at`, below 1; its whole 95 % interval must reach it.
    at : int
        Neighbours per query.
    max_latency_ms : float, optional
        Limit for the 95th percentile of one query at a time.
    max_memory : int or str, optional
        Limit for the size of the index: bytes, or text such as ``"4G"``.
    max_build_seconds : float, optional
        Limit for training, assignment and encoding on this host.
    nlist : str, optional
        Numbers of lists, such as ``"256,1024"``; by default powers of two around the square root of the rows.
    index : str
        Kinds of index: ``flat``, ``fp16``, ``sq8``, ``sq4``, ``pqM``, each but flat also with ``+refine``.
    backend : str
        k-means backend that trains the centroids.
    iterations, points_per_list : int
        Of the training; by default few iterations from a good start, or ten from random rows if `thorough`. At most
        ``points_per_list * nlist`` random rows are used.
    threads : int, optional
        Threads for batches, training and the exact search; all cores by default.
    device : {"cpu", "cuda"}
        Where the index is searched, timed and checked: ``cuda`` is the first GPU. The recall curve does not depend
        on it, nor does what is saved, but for the recipe and the example.
    truth : str or Path, optional
        File of true neighbours, such as ``.ivecs``.
    epochs : int
        Number of processes to time each index in.
    thorough : bool
        Train and time every nlist in full, as a check of the quick comparison; this takes five times as long.
    balance : {"auto", "on", "off"}
        Move rows from long lists to others that are nearly as near: ``auto`` if that makes searches faster.
    filters : sequence of str, Path or ndarray
        Each ``mask.npy`` (bool), ``ids.npy`` (row numbers), ``FILE.parquet:COLUMN=VALUE`` or such an array; each is
        answered separately.
    probes : {"fixed", "budget", "damped"}
        Experimental: one budget of vectors for all queries, or a separate one for each.
    radius : float, optional
        Radius of a range search to answer too: a squared distance, or the smallest product for ``ip`` and ``cosine``.
    seed : int
    target : str
        Database to measure the chosen setting in, such as ``"pgvector[dsn='host=localhost']"``; ``faiss``: only an
        index of FAISS.
    save : str or Path, optional
        Folder for the index, its recipe and an example server.
    progress : callable
        Called with the name of the current step and the share of it that is done.

    Returns
    -------
    TuneResult

    Raises
    ------
    KmbenchError
        For bad input; nothing is then written.
    """
    return tune_on(
        THIS_HOST,
        Sources(data=data, queries=queries, truth=truth, metric=metric),
        read_constraints(recall, at, max_latency_ms, max_memory, max_build_seconds),
        TuningOptions(
            index=index,
            nlist=nlist,
            backend=backend,
            iterations=iterations,
            points_per_list=points_per_list,
            threads=threads,
            device=device,
            epochs=epochs,
            thorough=thorough,
            balance=balance,
            filters=filters,
            probes=probes,
            radius=radius,
            seed=seed,
            target=target,
        ),
        save=save,
        progress=progress,
    )


def _asked_beside(options: TuningOptions) -> dict[str, Any]:
    """Return the options that a database may not follow, by the names of the command line."""
    return {
        "device": options.device,
        "probes": options.probes,
        "balance": "auto" if options.balance == "off" else options.balance,
        "filter": ", ".join("an array" if isinstance(one, np.ndarray) else str(one) for one in options.filters),
        "radius": options.radius,
    }


def tune_on(
    host: Host,
    sources: Sources,
    asked: Constraints,
    options: TuningOptions,
    *,
    save: str | Path | None = None,
    progress: Progress = _silent,
) -> TuneResult:
    """Do what `tune` does, on a host that is given.

    Parameters
    ----------
    host : Host
    sources : Sources
    asked : Constraints
    options : TuningOptions
    save, progress
        As for `tune`.

    Raises
    ------
    KmbenchError
        For bad input; nothing is then written.
    """
    need_faiss()
    import faiss

    database = read_target(options.target)
    if database is not None:
        refuse_options(database, _asked_beside(options))
    device = read_device(options.device, asked.at, host)
    check_numbers(
        iterations=options.iterations,
        points_per_list=options.points_per_list,
        epochs=options.epochs,
        threads=options.threads,
        seed=options.seed,
    )
    backend = one_backend(options.backend)
    threads = options.threads or default_threads()
    target = None if save is None else check_target(Path(save))
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(threads)
    try:
        with scratch_folder() as scratch:
            progress("data", 0.0)
            problem = read_problem(sources, asked.at, options.seed, scratch)
            n, d = problem.base.shape
            kinds, nlists = parse_kinds(options.index, d, n, device), read_nlists(options.nlist, n)
            if database is not None:
                refuse_kinds(database, kinds, d)
                nlists = refuse_nlists(database, nlists, options.nlist is not None)
                reach(database, Task(kind=kinds[0], metric=problem.space.metric, n=problem.data.n, d=d, k=asked.at))
            if options.index.strip().lower() == "auto":
                kinds = kinds_within(kinds, n, d, nlists[0], problem.space, asked.max_memory_bytes)
            filters = [one.without(problem.held_out) for one in read_filters(options.filters, len(problem.raw))]
            if filters and device == "cuda":
                raise TuneError("--filter with --device cuda: FAISS's GPU indexes take no filter", "use --device cpu")
            balance = read_balance("off" if database is not None else options.balance, problem.space.metric)
            rule = read_rule(options.probes, kinds, problem.space.metric, device)
            np.save(scratch / "asked-raw.npy", problem.raw_queries)
            plan = TuningPlan(
                problem=problem,
                asked=asked,
                kinds=kinds,
                nlists=nlists,
                grows=options.nlist is None,
                thorough=options.thorough,
                balance=balance,
                filters=filters,
                probes=rule,
                radius=options.radius,
                training=Training(
                    backend=backend,
                    iterations=options.iterations,
                    points_per_list=options.points_per_list,
                    seed=options.seed,
                    threads=threads,
                    scratch=scratch,
                    spawn=host.spawn,
                ),
                setup=SearchSetup(
                    queries=scratch / "asked-raw.npy",
                    queries_count=len(problem.queries),
                    k=asked.at,
                    threads=threads,
                    device=device,
                    seed=options.seed,
                    scratch=scratch,
                    spawn=host.spawn,
                ),
                epochs=options.epochs,
                gpu=host.gpu_name() if device == "cuda" else None,
                progress=progress,
                database=database,
            )
            return run_tuning(plan, target)
    finally:
        faiss.omp_set_num_threads(before)
