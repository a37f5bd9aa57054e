"""fastkmeans: Lloyd's algorithm in PyTorch with the API of FAISS, here on the CPU; from rows of its own choice."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from kmbench.backends.base import Backend, FitResult, FloatMatrix, Job, Labels, Params, Traits
from kmbench.backends.own_start import Niter, iterations_of
from kmbench.backends.range_check import refuse_overflow

__all__ = ["FastKMeansBackend"]


class FastKMeansParams(Params):
    """Parameters of the native protocol. None leaves the library's default."""

    niter: Niter = None
    max_points_per_centroid: int | None = Field(
        default=None, ge=1, le=2**31 - 1, description="larger training sets are sampled; default 10**9"
    )


class FastKMeansBackend(Backend):
    """fastkmeans with ``gpu=False``: asked for a GPU that is not there it would take the CPU and not say so."""

    name = "fastkmeans"
    summary = "fastkmeans on the CPU: Lloyd in PyTorch, float32, from random rows of its own choice"
    requires = ("fastkmeans", "torch")
    distributions = ("fastkmeans",)
    install = "pip install 'kmbench[fastkmeans]'; install a CPU build of torch first, or it installs the CUDA build"
    traits = Traits(exact=True, accepts_init=False, empty_clusters="relocate")
    Params = FastKMeansParams

    params: FastKMeansParams

    @classmethod
    def unsupported_reason(cls, k: int, n: int, d: int, protocol: str, params: BaseModel) -> str | None:
        """Refuse native parameters elsewhere."""
        if protocol == "target" and params != cls.Params():
            return "niter and max_points_per_centroid belong to the native protocol; target trains on all rows"
        return super().unsupported_reason(k, n, d, protocol, params)

    def prepare(self, X: FloatMatrix, job: Job) -> None:
        """Set torch's thread count and settle the keywords.

        Raises
        ------
        ValueError
            If squares of the values overflow, where the centroids would be nonsense.
        """
        import torch
        from fastkmeans import FastKMeans

        refuse_overflow(X, "fastkmeans returns nonsense")
        torch.set_num_threads(job.threads)
        self._torch, self._class, self._X, self._job = torch, FastKMeans, X, job
        self._keywords: dict[str, Any] = {"gpu": False, "seed": job.seed}
        if job.protocol == "matched":
            self._keywords |= {"niter": job.iterations, "tol": -1.0}  # no shift is below it: no early stop
            return
        given = {
            "niter": iterations_of(job, self.params.niter),
            "max_points_per_centroid": self.params.max_points_per_centroid,
        }
        self._keywords |= {name: value for name, value in given.items() if value is not None}

    def fit(self) -> None:
        """Train. The labels that it finds on the way are not given out; they take one more `assign`."""
        # It seeds NumPy's global generator, from which others in this process may draw.
        state = np.random.get_state()  # noqa: NPY002
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
                self._model = self._class(self._X.shape[1], self._job.k, **self._keywords)
                self._model.train(self._X)
        finally:
            np.random.set_state(state)  # noqa: NPY002

    def result(self) -> FitResult:
        """Return the centroids; how many iterations were done is told only where none can be left out."""
        return FitResult(
            centroids=np.array(self._model.centroids, dtype=np.float32),
            n_iter=int(self._model.niter) if self._model.tol < 0 else None,
        )

    def assign(self, X: FloatMatrix) -> Labels:
        """Run its `predict`."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
            return np.asarray(self._model.predict(X), dtype=np.int32)

    def settings(self) -> dict[str, Any]:
        """Return the attributes of the object that ran, and torch's version."""
        names = ("niter", "tol", "seed", "max_points_per_centroid", "chunk_size_data", "chunk_size_centroids")
        return {name: getattr(self._model, name) for name in names} | {
            "device": str(self._model.device),
            "use_triton": bool(self._model.use_triton),
            "start": "rows of the library's choice",
            "torch": str(self._torch.__version__),
        }
