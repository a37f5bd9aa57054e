"""What is tuned for: base, queries and, where a file holds them, the true neighbours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets import FILE_FORMATS, Options, Spec, materialise, parse_spec
from kmbench.datasets.collections.source import FetchedSet, fetched_set
from kmbench.datasets.held import is_spec, matrix_of
from kmbench.errors import DataError, TuneError
from kmbench.notes import Note, note
from kmbench.records import DatasetInfo
from kmbench.tuning.problem.space import CENTRE_ABOVE, METRICS, FloatMatrix, Metric, Space

__all__ = ["Problem", "Sources", "read_problem"]

SAMPLED = 1000
"""Queries drawn from the data where none are given; at most a tenth of the rows."""

HDF5_METRICS = {"angular": "cosine", "cosine": "cosine", "euclidean": "l2", "dot": "ip", "ip": "ip"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sources:
    """Where the vectors come from.

    Attributes
    ----------
    data : str, Path or ndarray of shape (n, d)
        A data SPEC, or an array.
    queries : str, Path, ndarray of shape (nq, d) or None
        None: those of an ann-benchmarks file, else rows drawn from the data.
    truth : str, Path or None
        File of the queries' true neighbours.
    metric : {"l2", "ip", "cosine"} or None
        None: that of an ann-benchmarks file, else L2.
    """

    data: str | Path | NDArray[Any]
    queries: str | Path | NDArray[Any] | None = None
    truth: str | Path | None = None
    metric: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Data as it is searched.

    Attributes
    ----------
    name : str
        SPEC of the data.
    data : DatasetInfo
        All rows, those that are queries included.
    raw : ndarray of float32, shape (n, d)
        All rows as they are.
    base : ndarray of float32
        Rows that are searched, in the space of the index.
    raw_queries, queries : ndarray of float32
        As given, and in the space of the index.
    held_out : ndarray of int64 or None
        Rows of the data that serve as queries and are left out of the base; None where queries were given.
    queries_text : str
        Where the queries come from, for the report.
    stored : ndarray of int64 or None
        Neighbours from a file, with its name in `stored_where`.
    """

    name: str
    data: DatasetInfo
    raw: FloatMatrix
    base: FloatMatrix
    raw_queries: FloatMatrix
    queries: FloatMatrix
    queries_fingerprint: str
    held_out: NDArray[np.int64] | None
    queries_text: str
    space: Space
    stored: NDArray[np.int64] | None
    stored_where: str
    notes: tuple[Note, ...] = ()


def read_problem(sources: Sources, k: int, seed: int, scratch: Path) -> Problem:
    """Read data and queries, check that they go together, and bring them into the space of the index.

    An ann-benchmarks HDF5 file brings its own queries, neighbours and metric.

    Parameters
    ----------
    sources : Sources
    k : int
        Neighbours per query.
    seed : int
        Of the rows that are drawn as queries where none are given.
    scratch : Path
        Folder for files that are made of what is given.

    Raises
    ------
    KmbenchError
        If anything cannot be read or does not fit.
    """
    metric = sources.metric
    if metric is not None and metric not in METRICS:
        raise TuneError(f"--metric {metric}: unknown metric", f"use {', '.join(METRICS)}")
    data = _spec_text(sources.data, scratch / "data.npy")
    queries = None if sources.queries is None else _spec_text(sources.queries, scratch / "asked.npy")
    truth = None if sources.truth is None else str(sources.truth)
    name = data if is_spec(sources.data) else "an array"
    spec = parse_spec(data)
    companion: dict[str, Any] = {}
    if spec.source == "ann":
        fetched = fetched_set(spec.arguments["name"])
        spec = _of_file(spec, fetched.base)
        data = spec.canonical
        companion = _companion_files(fetched, spec)
        if queries is None and "queries" in companion:
            queries, truth = companion["queries"], truth or companion["truth"]
    companion = {**_companion(spec), **companion}
    notes: list[Note] = []
    own_metric = companion.get("metric")
    chosen = metric or own_metric or "l2"
    if chosen not in METRICS:
        raise TuneError(
            f"{Path(spec.source).name} is made for the metric {chosen}, which kmbench does not have",
            f"--metric {', '.join(METRICS)} searches it by another metric"
            + (": of zeros and ones, l2 finds the same neighbours" if chosen == "hamming" else ""),
        )
    own_queries = queries is None and "test" in companion
    if own_queries:
        queries = f"{spec.source}:key=test"
    own_truth = own_queries and truth is None and "neighbors" in companion
    if own_truth and own_metric is not None and own_metric != chosen:
        notes.append(note("KM309", file=Path(spec.source).name, metric=own_metric))
        own_truth = False
    if own_truth:
        truth = f"{spec.source}:key=neighbors"
    info = materialise(data, scratch)
    notes += [one for one in info.notes if one.code != "KM159"]  # the tuner takes the metric of the file
    raw: FloatMatrix = np.load(info.path)
    if queries is None:
        rows = _sampled_rows(raw, chosen, seed)
        raw_queries, base_rows = raw[rows], np.delete(raw, rows, axis=0)
        text, fingerprint = f"{len(rows):,} rows drawn from the data and left out of it", f"drawn {len(rows)} {seed}"
        held_out: NDArray[np.int64] | None = rows
    else:
        query_info = materialise(queries, scratch)
        if query_info.d != info.d:
            raise DataError(
                f"the queries in {queries} have {query_info.d} columns, the data in {data} has {info.d}",
                "give queries of the same model",
            )
        raw_queries, base_rows = np.load(query_info.path), raw
        source = f"data set test of {Path(spec.source).name}" if own_queries else queries
        text, fingerprint, held_out = f"{query_info.n:,} from {source}", query_info.fingerprint, None
    if k > len(base_rows):
        raise TuneError(
            f"--at {k}: more neighbours than the {len(base_rows):,} rows that are searched", "use a smaller --at"
        )
    space = _space(cast(Metric, chosen), info, base_rows)
    zero_rows, zero_queries = space.directionless(base_rows), space.directionless(raw_queries)
    if len(zero_rows):
        notes.append(note("KM315", rows=len(zero_rows)))
    stored = None
    if truth is not None:
        if held_out is not None:
            raise TuneError(f"--truth {truth} needs the queries it was made for", "give them with --queries")
        stored = _read_ids(truth)
        where = Path(parse_spec(truth).source).name
        if stored.shape[1] <= k:
            notes.append(note("KM310", file=where, columns=stored.shape[1], k=k))
            stored = None
    if len(zero_queries):
        if len(zero_queries) == len(raw_queries):
            raise DataError(
                f"{text}: all queries are zeros, which have no direction", "give other queries, or --metric l2"
            )
        notes.append(note("KM316", queries=len(zero_queries)))
        if stored is not None and len(stored) == len(raw_queries):
            stored = np.delete(stored, zero_queries, axis=0)
        raw_queries = np.delete(raw_queries, zero_queries, axis=0)
    return Problem(
        name=name,
        data=info,
        raw=raw,
        base=np.ascontiguousarray(space.apply(base_rows)),
        raw_queries=raw_queries,
        queries=np.ascontiguousarray(space.apply(raw_queries)),
        queries_fingerprint=fingerprint,
        held_out=held_out,
        queries_text=text,
        space=space,
        stored=stored,
        stored_where="" if truth is None else Path(parse_spec(truth).source).name,
        notes=tuple(notes),
    )


