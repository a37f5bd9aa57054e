"""Training and labels of every backend, from the runner's records; all metrics are better where they are lower."""

from . import cases
from .measured import Cell

WARM = "2"
"""The version of the times since memory is warm before each fit; what was measured cold is of version 1."""


class _Metrics:
    """Metrics of one cell; a class of benchmarks says in `setup` which one that is."""

    timeout = 1800
    version = "1"  # asv's own would be a hash of this text, and a changed comment would orphan the history
    _cell: Cell

    def _read(self, metric):
        self._cell.take(metric)
        return self._cell

    def track_agreement_loss(self, *_):
        return 1 - self._read("agreement").figure("matched_agreement")

    track_agreement_loss.unit = "1 - agreement"

    def track_assign_seconds(self, *_):
        return self._read("assign").seconds("assign_seconds")

    track_assign_seconds.unit = "seconds"
    track_assign_seconds.version = WARM

    def track_fit_cpu_seconds(self, *_):
        return self._read("cpu").seconds("fit_cpu_seconds")

    track_fit_cpu_seconds.unit = "seconds"
    track_fit_cpu_seconds.version = WARM

    def track_fit_predict_ratio(self, *_):
        return self._read("ratio").ratio("fit_predict_seconds")

    track_fit_predict_ratio.unit = "x the baseline's"
    track_fit_predict_ratio.version = WARM

    def track_fit_predict_seconds(self, *_):
        return self._read("labels").seconds("fit_predict_seconds")

    track_fit_predict_seconds.unit = "seconds"
    track_fit_predict_seconds.version = WARM

    def track_fit_seconds(self, *_):
        return self._read("fit").seconds("fit_seconds")

    track_fit_seconds.unit = "seconds"
    track_fit_seconds.version = WARM

    def track_inertia(self, *_):
        return self._read("inertia").figure("inertia")

    track_inertia.unit = "inertia"

    def track_iterations(self, *_):
        return self._read("iterations").figure("n_iter")

    track_iterations.unit = "iterations"

    def track_peak_extra_bytes(self, *_):
        return self._read("memory").figure("peak_extra_bytes")

    track_peak_extra_bytes.unit = "bytes"


class Fit(_Metrics):
    """Exact backends, from one start, with the same iterations."""

    params = (list(cases.BACKENDS), list(cases.DATASETS), list(cases.CLUSTERS))
    param_names = ("backend", "dataset", "k")

    def setup_cache(self):
        """Give all metrics of this class one folder; asv knows it by the place of this very function."""

    def setup(self, backend, dataset, k):
        self._cell = Cell(cases.fit_case(dataset, k), backend, {})


class FitIVF(_Metrics):
    """Assignments through an inverted file over the centroids."""

    params = (list(cases.IVF_LISTS), list(cases.IVF_PROBES))
    param_names = ("nlist", "nprobe")

    def setup_cache(self):
        """Give all metrics of this class one folder; asv knows it by the place of this very function."""

    def setup(self, nlist, nprobe):
        self._cell = Cell(cases.ivf_case(), "faiss-ivf", {"nlist": nlist, "nprobe": nprobe})
