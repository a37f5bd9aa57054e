"""Spark's two k-means: ``spark-mllib`` from a given start, ``spark-ml`` as its documentation has it.

Both are fed inside the JVM, from Parquet files that `prepare` writes: rows that Python hands over one by one measure
pickling. Spark returns rows in another order than it read them, so that each carries its number.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from kmbench.backends.base import Backend, FitResult, Job, Labels, Params, Precision, Rows, Traits
from kmbench.backends.cluster import Cluster
from kmbench.backends.spark_session import Spark, alive_jvm, spark_for, why_no_spark, why_not_this_spark
from kmbench.errors import CaseError
from kmbench.shards import Shards, TemporaryFolder

__all__ = ["SparkMl", "SparkMllib"]

ROW_GROUP_ROWS = 2**14
"""Spark reads whole row groups as vectors of Java objects: large ones end a small heap."""

FILES_PER_THREAD = 2


class SparkParams(Params):
    """Parameters of both."""

    heap_mib: int | None = Field(
        default=None, ge=512, le=2**22, description="largest heap of the JVM; None: a quarter of the memory"
    )


class _Spark(Backend):
    """What both share: the session, and X as a table of numbers and vectors that the JVM holds."""

    distributions = ("pyspark",)
    install = "pip install 'kmbench[spark]'"
    params: SparkParams
    _spark: Spark | None = None
    _folder: TemporaryFolder | None = None

    @classmethod
    def unavailable(cls) -> str | None:
        """Return why pyspark or Java is missing, or None."""
        return why_no_spark()

    @classmethod
    def arithmetic(cls, params: BaseModel) -> Precision:
        """Return the precision of vectors and distances."""
        return "float64"

    @classmethod
    def why_not_on(cls, cluster: Cluster, threads: int) -> str | None:
        """Return why it cannot run on a cluster, or None; the master of one that runs already must answer."""
        reason = super().why_not_on(cluster, threads)
        if reason is None and cluster.address is not None:
            reason = why_not_this_spark(cluster.address)
        return reason

    @alive_jvm()
    def prepare(self, X: Rows, job: Job) -> None:
        """Write X as Parquet and have the JVM read it as vectors, which it keeps."""
        from pyspark.ml.functions import array_to_vector

        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        heap = self.params.heap_mib or max(1024, memory // 4 // 2**20)
        self._spark = spark_for(job.cluster, job.threads, heap)
        self._forget()
        self._X, self._job = X, job
        self._folder = TemporaryFolder("parquet", _folder_of(X))
        self._table = self._vectors(X, self._folder.name, array_to_vector).persist()
        self._table.count()
        self._executors = self._spark.executors()

    def _vectors(self, X: Rows, folder: str, array_to_vector: Any) -> Any:
        _write_parquet(X, folder, FILES_PER_THREAD * self._job.threads)
        table = self._session.read.parquet(folder)
        return table.select("id", array_to_vector("x").alias("features"))

    @property
    def _session(self) -> Any:
        assert self._spark is not None
        return self._spark.session

    @alive_jvm()
    def assign(self, X: Rows) -> Labels:
        """Have the model's `transform` label the rows, and put the labels into the order of X."""
        from pyspark.ml.functions import array_to_vector

        if X is self._X:
            return self._labels_of(self._table, len(X))
        folder = TemporaryFolder("parquet", _folder_of(X))
        try:
            return self._labels_of(self._vectors(X, folder.name, array_to_vector), len(X))
        finally:
            folder.cleanup()

    def _labels_of(self, table: Any, n: int) -> Labels:
        found = self._model().transform(table).select("id", "prediction").toArrow()
        labels = np.empty(n, dtype=np.int32)
        labels[found["id"].to_numpy()] = found["prediction"].to_numpy()
        return labels

    def _model(self) -> Any:
        """Return the fitted model of ``pyspark.ml``."""
        raise NotImplementedError

    @alive_jvm()
    def disturbance(self) -> str | None:
        """Tell of an executor that was lost in the last fit."""
        assert self._spark is not None
        return "lost a worker" if self._spark.executors() < self._executors else None

    @alive_jvm()
    def settings(self) -> dict[str, Any]:
        """Return the parameters, and what runs them."""
        assert self._spark is not None
        return super().settings() | self._spark.settings() | {"read": "once"}

    def cluster_seconds(self) -> float | None:
        """Return the time until the session stood."""
        return None if self._spark is None else self._spark.seconds

    def processes(self) -> dict[int, str]:
        """Return the JVM."""
        pid = None if self._spark is None else self._spark.pid()
        return {} if pid is None else {pid: "JVM"}

    def _forget(self) -> None:
        if self._folder is not None:
            self._table.unpersist(True)
            self._folder.cleanup()
            self._folder = None