def _spec_text(given: str | Path | NDArray[Any], file: Path) -> str:
    """Return a data SPEC; an array is written to a file first."""
    if is_spec(given):
        return str(given)
    np.save(file, matrix_of(given, "the vectors" if file.name == "data.npy" else "the queries"))
    return str(file)


def _space(metric: Metric, info: DatasetInfo, base: FloatMatrix) -> Space:
    space = Space(metric=metric)
    if metric == "l2" and info.offset_ratio > CENTRE_ABOVE:
        return replace(space, shift=base.mean(axis=0, dtype=np.float64).astype(np.float32))
    return space


def _sampled_rows(raw: FloatMatrix, metric: str, seed: int) -> NDArray[np.int64]:
    rows = np.delete(np.arange(len(raw)), Space(metric=cast(Metric, metric)).directionless(raw))
    n = len(rows)
    count = min(SAMPLED, n // 10)
    if count < 1:
        raise TuneError(f"{n} rows are too few to draw queries from", "give queries with --queries")
    return rows[np.sort(np.random.default_rng([seed, 7]).choice(n, count, replace=False))]


def _of_file(spec: Spec, path: Path) -> Spec:
    """Return the SPEC of a file in place of a public set's name, with the same options."""
    return replace(parse_spec(str(path)), options=spec.options)


def _companion_files(fetched: FetchedSet, spec: Spec) -> dict[str, Any]:
    """Return metric, queries and neighbours of a public set, if all of it is asked for."""
    if fetched.queries is None:
        return {}  # the file itself holds them
    if spec.options != Options():
        return {"metric": fetched.metric}
    return {"metric": fetched.metric, "queries": str(fetched.queries), "truth": str(fetched.truth)}


def _companion(spec: Spec) -> dict[str, Any]:
    """Return what an ann-benchmarks file holds beside the data that the SPEC asks for, if it asks for all of it."""
    if spec.suffix not in (".hdf5", ".h5") or spec.options != Options() or not Path(spec.source).is_file():
        return {}
    if spec.arguments.get("key") not in (None, "train"):
        return {}
    try:
        import h5py

        with h5py.File(spec.source, "r") as file:
            found: dict[str, Any] = {name: True for name in ("test", "neighbors") if "train" in file and name in file}
            distance = file.attrs.get("distance")
    except (ImportError, OSError, RuntimeError):
        return {}  # reading the data itself says what is wrong
    if isinstance(distance, bytes):
        distance = distance.decode("utf-8", "replace")
    if distance is not None:
        found["metric"] = HDF5_METRICS.get(str(distance), str(distance))
    return found


def _read_ids(text: str) -> NDArray[np.int64]:
    """Read a table of row numbers as it stands: float32, which data becomes, has not enough digits."""
    spec = parse_spec(text)
    if spec.suffix is None:
        raise TuneError(f"--truth {text}: not a file of neighbours", "give .ivecs, .npy or FILE.hdf5:key=neighbors")
    path = Path(spec.source)
    if not path.is_file():
        raise DataError(f"{path} does not exist", "check the path")
    rows = FILE_FORMATS[spec.suffix].open(path, spec.arguments)
    if rows.dtype.kind not in "iu":
        raise DataError(f"{path} holds {rows.dtype} values, not the row numbers of neighbours", "check --truth")
    return np.concatenate([np.asarray(block, dtype=np.int64) for block in rows.blocks(2**16)])
