"""Semantic IDs against a loop over `faiss.Kmeans` with its defaults: time, memory and error in one run.

    python benchmarks/tools/semantic_ids.py

Each way runs in a process of its own on the same items, of norm 1; both train on 256 items for each code, for 25
iterations.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from kmbench.datasets import materialise
from kmbench.instruments import default_threads


def by_kmbench(X, levels, codes, threads):
    """Return IDs and reconstruction error of kmbench.semantic_ids."""
    from kmbench import semantic_ids

    result = semantic_ids(X, levels=levels, codebook=codes, threads=threads)
    return result.ids, result.levels[-1].error


def by_faiss(X, levels, codes, threads):
    """Return IDs and reconstruction error of the loop that people write: Kmeans, search, subtract."""
    import faiss

    faiss.omp_set_num_threads(threads)
    residual = X.copy()
    faiss.normalize_L2(residual)
    ids = np.empty((len(X), levels), dtype=np.int32)
    for level in range(levels):
        kmeans = faiss.Kmeans(X.shape[1], codes)
        kmeans.train(residual)
        _, found = kmeans.index.search(residual, 1)
        ids[:, level] = found[:, 0]
        residual -= kmeans.centroids[ids[:, level]]
    return ids, float(np.einsum("ij,ij->i", residual, residual).mean(dtype=np.float64))


WAYS = {"kmbench semantic-ids": by_kmbench, "loop over faiss.Kmeans": by_faiss}


def measured(arguments):
    """Run one way, and print its figures as JSON."""
    X = np.load(arguments.data)
    way = WAYS[arguments.way]
    way(X[:20_000], 1, 16, arguments.threads)  # imports and thread pools
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    ids, error = way(X, arguments.levels, arguments.codebook, arguments.threads)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    distinct = len(np.unique(ids.astype(np.int64) @ (arguments.codebook ** np.arange(arguments.levels))))
    print(json.dumps({"wall": wall, "cpu": cpu, "peak": after.ru_maxrss / 2**20, "error": error, "ids": distinct}))


def parser():
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("--rows", type=int, default=1_000_000)
    reader.add_argument("--columns", type=int, default=128)
    reader.add_argument("--levels", type=int, default=3)
    reader.add_argument("--codebook", type=int, default=256)
    reader.add_argument("--threads", type=int, default=default_threads())
    reader.add_argument("--repeats", type=int, default=3)
    reader.add_argument("--way", help=argparse.SUPPRESS)
    reader.add_argument("--data", help=argparse.SUPPRESS)
    return reader


def main():
    arguments = parser().parse_args()
    if arguments.way:
        measured(arguments)
        return
    n, d = arguments.rows, arguments.columns
    threads = f"{arguments.threads} thread{'s' if arguments.threads > 1 else ''}"
    print(f"{n:,} x {d}, {arguments.levels} levels of {arguments.codebook}, {threads}; median of {arguments.repeats}")
    print("peak: of the whole process, with the items and the imports\n")
    with tempfile.TemporaryDirectory() as folder:
        data = materialise(f"embeddings:n={n},d={d},rank=24,seed=0", folder).path
        found = {way: [] for way in WAYS}
        for _ in range(arguments.repeats):
            for way in WAYS:  # in turns, so that a slow minute hits both
                options = [f"--{name}={getattr(arguments, name)}" for name in ("levels", "codebook", "threads")]
                command = [sys.executable, Path(__file__), f"--way={way}", f"--data={data}", *options]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                found[way].append(json.loads(done.stdout.splitlines()[-1]))
    print(f"{'':24} {'wall':>8} {'CPU':>8} {'peak':>9} {'error':>9} {'different IDs':>14}")
    medians = {way: {name: float(np.median([run[name] for run in runs])) for name in runs[0]} for way, runs in
               found.items()}  # fmt: skip
    for way, figures in medians.items():
        print(
            f"{way:24} {figures['wall']:6.1f} s {figures['cpu']:6.1f} s {figures['peak']:5.2f} GiB "
            f"{figures['error']:9.5f} {figures['ids']:14,.0f}"
        )
    ours, theirs = medians.values()
    share = {name: ours[name] / theirs[name] for name in ours}
    print(
        f"\nkmbench takes {share['wall']:.2f} of the loop's time and {share['peak']:.2f} of its memory; its error is "
        f"{100 * (share['error'] - 1):+.2f} %"
    )


if __name__ == "__main__":
    main()
