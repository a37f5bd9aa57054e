"""cuML's KMeans over several GPUs, a Dask worker for each."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from kmbench.backends.base import FitResult, Job, Labels, Rows, Traits
from kmbench.backends.dask_lloyd import DaskBackend
from kmbench.shards import in_memory

__all__ = ["CumlDask"]


class CumlDask(DaskBackend):
    """cuML's distributed KMeans: X is cut into one part for each GPU and copied there in `prepare`.

    A GPU without rows has it wait for ever, so there are never more workers than parts. Its tolerance cannot be
    switched off entirely: it stops where the centres move by less, which a matched run sees in its iterations.
    """

    name = "cuml-dask"
    summary = "cuML KMeans on all NVIDIA GPUs of this machine, with one Dask worker per GPU"
    requires = ("cuml", "cupy", "dask_cuda", "distributed")
    distributions = ("cuml-cu13", "cuml-cu12", "cuml")
    install = "install cuml-cu13 and dask-cuda on a machine with NVIDIA GPUs"
    traits = Traits(exact=True, device="gpu", empty_clusters="keep", takes="shards", cluster="tcp")

    @classmethod
    def unavailable(cls) -> str | None:
        """Return why cuML or a GPU is missing, or None."""
        missing = super().unavailable()
        if missing is not None:
            return missing
        import cupy

        try:
            count = cupy.cuda.runtime.getDeviceCount()
        except Exception as error:
            return f"CUDA finds no GPU: {error}"
        return None if count else "there is no NVIDIA GPU"

    def prepare(self, X: Rows, job: Job) -> None:
        """Start a worker on each GPU, and copy a part of X to each."""
        import dask.array
        from cuml.dask.cluster import KMeans
        from dask_cuda import LocalCUDACluster
        from distributed import Client, wait

        if getattr(self, "_client", None) is None:
            self._gpus: Any = LocalCUDACluster(host="127.0.0.1", dashboard_address="127.0.0.1:0")
            self._client: Any = Client(self._gpus)
        self._X, self._job, self._lost = X, job, 0
        rows = in_memory(X)
        parts = min(len(self._client.nthreads()), len(rows))
        array = dask.array.from_array(rows, chunks=(-(-len(rows) // parts), rows.shape[1]))
        self._array = self._client.persist(array.map_blocks(_to_gpu, dtype=np.float32))
        wait(self._array)
        keywords: dict[str, Any] = {"n_clusters": job.k, "random_state": job.seed}
        if job.protocol == "matched":
            keywords |= {"init": job.init, "max_iter": job.iterations, "tol": 0.0, "n_init": 1}
        elif job.iterations is not None:
            keywords["max_iter"] = job.iterations
        self._estimator = KMeans(client=self._client, **keywords)

    def fit(self) -> None:
        """Run the estimator's `fit`."""
        self._estimator.fit(self._array)

    def result(self) -> FitResult:
        """Return the centroids, and the inertia as the library tells it."""
        fitted = self._estimator
        centroids = fitted.cluster_centers_
        centroids = centroids.get() if hasattr(centroids, "get") else centroids
        return FitResult(
            centroids=np.ascontiguousarray(centroids, dtype=np.float32),
            n_iter=int(fitted.n_iter_),
            reported_inertia=float(fitted.inertia_),
        )

    def assign(self, X: Rows) -> Labels:
        """Run the estimator's `predict` and copy the labels back."""
        import dask.array

        rows = self._array
        if X is not self._X:
            whole = in_memory(X)
            rows = dask.array.from_array(whole, chunks=whole.shape).map_blocks(_to_gpu, dtype=np.float32)
        labels = self._estimator.predict(rows).compute()
        return np.asarray(labels.get() if hasattr(labels, "get") else labels, dtype=np.int32)

    def settings(self) -> dict[str, Any]:
        """Return how many GPUs took part."""
        return {"gpus": len(self._client.nthreads())}

    def cluster_seconds(self) -> float | None:
        """Return nothing: it is part of the first call."""
        return None

    def processes(self) -> dict[int, str]:
        """Return nothing: what counts is on the devices."""
        return {}

    def device_memory(self) -> Literal["torch", "nvml"] | None:
        """Ask the driver."""
        return "nvml"

    def release(self) -> None:
        """End the workers, and with them what the devices hold."""
        if getattr(self, "_client", None) is not None:
            self._client.close()
            self._gpus.close()
            self._client = None


def _to_gpu(block: Any) -> Any:
    import cupy

    return cupy.asarray(block)
