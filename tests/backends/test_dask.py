"""The backends on a Dask cluster: the bits of numpy-lloyd, a worker that is lost, clusters that will not do."""

import os
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest

from kmbench.backends.base import Job
from kmbench.backends.cluster import Cluster, parse_cluster
from kmbench.backends.dask_cluster import why_not_this_cluster
from kmbench.backends.dask_lloyd import DaskLloyd
from kmbench.backends.dask_ml_kmeans import DaskMl
from kmbench.backends.numpy_lloyd import NumpyLloyd
from kmbench.errors import BackendError
from kmbench.shards import Shards

pytestmark = pytest.mark.skipif(DaskLloyd.unavailable() is not None, reason=str(DaskLloyd.unavailable()))


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    rng = np.random.default_rng(5)
    scale = rng.uniform(1e-3, 100, 8)
    X = (rng.normal(size=(300_001, 8)) * scale + 50).astype(np.float32)
    path = tmp_path_factory.mktemp("dask") / "x.npy"
    np.save(path, X)
    init = X[:60] + np.float32(0.01)
    init[-1] = 1e6
    return X, Shards.of(path), init


def job(init, threads=4, cluster=None, iterations=4, protocol="matched"):
    return Job(
        k=len(init),
        protocol=protocol,
        iterations=iterations,
        seed=0,
        threads=threads,
        init=init if protocol == "matched" else None,
        cluster=None if cluster is None else parse_cluster(cluster),
    )


def fitted(backend, X, work):
    backend.prepare(X, work)
    backend.fit()
    return backend.result()


@pytest.mark.parametrize(
    ("workers", "params"), [(1, {}), (2, {"shards": 3}), (4, {"read": "once"}), (2, {"shards": 10})], ids=str
)
@pytest.mark.parametrize("protocol", ["matched", "native"])
def test_the_bits_are_numpy_lloyds(stored, workers, params, protocol):
    X, shards, init = stored
    iterations = 4 if protocol == "matched" else None
    more = {} if protocol == "matched" else {"max_iterations": 5}
    alone = NumpyLloyd(NumpyLloyd.Params(**more))
    expected = fitted(alone, X, job(init, iterations=iterations, protocol=protocol))
    backend = DaskLloyd(DaskLloyd.Params(**params, **more))
    found = fitted(backend, shards, job(init, cluster=f"local:{workers}", iterations=iterations, protocol=protocol))
    np.testing.assert_array_equal(backend._centres, alone._outcome.centres)
    np.testing.assert_array_equal(found.centroids, expected.centroids)
    np.testing.assert_array_equal(found.labels, expected.labels)
    np.testing.assert_array_equal(backend.assign(shards), expected.labels)
    assert (found.n_iter, found.empty_events) == (expected.n_iter, expected.empty_events)
    assert backend.disturbance() is None
    assert backend.settings()["workers"] == workers


@pytest.mark.parametrize("read", ["pass", "once"])
def test_a_worker_that_is_killed_costs_time_and_no_bit(stored, read, monkeypatch):
    X, shards, init = stored
    expected = fitted(NumpyLloyd(NumpyLloyd.Params()), X, job(init, threads=2))
    backend = DaskLloyd(DaskLloyd.Params(read=read))
    backend.prepare(shards, job(init, threads=2))
    original, calls = backend._each_shard, []

    def each_shard(*arguments):
        calls.append(1)
        if len(calls) == 3:
            os.kill(backend._dask.pids()[0], signal.SIGKILL)
        return original(*arguments)

    monkeypatch.setattr(backend, "_each_shard", each_shard)
    backend.fit()
    assert backend.disturbance() == "lost a worker"
    np.testing.assert_array_equal(backend.result().labels, expected.labels)
    np.testing.assert_array_equal(backend.result().centroids, expected.centroids)


def test_dask_ml_does_the_iterations_asked_for_and_misreports_its_inertia(stored):
    X, shards, _ = stored
    start = X[:10] + np.float32(0.01)
    alone = NumpyLloyd(NumpyLloyd.Params(precision="float64"))
    expected = fitted(alone, X, job(start, threads=2))
    backend = DaskMl(DaskMl.Params())
    found = fitted(backend, shards, job(start, threads=2))
    assert found.n_iter == 4
    np.testing.assert_allclose(found.centroids, expected.centroids, rtol=1e-4)
    labels = backend.assign(shards)
    assert (labels == expected.labels).mean() > 0.999
    inertia = float(np.square(X.astype(np.float64) - expected.centroids[labels]).sum())
    assert found.reported_inertia < 0.5 * inertia  # why it is kept apart
    assert DaskMl.traits.empty_clusters == "zero"


def test_more_shards_than_the_rows_make_are_refused():
    reason = DaskLloyd.unsupported_reason(60, 100_000, 8, "matched", DaskLloyd.Params(shards=100))
    assert "at most 4 shards" in reason
    assert DaskLloyd.unsupported_reason(60, 100_000, 8, "matched", DaskLloyd.Params(shards=4)) is None


