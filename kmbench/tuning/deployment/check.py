"""``--check``: what a saved index does today, on the data and the queries of today."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.backends.faiss_build import why_no_gpu
from kmbench.backends.faiss_gpu_index import GPU_MOST
from kmbench.datasets import materialise
from kmbench.errors import DataError, TuneError
from kmbench.instruments import default_threads
from kmbench.runner.process import Limits, WorkerFailure, WorkerProcess
from kmbench.runner.scratch import scratch_folder
from kmbench.tuning.deployment.recipe import INDEX_FILE, Recipe, read_recipe
from kmbench.tuning.deployment.save import row_digests
from kmbench.tuning.index.kinds import parse_kinds
from kmbench.tuning.index.training import WORKER
from kmbench.tuning.problem.device import Device, device_text, gpu_name, read_device
from kmbench.tuning.problem.space import FloatMatrix, Space
from kmbench.tuning.problem.truth import OWN_ROWS, OWN_ROWS_NOTED, Progress, exact_neighbours, own_rows_share
from kmbench.tuning.recall.interval import recall_interval
from kmbench.tuning.timing.latency import EPOCHS, Measured, Point, measure_points
from kmbench.tuning.verify import per_query_recall
from kmbench.wording import seconds_text

__all__ = ["CheckResult", "check_deployment"]

SAME_DATA_SHARE = 0.5
"""Share of the sampled rows that must still be what they were; of fewer, the data is another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What a saved index does.

    Attributes
    ----------
    recall, recall_low, recall_high : float
    measured : Measured
    target_met : bool
        The recall is at least the target, and the latency within its limit where there is one.
    rows_changed : float
        Share of the sampled rows that are no longer what they were.
    sentence : str
    rows : list of (name, then, now)
    """

    recipe: Recipe
    recall: float
    recall_low: float
    recall_high: float
    measured: Measured
    target_met: bool
    rows_changed: float
    sentence: str
    rows: list[tuple[str, str, str]]
    notes: list[str]

    def to_json(self) -> dict[str, Any]:
        """Return the object that ``--check --json`` prints."""
        recipe = self.recipe
        return {
            "nlist": recipe.nlist,
            "nprobe": recipe.nprobe,
            "index": recipe.index,
            "recall": self.recall,
            "recall_low": self.recall_low,
            "recall_high": self.recall_high,
            "recall_then": recipe.recall,
            "recall_target": recipe.recall_target,
            "latency_ms": {name: 1e3 * getattr(self.measured, name) for name in ("p50", "p95", "p99")},
            "queries_per_second": 1 / self.measured.batch,
            "rows_changed": self.rows_changed,
            "target_met": self.target_met,
        }


def check_deployment(
    folder: Path,
    queries: str,
    data: str | None = None,
    *,
    device: str | None = None,
    epochs: int = EPOCHS,
    progress: Progress = lambda what, share: None,
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

    Raises
    ------
    KmbenchError
        If the folder, the data or the queries are not those of this index.
    """
    recipe = read_recipe(folder)
    file = folder / INDEX_FILE
    if not file.is_file():
        raise DataError(f"{folder} holds no {INDEX_FILE}", "give a folder that --save has written")
    place = _device(folder, recipe, device)
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
        base = raw if data is None and recipe.metric == "cosine" else space.apply(raw, data or str(file))
        base, asked_for = np.ascontiguousarray(base), space.apply(raw_queries, queries)
        truth = exact_neighbours(base, asked_for, recipe.at, space, progress)
        own = own_rows_share(base, asked_for, truth)
        threads = min(recipe.threads, default_threads())
        queries_file = scratch / "queries.npy"
        np.save(queries_file, raw_queries)
        found, lists = _search(file, queries_file, recipe, threads, scratch, place)
        recalls = per_query_recall(found, truth.ids, recipe.at)
        point = Point(
            file=file, index=recipe.index, nlist=recipe.nlist, nprobe=recipe.nprobe, k_factor=recipe.k_factor
        )
        measured = measure_points(
            [point], queries_file, len(raw_queries), recipe.at, threads, recipe.seed, scratch, progress, epochs, place
        )[0]
    result = _judged(recipe, recalls, measured, changed, len(raw), lists, place)
    if own >= OWN_ROWS_NOTED:
        result.notes.append(OWN_ROWS.format(share=own))
    return result


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


