"""Print what a pass over the file costs numpy-lloyd against X in memory: time per row, in turns, warm page cache.

    python benchmarks/tools/streaming_cost.py --rows 1000000 --columns 64

The labels of both are compared in each turn; the range is that of the turns' ratios.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from kmbench.backends.base import Job
from kmbench.backends.numpy_lloyd import NumpyLloyd
from kmbench.shards import Shards

CLUSTERS = (16, 64, 256, 1024)
ITERATIONS, TURNS = 3, 5


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    reader.add_argument("--rows", type=int, default=1_000_000)
    reader.add_argument("--columns", type=int, default=64)
    return reader


def main() -> None:
    given = parser().parse_args()
    n, d = given.rows, given.columns
    if n < max(CLUSTERS) or d < 1:
        parser().error(f"--rows must be at least {max(CLUSTERS)} and --columns at least 1, not {n} and {d}")
    with tempfile.TemporaryDirectory() as folder:
        X = np.random.default_rng(0).normal(size=(n, d)).astype(np.float32)
        path = Path(folder, "x.npy")
        np.save(path, X)
        shards = Shards.of(path)
        print(f"{n:,} x {d}, {ITERATIONS} iterations and labels, median of {TURNS} turns")
        print("threads     k  in memory ns/row  from the file ns/row  ratio  range")
        for threads in (1, 2):
            for k in CLUSTERS:
                print(row_of(X, shards, k, threads), flush=True)


def row_of(X: np.ndarray, shards: Shards, k: int, threads: int) -> str:
    job = Job(k=k, protocol="matched", iterations=ITERATIONS, seed=0, threads=threads, init=X[:k].copy())
    seconds: dict[str, list[float]] = {"memory": [], "pass": []}
    for turn in range(TURNS + 1):
        labels = []
        for read, rows in (("memory", X), ("pass", shards)):
            backend = NumpyLloyd(NumpyLloyd.Params())
            backend.prepare(rows, job)
            started = time.perf_counter()
            backend.fit()
            if turn:  # the first one warms up
                seconds[read].append(time.perf_counter() - started)
            labels.append(np.array(backend.result().labels))
        assert np.array_equal(*labels)
    ratios = [slow / fast for fast, slow in zip(seconds["memory"], seconds["pass"], strict=True)]
    memory, read = (1e9 * statistics.median(times) / len(X) for times in seconds.values())
    middle, low, high = statistics.median(ratios), min(ratios), max(ratios)
    return f"{threads:7}{k:6}{memory:18.0f}{read:22.0f}{middle:7.2f}  {low:.2f}-{high:.2f}"


if __name__ == "__main__":
    main()
