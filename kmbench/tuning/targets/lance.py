"""The target `lance`: a data set of Lance in a local folder, searched in this process."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from kmbench.errors import TuneError
from kmbench.tuning.index.kinds import Kind
from kmbench.tuning.problem.space import FloatMatrix
from kmbench.tuning.targets.base import Answers, Built, Lists, Setting, Standing, Target, TargetParams, Task

__all__ = ["Lance", "LanceParams", "import_lance", "index_statistics", "lance_errors", "local_folder"]

INDEX = "lists"
COLUMN = "vector"
METRICS = {"l2": "l2", "ip": "dot", "cosine": "cosine"}

_BLOCK_ROWS = 2**16


class LanceParams(TargetParams):
    """Parameters of the target.

    Attributes
    ----------
    uri : str or None
        Local folder that the data set is made in.
    """

    uri: str | None = Field(None, min_length=1)


class Lance(Target):
    """IVF_FLAT, IVF_SQ and IVF_PQ of Lance."""

    name, title, lists_name, probes_name = "lance", "Lance", "num_partitions", "nprobes"
    snippet_file = "lance.py"
    Params = LanceParams
    params: LanceParams

    def __init__(self, params: TargetParams, task: Task) -> None:
        super().__init__(params, task)
        self._folder = Path()
        self._path = Path()
        self._data: Any = None
        self._nlist = 0

    @classmethod
    def why_not_kind(cls, kind: Kind, d: int) -> tuple[str, str] | None:
        """Return why Lance has no such index."""
        if kind.codec not in ("flat", "sq8", "pq"):
            return "Lance has no such codes", "use flat, sq8 or pqM, the latter two also with +refine"
        return None

    def why_not_measured(self) -> str | None:
        """Return that no folder is named, where none is."""
        return "no folder is named: give uri=FOLDER" if self.params.uri is None else None

    def snippet(self, setting: Setting) -> dict[str, str]:
        """Return ``lance.py``."""
        kind, task = self.task.kind, self.task
        given = ', ivf_centroids=np.load(HERE / "centroids.npy")' if setting.centroids == "kmbench" else ""
        values = {
            "TABLE": repr(f"{setting.table}.lance"),
            "INDEX_TYPE": repr(_index_type(kind)),
            "METRIC": repr(METRICS[task.metric]),
            "NLIST": setting.nlist,
            "NPROBE": setting.nprobe,
            "CENTROIDS": given + (f", num_sub_vectors={kind.m}" if kind.codec == "pq" else ""),
            "REFINE": f', "refine_factor": {setting.k_factor}' if kind.refine else "",
            "K": task.k,
        }
        text = (
            resources.files("kmbench.tuning.targets").joinpath("templates/lance.py.txt").read_text(encoding="utf-8")
        )
        for key, value in values.items():
            text = text.replace(f"@{key}@", str(value))
        return {self.snippet_file: text}

    def __enter__(self) -> Self:
        """Find the folder and a name in it that is free."""
        import_lance()
        self._folder = local_folder(str(self.params.uri))
        if self.params.table is not None:
            self._refuse_existing(self.params.table)
        self._path = self._folder / f"kmbench-{os.getpid()}-{secrets.token_hex(4)}.lance"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the data set, if it was not given its name."""
        self._data = None
        shutil.rmtree(self._path, ignore_errors=True)

    def versions(self) -> dict[str, str]:
        """Return the version of pylance."""
        return {"Lance": str(import_lance().__version__)}

    def load(self, ids: NDArray[np.int64], X: FloatMatrix, progress: Callable[[float], None]) -> None:
        """Write a data set."""
        with lance_errors(f"loading {len(X):,} rows"):
            self._data = import_lance().write_dataset(_table(ids, X, progress), str(self._path), schema=_schema(X))

    def build(self, nlist: int, centroids: FloatMatrix | None = None) -> Built:
        """Make the index, in place of one that is there."""
        kind = self.task.kind
        more: dict[str, Any] = {} if centroids is None else {"ivf_centroids": centroids}
        if kind.codec == "pq":
            more["num_sub_vectors"] = kind.m
        self._nlist = nlist
        with lance_errors(f"building an index of {nlist} partitions"):
            began = time.perf_counter()
            self._data = self._data.create_index(
                COLUMN,
                _index_type(kind),
                name=INDEX,
                metric=METRICS[self.task.metric],
                num_partitions=nlist,
                replace=True,
                **more,
            )
            seconds = time.perf_counter() - began
            newest = max((self._path / "_indices").iterdir(), key=lambda one: one.stat().st_mtime_ns)
        return Built(seconds=seconds, bytes=sum(one.stat().st_size for one in newest.rglob("*") if one.is_file()))

    def read_back(self) -> Lists | None:
        """Return the lists from the statistics of the index.

        Raises
        ------
        TuneError
            If their number is not what was asked for, or rows stand outside the index.
        """
        with lance_errors("reading the lists"):
            lists, unindexed = index_statistics(self._data, INDEX)
        # Under cosine Lance clusters directions by L2, and does not bring its centroids back to norm 1.
        lists = replace(lists, by_l2=self.task.metric == "cosine")
        if unindexed:
            raise TuneError(
                f"{unindexed:,} rows are not in the index and would be scanned at every query", "build it again"
            )
        if lists.nlist != self._nlist:
            raise TuneError(f"the index has {lists.nlist} partitions, not the {self._nlist} that were asked for")
        return lists

    def search(self, queries: FloatMatrix, nprobe: int, k_factor: int = 1, warm: int = 0) -> Answers:
        """Ask one query at a time."""
        ids = np.full((len(queries), self.task.k), -1, dtype=np.int64)
        seconds = np.empty(len(queries))
        with lance_errors(f"searching with {nprobe} probes"):
            self.plan(nprobe)
            for row in queries[:warm]:
                self._scanner(row, nprobe, k_factor).to_table()
            for number, row in enumerate(queries):
                began = time.perf_counter()
                found = self._scanner(row, nprobe, k_factor).to_table()
                seconds[number] = time.perf_counter() - began
                ids[number, : len(found)] = found.column("id").to_numpy()
        return Answers(ids=ids, seconds=seconds)

    def plan(self, nprobe: int) -> bool:
        """Return True.

        Raises
        ------
        TuneError
            If Lance plans a scan without the index.
        """
        text = self._scanner(np.zeros(self.task.d, dtype=np.float32), nprobe, 1).explain_plan()
        beside = "KNNVectorDistance" in text and not self.task.kind.refine  # which compares whole vectors again
        if "ANNSubIndex" not in text or beside:
            raise TuneError(
                "Lance plans the search without the index, or only partly with it", "build the index again"
            )
        return True

    def keep(self, ids: NDArray[np.int64], X: FloatMatrix) -> None:
        """Add rows to the data set and its index, and give it the name that the user asked for."""
        name = str(self.params.table)
        with lance_errors(f"keeping the data set {name}"):
            self._refuse_existing(name)
            if len(X):
                lance = import_lance()
                table = _table(ids, X, lambda share: None)
                self._data = lance.write_dataset(table, str(self._path), schema=_schema(X), mode="append")
                self._data.optimize.optimize_indices()
            self._path.rename(self._folder / f"{name}.lance")

    def attach(self, table: str, nlist: int) -> Standing:
        """Read a data set and the lists of its index."""
        path = self._folder / f"{table}.lance"
        if not path.is_dir():
            raise TuneError(f"{self._folder} holds no {table}.lance", "give uri= and table= of the data set")
        with lance_errors(f"reading the data set {table}"):
            self._data = import_lance().dataset(str(path))
            rows = self._data.to_table(columns=["id", COLUMN])
            flat = rows.column(COLUMN).combine_chunks().flatten().to_numpy(zero_copy_only=False)
            names = [one.name for one in self._data.describe_indices()]
        if INDEX not in names:
            raise TuneError(f"{table}.lance has no index named {INDEX}", "build it with the saved lance.py")
        self._nlist = nlist
        X: FloatMatrix = np.ascontiguousarray(flat.reshape(len(rows), -1), dtype=np.float32)
        return Standing(ids=rows.column("id").to_numpy(), X=X, lists=self.read_back())

    def _refuse_existing(self, name: str) -> None:
        if (self._folder / f"{name}.lance").exists():
            raise TuneError(
                f"{name}.lance exists in the folder, and kmbench does not write to data sets that it did not create",
                "give another table=, or remove it",
            )

    def _scanner(self, row: FloatMatrix, nprobe: int, k_factor: int) -> Any:
        nearest: dict[str, Any] = {"column": COLUMN, "q": row, "k": self.task.k, "nprobes": nprobe}
        if self.task.kind.refine:
            nearest["refine_factor"] = k_factor
        return self._data.scanner(columns=["id", "_distance"], nearest=nearest)