def _device(folder: Path, recipe: Recipe, asked: str | None) -> Device:
    """Return where the index is searched; it can only be where the recipe's kind of index exists."""
    if asked is None and recipe.device == "cuda":
        reason = why_no_gpu()
        if reason is not None:
            raise TuneError(
                f"{folder} was tuned for a GPU, and there is none here: {reason}",
                "or give --device cpu, whose times are others",
            )
    place = read_device(asked or recipe.device, recipe.at)
    if place == "cuda":
        parse_kinds(recipe.index, recipe.data.d, recipe.data.n, place)
        if recipe.nprobe > GPU_MOST:
            raise TuneError(
                f"{folder} has nprobe={recipe.nprobe}: FAISS's GPU indexes search at most {GPU_MOST:,} lists",
                "use --device cpu",
            )
    return place


def _search(
    file: Path, queries: Path, recipe: Recipe, threads: int, scratch: Path, device: Device
) -> tuple[NDArray[np.int64], dict[str, Any]]:
    output = scratch / "found.npy"
    with WorkerProcess(WORKER, threads, Limits(None, None), scratch / "search.log") as worker:
        try:
            told = worker.request(
                "open", index=str(file), queries=str(queries), k=recipe.at, threads=threads, device=device
            )
            worker.request("search", nprobe=recipe.nprobe, k_factor=recipe.k_factor, output=str(output))
        except WorkerFailure as failure:
            raise DataError(f"{file} cannot be searched: {failure.reason}", "save the index again") from None
    found: NDArray[np.int64] = np.load(output)
    return found, told


def _judged(
    recipe: Recipe,
    recalls: NDArray[np.float64],
    measured: Measured,
    changed: float,
    n: int,
    lists: dict[str, Any],
    device: Device,
) -> CheckResult:
    mean, square = np.array([recalls.mean()]), np.array([np.square(recalls).mean()])
    low, high = (float(bound[0]) for bound in recall_interval(mean, square, len(recalls), recipe.at))
    recall = float(mean[0])
    slow = recipe.max_latency_ms is not None and 1e3 * measured.p95 > recipe.max_latency_ms
    met = recall >= recipe.recall_target and not slow
    now = f"recall@{recipe.at} is {recall:.3f} ({low:.3f} to {high:.3f})"
    if recall < recipe.recall_target:
        sentence = f"The target {recipe.recall_target:g} is no longer met: {now}. Tune again on today's data."
    elif slow:
        sentence = (
            f"The latency limit of {recipe.max_latency_ms:g} ms is no longer kept: p95 {seconds_text(measured.p95)}."
        )
    else:
        sentence = f"The target {recipe.recall_target:g} is met: {now}."
    rows = [
        (f"recall@{recipe.at}", f"{recipe.recall:.3f}", f"{recall:.3f}"),
        ("p50, one query", seconds_text(recipe.latency_ms["p50"] / 1e3), seconds_text(measured.p50)),
        ("p95, one query", seconds_text(recipe.latency_ms["p95"] / 1e3), seconds_text(measured.p95)),
        ("queries/s in batches", f"{recipe.queries_per_second:,.0f}", f"{1 / measured.batch:,.0f}"),
        ("rows of the data", f"{recipe.data.n:,}", f"{n:,}"),
        ("vectors in the index", f"{recipe.data.n:,}", f"{lists['ntotal']:,}"),
        ("list imbalance", f"{recipe.lists.imbalance:.2f}", f"{lists['imbalance']:.2f}"),
    ]
    notes = []
    if "cuda" in (recipe.device, device):
        now_on = device_text(device, gpu_name())
        rows.append(("searched on", device_text(recipe.device, recipe.gpu), now_on))
    if recipe.device != device:
        notes.append("the index was tuned for another device: compare the recall, not the times")
    if low < recipe.recall_target <= high:
        notes.append(f"the target lies within the interval: {4 * len(recalls):,} queries would halve it")
    if changed > 0:
        notes.append(f"{changed:.0%} of the sampled rows are no longer what was indexed")
    if n > lists["ntotal"]:
        notes.append(f"{n - lists['ntotal']:,} rows of the data are not in the index")
    if measured.disturbed:
        notes.append("other work ran on this host while latency was measured: expect less on a quiet one")
    return CheckResult(
        recipe=recipe,
        recall=recall,
        recall_low=low,
        recall_high=high,
        measured=measured,
        target_met=met,
        rows_changed=changed,
        sentence=sentence,
        rows=rows,
        notes=notes,
    )
