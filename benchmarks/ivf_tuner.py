"""The recall curves of IVF indexes: one pass of the tuner, and the ways that search for each setting, for asv.

`benchmarks/tools/compare_ivf_tuner.py` prints all ways side by side.
"""

from . import cases

ROWS, QUERIES, COLUMNS, NEIGHBOURS = 20_000 if cases.DRY else 200_000, 1_000, 96, 10


class IvfCurves:
    """Curves of three nlists, in CPU seconds; neighbours and centroids are found before.

    `track_one_pass` gives recall and scanned vectors for every nprobe, `track_explore` what
    ``faiss.ParameterSpace.explore`` finds at powers of two of nprobe, `track_searches` the recall at the same powers
    of two, one search each. The last two take seconds, and are timed once.
    """

    params = ([256, 512, 1024],)
    param_names = ("nlist",)
    timeout = 600
    version = "1"

    def setup_cache(self):
        import numpy as np

        from kmbench.datasets import read_spec
        from kmbench.tuning.index.kinds import flat_quantizer
        from kmbench.tuning.index.training import assign_rows
        from kmbench.tuning.problem.space import Space
        from kmbench.tuning.problem.truth import exact_neighbours

        rows = read_spec(f"embeddings:n={ROWS + QUERIES},d={COLUMNS},rank=24,seed=0")
        vectors = np.concatenate(list(rows.blocks(2**14)))
        base, queries, space = vectors[:ROWS], np.ascontiguousarray(vectors[ROWS:]), Space(metric="l2")
        np.save("base.npy", base)
        np.save("queries.npy", queries)
        np.save("truth.npy", exact_neighbours(base, queries, NEIGHBOURS, space).ids)
        import faiss

        for nlist in self.params[0]:
            kmeans = faiss.Kmeans(COLUMNS, nlist, niter=5, max_points_per_centroid=64, min_points_per_centroid=1)
            kmeans.train(base)
            np.save(f"centroids-{nlist}.npy", kmeans.centroids)
            np.save(f"lists-{nlist}.npy", assign_rows(flat_quantizer(kmeans.centroids, space), base))

    def setup(self, nlist):
        import numpy as np

        from kmbench.tuning.index.kinds import build_ivf, flat_quantizer, parse_kinds
        from kmbench.tuning.problem.space import Space

        base, self.queries, self.truth = (np.load(f"{name}.npy") for name in ("base", "queries", "truth"))
        self.lists = np.load(f"lists-{nlist}.npy")
        space = Space(metric="l2")
        self.quantizer = flat_quantizer(np.load(f"centroids-{nlist}.npy"), space)
        flat = parse_kinds("flat", COLUMNS, len(base))[0]
        self.ivf = build_ivf(flat, self.quantizer, base, self.lists, space)

    def track_one_pass(self, nlist):
        from kmbench.tuning.recall.curve import one_pass

        def work():
            return one_pass(self.quantizer, self.queries, self.truth, self.lists, NEIGHBOURS)

        work()
        return sorted(_cpu_seconds(work) for _ in range(5))[2]

    def track_searches(self, nlist):
        def search():
            nprobe = 1
            while nprobe <= nlist:
                self.ivf.nprobe = nprobe
                self.ivf.search(self.queries, NEIGHBOURS)
                nprobe *= 2

        return _cpu_seconds(search)

    def track_explore(self, nlist):
        import faiss
        import numpy as np

        criterion = faiss.IntersectionCriterion(len(self.queries), NEIGHBOURS)
        ids = np.ascontiguousarray(self.truth[:, :NEIGHBOURS])
        criterion.set_groundtruth(None, ids)  # recall needs no distances, and FAISS 1.12 fails on them
        criterion.nnn = NEIGHBOURS
        space = faiss.ParameterSpace()
        space.verbose = 0
        space.initialize(self.ivf)
        return _cpu_seconds(lambda: space.explore(self.ivf, self.queries, criterion))

    track_one_pass.unit = track_searches.unit = track_explore.unit = "CPU seconds"


def _cpu_seconds(work):
    import time

    began = time.process_time()
    work()
    return time.process_time() - began
