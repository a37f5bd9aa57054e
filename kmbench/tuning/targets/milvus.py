"""The target `milvus`: a collection of a Milvus server. Milvus Lite is taken for trying the calls out, no more."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, SecretStr

from kmbench.errors import TuneError
from kmbench.tuning.index.kinds import Kind
from kmbench.tuning.problem.space import FloatMatrix
from kmbench.tuning.targets.base import Answers, Built, Lists, Setting, Target, TargetParams, Task

__all__ = ["Milvus", "MilvusParams"]

METRICS = {"l2": "L2", "ip": "IP", "cosine": "COSINE"}

_BLOCK_VALUES = 2**20


class MilvusParams(TargetParams):
    """Parameters of the target.

    Attributes
    ----------
    uri : SecretStr or None
        ``http://HOST:19530``, or a file ``.db`` for Milvus Lite.
    token : SecretStr or None
        ``user:password``, or a token of a hosted service.
    """

    uri: SecretStr | None = Field(None)
    token: SecretStr | None = Field(None)


class Milvus(Target):
    """IVF_FLAT, IVF_SQ8 and IVF_PQ of Milvus. nlist and nprobe count for each of its segments."""

    name, title, lists_name, probes_name = "milvus", "Milvus", "nlist", "nprobe"
    snippet_file = "milvus.py"
    Params = MilvusParams
    takes_centroids = False
    most_lists = 65_536
    params: MilvusParams

    def __init__(self, params: TargetParams, task: Task) -> None:
        super().__init__(params, task)
        self._client: Any = None
        self._collection = f"kmbench_{os.getpid()}_{secrets.token_hex(4)}"
        self._nlist = 0
        self.times_count = not self._lite

    @property
    def _uri(self) -> str:
        return "" if self.params.uri is None else self.params.uri.get_secret_value()

    @property
    def _lite(self) -> bool:
        return self._uri.endswith(".db")

    @classmethod
    def why_not_kind(cls, kind: Kind, d: int) -> tuple[str, str] | None:
        """Return why Milvus has no such index."""
        if kind.refine or kind.codec not in ("flat", "sq8", "pq"):
            return "Milvus has no such index, or does not rank its codes again", "use flat, sq8 or pqM"
        return None

    def why_not_measured(self) -> str | None:
        """Return that no server is named, where none is."""
        return "no server is named: give uri=" if self.params.uri is None else None

    def snippet(self, setting: Setting) -> dict[str, str]:
        """Return ``milvus.py``."""
        values = {
            "TABLE": repr(setting.table),
            "D": self.task.d,
            "INDEX_TYPE": repr(_index_type(self.task.kind)),
            "METRIC": repr(METRICS[self.task.metric]),
            "PARAMS": repr(_index_params(self.task.kind, setting.nlist)),
            "NPROBE": setting.nprobe,
            "K": self.task.k,
        }
        text = (
            resources.files("kmbench.tuning.targets").joinpath("templates/milvus.py.txt").read_text(encoding="utf-8")
        )
        for key, value in values.items():
            text = text.replace(f"@{key}@", str(value))
        return {self.snippet_file: text}

    def __enter__(self) -> Self:
        """Connect."""
        if not (self._lite or self._uri.startswith(("http://", "https://"))):
            raise TuneError(
                "--target milvus: uri= is neither a server nor a file of Milvus Lite",
                "give uri=http://HOST:19530, or uri=FILE.db to try the calls out",
            )
        try:
            from pymilvus import MilvusClient
        except ImportError as error:
            raise TuneError(f"--target milvus needs pymilvus: {error}", "pip install 'kmbench[milvus]'") from None
        token = "" if self.params.token is None else self.params.token.get_secret_value()
        with self._errors("connecting"):
            self._client = MilvusClient(uri=self._uri, token=token, timeout=10)
            table = self.params.table
            if table is not None and self._client.has_collection(table):
                raise TuneError(
                    f"the collection {table} exists, and kmbench does not write to collections that it did not "
                    "create",
                    "give another table=, or drop it",
                )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop the collection, if it was not given its name."""
        with contextlib.suppress(Exception):
            if self._client.has_collection(self._collection):
                self._client.drop_collection(self._collection)
        with contextlib.suppress(Exception):
            self._client.close()

    def versions(self) -> dict[str, str]:
        """Return the version of the server."""
        with self._errors("asking for the version"):
            return {"Milvus Lite" if self._lite else "Milvus": str(self._client.get_server_version())}

    def load(self, ids: NDArray[np.int64], X: FloatMatrix, progress: Callable[[float], None]) -> None:
        """Insert rows into a collection, and flush it."""
        from pymilvus import DataType

        with self._errors(f"loading {len(X):,} rows"):
            schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
            schema.add_field("id", DataType.INT64, is_primary=True)
            schema.add_field("vector", DataType.FLOAT_VECTOR, dim=self.task.d)
            self._client.create_collection(self._collection, schema=schema, consistency_level="Strong")
            self._insert(ids, X, progress)

    def build(self, nlist: int, centroids: FloatMatrix | None = None) -> Built:
        """Make the index, in place of one that is there, and wait for it."""
        self._nlist = nlist
        with self._errors(f"building an index of {nlist} lists"):
            if self._client.list_indexes(self._collection):
                self._client.release_collection(self._collection)
                self._client.drop_index(self._collection, "vector")
            index = self._client.prepare_index_params()
            kind = self.task.kind
            index.add_index(
                field_name="vector",
                index_type=_index_type(kind),
                metric_type=METRICS[self.task.metric],
                params=_index_params(kind, nlist),
            )
            began = time.perf_counter()
            self._client.create_index(self._collection, index, sync=True)
            seconds = time.perf_counter() - began
            self._client.load_collection(self._collection)
        return Built(seconds=seconds, bytes=None)

    def read_back(self) -> Lists | None:
        """Return None: Milvus does not tell its lists. Where it tells their number, that is checked.

        Raises
        ------
        TuneError
            If the server names another number of lists.
        """
        with self._errors("reading the index"):
            told = self._client.describe_index(self._collection, "vector") or {}
        if "nlist" in told and int(told["nlist"]) != self._nlist:
            raise TuneError(f"the index has {told['nlist']} lists, not the {self._nlist} that were asked for")
        return None

    def search(self, queries: FloatMatrix, nprobe: int, k_factor: int = 1, warm: int = 0) -> Answers:
        """Ask one query at a time; Milvus Lite, whose times do not count, all at once."""
        ids = np.full((len(queries), self.task.k), -1, dtype=np.int64)
        seconds = np.empty(len(queries))
        step = len(queries) if self._lite else 1
        with self._errors(f"searching with {nprobe} probes"):
            for row in [] if self._lite else queries[:warm]:
                self._search(row[None], nprobe)
            for start in range(0, len(queries), step):
                began = time.perf_counter()
                found = self._search(queries[start : start + step], nprobe)
                seconds[start : start + step] = (time.perf_counter() - began) / step
                for number, hits in enumerate(found, start):
                    ids[number, : len(hits)] = [hit["id"] for hit in hits]
        return Answers(ids=ids, seconds=seconds)

    def plan(self, nprobe: int) -> bool:
        """Return True: a loaded collection is searched by its index."""
        return True

    def keep(self, ids: NDArray[np.int64], X: FloatMatrix) -> None:
        """Add rows, and give the collection the name that the user asked for."""
        with self._errors(f"keeping the collection {self.params.table}"):
            if len(X):
                self._insert(ids, X, lambda share: None)
            self._client.rename_collection(self._collection, str(self.params.table))

    def _insert(self, ids: NDArray[np.int64], X: FloatMatrix, progress: Callable[[float], None]) -> None:
        step = max(1, _BLOCK_VALUES // X.shape[1])
        for start in range(0, len(X), step):
            part = slice(start, min(len(X), start + step))
            rows = [{"id": int(one), "vector": row} for one, row in zip(ids[part], X[part], strict=True)]
            self._client.insert(self._collection, rows)
            progress(part.stop / len(X))
        self._client.flush(self._collection)

    def _search(self, queries: FloatMatrix, nprobe: int) -> Any:
        parameters = {"metric_type": METRICS[self.task.metric], "params": {"nprobe": nprobe}}
        return self._client.search(
            self._collection, data=list(queries), anns_field="vector", limit=self.task.k, search_params=parameters
        )

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        """Turn the driver's errors into one line without address and token."""
        try:
            yield
        except TuneError:
            raise
        except Exception as error:  # pymilvus raises its own, gRPC's and Python's
            text = " ".join(str(error).split())[:200]
            token = None if self.params.token is None else self.params.token.get_secret_value()
            for secret in filter(None, (token, self._uri)):
                text = text.replace(secret, "***")
            raise TuneError(f"Milvus, {what}: {text}", "check uri=, token= and the server") from None


def _index_type(kind: Kind) -> str:
    return {"flat": "IVF_FLAT", "sq8": "IVF_SQ8", "pq": "IVF_PQ"}[kind.codec]


def _index_params(kind: Kind, nlist: int) -> dict[str, int]:
    return {"nlist": nlist, "m": kind.m, "nbits": 8} if kind.codec == "pq" else {"nlist": nlist}
