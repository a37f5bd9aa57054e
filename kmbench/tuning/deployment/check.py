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
from kmbench.tuning.deployment.recipe import INDEX_FILE, QUERIES_FILE, QUERIES_ROWS_FILE, Recipe, read_recipe
from kmbench.tuning.deployment.save import row_digests
from kmbench.tuning.index.kinds import parse_kinds
from kmbench.tuning.problem.device import Device, read_device
from kmbench.tuning.problem.faiss_here import need_faiss
from kmbench.tuning.problem.filters import RowFilter, read_filter
from kmbench.tuning.problem.host import THIS_HOST, Host
from kmbench.tuning.problem.recall import per_query_recall
from kmbench.tuning.problem.space import FloatMatrix, Space
from kmbench.tuning.problem.truth import Progress, exact_neighbours, own_rows_share
from kmbench.tuning.recall.filtered import filtered_truth
from kmbench.tuning.recall.probes import Probes
from kmbench.tuning.timing.latency import EPOCHS, Point, measure_points
from kmbench.tuning.timing.search import SearchSetup

__all__ = ["check_deployment"]

SAME_DATA_SHARE = 0.5
"""Share of the sampled rows that must still be what they were; of fewer, the data is another."""


def check_deployment(
    folder: Path,
    queries: str | None = None,
    data: str | None = None,
    *,
    row_filter: str | None = None,
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
    queries : str, optional
        SPEC of the queries; by default those that are saved with the index.
    data : str, optional
        SPEC of the data as it is now, whose rows are in the order they were indexed in; new rows stand at the end.
        Without it the neighbours are looked for among the vectors that the index holds.
    row_filter : str, optional
        See `kmbench.tuning.problem.filters.read_filter`; then the nprobe is the one that was saved for it, if any.
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
    need_faiss()
    recipe = read_recipe(folder)
    file = folder / INDEX_FILE
    if not file.is_file():
        raise DataError(f"{folder} holds no {INDEX_FILE}", "give a folder that --save has written")
    place = _device(folder, recipe, device, host)
    asked_of = _saved_queries(folder, recipe) if queries is None else queries
    if place == "cuda" and (row_filter is not None or (queries is None and _drawn(recipe))):
        raise TuneError(
            "FAISS's GPU indexes cannot leave out rows, which a filter and queries drawn from the data need",
            "use --device cpu, or give other --queries without --filter",
        )
    with scratch_folder() as scratch:
        progress("data", 0.0)
        asked = materialise(asked_of, scratch)
        if asked.d != recipe.data.d:
            raise DataError(
                f"the queries in {asked_of} have {asked.d} columns, the index has {recipe.data.d}",
                "give queries of the same model",
            )
        raw_queries: FloatMatrix = np.load(asked.path)
        if data is None:
            raw, changed = _stored_vectors(file, recipe), 0.0
        else:
            raw, changed = _data_of_today(data, recipe, scratch)
        if recipe.at > len(raw):
            raise TuneError(
                f"the data has {len(raw)} rows, fewer than the {recipe.at} neighbours per query",
                "give the whole data",
            )
        space = Space(metric=recipe.metric, shift=_shift(recipe, raw))
        base = raw if data is None and recipe.metric == "cosine" else space.apply(raw)
        zero_queries = space.directionless(raw_queries)
        if len(zero_queries) == len(raw_queries):
            raise DataError(f"{asked_of}: all queries are zeros, which have no direction", "give other queries")
        raw_queries = np.delete(raw_queries, zero_queries, axis=0)
        base, asked_for = np.ascontiguousarray(base), space.apply(raw_queries)
        allowed = _allowed_rows(folder, recipe, queries is None, row_filter, len(raw))
        mask = None
        if allowed is None:
            truth = exact_neighbours(base, asked_for, recipe.at, space, progress)
        else:
            truth = filtered_truth(base, asked_for, recipe.at, space, allowed, progress)
            mask = scratch / "allowed.npy"
            np.save(mask, allowed.allowed)
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
        nprobe, probes = _probes(recipe, allowed, row_filter)
        try:
            found = setup.search(file, nprobe, recipe.k_factor, mask, probes)
        except WorkerFailure as failure:
            raise DataError(f"{file} cannot be searched: {failure.reason}", "save the index again") from None
        point = Point(
            file=file,
            index=recipe.index,
            nlist=recipe.nlist,
            nprobe=nprobe,
            k_factor=recipe.k_factor,
            allowed=mask if row_filter is not None else None,
            probes=probes,
        )
        measured = measure_points([point], setup, epochs, progress)[0]
    today = Today(
        recalls=per_query_recall(found.ids, truth.ids, truth.k),
        measured=measured,
        rows=len(raw),
        rows_changed=changed,
        vectors=found.vectors,
        imbalance=found.imbalance,
        device=place,
        gpu=host.gpu_name() if place == "cuda" else None,
        own_rows=own_rows_share(base, asked_for, truth),
        queries_text=_origin(recipe) if queries is None else f"{len(raw_queries):,} from {Path(asked_of).name}",
        filter_name=None if row_filter is None or allowed is None else allowed.name,
        nprobe=nprobe,
    )
    result = judge_check(recipe, today)
    left_out = (note("KM316", queries=len(zero_queries)),) if len(zero_queries) else ()
    return replace(result, notes=(*left_out, *result.notes))


def _drawn(recipe: Recipe) -> bool:
    return recipe.saved_queries is not None and recipe.saved_queries.drawn


def _origin(recipe: Recipe) -> str:
    saved = recipe.saved_queries
    assert saved is not None
    some = "" if saved.count == saved.of else f"the first {saved.count:,} of "
    return f"{some}{saved.origin}, saved with the index"


def _saved_queries(folder: Path, recipe: Recipe) -> str:
    """Return the file of the queries that were verified.

    Raises
    ------
    TuneError
        If the folder is older than they are, or lacks them.
    """
    file = folder / QUERIES_FILE
    if recipe.saved_queries is None or not file.is_file():
        raise TuneError(f"{folder} holds no queries", "give them with --queries")
    return str(file)


def _allowed_rows(folder: Path, recipe: Recipe, saved: bool, row_filter: str | None, n: int) -> RowFilter | None:
    """Return the rows that may be returned; None: all. Queries that were drawn from the data are not their own."""
    found = None if row_filter is None else read_filter(row_filter, n)
    if not (saved and _drawn(recipe)):
        return found
    file = folder / QUERIES_ROWS_FILE
    if not file.is_file():
        raise DataError(f"{folder} holds no {QUERIES_ROWS_FILE}", "give other queries with --queries")
    rows = np.load(file)
    allowed = np.ones(n, dtype=bool) if found is None else found.allowed.copy()
    allowed[rows[rows < n]] = False
    if not allowed.any():
        raise DataError(
            f"--filter {row_filter} allows only rows that are queries", "give other queries with --queries"
        )
    return RowFilter(name="" if found is None else found.name, allowed=allowed)


def _probes(recipe: Recipe, allowed: RowFilter | None, row_filter: str | None) -> tuple[int, Probes | None]:
    """Return the nprobe and the rule that the index is searched with."""
    if row_filter is not None and allowed is not None:
        measured = {one.name: one.nprobe for one in recipe.filters}
        return measured.get(allowed.name, recipe.nprobe), None
    saved = recipe.probes
    if saved is None or (saved.rule == "damped" and allowed is not None):
        return recipe.nprobe, None
    probes = Probes(rule=saved.rule, nprobe=saved.nprobe, vectors=saved.vectors, reference=saved.reference)
    return saved.nprobe, probes


def _stored_vectors(file: Path, recipe: Recipe) -> FloatMatrix:
    """Return the vectors that the index holds, in its own space but for a shift."""
    import faiss

    index: Any = faiss.read_index(str(file))
    if recipe.index.endswith("+refine"):
        inner: Any = faiss.downcast_index(index.index) if hasattr(index, "chain") else index
        whole: Any = faiss.downcast_index(inner.refine_index)
        vectors = whole.reconstruct_n(0, index.ntotal)[:, : recipe.data.d]
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
                "or use --device cpu, whose times differ",
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
