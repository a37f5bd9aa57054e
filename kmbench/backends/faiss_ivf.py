"""K-means whose assignment step searches a FAISS IVF index over the centroids: approximate, cheaper at large k."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from kmbench.backends.base import Backend, FitResult, FloatMatrix, Job, Labels, Params, Traits
from kmbench.backends.cluster_sums import sums_by_cluster
from kmbench.backends.faiss_build import DISTRIBUTIONS, ONE_OF, why_no_faiss, why_no_gpu
from kmbench.backends.faiss_gpu_index import GPU_MOST, GpuOptions, gpu_resources, on_first_gpu
from kmbench.backends.init import Init, read_start, sample_of, start_of
from kmbench.backends.seeding import kmeans_plus_plus

__all__ = ["FaissIvf"]

NATIVE_ITERATIONS = 25
"""As many as FAISS's own Kmeans runs when nothing is said."""

QUANTIZER_ITERATIONS = 10
"""Iterations of the coarse quantizer's own training, FAISS's default for IVF indexes."""


class IvfParams(Params):
    """The grid of the index over the centroids."""

    nlist: int | None = Field(default=None, ge=1, le=2**20, description="lists; default: the square root of k")
    nprobe: int | None = Field(default=None, ge=1, le=2**20, description="lists searched; default: half of them")
    device: Literal["cpu", "cuda"] = Field(default="cpu", description="where the index is searched")
    init: Init = None

    def resolved(self, k: int) -> tuple[int, int]:
        """Return nlist and nprobe for k centroids, with the defaults filled in."""
        nlist = self.nlist if self.nlist is not None else max(1, math.isqrt(k))
        nprobe = self.nprobe if self.nprobe is not None else max(1, nlist // 2)
        return nlist, nprobe


class FaissIvf(Backend):
    """Lloyd's iterations with an approximate assignment: each row finds its centroid through an IVF index.

    The index is built anew over the moved centroids in every iteration, inside the clock: FAISS's own
    ``Clustering`` keeps the first coarse quantizer, and dies when a probed list is empty. Here such rows are
    searched exactly, and counted. An empty cluster keeps its centroid.

    With ``device=cuda`` the index is trained on the CPU, copied to the first GPU, and filled and searched there; the
    rows go over the bus in every iteration, and the update stays on the CPU.
    """

    name = "faiss-ivf"
    summary = "Lloyd with the assignment through a FAISS IVF index over the centroids; grid of nlist and nprobe"
    traps = (
        "Its index is rebuilt in every iteration: with few clusters this costs more than it saves.",
        "Rows can get the second nearest centroid: read its speed-up together with its inertia.",
    )
    requires = ("faiss",)
    distributions = DISTRIBUTIONS
    install = ONE_OF
    traits = Traits(exact=False, device="cpu or gpu", empty_clusters="keep")
    Params = IvfParams

    params: IvfParams

    @classmethod
    def unavailable(cls) -> str | None:
        """Return why FAISS cannot be imported here, or None."""
        return why_no_faiss()

    @classmethod
    def unavailable_with(cls, params: BaseModel) -> str | None:
        """Return why FAISS, or the device asked for, is not here, or None."""
        assert isinstance(params, IvfParams)
        return why_no_gpu() if params.device == "cuda" else why_no_faiss()

    @classmethod
    def unsupported_reason(cls, k: int, n: int, d: int, protocol: str, params: BaseModel) -> str | None:
        """Refuse more lists than centroids and more probes than lists."""
        assert isinstance(params, IvfParams)
        nlist, nprobe = params.resolved(k)
        if nlist > k:
            return f"nlist={nlist} lists cannot be trained on k={k} centroids: choose nlist <= k"
        if nprobe > nlist:
            return f"nprobe={nprobe} is more than nlist={nlist}: choose nprobe <= nlist"
        if params.device == "cuda" and nprobe > GPU_MOST:
            return f"nprobe={nprobe}: FAISS's GPU indexes search at most {GPU_MOST} lists"
        if protocol == "matched" and params.init is not None:
            return "init is only for the native protocol; in a matched run all engines share one start"
        return super().unsupported_reason(k, n, d, protocol, params)

    def prepare(self, X: FloatMatrix, job: Job) -> None:
        """Set the thread count and resolve the grid's defaults."""
        reason = self.unavailable_with(self.params)
        if reason is not None:
            raise RuntimeError(reason)
        import faiss

        faiss.omp_set_num_threads(job.threads)
        self._faiss, self._X, self._job = faiss, X, job
        self._resources = gpu_resources(faiss, GpuOptions()) if self.params.device == "cuda" else None
        self._nlist, self._nprobe = self.params.resolved(job.k)
        self._iterations = NATIVE_ITERATIONS if job.iterations is None else job.iterations
        self._start = start_of(self.params.init)
        self._init = job.init
        self._start_settings: dict[str, Any] = {"init": self.params.init or "default"}
        if self._start is not None and self._start.kind == "array":
            self._init = read_start(self._start.file, job.k, X.shape[1])

    def fit(self) -> None:
        """Iterate: build the index over the centroids, search it, average."""
        centroids = self._first_centroids() if self._init is None else self._init.copy()
        self._fallback_rows = self._empty_events = 0
        for _ in range(self._iterations):
            labels = self._search(centroids, self._X)
            sums, counts = sums_by_cluster(self._X, labels, self._job.k)
            filled = counts > 0
            self._empty_events += int(self._job.k - filled.sum())
            centroids[filled] = (sums[filled] / counts[filled, None]).astype(np.float32)
        self._centroids = centroids

    def _first_centroids(self) -> FloatMatrix:
        rng = np.random.default_rng(self._job.seed)
        k = self._job.k
        if self._start is not None and self._start.kind == "k-means++":
            return kmeans_plus_plus(self._X, k, rng)
        if self._start is None or self._start.kind == "random":
            rows = rng.choice(len(self._X), k, replace=False)
            chosen: FloatMatrix = self._X[np.sort(rows)]
            return chosen
        sample = sample_of(self._X, k, self._start.fraction, self._job.seed)
        kmeans: Any = self._faiss.Kmeans(
            sample.shape[1],
            k,
            niter=self._iterations,
            seed=self._job.seed,
            min_points_per_centroid=1,
            max_points_per_centroid=-(-len(sample) // k),
        )
        kmeans.train(sample)
        self._start_settings |= {"init_rows": len(sample), "init_n_iter": len(np.asarray(kmeans.obj))}
        return np.array(kmeans.centroids, dtype=np.float32)

    def result(self) -> FitResult:
        """Return the centroids; labels take one more search."""
        return FitResult(centroids=self._centroids, n_iter=self._iterations, empty_events=self._empty_events)

    def assign(self, X: FloatMatrix) -> Labels:
        """Search the final centroids through an index built over them, approximately, as fit does."""
        return self._search(self._centroids, X)

    def settings(self) -> dict[str, Any]:
        """Return the grid point, and how many rows had to be searched exactly in the last fit."""
        return {
            "nlist": self._nlist,
            "nprobe": self._nprobe,
            "niter": self._iterations,
            "device": self.params.device,
            **({"residence": "host"} if self.params.device == "cuda" else {}),
            **self._start_settings,
            "quantizer_niter": QUANTIZER_ITERATIONS,
            "exact_fallback_rows": self._fallback_rows,
        }

    def _search(self, centroids: FloatMatrix, X: FloatMatrix) -> Labels:
        faiss, d = self._faiss, centroids.shape[1]
        quantizer = faiss.IndexFlatL2(d)
        index = faiss.IndexIVFFlat(quantizer, d, self._nlist, faiss.METRIC_L2)
        index.cp.niter = QUANTIZER_ITERATIONS
        index.cp.min_points_per_centroid = 1
        index.cp.max_points_per_centroid = -(-len(centroids) // self._nlist)
        index.train(centroids)
        index = self._placed(index)
        index.add(centroids)
        index.nprobe = self._nprobe
        labels: NDArray[np.int64] = index.search(X, 1)[1].ravel()
        missed = np.flatnonzero(labels < 0)  # every probed list was empty
        if len(missed):
            self._fallback_rows += len(missed)
            flat = self._placed(faiss.IndexFlatL2(d))
            flat.add(centroids)
            labels[missed] = flat.search(X[missed], 1)[1].ravel()
        return labels.astype(np.int32)

    def _placed(self, index: Any) -> Any:
        """Return an index on the device asked for."""
        if self._resources is None:
            return index
        return on_first_gpu(self._faiss, self._resources, index)

    def device_memory(self) -> Literal["torch", "nvml"] | None:
        """Ask the driver, where the index is on a GPU."""
        return "nvml" if self.params.device == "cuda" else None

    def release(self) -> None:
        """Drop the temporary memory on the GPU; `prepare` takes it anew."""
        self._resources = None