def import_lance() -> Any:
    """Return the package lance, told not to log warnings.

    Raises
    ------
    TuneError
        If it is not installed.
    """
    os.environ.setdefault("LANCE_LOG", "error")
    os.environ.setdefault("LANCE_INCLUDE_VECTOR_CENTROIDS", "true")
    try:
        import lance
    except ImportError as error:
        raise TuneError(f"--target lance needs pylance: {error}", "pip install 'kmbench[lance]'") from None
    return lance


def local_folder(uri: str) -> Path:
    """Return the folder of a uri.

    Raises
    ------
    TuneError
        If it is of another kind, or is not there.
    """
    scheme, mark, rest = uri.partition("://")
    if mark and scheme != "file":
        raise TuneError(f"--target lance: uri= with {scheme}:// is not a local folder", "give uri=FOLDER")
    folder = Path(rest if mark else uri)
    if not folder.is_dir():
        raise TuneError(f"--target lance: {folder} is not a folder", "create it first, or give another uri=")
    if not os.access(folder, os.W_OK):
        raise TuneError(f"--target lance: {folder} cannot be written", "give another uri=")
    return folder


@contextmanager
def lance_errors(what: str) -> Iterator[None]:
    """Turn Lance's errors into one line that says what was being done.

    Raises
    ------
    TuneError
    """
    try:
        yield
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        first = " ".join(str(error).split("\n", 1)[0].split())
        raise TuneError(f"Lance, {what}: {first[:200]}", "check the folder and its free space") from None


