"""Kinds of IVF index and rules of probing that `kmbench tune` does not offer, beside those that it does.

    python benchmarks/tools/codes_that_lose.py                  200,000 x 128
    python benchmarks/tools/codes_that_lose.py --columns 768 --rows 100000

Every index has the same lists (1,024, trained once) and is searched by FAISS itself. For each kind the first k_factor
of a ladder that reaches the recall at all, and the least nprobe with it, are looked for; the times are medians of
turns in which every kind is searched once. The rules are judged by the vectors that they compare: each rule's one
number is chosen on half of the queries, and its recall and work are those of the other half. One thread.
"""

import argparse
import statistics
import time

import faiss
import numpy as np
from tuner_plans import embeddings, with_hubs

NLIST, QUERIES, AT, TARGET, TURNS, SINGLE = 1024, 1_000, 10, 0.95, 7, 200
K_FACTORS = (1, 2, 4, 8, 16, 32, 64)
LOOKED_AT = 300  # queries by which the setting is found; recall and times are those of all
TRAINED = 30_000  # rows for codes and rotations; OPQ takes minutes with more


def kinds(d):
    """Yield a name, the factory's word before and after the lists, and whether `tune` offers it."""
    padded = "" if d % 16 == 0 else f"Pad{d + 15 & ~15},"
    yield "flat", "", "Flat", True
    yield "sq8", padded, "SQ8", True
    yield "fp16", padded, "SQfp16", True
    yield f"pq{d // 2}x4fs+refine", "", f"PQ{d // 2}x4fs,RFlat", True
    if d <= 256:  # its training takes minutes for more columns
        yield f"OPQ, pq{d // 2}x4fs+refine", f"OPQ{d // 2},", f"PQ{d // 2}x4fs,RFlat", False
    yield f"ITQ, pq{d // 2}x4fs+refine", f"ITQ{d},", f"PQ{d // 2}x4fs,RFlat", False
    yield f"PCA {d // 2}, flat, refine", f"PCA{d // 2},", "Flat,RFlat", False
    yield "RaBitQ+refine", "", "RaBitQ,RFlat", False
    yield "RaBitQ, 4 bits+refine", "", "RaBitQ4,RFlat", False
    yield "RaBitQ fast scan+refine", "", "RaBitQfs,RFlat", False
    yield "RaBitQ fast scan, 4 bits+refine", "", "RaBitQfs4,RFlat", False
    yield "Panorama, 8 levels", "", "FlatPanorama8", False
    yield "flat, HNSW over the centroids", "", "HNSW", False


def lists_of(index):
    """Return the IVF index inside, and the one that re-ranks, or None."""
    outer, inside = None, faiss.downcast_index(index)
    while not isinstance(inside, faiss.IndexIVF):
        if isinstance(inside, faiss.IndexRefine):
            outer, inside = inside, faiss.downcast_index(inside.base_index)
        else:
            inside = faiss.downcast_index(inside.index)
    return inside, outer


