"""A Dask cluster: processes of this machine, listening on loopback only, or one that runs already."""

from __future__ import annotations

import atexit
import contextlib
import importlib.metadata
import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from kmbench.backends.cluster import Cluster
from kmbench.errors import BackendError
from kmbench.shards import TemporaryFolder

__all__ = ["DaskCluster", "close_clusters", "cluster_for", "why_not_this_cluster"]

LOOK_SECONDS = 10.0
"""How long a cluster that runs already may take to answer."""

QUIET = {
    "distributed.admin.event-loop-monitor-interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.admin.tick.interval": "1s",
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.work-stealing": False,
    "distributed.worker.memory.monitor-interval": "1s",
    "distributed.worker.profile.enabled": False,
}
"""Settings of a local cluster. By default Dask's profiler and monitors take a seventh of a core while the cluster has
nothing to do, and slow down the engines whose turn it is. Shards are of one size, so there is no work to steal."""

LOOPBACK = "127.0.0.1"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class DaskCluster:
    """A client of a Dask cluster, with the cluster where it is a local one.

    Parameters
    ----------
    asked : Cluster or None
        None: a local one with a worker for each thread.
    threads : int
        Threads of all workers together.

    Attributes
    ----------
    client : distributed.Client
    seconds : float
        Time until all workers had answered.
    workers, threads_each : int

    Raises
    ------
    BackendError
        If no cluster answers, or it has no workers.
    """

    def __init__(self, asked: Cluster | None, threads: int) -> None:
        import dask
        from distributed import Client, LocalCluster

        started = time.perf_counter()
        self.is_local = asked is None or asked.kind == "local"
        self._folder = TemporaryFolder("dask")
        if asked is None or asked.kind == "local":
            count = threads if asked is None or asked.workers is None else asked.workers
            with _importable_main(), dask.config.set(QUIET):
                # Without an address of its own the dashboard would listen on port 8787, even when it is switched off.
                self._local: Any = LocalCluster(
                    n_workers=count,
                    threads_per_worker=max(1, threads // count),
                    processes=True,
                    host=LOOPBACK,
                    dashboard_address=f"{LOOPBACK}:0",
                    local_directory=self._folder.name,
                    silence_logs=logging.ERROR,
                )
                self.client: Any = Client(self._local, set_as_default=True)
        else:
            assert asked.address is not None
            self._local, self.client = None, _client(asked.address)
        self.client.wait_for_workers(1, timeout=LOOK_SECONDS)
        counts = self.client.nthreads()
        self.workers, self.threads_each = len(counts), max(counts.values())
        self.client.run(_hello)
        self.seconds = time.perf_counter() - started

    def wait_for_all(self) -> None:
        """Wait until a local cluster has replaced workers that were lost."""
        if self.is_local:
            self.client.wait_for_workers(self.workers, timeout=LOOK_SECONDS)

    def names(self) -> set[str]:
        """Return the workers that are there now; one that was restarted has another name."""
        return set(self.client.nthreads())

    def pids(self) -> list[int]:
        """Return the process ids of the workers of a local cluster."""
        return [int(pid) for pid in self.client.run(os.getpid).values()] if self.is_local else []

    def settings(self) -> dict[str, Any]:
        """Return what a record tells of the cluster."""
        import distributed

        return {
            "cluster": "local" if self.is_local else "tcp://",
            "workers": self.workers,
            "threads_per_worker": self.threads_each,
            "distributed": distributed.__version__,
        }

    def check_files(self, path: str, size: int) -> None:
        """Raise `BackendError` unless each worker sees a file as this process does."""
        blind = [worker for worker, found in self.client.run(_size_of, path).items() if found != size]
        if blind:
            raise BackendError(
                f"{len(blind)} of {self.workers} Dask workers do not see the file of the rows",
                "set TMPDIR to a folder that all machines share",
            )

    def close(self) -> None:
        """Leave the cluster, and end it where it is a local one."""
        self.client.close()
        if self._local is not None:
            self._local.close()
        self._folder.cleanup()


_clusters: dict[tuple[Cluster | None, int], DaskCluster] = {}


def cluster_for(asked: Cluster | None, threads: int) -> DaskCluster:
    """Return the cluster of this process for so many threads; it is started, or found, when it is first asked for."""
    if (asked, threads) not in _clusters:
        _clusters[asked, threads] = DaskCluster(asked, threads)
        # Dask would close them too, but its own exit handler fails where the threads of the client have ended.
        atexit.unregister(close_clusters)
        atexit.register(close_clusters)  # the last that is registered is called first
    return _clusters[asked, threads]


def close_clusters() -> None:
    """Leave the clusters of this process, and end the local ones."""
    while _clusters:
        _clusters.popitem()[1].close()


@cache
def why_not_this_cluster(address: str, threads: int) -> str | None:
    """Look a running cluster over; return why it cannot serve a case with so many threads, or None.

    Nothing on it is changed or restarted.
    """
    try:
        client = _client(address)
    except BackendError as error:
        return str(error)
    try:
        counts = client.nthreads()
        if not counts:
            return "the Dask cluster has no workers: start some with `dask worker`"
        return _why_not(client, sum(counts.values()), threads)
    except Exception as error:  # whatever a strange cluster answers
        return f"the Dask cluster cannot run kmbench: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
    finally:
        client.close()


def _why_not(client: Any, offered: int, threads: int) -> str | None:
    try:
        told = client.run(_tell)
    except (ImportError, RuntimeError):
        return "kmbench cannot be imported on all of its workers: install the same version there"
    here = _tell()
    for name in ("kmbench", "numpy", "python"):
        others = sorted({str(worker[name]) for worker in told.values()} - {str(here[name])})
        if others:
            return f"its workers have {name} {', '.join(others)}, here it is {here[name]}: install the same version"
    loose = sorted({name for worker in told.values() for name in THREAD_VARIABLES if worker[name] != "1"})
    if loose:
        return f"its workers run without {loose[0]}=1, so their threads would be miscounted: set it before they start"
    if offered != threads:
        return f"its workers have {offered} threads in total, but the case needs {threads}: use --threads {offered}"
    with tempfile.NamedTemporaryFile(prefix="kmbench-look-") as file:
        file.write(b"kmbench")
        file.flush()
        if any(size != 7 for size in client.run(_size_of, file.name).values()):
            return "its workers do not see this machine's temporary folder: set TMPDIR to one that all machines share"
    return None


def _client(address: str) -> Any:
    from distributed import Client

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        return Client(address, timeout=LOOK_SECONDS, set_as_default=True)
    except (OSError, ValueError) as error:
        raise BackendError(
            f"no Dask scheduler answered at the address of --cluster within {LOOK_SECONDS:g} s "
            f"({type(error).__name__})",
            "check host and port",
        ) from None


def _hello() -> bool:
    """Import what the tasks need, so that the first of them does not."""
    import kmbench.backends.numpy_lloyd.lloyd  # noqa: F401

    return True


def _tell() -> dict[str, Any]:
    versions = {
        "kmbench": importlib.metadata.version("kmbench"),
        "numpy": importlib.metadata.version("numpy"),
        "python": ".".join(map(str, sys.version_info[:2])),
    }
    return versions | {name: os.environ.get(name) for name in THREAD_VARIABLES}


def _size_of(path: str) -> int | None:
    try:
        return Path(path).stat().st_size
    except OSError:
        return None


@contextlib.contextmanager
def _importable_main() -> Iterator[None]:
    """Let new processes start without the main module of this one: a worker of kmbench would serve no one there."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    file = getattr(main, "__file__", None)
    main.__spec__ = None
    if file is not None:
        del main.__file__
    try:
        yield
    finally:
        main.__spec__ = spec
        if file is not None:
            main.__file__ = file
