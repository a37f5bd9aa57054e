"""``--save``: an index that is ready to serve, its recipe, and an example that loads and searches it."""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import secrets
import shutil
from dataclasses import asdict, replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.errors import OutputError
from kmbench.tuning.choice.filtered import FilterAnswer
from kmbench.tuning.choice.result import TuneResult
from kmbench.tuning.choice.rules import ProbesAnswer
from kmbench.tuning.deployment.database import target_recipe, write_for_database
from kmbench.tuning.deployment.recipe import (
    INDEX_FILE,
    QUERIES_FILE,
    QUERIES_ROWS_FILE,
    RECIPE_FILE,
    SERVE_FILE,
    DataSample,
    Lists,
    Recipe,
    SavedFilter,
    SavedProbes,
    SavedQueries,
)
from kmbench.tuning.index.balance import assign_balanced
from kmbench.tuning.index.cache import write_servable
from kmbench.tuning.index.kinds import Kind, build_ivf
from kmbench.tuning.index.training import Trained, assign_rows
from kmbench.tuning.problem.data import Problem
from kmbench.tuning.problem.space import FloatMatrix
from kmbench.tuning.recall.probes import FAR_RANK, POWER, Probes
from kmbench.tuning.targets.registry import TargetChoice

__all__ = ["QUERIES_FILE", "check_target", "row_digests", "save_deployment"]

MOST_QUERIES = 10_000
"""Queries that are saved: those that the recall was verified with, so that a check can ask them again."""

SAMPLED_ROWS = 64


def check_target(folder: Path) -> Path:
    """Make sure that a deployment can be written, before hours are spent on it.

    Raises
    ------
    OutputError
        If the folder exists and holds anything, or its parent cannot be written.
    """
    folder = folder.absolute()
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise OutputError(f"--save {folder} exists and is not empty", "give a new folder, or remove it first")
        folder.parent.mkdir(parents=True, exist_ok=True)
        probe = folder.parent / f".kmbench-{os.getpid()}-{secrets.token_hex(4)}"
        probe.mkdir()
        probe.rmdir()
    except OSError as error:
        raise OutputError(
            f"--save {folder} cannot be written: {error.strerror or error}", "choose another folder"
        ) from None
    return folder


