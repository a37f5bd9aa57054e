"""How far lower precision moves the final inertia, and how far labels are then from those of the nearest centroids.

    python benchmarks/tools/precision_tolerance.py

Runs the backend ``torch`` on the CPU, where the factors of its products are rounded as a GPU's tensor cores round
them and multiplied in float32, against the float64 reference: the same start, the same iterations. Prints Markdown.
The gate's tolerances per precision (`kmbench/runner/gates.py`) rest on this table.
"""

import tempfile
from pathlib import Path

import numpy as np

from kmbench.backends.base import Job
from kmbench.backends.numpy_lloyd.reference import reference_lloyd
from kmbench.backends.torch_kmeans import TorchKmeans, TorchParams
from kmbench.datasets import initial_centroids, materialise
from kmbench.metrics import evaluate, inertia_of_labels

CASES = [
    ("embeddings:n=50000,d=128,rank=24,seed=0", 256),
    ("embeddings:n=20000,d=768,rank=48,seed=0", 512),
    ("blobs:n=100000,d=16,centers=64,seed=0", 64),
    ("photo:name=china", 64),
    ("digits", 10),
]
SEEDS = range(3)
ITERATIONS = 10
PRECISIONS = ("float32", "tf32", "float16")


def main():
    print("| data | k | " + " | ".join(f"{p}: inertia | {p}: labels" for p in PRECISIONS) + " |")
    print("|---|---|" + "---|" * 2 * len(PRECISIONS))
    with tempfile.TemporaryDirectory() as folder:
        for spec, k in CASES:
            X = np.load(materialise(spec, Path(folder)).path)
            worst = {p: [0.0, 0.0] for p in PRECISIONS}
            for seed in SEEDS:
                init = initial_centroids(X, k, seed)
                reference = reference_lloyd(X, init, ITERATIONS, 2)
                for precision in PRECISIONS:
                    moved, loose = errors(X, init, precision, reference.inertia)
                    worst[precision] = [max(worst[precision][0], moved), max(worst[precision][1], loose)]
            cells = " | ".join(f"{moved:.1e} | {loose:.1e}" for moved, loose in worst.values())
            print(f"| {spec} | {k} | {cells} |", flush=True)


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