def test_a_local_cluster_listens_on_loopback_only(stored):
    _, shards, init = stored
    backend = DaskLloyd(DaskLloyd.Params())
    backend.prepare(shards, job(init, threads=2))
    pids = {os.getpid(), *backend._dask.pids()}
    listening = subprocess.run(["ss", "-tlnp"], capture_output=True, text=True, check=False).stdout
    own = [line.split()[3] for line in listening.splitlines() if any(f"pid={pid}," in line for pid in pids)]
    assert own
    assert all(address.startswith("127.0.0.1:") for address in own)


class TestClusters:
    def test_what_cannot_be_read_is_refused(self):
        for wrong in ("local", "local:0", "local:x", "tcp://host", "http://a:1", "tcp://h:99999", ""):
            with pytest.raises(ValueError, match="local"):
                parse_cluster(wrong)

    def test_an_address_stays_out_of_records(self):
        assert parse_cluster("tcp://10.0.0.7:8786").public == "tcp://"
        assert parse_cluster("local:3").public == "local:3"

    def test_threads_must_divide_and_kinds_must_fit(self):
        assert "evenly" in Cluster(kind="local", workers=3).refuses("tcp", 4)
        assert Cluster(kind="local", workers=2).refuses("tcp", 4) is None
        assert "Spark" in parse_cluster("spark://host:7077").refuses("tcp", 4)

    def test_a_dead_address_is_one_sentence(self, monkeypatch):
        monkeypatch.setattr("kmbench.backends.dask_cluster.LOOK_SECONDS", 1.0)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        assert "no Dask scheduler answered" in why_not_this_cluster(f"tcp://127.0.0.1:{port}", 2)


class Machines:
    """A scheduler and workers in process groups and folders of their own: as near as one host comes to several."""

    def __init__(self, folder):
        self._folder, self._started = folder, []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self._port}"
        self._start("scheduler", "--host", "127.0.0.1", "--port", str(self._port), "--no-dashboard")

    def add_worker(self, name, *options, **environment):
        more = (
            "--nworkers",
            "1",
            "--nthreads",
            "1",
            "--host",
            "127.0.0.1",
            "--no-dashboard",
            "--name",
            name,
            *options,
        )
        self._start("worker", self.address, *more, **environment)

    def wait_for(self, workers):
        from distributed import Client

        with Client(self.address, timeout=30) as client:
            client.wait_for_workers(workers, timeout=60)

    def _start(self, what, *arguments, **environment):
        place = self._folder / f"{what}{len(self._started)}"
        place.mkdir()
        command = [sys.executable, "-m", "distributed.cli.dask_" + what, *arguments]
        with (place / "log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=place, env=os.environ | environment, stdout=log, stderr=log, start_new_session=True
            )
        self._started.append(process)

    def close(self):
        for process in reversed(self._started):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def machines(tmp_path):
    found = Machines(tmp_path)
    yield found
    found.close()


ONE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def test_a_cluster_of_two_machines_gives_the_same_bits_and_goes_on_running(machines, stored):
    X, shards, init = stored
    machines.add_worker("one", **ONE)
    machines.add_worker("two", **ONE)
    machines.wait_for(2)
    assert why_not_this_cluster(machines.address, 2) is None
    assert "--threads 2" in why_not_this_cluster(machines.address, 5)
    expected = fitted(NumpyLloyd(NumpyLloyd.Params()), X, job(init, threads=2))
    backend = DaskLloyd(DaskLloyd.Params())
    found = fitted(backend, shards, job(init, threads=2, cluster=machines.address))
    np.testing.assert_array_equal(found.labels, expected.labels)
    assert backend.settings()["cluster"] == "tcp://"
    machines.wait_for(2)


def test_a_cluster_without_workers_says_so(machines):
    assert "no workers" in why_not_this_cluster(machines.address, 2)


def test_a_worker_with_another_version_is_named(machines, tmp_path):
    """Which is found first on the search path is the version that a process tells."""
    other = tmp_path / "other" / "kmbench-9.9.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: kmbench\nVersion: 9.9\n")
    machines.add_worker("one", **ONE)
    machines.add_worker("two", **ONE, PYTHONPATH=str(other.parent))
    machines.wait_for(2)
    reason = why_not_this_cluster(machines.address, 2)
    assert "kmbench 9.9" in reason
    assert "install the same version" in reason


def test_a_worker_whose_threads_are_not_counted_is_named(machines):
    machines.add_worker("one", **ONE | {"OMP_NUM_THREADS": "4"})
    machines.wait_for(1)
    assert "without OMP_NUM_THREADS=1" in why_not_this_cluster(machines.address, 1)


def test_a_worker_that_does_not_see_the_files_is_named(machines, stored, tmp_path):
    """One host has one file system, so the worker is told not to see."""
    blind = tmp_path / "blind.py"
    blind.write_text("from kmbench.backends import dask_cluster\ndask_cluster._size_of = lambda path: None\n")
    machines.add_worker("one", "--preload", str(blind), **ONE)
    machines.wait_for(1)
    assert "do not see this machine's temporary folder" in why_not_this_cluster(machines.address, 1)
    _, shards, init = stored
    with pytest.raises(BackendError, match="do not see the file of the rows"):
        DaskLloyd(DaskLloyd.Params()).prepare(shards, job(init, threads=1, cluster=machines.address))
