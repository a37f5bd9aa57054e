"""FAISS's Kmeans: one code path for the CPU and for GPU indexes."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field

from kmbench.backends.base import Backend, FitResult, FloatMatrix, Job, Labels, Params, Precision, Traits
from kmbench.backends.faiss_build import DISTRIBUTIONS, ONE_OF, gpu_count, why_no_faiss, why_no_gpu
from kmbench.backends.faiss_gpu_index import GpuOptions, check_cuvs, flat_gpu_index
from kmbench.backends.init import Init, read_start, sample_of, start_of, why_no_restarts
from kmbench.backends.own_start import Niter, iterations_of

__all__ = ["FaissCpu", "FaissGpu", "clustering_parameters"]


class FaissParams(Params):
    """Parameters of the native protocol; a matched run fixes them all. None leaves the library's default."""

    niter: Niter = None
    nredo: int | None = Field(default=None, ge=1, le=1000, description="restarts; native only")
    max_points_per_centroid: int | None = Field(
        default=None, ge=1, le=2**31 - 1, description="larger training sets are sampled; native only"
    )
    init: Init = None


class FaissGpuParams(FaissParams, GpuOptions):
    """The same, and how the search on the GPU runs, in any protocol."""

    gpus: Literal["one", "all"] = Field(default="one", description="GPUs that share the rows of each search")


def clustering_parameters(cp: Any) -> dict[str, Any]:
    """Return every field of a FAISS ``ClusteringParameters`` object, whatever the version has."""
    fields = (name for name in dir(cp) if not name.startswith("_") and name not in ("this", "thisown"))
    values = {name: getattr(cp, name) for name in fields}
    return {name: value for name, value in values.items() if isinstance(value, bool | int | float | str)}