class SparkMllib(_Spark):
    """``spark.mllib``'s KMeans: Lloyd's algorithm in float64 from given centroids.

    Python's own way to it pickles every row, so its Java class is called. An ``epsilon`` of 0 leaves one stop on:
    when no centre moves.
    """

    name = "spark-mllib"
    summary = "Spark mllib KMeans in a JVM: exact Lloyd in float64 from a given start, fed with Parquet"
    traits = Traits(exact=True, empty_clusters="keep", takes="shards", cluster="spark")
    Params = SparkParams

    @alive_jvm()
    def prepare(self, X: Rows, job: Job) -> None:
        """Read the rows, and hand the start over.

        Raises
        ------
        CaseError
            If a matched job lacks the start or the count.
        """
        job.check(X.shape[1])
        super().prepare(X, job)
        self._start = None if job.init is None else self._java_model(job.init.astype(np.float64))
        utilities = self._session._jvm.org.apache.spark.ml.util.DatasetUtils
        self._rdd = utilities.columnToOldVector(self._table._jdf, "features")

    def _java_model(self, centres: NDArray[np.float64]) -> Any:
        from pyspark.mllib.common import _py2java
        from pyspark.mllib.linalg import Vectors

        vectors = _py2java(self._session.sparkContext, [Vectors.dense(row) for row in centres])
        return self._session._jvm.org.apache.spark.mllib.clustering.KMeansModel(vectors)

    @alive_jvm()
    def fit(self) -> None:
        """Run the Java class."""
        job = self._job
        kmeans = self._session._jvm.org.apache.spark.mllib.clustering.KMeans()
        kmeans.setK(job.k).setSeed(job.seed)
        if self._start is not None:
            kmeans.setInitialModel(self._start).setEpsilon(0.0)
        if job.iterations is not None:
            kmeans.setMaxIterations(job.iterations)
        self._fitted = kmeans.run(self._rdd)

    def centres(self) -> NDArray[np.float64]:
        """Return the centroids in float64, as the model has them."""
        from pyspark.mllib.common import _java2py

        found = _java2py(self._session.sparkContext, self._fitted.clusterCenters())
        return np.array([vector.toArray() for vector in found])

    @alive_jvm()
    def result(self) -> FitResult:
        """Return the centroids; the cost that the model tells is that of those before the last update."""
        return FitResult(
            centroids=self.centres().astype(np.float32),
            n_iter=int(self._fitted.numIter()),
            reported_inertia=float(self._fitted.trainingCost()),
        )

    def _model(self) -> Any:
        from pyspark.ml.clustering import KMeansModel

        java = self._session._jvm.org.apache.spark.ml.clustering.KMeansModel("kmbench", self._fitted)
        return KMeansModel(java)


class SparkMlParams(SparkParams):
    """Parameters of `SparkMl`. None leaves the library's default."""

    init_mode: Literal["k-means||", "random"] | None = Field(default=None, description="how the start is found")
    tol: float | None = Field(default=None, ge=0, description="stop when centroids move less")
    solver: Literal["auto", "row", "block"] | None = Field(default=None, description="layout of the rows")


