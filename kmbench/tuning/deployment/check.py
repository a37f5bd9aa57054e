"""``--check``: what a saved index does today, on the data and the queries of today."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kmbench.backends.faiss_gpu_index import GPU_MOST
from kmbench.datasets import materialise
from kmbench.errors import DataError, TuneError
from kmbench.instruments import default_threads
from kmbench.notes import note
from kmbench.runner.process import WorkerFailure
from kmbench.runner.scratch import scratch_folder
from kmbench.tuning.deployment.judgement import CheckResult, Today, judge_check
from kmbench.tuning.deployment.recipe import INDEX_FILE, Recipe, read_recipe
from kmbench.tuning.deployment.save import row_digests
from kmbench.tuning.index.kinds import parse_kinds
from kmbench.tuning.problem.device import Device, read_device
from kmbench.tuning.problem.host import THIS_HOST, Host
from kmbench.tuning.problem.recall import per_query_recall
from kmbench.tuning.problem.space import FloatMatrix, Space
from kmbench.tuning.problem.truth import Progress, exact_neighbours, own_rows_share
from kmbench.tuning.timing.latency import EPOCHS, Point, measure_points
from kmbench.tuning.timing.search import SearchSetup

__all__ = ["check_deployment"]

SAME_DATA_SHARE = 0.5
"""Share of the sampled rows that must still be what they were; of fewer, the data is another."""


def check_deployment(
    folder: Path,
    queries: str,
    data: str | None = None,
    *,
    device: str | None = None,
    epochs: int = EPOCHS,
    progress: Progress = lambda what, share: None,
    host: Host = THIS_HOST,
) -> CheckResult:
    """Measure recall and latency of a saved index.

    Parameters
    ----------
    folder : Path
        Written by ``--save``.
    queries : str
        SPEC of the queries.
    data : str, optional
        SPEC of the data as it is now, whose rows are in the order they were indexed in; new rows stand at the end.
        Without it the neighbours are looked for among the vectors that the index holds.
    device : {"cpu", "cuda"}, optional
        Where the index is searched; that of the recipe by default.
    epochs : int
        Processes that the index is timed in.
    progress : callable
        See `kmbench.tuning.problem.truth.Progress`.
    host : Host

    Raises
    ------
    KmbenchError
        If the folder, the data or the queries are not those of this index.
    """
    recipe = read_recipe(folder)
    file = folder / INDEX_FILE
    if not file.is_file():
        raise DataError(f"{folder} holds no {INDEX_FILE}", "give a folder that --save has written")
    place = _device(folder, recipe, device, host)
    with scratch_folder() as scratch:
        progress("data", 0.0)
        asked = materialise(queries, scratch)
        if asked.d != recipe.data.d:
            raise DataError(
                f"the queries in {queries} have {asked.d} columns, the index has {recipe.data.d}",
                "give queries of the same model",
            )
        raw_queries: FloatMatrix = np.load(asked.path)
        if data is None:
            raw, changed = _stored_vectors(file, recipe), 0.0
        else:
            raw, changed = _data_of_today(data, recipe, scratch)
        if recipe.at > len(raw):
            raise TuneError(
                f"the data has {len(raw)} rows, the index is asked for {recipe.at}", "give the whole data"
            )
        space = Space(metric=recipe.metric, shift=_shift(recipe, raw))
        base = raw if data is None and recipe.metric == "cosine" else space.apply(raw)
        zero_queries = space.directionless(raw_queries)
        if len(zero_queries) == len(raw_queries):
            raise DataError(f"{queries}: all are zeros, which have no direction", "give other queries")
        raw_queries = np.delete(raw_queries, zero_queries, axis=0)
        base, asked_for = np.ascontiguousarray(base), space.apply(raw_queries)
        truth = exact_neighbours(base, asked_for, recipe.at, space, progress)
        np.save(scratch / "queries.npy", raw_queries)
        setup = SearchSetup(
            queries=scratch / "queries.npy",
            queries_count=len(raw_queries),
            k=recipe.at,
            threads=min(recipe.threads, default_threads()),
            device=place,
            seed=recipe.seed,
            scratch=scratch,
            spawn=host.spawn,
        )
        try:
            found = setup.search(file, recipe.nprobe, recipe.k_factor)
        except WorkerFailure as failure:
            raise DataError(f"{file} cannot be searched: {failure.reason}", "save the index again") from None
        point = Point(
            file=file, index=recipe.index, nlist=recipe.nlist, nprobe=recipe.nprobe, k_factor=recipe.k_factor
        )
        measured = measure_points([point], setup, epochs, progress)[0]
    today = Today(
        recalls=per_query_recall(found.ids, truth.ids, recipe.at),
        measured=measured,
        rows=len(raw),
        rows_changed=changed,
        vectors=found.vectors,
        imbalance=found.imbalance,
        device=place,
        gpu=host.gpu_name() if place == "cuda" else None,
        own_rows=own_rows_share(base, asked_for, truth),
    )
    result = judge_check(recipe, today)
    left_out = (note("KM316", queries=len(zero_queries)),) if len(zero_queries) else ()
    return replace(result, notes=(*left_out, *result.notes))


def _stored_vectors(file: Path, recipe: Recipe) -> FloatMatrix:
    """Return the vectors that the index holds, in its own space but for a shift."""
    import faiss

    index: Any = faiss.read_index(str(file))
    if recipe.index.endswith("+refine"):
        inner: Any = faiss.downcast_index(index.index) if recipe.transform else index
        whole: Any = faiss.downcast_index(inner.refine_index)
        vectors = whole.reconstruct_n(0, index.ntotal)
    elif recipe.index == "flat":
        ivf: Any = faiss.extract_index_ivf(index)
        ivf.make_direct_map()
        vectors = ivf.reconstruct_n(0, ivf.ntotal)
    else:
        raise TuneError(
            f"{file} holds codes, not the vectors they were made from", "give the data: kmbench tune DATA --check DIR"
        )
    if recipe.transform == "centering":
        transform: Any = faiss.downcast_VectorTransform(index.chain.at(0))
        vectors = vectors + faiss.vector_to_array(transform.mean)
    out: FloatMatrix = np.ascontiguousarray(vectors, dtype=np.float32)
    return out


def _data_of_today(data: str, recipe: Recipe, scratch: Path) -> tuple[FloatMatrix, float]:
    """Read the data and tell which share of the sampled rows has changed."""
    info = materialise(data, scratch)
    hint = "give the data that the index was built from, or tune for this one"
    if info.d != recipe.data.d:
        raise DataError(f"{data} has {info.d} columns, the index has {recipe.data.d}", hint)
    raw: FloatMatrix = np.load(info.path)
    known = {row: digest for row, digest in recipe.data.rows.items() if row < info.n}
    now = row_digests(raw, np.array(sorted(known), dtype=np.int64))
    same = sum(now[row] == digest for row, digest in known.items())
    share = same / len(recipe.data.rows)
    if share < SAME_DATA_SHARE:
        raise DataError(
            f"{data} is not the data that the index was built from: {same} of {len(recipe.data.rows)} sampled rows "
            "are the same",
            hint,
        )
    return raw, 1 - share


def _shift(recipe: Recipe, raw: FloatMatrix) -> FloatMatrix | None:
    if recipe.transform != "centering":
        return None
    mean: FloatMatrix = raw.mean(axis=0, dtype=np.float64).astype(np.float32)
    return mean


def _device(folder: Path, recipe: Recipe, asked: str | None, host: Host) -> Device:
    """Return where the index is searched; it can only be where the recipe's kind of index exists."""
    if asked is None and recipe.device == "cuda":
        reason = host.why_no_gpu()
        if reason is not None:
            raise TuneError(
                f"{folder} was tuned for a GPU, and there is none here: {reason}",
                "or give --device cpu, whose times are others",
            )
    place = read_device(asked or recipe.device, recipe.at, host)
    if place == "cuda":
        parse_kinds(recipe.index, recipe.data.d, recipe.data.n, place)
        if recipe.nprobe > GPU_MOST:
            raise TuneError(
                f"{folder} has nprobe={recipe.nprobe}: FAISS's GPU indexes search at most {GPU_MOST:,} lists",
                "use --device cpu",
            )
    return place
