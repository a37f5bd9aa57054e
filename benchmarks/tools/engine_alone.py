"""Time one k-means engine alone, as a careful person would, without any code of kmbench's runner.

    python benchmarks/tools/engine_alone.py sklearn-lloyd X.npy START.npy --iterations 10 --threads 1

X and START are float32 arrays of shapes (n, d) and (k, d). Thread variables have to be set before this interpreter
starts. A fit of a few rows loads the libraries. Then one fit over all rows, with labels, is timed. Right before the
clock as much memory is allocated, touched and freed as `--warm-bytes` says; `--peak` prints how much a fit takes.
Fits under a second are run once before and then repeated. A fit that waited for a core is run again. numpy-lloyd is
called through its class. Prints JSON; the inertia is computed in float64 after the clock.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

WARM_ROWS, SHORT_SECONDS, MOST_REPEATS, MOST_TRIES = 4096, 1.0, 5, 3
PAGE_BYTES = 4096
BLOCK_ROWS = 2**16

WAITED_SHARE = 0.05
"""A fit whose threads waited longer for a core, as a share of their time, is run again."""

Prepared = tuple[Callable[[], object], Callable[[], tuple[np.ndarray, np.ndarray]]]
"""A fit, and what then gives its centroids of shape (k, d) and labels of shape (n,)."""


def sklearn_lloyd(X: np.ndarray, start: np.ndarray, iterations: int, threads: int) -> Prepared:
    """Prepare scikit-learn's KMeans, whose fit ends with the labels."""
    from sklearn.cluster import KMeans

    model = KMeans(len(start), init=start, n_init=1, max_iter=iterations, tol=0, algorithm="lloyd")
    return lambda: model.fit(X), lambda: (model.cluster_centers_, model.labels_)


def faiss_cpu(X: np.ndarray, start: np.ndarray, iterations: int, threads: int) -> Prepared:
    """Prepare FAISS's training on all rows, and the search for the labels behind it."""
    import faiss

    faiss.omp_set_num_threads(threads)
    options = {"niter": iterations, "min_points_per_centroid": 1, "max_points_per_centroid": -(-len(X) // len(start))}
    if hasattr(faiss.ClusteringParameters(), "early_stop_threshold"):
        options["early_stop_threshold"] = -1.0  # 0 stops as soon as the objective repeats
    found: dict[str, Any] = {}

    def fit() -> None:
        model = faiss.Kmeans(X.shape[1], len(start), **options)
        model.train(X, init_centroids=start)
        found.update(centroids=model.centroids, labels=model.assign(X)[1])

    return fit, lambda: (found["centroids"], found["labels"])


def numpy_lloyd(X: np.ndarray, start: np.ndarray, iterations: int, threads: int) -> Prepared:
    """Prepare kmbench's own backend, whose fit ends with the labels."""
    from kmbench.backends.base import Job
    from kmbench.backends.numpy_lloyd import NumpyLloyd

    backend = NumpyLloyd(NumpyLloyd.Params())
    job = Job(k=len(start), protocol="matched", iterations=iterations, seed=0, threads=threads, init=start)
    backend.prepare(X, job)
    return backend.fit, lambda: (backend.result().centroids, backend.result().labels)


ENGINES = {"numpy-lloyd": numpy_lloyd, "sklearn-lloyd": sklearn_lloyd, "faiss-cpu": faiss_cpu}


def waited_seconds() -> float | None:
    """Return how long the threads of this process could have run but waited for a core, or None."""
    try:
        tasks = [file.read_text().split() for file in Path("/proc/self/task").glob("*/schedstat")]
    except OSError:
        return None
    return sum(int(fields[1]) for fields in tasks) / 1e9 if tasks else None


def memory_of(field: str) -> int:
    """Return a figure of this process's memory from ``/proc/self/status``, in bytes."""
    text = Path("/proc/self/status").read_text()
    return int(text.partition(f"{field}:")[2].split()[0]) * 1024


def peak_bytes_of(fit: Callable[[], object], fallback: int) -> int:
    """Return the bytes that a fit takes at its peak; `fallback` where the kernel does not tell."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
        before = memory_of("VmRSS")
    except OSError:
        return fallback
    fit()
    return max(0, memory_of("VmHWM") - before)


def touch(size: int) -> None:
    """Allocate memory, touch each of its pages, and free it, so that the next to allocate finds it provided."""
    block = np.empty(size, dtype=np.uint8)
    block[::PAGE_BYTES] = 1


def timed_fit(fit: Callable[[], object], warm_bytes: int, threads: int) -> float:
    """Return the seconds of one fit on warm memory: of the one that waited least where all waited for a core."""
    seconds: dict[float, float] = {}
    for _ in range(MOST_TRIES):
        touch(warm_bytes)
        before, started = waited_seconds(), time.perf_counter()
        fit()
        took = time.perf_counter() - started
        after = waited_seconds()
        share = 0.0 if before is None or after is None else (after - before) / (took * threads)
        seconds.setdefault(share, took)
        if share <= WAITED_SHARE:
            break
    return seconds[min(seconds)]


def inertia_of(X: np.ndarray, centroids: np.ndarray, labels: np.ndarray) -> float:
    """Return the sum of squared distances to the labelled centroids, in float64."""
    total, wide = 0.0, centroids.astype(np.float64)
    for at in range(0, len(X), BLOCK_ROWS):
        rest = X[at : at + BLOCK_ROWS] - wide[labels[at : at + BLOCK_ROWS]]
        total += float(np.vdot(rest, rest))
    return total


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("engine", choices=ENGINES)
    reader.add_argument("data", type=Path, metavar="X.npy")
    reader.add_argument("start", type=Path, metavar="START.npy")
    reader.add_argument("--iterations", type=int, default=10)
    reader.add_argument("--threads", type=int, default=1)
    reader.add_argument("--warm-bytes", type=int, default=0)
    reader.add_argument("--peak", action="store_true", help="print the memory of a fit instead of its time")
    return reader


def main() -> None:
    """Time one engine and print what was found."""
    given = parser().parse_args()
    X, start, make = np.load(given.data), np.load(given.start), ENGINES[given.engine]
    rows = min(len(X), max(WARM_ROWS, 4 * len(start)))
    first_fit, _ = make(np.ascontiguousarray(X[:: len(X) // rows][:rows]), start, 2, given.threads)
    first_fit()
    fit, answer = make(X, start, given.iterations, given.threads)
    if given.peak:
        print(json.dumps({"peak_bytes": peak_bytes_of(fit, fallback=5 * X.nbytes // 2)}))
        return
    seconds = [timed_fit(fit, given.warm_bytes, given.threads)]
    if seconds[0] < SHORT_SECONDS:
        seconds = [timed_fit(fit, given.warm_bytes, given.threads)]
        while sum(seconds) < SHORT_SECONDS and len(seconds) < MOST_REPEATS:
            seconds.append(timed_fit(fit, given.warm_bytes, given.threads))
    print(json.dumps({"seconds": statistics.fmean(seconds), "inertia": inertia_of(X, *answer())}))


if __name__ == "__main__":
    main()