class _FaissKmeans(Backend):
    requires = ("faiss",)
    distributions = DISTRIBUTIONS
    install = ONE_OF
    Params = FaissParams

    params: FaissParams

    @classmethod
    def unsupported_reason(cls, k: int, n: int, d: int, protocol: str, params: BaseModel) -> str | None:
        """Refuse restarts, sampling and another start in a matched run."""
        assert isinstance(params, FaissParams)
        native = (params.niter, params.nredo, params.max_points_per_centroid, params.init)
        if protocol == "matched" and any(value is not None for value in native):
            return "niter, nredo, max_points_per_centroid and init belong to native runs; matched fixes them all"
        several = why_no_restarts(params.init, params.nredo)
        if several is not None:
            return several
        return super().unsupported_reason(k, n, d, protocol, params)

    def prepare(self, X: FloatMatrix, job: Job) -> None:
        """Set the thread count, which FAISS keeps for the calling thread, and check the start."""
        import faiss

        faiss.omp_set_num_threads(job.threads)
        self._faiss, self._X, self._job = faiss, X, job
        n, d = X.shape
        if job.protocol == "matched":
            if job.init is None or job.init.shape != (job.k, d) or job.init.dtype != np.float32:
                # FAISS completes fewer rows with random ones and dies of more.
                raise ValueError(f"the start must be float32 of shape ({job.k}, {d})")
            self._keywords: dict[str, Any] = {
                "niter": job.iterations,
                "nredo": 1,
                "min_points_per_centroid": 1,
                "max_points_per_centroid": -(-n // job.k),  # otherwise FAISS trains on 256 k rows
                "early_stop_threshold": -1.0,  # 0 stops as soon as the float32 objective repeats
            }
            if not hasattr(faiss.ClusteringParameters(), "early_stop_threshold"):  # before FAISS 1.13
                del self._keywords["early_stop_threshold"]
        else:
            given = {
                "niter": iterations_of(job, self.params.niter),
                "nredo": self.params.nredo,
                "max_points_per_centroid": self.params.max_points_per_centroid,
            }
            self._keywords = {"seed": job.seed} | {k: v for k, v in given.items() if v is not None}
        self._start = start_of(self.params.init)
        self._init = job.init
        self._start_settings: dict[str, Any] = {"init": self.params.init or "default"}
        if self._start is not None and self._start.kind == "array":
            self._init = read_start(self._start.file, job.k, d)
        elif self._start is not None and self._start.kind in ("random", "k-means++"):
            if not hasattr(faiss, "ClusteringInitMethod_KMEANS_PLUS_PLUS") and self._start.kind == "k-means++":
                raise RuntimeError(f"FAISS {faiss.__version__} has no k-means++: install a newer one")
            if hasattr(faiss, "ClusteringInitMethod_KMEANS_PLUS_PLUS"):
                name = "RANDOM" if self._start.kind == "random" else "KMEANS_PLUS_PLUS"
                self._keywords["init_method"] = int(getattr(faiss, f"ClusteringInitMethod_{name}"))

    def fit(self) -> None:
        """Train. FAISS gives no labels for the final centroids; they take one more `assign`."""
        init = self._init
        if self._start is not None and self._start.kind == "sample":
            init = self._train_on_sample(self._start.fraction)
        self._kmeans = self._new_kmeans(**self._keywords)
        # An attribute set before train would be ignored without a word: only this argument counts.
        self._kmeans.train(self._X, init_centroids=init)

    def _new_kmeans(self, **keywords: Any) -> Any:
        return self._faiss.Kmeans(self._X.shape[1], self._job.k, **keywords)

    def _train_on_sample(self, fraction: float) -> FloatMatrix:
        """Return the centroids of all rows of a sample, trained as long as the library does by default."""
        sample = sample_of(self._X, self._job.k, fraction, self._job.seed)
        whole = {"max_points_per_centroid": -(-len(sample) // self._job.k), "min_points_per_centroid": 1}
        kmeans = self._new_kmeans(seed=self._job.seed, **whole)
        kmeans.train(sample)
        self._start_settings |= {"init_rows": len(sample), "init_n_iter": len(np.asarray(kmeans.obj))}
        centroids: FloatMatrix = np.array(kmeans.centroids, dtype=np.float32)
        return centroids

    def result(self) -> FitResult:
        """Return the centroids; the reported objective belongs to those before the last update."""
        objective = np.asarray(self._kmeans.obj)
        return FitResult(
            centroids=np.array(self._kmeans.centroids, dtype=np.float32),
            n_iter=self._iterations_of_one_run(len(objective)),
            reported_inertia=float(objective[-1]) if len(objective) else None,
            empty_events=int(sum(stats["nsplit"] for stats in self._kmeans.iteration_stats or ())),
        )

    def _iterations_of_one_run(self, recorded: int) -> int:
        """FAISS appends the iterations of every redo to one list."""
        return min(recorded, int(self._kmeans.cp.niter))

    def assign(self, X: FloatMatrix) -> Labels:
        """Search the final centroids."""
        _, labels = self._kmeans.assign(X)
        return np.asarray(labels, dtype=np.int32)

    def settings(self) -> dict[str, Any]:
        """Return the whole ``ClusteringParameters`` that the fit ran with, and how FAISS was built."""
        return clustering_parameters(self._kmeans.cp) | {
            **self._start_settings,
            "gpus": 0,
            "compile_options": str(self._faiss.get_compile_options()).strip(),
        }


class FaissCpu(_FaissKmeans):
    """FAISS Kmeans on the CPU."""

    name = "faiss-cpu"
    summary = "FAISS Kmeans on the CPU: exact search over a flat index, sampling and early stop off when matched"
    traps = (
        "Left alone it trains on 256 rows per centroid and stops early; a matched run does neither.",
        "faiss-cpu and faiss-gpu both bring the package faiss and break each other: install one of the two.",
    )
    traits = Traits(exact=True, empty_clusters="split")

    @classmethod
    def unavailable(cls) -> str | None:
        """Return why FAISS cannot be imported here, or None."""
        return why_no_faiss()


class FaissGpu(_FaissKmeans):
    """FAISS Kmeans as shipped, as ``Kmeans(gpu=True)`` builds it: the search runs on GPUs, the rest on the CPU.

    The rows stay in host memory and go over the bus in every iteration; objective and update run on the CPU. All of
    it is timed as fit, the GPU index with its temporary memory included.
    """

    name = "faiss-gpu"
    summary = "FAISS Kmeans with the search on NVIDIA GPUs; rows are copied to the GPUs in every iteration"
    traps = (
        "Left alone it trains on 256 rows per centroid and stops early; a matched run does neither.",
        "Rows are copied to the GPU in every iteration, which is part of its time.",
        "faiss-cpu and faiss-gpu both bring the package faiss and break each other: install one of the two.",
    )
    install = "pip install 'kmbench[gpu]' on a machine with an NVIDIA GPU"
    traits = Traits(exact=True, device="gpu", empty_clusters="split")
    Params = FaissGpuParams

    params: FaissGpuParams

    @classmethod
    def unavailable(cls) -> str | None:
        """Return why there is no GPU that FAISS can use, or None."""
        return why_no_gpu()

    @classmethod
    def arithmetic(cls, params: BaseModel) -> Precision:
        """Return the precision of the search; FAISS's float32 is the full one, without TF32."""
        assert isinstance(params, FaissGpuParams)
        return params.precision

    def prepare(self, X: FloatMatrix, job: Job) -> None:
        """Make sure that there is a GPU: without one FAISS would train on the CPU and not say so.

        Raises
        ------
        RuntimeError
            If there is none, or cuVS is asked for and not there.
        """
        reason = why_no_gpu()
        if reason is not None:
            raise RuntimeError(reason)
        super().prepare(X, job)
        check_cuvs(self._faiss, self.params.use_cuvs)
        self._gpus = 1 if self.params.gpus == "one" else gpu_count()

    def _new_kmeans(self, **keywords: Any) -> Any:
        self._kmeans = None  # the temporary memory of the last fit's index is not held beside this one's
        kmeans = super()._new_kmeans(**keywords)
        kmeans.index = flat_gpu_index(self._faiss, self._X.shape[1], self.params, self._gpus)
        return kmeans

    def settings(self) -> dict[str, Any]:
        """Return the CPU backend's settings, the number of GPUs and the options they ran with."""
        options = self.params.model_dump(include={"precision", "use_cuvs", "temp_mib"})
        return super().settings() | options | {"gpus": self._gpus, "residence": "host"}

    def device_memory(self) -> Literal["torch", "nvml"] | None:
        """Ask the driver: FAISS tells no peak."""
        return "nvml"

    def release(self) -> None:
        """Drop the index of the last fit with its temporary memory."""
        self._kmeans = None
