"""Agreement of two labelings, for asv: a million rows for the history, ten million where KMBENCH_ASV_LARGE is set.

Counting, adjusted Rand index, pair F1 and variation of information together are meant to take about a second.
The optimal matching of 65536 clusters is exact too, and takes several seconds by itself.
"""

import os


class LabelMetrics:
    """Figures of two labelings that agree on 70 % of the rows, up to the names of the clusters."""

    params = ([1_000_000, 10_000_000], [4_096, 65_536])
    param_names = ("rows", "clusters")
    number = 1
    repeat = 3
    rounds = 1
    warmup_time = 0
    timeout = 300
    version = "1"

    def setup(self, rows, clusters):
        if (rows, clusters) != (1_000_000, 4_096) and not os.environ.get("KMBENCH_ASV_LARGE"):
            raise NotImplementedError("set KMBENCH_ASV_LARGE=1 for the large ones, which take minutes")
        import numpy as np

        from kmbench import metrics

        rng = np.random.default_rng(20140904)
        self.a = rng.integers(clusters, size=rows, dtype=np.int32)
        self.b = rng.permutation(clusters).astype(np.int32)[self.a]
        strays = np.flatnonzero(rng.random(rows) < 0.3)
        self.b[strays] = rng.integers(clusters, size=strays.size, dtype=np.int32)
        self.metrics = metrics
        self.table = metrics.contingency(self.a, self.b, clusters, clusters)

    def time_contingency(self, rows, clusters):
        self.metrics.contingency(self.a, self.b, clusters, clusters)

    def time_adjusted_rand(self, rows, clusters):
        self.metrics.adjusted_rand(self.table)

    def time_pair_f1(self, rows, clusters):
        self.metrics.pair_f1(self.table)

    def time_variation_of_information(self, rows, clusters):
        self.metrics.variation_of_information(self.table)

    def time_matched_agreement(self, rows, clusters):
        self.metrics.matched_agreement(self.table)