def save_deployment(
    result: TuneResult,
    kind: Kind,
    problem: Problem,
    trained: Trained,
    file: Path,
    folder: Path,
    database: TargetChoice | None = None,
) -> Path:
    """Write a folder that is whole or not there: it is filled under another name and then renamed.

    Parameters
    ----------
    file : Path
        The index that was measured. It is taken as it is, unless rows were held out as queries: then all rows go
        into a new one with the same centroids, and the ids are the rows of the data.
    folder : Path
        From `check_target`.
    database : TargetChoice or None
        That the index is for: in the place of an index file the folder then holds what builds it there.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    partial = folder.parent / f".{folder.name}-{os.getpid()}-{secrets.token_hex(4)}.partial"
    try:
        partial.mkdir()
        if database is None:
            list_of_row = _write_index(result, kind, problem, trained, partial / INDEX_FILE)
            (partial / SERVE_FILE).write_text(_example(result, problem), encoding="utf-8")
        else:
            list_of_row = _all_rows(problem, trained)[1]
            write_for_database(result, database, problem, trained, partial)
        recipe = _recipe(result, kind, problem, trained, list_of_row)
        (partial / RECIPE_FILE).write_text(recipe.model_dump_json(indent=1) + "\n", encoding="utf-8")
        np.save(partial / QUERIES_FILE, problem.raw_queries[:MOST_QUERIES])
        if problem.held_out is not None:
            np.save(partial / QUERIES_ROWS_FILE, problem.held_out[:MOST_QUERIES])
        if folder.exists():
            folder.rmdir()  # it is empty: see check_target
        partial.rename(folder)
    except (OSError, RuntimeError) as error:  # RuntimeError: what FAISS raises when it cannot write
        raise OutputError(f"--save {folder} cannot be written: {error}", "choose another folder") from None
    finally:
        with contextlib.suppress(OSError):
            shutil.rmtree(partial, ignore_errors=True)
    return folder


def _write_index(result: TuneResult, kind: Kind, problem: Problem, trained: Trained, path: Path) -> NDArray[np.int32]:
    """Write the index of all rows and return the list of each."""
    import faiss

    option = result.choice.option
    everything, list_of_row = _all_rows(problem, trained)
    ivf = build_ivf(kind, trained.quantizer, everything, list_of_row, problem.space, result.seed)
    write_servable(kind, ivf, everything, problem, path, option.nprobe, option.k_factor)
    written = faiss.read_index(str(path))
    if written.ntotal != len(everything) or faiss.extract_index_ivf(written).nprobe != option.nprobe:
        raise OSError(f"{path.name} does not read back as it was written")
    return list_of_row


def _all_rows(problem: Problem, trained: Trained) -> tuple[FloatMatrix, NDArray[np.int32]]:
    """Return all rows in the space of the index, those that served as queries included, and the list of each."""
    if problem.held_out is None:
        return problem.base, trained.list_of_row
    everything = np.ascontiguousarray(problem.space.apply(problem.raw))
    list_of_row = np.empty(len(everything), dtype=np.int32)
    rest = np.ones(len(everything), dtype=bool)
    rest[problem.held_out] = False
    list_of_row[rest] = trained.list_of_row
    list_of_row[problem.held_out] = (
        assign_rows(trained.quantizer, problem.queries)
        if trained.penalty is None
        else assign_balanced(problem.queries, trained, problem.space)
    )
    return everything, list_of_row


def row_digests(X: FloatMatrix, rows: NDArray[np.int64]) -> dict[int, str]:
    """Return a short digest of the content of some rows."""
    return {int(row): hashlib.sha256(np.ascontiguousarray(X[row], "<f4").tobytes()).hexdigest()[:16] for row in rows}


def _recipe(
    result: TuneResult, kind: Kind, problem: Problem, trained: Trained, list_of_row: NDArray[np.int32]
) -> Recipe:
    option, asked, measured = result.choice.option, result.asked, result.measured
    sizes = np.bincount(list_of_row, minlength=option.nlist)
    n = problem.data.n
    rows = np.unique(np.linspace(0, n - 1, SAMPLED_ROWS).astype(np.int64))
    error = result.single_error
    return Recipe(
        factory=kind.factory(option.nlist, option.k_factor),
        transform=problem.space.transform_name,
        index=option.index,
        nlist=option.nlist,
        nprobe=option.nprobe,
        k_factor=option.k_factor,
        metric=problem.space.metric,
        at=asked.at,
        recall_target=asked.recall,
        max_latency_ms=None if asked.max_latency_seconds is None else 1e3 * asked.max_latency_seconds,
        max_memory_bytes=asked.max_memory_bytes,
        max_build_seconds=asked.max_build_seconds,
        target_met=result.target_met,
        recall=option.recall,
        recall_low=option.recall_low,
        recall_high=option.recall_high,
        recall_method=result.method,
        queries=result.queries,
        queries_from=result.queries_text,
        scanned_vectors=option.scanned,
        scanned_vectors_p99=option.scanned_p99,
        bytes_per_vector=result.bytes_per_vector,
        balanced=trained.penalty is not None,
        saved_queries=SavedQueries(
            count=min(MOST_QUERIES, len(problem.raw_queries)),
            of=len(problem.raw_queries),
            origin=_published_text(result.queries_text),
            drawn=problem.held_out is not None,
        ),
        probes=None if result.probes is None else _probes(result.probes, problem),
        filters=[_filter(one) for one in result.filters],
        latency_ms={name: 1e3 * getattr(measured, name) for name in ("p50", "p95", "p99")},
        latency_model_error=None if error is None else error.worst,
        queries_per_second=1 / measured.batch,
        threads=result.threads,
        device=result.device,
        gpu=result.gpu,
        memory_bytes=result.memory_bytes,
        build_seconds=result.build_seconds,
        backend=result.backend,
        training_points=trained.points,
        seed=result.seed,
        lists=Lists(
            imbalance=float(option.nlist * np.square(sizes / n).sum()),
            longest_over_mean=float(sizes.max() / sizes.mean()),
            empty=int((sizes == 0).sum()),
        ),
        data=DataSample(
            spec=_published(problem.name),
            n=n,
            d=problem.data.d,
            fingerprint=problem.data.fingerprint,
            rows=row_digests(problem.raw, rows),
        ),
        versions=result.versions,
        target=None if result.there is None else target_recipe(result, result.there),
    )


def _served(answer: ProbesAnswer, problem: Problem) -> Probes:
    """Return the rule for the saved index: rows that were queries are in its lists too, and use up a budget."""
    probes = answer.promise.probes
    return replace(probes, vectors=math.ceil(probes.vectors * len(problem.raw) / len(problem.base)))


def _probes(answer: ProbesAnswer, problem: Problem) -> SavedProbes:
    promise, served = answer.promise, _served(answer, problem)
    return SavedProbes(
        rule="budget" if promise.probes.rule == "budget" else "damped",
        nprobe=served.nprobe,
        vectors=served.vectors,
        reference=served.reference,
        recall=promise.recall,
    )


def _filter(answer: FilterAnswer) -> SavedFilter:
    served = answer.reached or answer.unfiltered
    return SavedFilter(
        name=answer.name,
        rows=answer.rows,
        nprobe=served.nprobe,
        recall=served.recall,
        short_queries=served.short,
        exact_scan_faster_below_rows=int(answer.exact_below_rows),
    )


def _published_text(text: str) -> str:
    """Return where queries come from without the folders of this machine."""
    return " ".join(_published(word) for word in text.split(" "))


def _published(spec: str) -> str:
    """Return a SPEC without the folders of this machine: recipes are passed on."""
    return spec.rpartition(os.sep)[2]


def _example(result: TuneResult, problem: Problem) -> str:
    text = resources.files("kmbench.tuning.deployment").joinpath("templates/serve.py.txt").read_text(encoding="utf-8")
    option = result.choice.option
    values: dict[str, Any] = {
        "INDEX": option.index,
        "AT": result.asked.at,
        "RECALL": f"{option.recall:.3f}",
        "METRIC": {"l2": "squared L2 distance", "ip": "inner product", "cosine": "cosine"}[result.metric],
        "D": result.d,
        "DEVICE": result.device,
        "K_FACTOR": option.k_factor,
        "PROBES": repr({"rule": "fixed"} if result.probes is None else asdict(_served(result.probes, problem))),
        "FAR_RANK": FAR_RANK,
        "POWER": POWER,
    }
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    return text