def index_statistics(data: Any, index: str) -> tuple[Lists, int]:
    """Return the lists of an index, and how many rows are not in it."""
    told = data.stats.index_stats(index)
    parts = told["indices"]
    if len(parts) != 1:
        raise TuneError(f"the index is in {len(parts)} parts, each with lists of its own", "build it again")
    centroids: FloatMatrix = np.asarray(parts[0]["centroids"], dtype=np.float32)
    sizes = np.array([one["size"] for one in parts[0]["partitions"]], dtype=np.int64)
    return Lists(centroids=centroids, sizes=sizes), int(told["num_unindexed_rows"])


def _index_type(kind: Kind) -> str:
    return {"flat": "IVF_FLAT", "sq8": "IVF_SQ", "pq": "IVF_PQ"}[kind.codec]


def _schema(X: FloatMatrix) -> Any:
    import pyarrow as pa

    return pa.schema([("id", pa.int64()), (COLUMN, pa.list_(pa.float32(), X.shape[1]))])


def _table(ids: NDArray[np.int64], X: FloatMatrix, progress: Callable[[float], None]) -> Iterator[Any]:
    import pyarrow as pa

    for start in range(0, len(X), _BLOCK_ROWS):
        part = slice(start, min(len(X), start + _BLOCK_ROWS))
        flat = pa.array(np.ascontiguousarray(X[part]).ravel())
        vectors = pa.FixedSizeListArray.from_arrays(flat, X.shape[1])
        yield pa.record_batch([pa.array(ids[part]), vectors], schema=_schema(X))
        progress(part.stop / len(X))
