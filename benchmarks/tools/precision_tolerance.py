"""How far lower precision moves the final inertia, and how far labels are then from those of the nearest centroids.

    python benchmarks/tools/precision_tolerance.py

Runs the backend ``torch`` on the CPU, where the factors of its products are rounded as a GPU's tensor cores round
them and multiplied in float32, against the float64 reference: the same start, the same iterations. Prints Markdown.
The gate's tolerances per precision (`kmbench/runner/correctness.py`) rest on this table.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from kmbench.backends.base import Job
from kmbench.backends.numpy_lloyd.reference import reference_lloyd
from kmbench.backends.torch_kmeans import TorchKmeans, TorchParams
from kmbench.datasets import initial_centroids, materialise
from kmbench.metrics import evaluate, inertia_of_labels
from kmbench.runner.correctness import tolerance_of

CASES = [
    ("embeddings:n=50000,d=128,rank=24,seed=0", 256),
    ("embeddings:n=20000,d=768,rank=48,seed=0", 512),
    ("digits", 10),
    ("blobs:n=100000,d=16,centers=64,seed=0", 64),
    ("blobs:n=100000,d=2,centers=64,seed=0", 64),
    ("photo:name=flower", 16),
    ("photo:name=china", 16),
    ("photo:name=china", 64),
]
SEEDS = range(3)
ITERATIONS = 10
PRECISIONS = ("float32", "tf32", "float16")


def parser():
    """Return the reader of the command line."""
    return argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)


def main():
    parser().parse_args()
    print("The largest of three starts: inertia beside the reference's, and its excess with the labels given.\n")
    columns = " | ".join(f"{p}: inertia | labels" for p in PRECISIONS)
    print(f"| data | k | spread / clusters | {columns} | tolerance of tf32 |")
    print("|---|---|---|" + "---|" * (2 * len(PRECISIONS) + 1))
    with tempfile.TemporaryDirectory() as folder:
        for spec, k in CASES:
            info = materialise(spec, Path(folder))
            X = np.load(info.path)
            worst = dict.fromkeys(PRECISIONS, (0.0, 0.0))
            least, tolerance = np.inf, 0.0
            for seed in SEEDS:
                init = initial_centroids(X, k, seed)
                reference = reference_lloyd(X, init, ITERATIONS, 2).inertia
                least = min(least, info.spread * info.n / reference)
                tolerance = max(tolerance, tolerance_of("tf32", info, reference))
                for precision in PRECISIONS:
                    found = errors(X, init, precision, reference)
                    worst[precision] = tuple(map(max, worst[precision], found))
            cells = " | ".join(f"{moved:.1e} | {loose:.1e}" for moved, loose in worst.values())
            print(f"| `{spec}` | {k} | {least:.1f} | {cells} | {tolerance:.1e} |", flush=True)


def errors(X, init, precision, expected):
    """Return the relative distance from the reference's inertia, and the excess with the labels it gives."""
    backend = TorchKmeans(TorchParams(precision=precision))
    work = Job(k=len(init), protocol="matched", iterations=ITERATIONS, seed=0, threads=2, init=init)
    backend.prepare(X, work)
    backend.fit()
    result = backend.result()
    own = evaluate(X, result.centroids).inertia
    return abs(own / expected - 1), inertia_of_labels(X, result.centroids, result.labels) / own - 1


if __name__ == "__main__":
    main()
