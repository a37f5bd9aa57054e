"""kmbench: the benchmark to trust when you choose a k-means engine."""