def build(before, after, centroids, base):
    """Return an index of a kind on given lists, filled."""
    d = base.shape[1]
    if after == "HNSW":
        coarse = faiss.IndexHNSWFlat(d, 32)
        index = faiss.IndexIVFFlat(coarse, d, NLIST)
        index.quantizer_trains_alone = 2
        coarse.add(centroids)
    else:
        index = faiss.index_factory(d, f"{before}IVF{NLIST},{after}")
        if not before:  # the transforms see other vectors, so they train lists of their own
            inside, _ = lists_of(index)
            faiss.downcast_index(inside.quantizer).add(centroids)
    if before.startswith("OPQ"):
        inside = faiss.downcast_index(index)
        inside = faiss.downcast_index(inside.base_index) if isinstance(inside, faiss.IndexRefine) else inside
        rotation = faiss.downcast_VectorTransform(inside.chain.at(0))
        rotation.niter, rotation.max_train_points = 5, 5_000  # of 50 and 65,536: minutes
    index.train(base[:: max(1, len(base) // TRAINED)])
    index.add(base)
    return index


class Kind:
    """An index with the setting that reaches the recall."""

    def __init__(self, name, index, queries, truth):
        self.name, self.index, self.queries, self.truth = name, index, queries, truth
        self.ivf, self.outer = lists_of(index)
        self.k_factor = self.nprobe = self.recall = None
        self.batch, self.single = [], []
        self._set_up()

    def _set(self, nprobe, k_factor):
        self.ivf.nprobe = nprobe
        if self.outer is not None:
            self.outer.k_factor = k_factor
        coarse = faiss.downcast_index(self.ivf.quantizer)
        if isinstance(coarse, faiss.IndexHNSW):
            coarse.hnsw.efSearch = 2 * nprobe

    def _found(self, nprobe, k_factor):
        self._set(nprobe, k_factor)
        return recall(self.index.search(self.queries[:LOOKED_AT], AT)[1], self.truth[:LOOKED_AT])

    def _set_up(self):
        for k_factor in K_FACTORS if self.outer is not None else (1,):
            if self._found(NLIST // 4, k_factor) < TARGET:
                continue
            low, high = 1, NLIST // 4
            while low < high:
                middle = (low + high) // 2
                if self._found(middle, k_factor) >= TARGET:
                    high = middle
                else:
                    low = middle + 1
            if self.k_factor is not None and high >= self.nprobe:
                break  # more candidates save no probes
            self.k_factor, self.nprobe = k_factor, high
        if self.k_factor is not None:
            self._set(self.nprobe, self.k_factor)
            self.recall = recall(self.index.search(self.queries, AT)[1], self.truth)

    def turn(self):
        """Search all queries in a batch, and some one by one."""
        if self.k_factor is None:
            return
        began = time.perf_counter()
        self.index.search(self.queries, AT)
        self.batch.append((time.perf_counter() - began) / len(self.queries))
        began = time.perf_counter()
        for query in self.queries[:SINGLE]:
            self.index.search(query[np.newaxis], AT)
        self.single.append((time.perf_counter() - began) / SINGLE)

    def bytes_per_vector(self):
        """Return the size of the file per vector."""
        return len(faiss.serialize_index(self.index)) / self.index.ntotal


def recall(found, truth):
    """Return the share of the true neighbours that were found."""
    return np.mean([len(np.intersect1d(a, b)) for a, b in zip(found, truth, strict=True)]) / truth.shape[1]


def print_kinds(base, queries, truth, centroids):
    """Print what each kind takes."""
    every = []
    for name, before, after, offered in kinds(base.shape[1]):
        began = time.perf_counter()
        try:
            index = build(before, after, centroids, base)
        except RuntimeError as error:  # FAISS says so of what it cannot make
            print(f"{name}: FAISS refuses it: {str(error).splitlines()[-1][:100]}")
            continue
        every.append((Kind(name, index, queries, truth), offered, time.perf_counter() - began))
    for _ in range(TURNS):
        for kind, _, _ in every:
            kind.turn()
    print(f"{'kind':<34} {'in tune':>7} {'k_factor':>8} {'nprobe':>6} {'recall':>7} {'batch, us':>9} {'one, us':>8} "
          f"{'bytes':>6} {'built in':>9}")  # fmt: skip
    for kind, offered, seconds in every:
        said = f"{kind.name:<34} {'yes' if offered else 'no':>7}"
        if kind.k_factor is None:
            print(f"{said} never reaches {TARGET} with nprobe <= {NLIST // 4}")
            continue
        factor = kind.k_factor if kind.outer is not None else ""
        times = [1e6 * statistics.median(found) for found in (kind.batch, kind.single)]
        print(f"{said} {factor:>8} {kind.nprobe:6d} {kind.recall:7.4f} {times[0]:9.1f} {times[1]:8.1f} "
              f"{kind.bytes_per_vector():6.0f} {seconds:7.1f} s")  # fmt: skip


def rules(distances, sizes):
    """Yield a name, a function from a number to how many lists each query may visit, and the numbers to try.

    Distances are squared, ascending; sizes those of the lists in that order.
    """
    d = np.sqrt(np.maximum(distances, 0))
    ends = np.cumsum(sizes, axis=1)
    nearness = d[:, 30] / np.maximum(d[:, 0], 1e-12)
    nearness /= np.median(nearness)
    least, typical = d[:, :1], d[:, 0].mean()
    widths, budgets = np.geomspace(0.01, 3, 300), np.geomspace(200, ends[0, -1] / 2, 300)
    yield "fixed nprobe", lambda p: np.full(len(d), p), range(1, 400)
    yield "lists within (1 + e) of the nearest", lambda e: (d <= (1 + e) * least).sum(axis=1), widths
    yield "lists within t of the nearest", lambda t: (d <= least + t * typical).sum(axis=1), widths
    yield "budget of vectors", lambda m: (ends < m).sum(axis=1) + 1, budgets
    yield "damped budget", lambda m: (ends < m * nearness[:, np.newaxis] ** -4).sum(axis=1) + 1, budgets


def print_rules(base, queries, truth, centroids):
    """Print what each rule compares."""
    coarse = faiss.IndexFlatL2(base.shape[1])
    coarse.add(centroids)
    of_rows = coarse.search(base, 1)[1][:, 0]
    distances, order = coarse.search(queries, NLIST)
    sizes = np.bincount(of_rows, minlength=NLIST)[order]
    ranks = np.argsort(order, axis=1)
    ranks = np.take_along_axis(ranks, of_rows[truth], axis=1)
    ends = np.cumsum(sizes, axis=1)
    half = len(queries) // 2
    print(f"\n{'rule':<38} {'recall':>7} {'vectors':>9} {'p99':>9} {'to fixed':>9}")
    fixed = None
    for name, lists, numbers in rules(distances, sizes):
        for number in numbers:
            visited = np.clip(lists(number), 1, NLIST)
            found = (ranks < visited[:, np.newaxis]).mean(axis=1)
            if found[:half].mean() >= TARGET:
                break
        else:
            print(f"{name:<38} never reaches {TARGET}")
            continue
        work = np.take_along_axis(ends, visited[:, np.newaxis] - 1, axis=1)[half:, 0]
        fixed = fixed or work.mean()
        print(f"{name:<38} {found[half:].mean():7.4f} {work.mean():9,.0f} {np.percentile(work, 99):9,.0f} "
              f"{work.mean() / fixed - 1:+8.0%}")  # fmt: skip


def parser():
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--rows", type=int, default=200_000)
    reader.add_argument("--columns", type=int, default=128)
    reader.add_argument("--hubs", action="store_true", help="clusters of very different sizes, as those of words")
    return reader


def main():
    given = parser().parse_args()
    faiss.omp_set_num_threads(1)
    vectors = (with_hubs if given.hubs else embeddings)(given.rows + QUERIES, given.columns)
    base, queries = vectors[:-QUERIES], vectors[-QUERIES:]
    flat = faiss.IndexFlatL2(given.columns)
    flat.add(base)
    truth = flat.search(queries, AT)[1]
    kmeans = faiss.Kmeans(given.columns, NLIST, niter=10, seed=0)
    kmeans.train(base)
    what = "with hubs" if given.hubs else "embeddings"
    print(f"{given.rows:,} x {given.columns} {what}, nlist={NLIST}, recall@{AT} {TARGET}, faiss {faiss.__version__}")
    print_kinds(base, queries, truth, kmeans.centroids)
    print_rules(base, queries, truth, kmeans.centroids)


if __name__ == "__main__":
    main()