class SparkMl(_Spark):
    """``spark.ml``'s KMeans, which takes no start: native only."""

    name = "spark-ml"
    summary = "Spark ml KMeans in a JVM: its own start, stops early; native protocol only"
    traits = Traits(
        exact=True, accepts_init=False, fixed_iterations=False, empty_clusters="keep", takes="shards", cluster="spark"
    )
    Params = SparkMlParams

    params: SparkMlParams

    @classmethod
    def unsupported_reason(cls, k: int, n: int, d: int, protocol: str, params: BaseModel) -> str | None:
        """Refuse one cluster, as the library does."""
        if k < 2:
            return "spark.ml's KMeans needs at least two clusters"
        return super().unsupported_reason(k, n, d, protocol, params)

    @alive_jvm()
    def fit(self) -> None:
        """Run the estimator's `fit`."""
        self._fitted = self._estimator().fit(self._table)

    def _estimator(self, **more: Any) -> Any:
        from pyspark.ml.clustering import KMeans

        given = {
            "maxIter": self._job.iterations,
            "tol": self.params.tol,
            "initMode": self.params.init_mode,
            "solver": self.params.solver,
        }
        keywords = {name: value for name, value in (given | more).items() if value is not None}
        return KMeans(k=self._job.k, seed=self._job.seed, **keywords)

    def start(self) -> NDArray[np.float64]:
        """Return the start that `fit` uses, in float64: what a fit of no iterations ends with."""
        return np.array(self._estimator(maxIter=0).fit(self._table).clusterCenters())

    @alive_jvm()
    def result(self) -> FitResult:
        """Return the centroids; the cost that the model tells is that of those before the last update.

        Raises
        ------
        CaseError
            If it found fewer centroids than asked for, as k-means|| does where k is near the number of rows.
        """
        centroids = np.array(self._fitted.clusterCenters(), dtype=np.float32)
        summary = self._fitted.summary
        n_iter, cost = int(summary.numIter), float(summary.trainingCost)
        if len(centroids) != self._job.k:
            raise CaseError(
                f"Spark returned {len(centroids)} centroids for k={self._job.k}: its start drew too few distinct "
                "candidates",
                "ask for fewer clusters, or try init_mode=random",
            )
        return FitResult(centroids=centroids, n_iter=n_iter, reported_inertia=cost)

    def _model(self) -> Any:
        return self._fitted


def _folder_of(X: Rows) -> str | None:
    """Return the folder of the rows' file, which a cluster sees, or None."""
    return str(Path(X.path).parent) if isinstance(X, Shards) else None


def _write_parquet(X: Rows, folder: str, files: int) -> None:
    """Write the rows with their numbers, in files that one task each can read."""
    import pyarrow as pa
    from pyarrow import parquet

    n, d = X.shape
    count = max(1, min(files, n))
    schema = pa.schema([("id", pa.int64()), ("x", pa.list_(pa.float32()))])
    for number in range(count):
        start, stop = n * number // count, n * (number + 1) // count
        part = X.part(start, stop).blocks(ROW_GROUP_ROWS) if isinstance(X, Shards) else _blocks(X[start:stop])
        with parquet.ParquetWriter(Path(folder, f"part-{number:05d}.parquet"), schema, compression="none") as writer:
            for first, block in part:
                offsets = pa.array(np.arange(0, d * len(block) + 1, d, dtype=np.int32))
                rows = pa.ListArray.from_arrays(offsets, pa.array(block.ravel()))
                numbers = pa.array(np.arange(start + first, start + first + len(block), dtype=np.int64))
                writer.write_table(pa.Table.from_arrays([numbers, rows], schema=schema))


def _blocks(X: NDArray[np.float32]) -> Any:
    return ((start, X[start : start + ROW_GROUP_ROWS]) for start in range(0, len(X), ROW_GROUP_ROWS))
