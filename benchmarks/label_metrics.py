"""Agreement of two labelings of ten million rows, for asv.

All of them together are meant to take about a second, the exact matching of the 65536 clusters included.
"""


class LabelMetrics:
    """Figures of two labelings that agree on 70 % of the rows, up to the names of the clusters."""

    params = ([10_000_000], [65_536])
    param_names = ("rows", "clusters")
    number = 1
    repeat = 3
    rounds = 1
    warmup_time = 0
    timeout = 300

    def setup(self, rows, clusters):
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
