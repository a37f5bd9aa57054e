"""scikit-learn-intelex: scikit-learn's KMeans with oneDAL in its place, and what it leaves to scikit-learn."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from kmbench.backends.base import FitResult, FloatMatrix, Job, Labels, Traits
from kmbench.backends.sklearn_kmeans import SklearnLloyd

__all__ = ["Sklearnex"]

LOGGER = "sklearnex"


class _Messages(logging.Handler):
    """Keeps what the library logs, which is the only place where it says that it fell back."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


class Sklearnex(SklearnLloyd):
    """``sklearnex.cluster.KMeans``, imported directly: the patch would replace scikit-learn's in the whole process.

    With one cluster, or as many as rows, it hands the work to scikit-learn and says so in its log alone. That is
    read, and the row names it.
    """

    name = "sklearnex"
    summary = "scikit-learn-intelex KMeans (oneDAL): given start, exact, does not centre; fallbacks are reported"
    requires = ("sklearnex", "sklearn")
    distributions = ("scikit-learn-intelex",)
    install = "pip install 'kmbench[engines]' (wheels for Linux and Windows on x86-64)"
    traits = Traits(exact=True, labels_in_fit=True, empty_clusters="relocate")

    def kmeans_class(self) -> Any:
        """Return oneDAL's estimator."""
        from sklearnex.cluster import KMeans

        return KMeans

    def prepare(self, X: FloatMatrix, job: Job) -> None:
        """Build the estimator with as many threads as the job has."""
        super().prepare(X, job)
        self._estimator.n_jobs = job.threads
        self._fallback: str | None = None

    def fit(self) -> None:
        """Run the estimator's `fit` and read which engine did it."""
        logger, messages = logging.getLogger(LOGGER), _Messages()
        level, propagate = logger.level, logger.propagate
        logger.addHandler(messages)
        logger.setLevel(logging.INFO)
        logger.propagate = False
        try:
            super().fit()
        finally:
            logger.removeHandler(messages)
            logger.setLevel(level)
            logger.propagate = propagate
        fell = any("fallback" in text and ".fit" in text for text in messages.texts)
        self._fallback = f"scikit-learn did the work: {self._why()}" if fell else None

    def _why(self) -> str:
        if self._job.k == 1:
            return "oneDAL has no k=1"
        if self._job.k == len(self._X):
            return "oneDAL needs fewer clusters than rows"
        return "scikit-learn-intelex fell back and did not say why"

    def result(self) -> FitResult:
        """Return scikit-learn's figures, and which engine they are of."""
        found = super().result()
        return FitResult(
            centroids=found.centroids,
            n_iter=found.n_iter,
            labels=found.labels,
            reported_inertia=found.reported_inertia,
            fallback=self._fallback,
        )

    def assign(self, X: FloatMatrix) -> Labels:
        """Run `predict`; after a fallback that of scikit-learn, since its own then finds no model and fails."""
        if self._fallback is None:
            return super().assign(X)
        return np.asarray(super().kmeans_class().predict(self._estimator, X), dtype=np.int32)

    def settings(self) -> dict[str, Any]:
        """Return the estimator's parameters and the engine that ran."""
        return super().settings() | {"ran_on": "scikit-learn" if self._fallback else "oneDAL"}
