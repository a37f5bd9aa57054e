"""Agreement of two labelings, for asv: a million rows for the history, ten million where KMBENCH_ASV_LARGE is set.

All of them together are meant to take about a second, the exact matching of the 65536 clusters included.
"""

import os

SIZES = {"1e6 rows, 4096 clusters": (1_000_000, 4_096), "1e7 rows, 65536 clusters": (10_000_000, 65_536)}


class LabelMetrics:
    """Figures of two labelings that agree on 70 % of the rows, up to the names of the clusters."""

    params = (list(SIZES),)
    param_names = ("size",)
    number = 1
    repeat = 3
    rounds = 1
    warmup_time = 0
    timeout = 300
    version = "1"

    def setup(self, size):
        rows, clusters = SIZES[size]
        if rows > 1_000_000 and not os.environ.get("KMBENCH_ASV_LARGE"):
            raise NotImplementedError("takes minutes: set KMBENCH_ASV_LARGE=1")
        import numpy as np

        from kmbench import metrics

        rng = np.random.default_rng(20140904)
        self.a = rng.integers(clusters, size=rows, dtype=np.int32)
        self.b = rng.permutation(clusters).astype(np.int32)[self.a]
        strays = np.flatnonzero(rng.random(rows) < 0.3)
        self.b[strays] = rng.integers(clusters, size=strays.size, dtype=np.int32)
        self.metrics, self.clusters = metrics, clusters
        self.table = metrics.contingency(self.a, self.b, clusters, clusters)

    def time_contingency(self, size):
        self.metrics.contingency(self.a, self.b, self.clusters, self.clusters)

    def time_adjusted_rand(self, size):
        self.metrics.adjusted_rand(self.table)

    def time_pair_f1(self, size):
        self.metrics.pair_f1(self.table)

    def time_variation_of_information(self, size):
        self.metrics.variation_of_information(self.table)

    def time_matched_agreement(self, size):
        self.metrics.matched_agreement(self.table)
