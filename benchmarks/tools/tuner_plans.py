"""The tuner's two plans on generated vectors: every nlist trained in full, against the comparison by cheap lists.

    python benchmarks/tools/tuner_plans.py

prints for each data set and plan the CPU seconds of each stage (this process and those it starts), the wall time, the
setting that is chosen, its measured time and the recall that a direct search of the index finds. With ``--kinds`` the
kinds of ``--index auto`` are measured side by side instead.
"""

import argparse
import os
import resource
import tempfile
import time

import numpy as np

from kmbench import tune
from kmbench.datasets import read_spec

QUERIES = 1_000
STAGES = {
    "exact neighbours": "true neighbours",
    "lists to be timed": "cost model",
    "comparing": "comparison",
    "training": "training",
    "even lists": "even lists",
    "recall of": "recall curves",
    "latency": "timing",
    "check of": "verification",
}


def with_hubs(n, d=100, seed=0, clusters=3_000, rank=24):
    """Return vectors whose clusters differ much in size and in width, as those of words do."""
    random = np.random.default_rng(seed)
    weights = random.pareto(1.2, clusters) + 0.05
    centres = 1.2 * random.normal(size=(clusters, rank)).astype(np.float32)
    latent = centres[random.choice(clusters, n, p=weights / weights.sum())]
    latent += random.normal(size=latent.shape).astype(np.float32) * random.gamma(3, 0.25, (n, 1)).astype(np.float32)
    inside = np.tanh(latent @ random.normal(size=(rank, 64)).astype(np.float32) / np.sqrt(rank))
    vectors = inside @ random.normal(size=(64, d)).astype(np.float32) / 8
    vectors += 0.12 * random.normal(size=vectors.shape).astype(np.float32)
    return (vectors * random.lognormal(0, 0.25, (n, 1))).astype(np.float32)


def embeddings(n, d=128):
    """Return vectors of kmbench's generator."""
    return np.concatenate(list(read_spec(f"embeddings:n={n},d={d},rank=24,seed=0").blocks(2**14)))


DATA = {"hubs": (with_hubs, 300_000), "embeddings": (embeddings, 200_000)}


class Stages:
    """CPU seconds between the steps that the tuner tells of."""

    def __init__(self):
        self.seconds, self.last, self.at = {}, "other", cpu_seconds()

    def __call__(self, what, share):
        name = next((stage for words, stage in STAGES.items() if what.startswith(words)), "other")
        if name != self.last:
            self.close()
            self.last = name

    def close(self):
        now = cpu_seconds()
        self.seconds[self.last] = self.seconds.get(self.last, 0.0) + now - self.at
        self.at = now


def cpu_seconds():
    """Return those of this process and of the ended ones that it started."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def run(vectors, threads, **how):
    """Tune, with nothing kept from an earlier run, and return the result, the stages and the wall time."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        stages, began = Stages(), time.perf_counter()
        n = len(vectors) - QUERIES
        result = tune(vectors[:n], vectors[n:], threads=threads, progress=stages, **how)
        stages.close()
        return result, stages.seconds, time.perf_counter() - began


def print_plans(name, vectors, threads):
    """Run both plans and print them side by side."""
    n, d = len(vectors) - QUERIES, vectors.shape[1]
    runs = [run(vectors, threads, thorough=True, balance="off"), run(vectors, threads)]
    print(f"\n{name}: {n:,} x {d}, {QUERIES:,} queries, recall@10, {threads} thread(s)")
    print(f"{'CPU seconds':<18} {'thorough':>10} {'default':>10}")
    for stage in [*STAGES.values(), "other"]:
        print(f"{stage:<18} " + " ".join(f"{seconds.get(stage, 0.0):10.2f}" for _, seconds, _ in runs))
    print(f"{'all':<18} " + " ".join(f"{sum(seconds.values()):10.2f}" for _, seconds, _ in runs))
    print(f"{'wall seconds':<18} " + " ".join(f"{wall:10.2f}" for _, _, wall in runs))
    rows = (
        ("nlist", lambda r: r.choice.option.nlist),
        ("nprobe", lambda r: r.choice.option.nprobe),
        ("promised recall", lambda r: f"{r.choice.option.recall:.4f}"),
        ("verified recall", lambda r: f"{r.verified_recall:.4f}"),
        ("scanned", lambda r: f"{r.choice.option.scanned:,.0f}"),
        ("its p99", lambda r: f"{r.choice.option.scanned_p99:,.0f}"),
        ("one query, us", lambda r: f"{1e6 * r.measured.single:.1f}"),
        ("in a batch, us", lambda r: f"{1e6 * r.measured.batch:.1f}"),
        ("even lists", lambda r: "yes" if any(one.balanced for one in r.lists) else "no"),
    )
    for title, value in rows:
        print(f"{title:<18} " + " ".join(f"{value(result):>10}" for result, _, _ in runs))


def print_kinds(name, vectors, threads):
    """Measure the kinds of ``--index auto``."""
    result, seconds, wall = run(vectors, threads, index="auto")
    n = len(vectors) - QUERIES
    print(f"\n{name}: {n:,} x {vectors.shape[1]}, --index auto, {threads} thread(s)")
    print(f"{sum(seconds.values()):.1f} CPU seconds, {wall:.1f} wall; recall of the chosen index: "
          f"{result.choice.option.recall:.4f} promised, {result.verified_recall:.4f} found")  # fmt: skip
    print(f"{'index':<26} {'nlist':>6} {'nprobe':>6} {'recall':>7} {'one, us':>8} {'batch, us':>9} {'bytes':>6}")
    for one in result.timed_kinds:
        option = one.option
        label = option.index + (f" x{option.k_factor}" if "+refine" in option.index else "")
        print(
            f"{label:<26} {option.nlist:6d} {option.nprobe:6d} {option.recall:7.4f} {1e6 * one.measured.single:8.1f} "
            f"{1e6 * one.measured.batch:9.1f} {option.memory_bytes / n:6.0f}"
        )


def parser():
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("--data", choices=DATA, action="append", help="default: both")
    reader.add_argument("--rows", type=int, help="default: 300,000 with hubs, 200,000 embeddings")
    reader.add_argument("--threads", type=int, default=1)
    reader.add_argument("--kinds", action="store_true", help="the kinds of --index auto instead of the plans")
    return reader


def main():
    arguments = parser().parse_args()
    for name in arguments.data or DATA:
        make, rows = DATA[name]
        (print_kinds if arguments.kinds else print_plans)(
            name, make((arguments.rows or rows) + QUERIES), arguments.threads
        )


if __name__ == "__main__":
    main()
