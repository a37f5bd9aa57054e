"""Spark's k-means: one session for all tests; without pyspark or Java they are skipped and say so."""

import numpy as np
import pytest

from kmbench.backends.base import Job
from kmbench.backends.numpy_lloyd.reference import reference_lloyd
from kmbench.backends.spark_kmeans import SparkMl, SparkMllib
from kmbench.backends.spark_session import why_no_java
from kmbench.shards import Shards


def test_java_is_judged_without_starting_spark(tmp_path):
    assert "no Java" in why_no_java(None, None)
    assert "JAVA_HOME is set" in why_no_java(str(tmp_path), "/usr/bin/java")  # Spark takes it unchecked
    home = tmp_path / "old"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").touch()
    (home / "release").write_text('IMPLEMENTOR="x"\nJAVA_VERSION="11.0.2"\n')
    assert "is Java 11" in why_no_java(str(home), None)
    (home / "release").write_text('JAVA_VERSION="21.0.1"\n')
    assert why_no_java(None, str(home / "bin" / "java")) is None


def test_spark_ml_takes_no_start():
    assert "given centroids" in SparkMl.unsupported_reason(3, 100, 4, "matched", SparkMl.Params())
    assert SparkMl.unsupported_reason(3, 100, 4, "native", SparkMl.Params()) is None


needs_spark = pytest.mark.skipif(SparkMllib.unavailable() is not None, reason=str(SparkMllib.unavailable()))
pytestmark = pytest.mark.filterwarnings("ignore")  # of Spark's use of pandas and of its sockets


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    rng = np.random.default_rng(5)
    centres = rng.normal(scale=4.0, size=(10, 6))
    X = (centres[rng.integers(0, 10, 40_003)] + rng.normal(size=(40_003, 6))).astype(np.float32)
    path = tmp_path_factory.mktemp("spark") / "x.npy"
    np.save(path, X)
    return X, Shards.of(path)


@needs_spark
def test_mllib_is_the_float64_reference(stored):
    X, shards = stored
    init = np.ascontiguousarray(X[:10] + np.float32(0.01))
    reference = reference_lloyd(X, init, 5, 1)
    backend = SparkMllib(SparkMllib.Params(heap_mib=1024))
    backend.prepare(shards, Job(k=10, protocol="matched", iterations=5, seed=0, threads=1, init=init))
    backend.fit()
    assert np.abs(backend.centres() - reference.centroids).max() < 1e-12 * np.abs(reference.centroids).max()
    result = backend.result()
    assert result.n_iter == 5
    assert result.reported_inertia == pytest.approx(reference.trace[-1], rel=1e-9)  # of the centres before the last
    labels = backend.assign(shards)
    assert (labels == reference.labels).mean() > 0.9999
    assert backend.settings()["master"] == "local[1]"
    assert list(backend.processes().values()) == ["JVM"]
    assert backend.disturbance() is None


@needs_spark
def test_ml_starts_where_its_fit_of_no_iterations_ends(stored):
    X, shards = stored
    backend = SparkMl(SparkMl.Params(heap_mib=1024, tol=0.0, init_mode="random"))
    backend.prepare(shards, Job(k=10, protocol="native", iterations=4, seed=3, threads=1, init=None))
    start = backend.start()
    backend.fit()
    found = backend.result()
    reference = reference_lloyd(X, start.astype(np.float32), found.n_iter, 1)
    np.testing.assert_allclose(found.centroids, reference.centroids, rtol=1e-5, atol=1e-5)
    assert (backend.assign(shards) == reference.labels).mean() > 0.9999
