"""One run: the recall curves of three nlists by the one pass, and by the ways that search for every setting.

    python benchmarks/tools/compare_ivf_tuner.py

200,000 x 96 with 1,000 queries; CPU seconds of this process. What nobody has the hours for is measured on a stated
sample of nprobes and summed by interpolation between them: the output says where.
"""

import argparse
import time

import faiss
import numpy as np

from kmbench.datasets import read_spec
from kmbench.tuning.index.kinds import build_ivf, flat_quantizer, parse_kinds
from kmbench.tuning.index.training import assign_rows
from kmbench.tuning.problem.space import Space
from kmbench.tuning.problem.truth import exact_neighbours
from kmbench.tuning.recall.curve import one_pass

K = 10
SAMPLED_NPROBES = 10
REPEATS = 5


def cpu_seconds(work):
    """Return the CPU time of one call, and what it returned."""
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


def curve_by_searches(ivf, queries, nlist):
    """Return CPU seconds at a sample of nprobes, and of all nprobes by linear interpolation between them."""
    probes = np.unique(np.geomspace(1, nlist, SAMPLED_NPROBES).round().astype(int))
    taken, found = [], {}
    for nprobe in probes:
        ivf.nprobe = int(nprobe)
        seconds, (_, ids) = cpu_seconds(lambda: ivf.search(queries, K))
        taken.append(seconds)
        found[int(nprobe)] = ids
    every = np.interp(np.arange(1, nlist + 1), probes, taken)
    powers = np.interp(2 ** np.arange(int(np.log2(nlist)) + 1), probes, taken)
    return float(every.sum()), float(powers.sum()), found


def explore(ivf, queries, ids):
    """Return CPU seconds of ParameterSpace.explore, which tries powers of two of nprobe below nlist."""
    criterion = faiss.IntersectionCriterion(len(queries), K)
    criterion.set_groundtruth(np.zeros(ids.shape, dtype=np.float32), ids)
    criterion.nnn = K
    space = faiss.ParameterSpace()
    space.verbose = 0
    space.initialize(ivf)
    return cpu_seconds(lambda: space.explore(ivf, queries, criterion))[0]


def parser():
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("--rows", type=int, default=200_000)
    reader.add_argument("--nlist", default="256,512,1024")
    return reader


def main():
    arguments = parser().parse_args()
    n, nlists = arguments.rows, [int(part) for part in arguments.nlist.split(",")]
    source = read_spec(f"embeddings:n={n + 1000},d=96,rank=24,seed=0")
    vectors = np.concatenate(list(source.blocks(2**14)))
    base, queries, space = vectors[:n], np.ascontiguousarray(vectors[n:]), Space(metric="l2")
    truth_cpu, truth = cpu_seconds(lambda: exact_neighbours(base, queries, K, space))
    first = np.ascontiguousarray(truth.ids[:, :K])
    flat = parse_kinds("flat", base.shape[1], n)[0]
    total = dict.fromkeys(("one", "train", "add", "nested", "nested2", "searches", "searches2", "explore"), 0.0)
    print(
        f"{n:,} x {base.shape[1]}, {len(queries):,} queries, recall@{K}, faiss {faiss.__version__}, "
        f"{faiss.omp_get_max_threads()} threads; CPU seconds"
    )
    print(f"true neighbours, needed by all: {truth_cpu:.2f}\n")
    print("nlist   train    add  one pass  search, every nprobe  search, powers of 2  explore")
    for nlist in nlists:
        kmeans = faiss.Kmeans(base.shape[1], nlist, niter=10)
        train, _ = cpu_seconds(lambda kmeans=kmeans: kmeans.train(base))
        quantizer = flat_quantizer(kmeans.centroids, space)
        lists = assign_rows(quantizer, base)
        add, _ = cpu_seconds(lambda q=quantizer: build_ivf(flat, q, base, assign_rows(q, base), space))
        ivf = build_ivf(flat, quantizer, base, lists, space)
        one_pass(quantizer, queries, truth.ids, lists, K)
        runs = [
            cpu_seconds(lambda q=quantizer, m=lists: one_pass(q, queries, truth.ids, m, K)) for _ in range(REPEATS)
        ]
        one, curve = sorted(run[0] for run in runs)[REPEATS // 2], runs[0][1]
        every, powers, found = curve_by_searches(ivf, queries, nlist)
        for nprobe, ids in found.items():
            known = np.isin(
                ids + n * np.arange(len(ids))[:, None], (truth.ids + n * np.arange(len(ids))[:, None])[truth.ids >= 0]
            )
            assert abs(known.mean() - curve.recall[nprobe - 1]) < 1e-9, "the one pass disagrees with a search"
        explored = explore(ivf, queries, first)
        settings, power_settings = nlist, int(np.log2(nlist)) + 1
        print(f"{nlist:5d}  {train:6.2f} {add:6.2f}  {one:8.3f}  {every:20.1f}  {powers:19.2f}  {explored:7.2f}")
        total["one"] += one
        total["train"] += train
        total["add"] += add
        total["nested"] += settings * (train + add) + every
        total["nested2"] += power_settings * (train + add) + powers
        total["searches"] += every
        total["searches2"] += powers
        total["explore"] += explored
    one = total["one"]
    print(
        f"\nSearches were run at {SAMPLED_NPROBES} nprobes of each nlist and agreed with the one pass; the sums over"
    )
    print(
        "every nprobe and over powers of two are interpolated between them. The nested loop trains, adds and searches"
    )
    print("for each pair: its sum is made of the measured parts.\n")
    print("recall curves of all three nlists              CPU seconds   one pass is cheaper by")
    for name, seconds in (
        ("one pass, every nprobe", one),
        ("ParameterSpace.explore, powers of 2", total["explore"]),
        ("trained once, a search each, powers of 2", total["searches2"]),
        ("trained once, a search each, every nprobe", total["searches"]),
        ("nested loop, powers of 2", total["nested2"]),
        ("nested loop, every nprobe", total["nested"]),
    ):
        print(f"{name:<44} {seconds:13,.2f}   {seconds / one:10,.0f}x")
    spent = one + total["train"] + total["add"]
    print(
        f"\nwith training and assignment once per nlist ({total['train'] + total['add']:.1f} s): "
        f"{spent:.1f} s, the nested loop over every pair takes {total['nested'] / spent:,.0f}x as long"
    )


if __name__ == "__main__":
    main()
