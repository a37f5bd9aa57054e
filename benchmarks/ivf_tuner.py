"""The recall curves of IVF indexes: one pass of the tuner, and the ways that search for each setting, for asv.

`benchmarks/tools/compare_ivf_tuner.py` prints all ways side by side.
"""


class IvfCurves:
    """Curves of three nlists on 200,000 x 96 with 1,000 queries, in CPU seconds; centroids are trained before.

    `track_one_pass` gives recall and scanned vectors for every nprobe, `track_explore` what
    ``faiss.ParameterSpace.explore`` finds at powers of two of nprobe, `track_searches` the recall at the same powers
    of two, one search each.
    """

    params = ([256, 512, 1024],)
    param_names = ("nlist",)
    number = 1
    repeat = 3
    rounds = 1
    warmup_time = 0
    timeout = 600
    unit = "CPU seconds"

    def setup_cache(self):
        import tempfile
        from pathlib import Path

        import numpy as np

        from kmbench.datasets import read_spec

        folder = tempfile.mkdtemp(prefix="kmbench-ivf-", dir=Path.cwd())
        rows = read_spec("embeddings:n=201000,d=96,rank=24,seed=0")
        vectors = np.concatenate(list(rows.blocks(2**14)))
        np.save(Path(folder) / "vectors.npy", vectors)
        return folder

    def setup(self, folder, nlist):
        from pathlib import Path

        import faiss
        import numpy as np

        from kmbench.tuning.codec import build_ivf, flat_quantizer, parse_kinds
        from kmbench.tuning.space import Space
        from kmbench.tuning.training import assign_rows
        from kmbench.tuning.truth import exact_neighbours

        vectors = np.load(Path(folder) / "vectors.npy")
        self.base, self.queries = vectors[:200_000], np.ascontiguousarray(vectors[200_000:])
        space = Space(metric="l2")
        kmeans = faiss.Kmeans(96, nlist, niter=5, max_points_per_centroid=64)
        kmeans.train(self.base)
        self.quantizer = flat_quantizer(kmeans.centroids, space)
        self.lists = assign_rows(self.quantizer, self.base)
        self.truth = exact_neighbours(self.base, self.queries, 10, space)
        flat = parse_kinds("flat", 96, len(self.base))[0]
        self.ivf = build_ivf(flat, self.quantizer, self.base, self.lists, space)
        self.faiss = faiss

    def _cpu_seconds(self, work):
        import time

        work()
        taken = []
        for _ in range(3):
            began = time.process_time()
            work()
            taken.append(time.process_time() - began)
        return sorted(taken)[1]

    def track_one_pass(self, folder, nlist):
        from kmbench.tuning.curve import one_pass

        return self._cpu_seconds(lambda: one_pass(self.quantizer, self.queries, self.truth.ids, self.lists, 10))

    def track_searches(self, folder, nlist):
        def search():
            nprobe = 1
            while nprobe <= nlist:
                self.ivf.nprobe = nprobe
                self.ivf.search(self.queries, 10)
                nprobe *= 2

        return self._cpu_seconds(search)

    def track_explore(self, folder, nlist):
        import numpy as np

        criterion = self.faiss.IntersectionCriterion(len(self.queries), 10)
        ids = np.ascontiguousarray(self.truth.ids[:, :10])
        criterion.set_groundtruth(np.zeros(ids.shape, dtype=np.float32), ids)
        criterion.nnn = 10

        def explore():
            space = self.faiss.ParameterSpace()
            space.verbose = 0
            space.initialize(self.ivf)
            space.explore(self.ivf, self.queries, criterion)

        return self._cpu_seconds(explore)

    track_one_pass.unit = track_searches.unit = track_explore.unit = "CPU seconds"
