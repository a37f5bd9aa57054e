"""cuVS's k-means: NVIDIA's own, on one GPU, with the rows on it."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field

from kmbench.backends.base import Backend, FitResult, FloatMatrix, Job, Labels, Params, Precision, Traits

__all__ = ["Cuvs"]

NEVER = 1e-30
"""Tolerance of a matched run: cuVS asks for one above zero."""

INSTALL = "pip install 'kmbench[cuvs]' on a machine with an NVIDIA GPU and CUDA 13 (for CUDA 12: cuvs-cu12)"


class CuvsParams(Params):
    """Parameters of the native protocol. None leaves the library's default."""

    tol: float | None = Field(default=None, gt=0, description="stop when centroids move less; native only")
    n_init: int | None = Field(default=None, ge=1, le=1000, description="restarts; native only")


class Cuvs(Backend):
    """``cuvs.cluster.kmeans.fit`` on device arrays.

    The rows are copied to the GPU in prepare. cuVS's products of float32 run as 3xTF32 on tensor cores. A native run
    draws its start by cuVS's own generator, which the Python interface gives no seed. Its loop keeps the centroid of
    an empty cluster where it is, and ends early where its float32 cost has risen, which cannot be switched off.
    """

    name = "cuvs"
    summary = "NVIDIA cuVS k-means on one GPU, rows kept there; products in 3xTF32"
    traps = ("Its tolerance, restarts and own start are switched off in a matched run.",)
    requires = ("cuvs", "pylibraft")
    distributions = ("cuvs-cu13", "cuvs-cu12", "cuvs")
    install = INSTALL
    traits = Traits(exact=True, device="gpu", empty_clusters="keep")
    Params = CuvsParams

    params: CuvsParams
    _rows: Any
    _centroids: Any

    @classmethod
    def unavailable(cls) -> str | None:
        """Return why cuVS is not installed or has no GPU here, or None."""
        return super().unavailable() or _why_no_device()

    @classmethod
    def arithmetic(cls, params: BaseModel) -> Precision:
        """Return 3xTF32, which its fused kernel uses from Ampere on."""
        return "3xtf32"

    @classmethod
    def unsupported_reason(cls, k: int, n: int, d: int, protocol: str, params: BaseModel) -> str | None:
        """Refuse restarts and a tolerance in a matched run."""
        if protocol == "matched" and params.model_fields_set & {"tol", "n_init"}:
            return "tol and n_init belong to the native protocol; matched fixes them"
        return super().unsupported_reason(k, n, d, protocol, params)

    def prepare(self, X: FloatMatrix, job: Job) -> None:
        """Copy the rows to the GPU.

        Raises
        ------
        RuntimeError
            If there is no GPU.
        """
        self._X, self._job = X, job
        self.release()
        try:
            self._load()
        except Exception as error:
            reason = self.unavailable()  # asked only now: it starts a process, which would count as the first call
            if reason is None:
                raise
            raise RuntimeError(reason) from error
        self._rows = self._on_device(X)
        given: dict[str, Any] = {"n_clusters": job.k, "max_iter": job.iterations}
        if job.protocol == "matched":
            given |= {"init_method": "Array", "tol": NEVER, "n_init": 1}
        else:
            given |= {"tol": self.params.tol, "n_init": self.params.n_init}
        self._settings = {name: value for name, value in given.items() if value is not None}

    def _load(self) -> None:
        from cuvs.cluster import kmeans
        from cuvs.common import Resources
        from pylibraft.common import device_ndarray

        self._kmeans, self._device_array, self._resources = kmeans, device_ndarray, Resources()
        self._on_device(np.zeros((1, 1), dtype=np.float32))  # the first thing that needs the GPU

    def _on_device(self, array: FloatMatrix) -> Any:
        return self._device_array(np.asarray(array))  # of a mapped array it would copy nothing, and not say so

    def fit(self) -> None:
        """Train; cuVS overwrites the centroids it starts from, so each fit gets a copy."""
        self._parameters = self._kmeans.KMeansParams(**self._settings)
        start = None if self._job.init is None else self._on_device(self._job.init)
        found = self._kmeans.fit(self._parameters, self._rows, centroids=start, resources=self._resources)
        self._centroids, self._inertia, n_iter = found  # a plain tuple: a decorator of cuVS drops its names
        self._n_iter = min(int(n_iter), self._parameters.max_iter)  # one more where its loop ran to the end

    def result(self) -> FitResult:
        """Return the centroids; labels take a call of ``predict``."""
        self._resources.sync()
        return FitResult(
            centroids=np.asarray(self._centroids.copy_to_host(), dtype=np.float32),
            n_iter=self._n_iter,
            reported_inertia=float(self._inertia),
        )

    def assign(self, X: FloatMatrix) -> Labels:
        """Predict; rows other than fit's are copied to the GPU first."""
        rows = self._rows if X is self._X else self._on_device(np.ascontiguousarray(X))
        labels, _ = self._kmeans.predict(self._parameters, rows, self._centroids, resources=self._resources)
        self._resources.sync()
        return np.asarray(labels.copy_to_host(), dtype=np.int32).ravel()

    def settings(self) -> dict[str, Any]:
        """Return the parameters read back from cuVS."""
        names = ("n_clusters", "init_method", "max_iter", "tol", "n_init", "oversampling_factor")
        return {name: getattr(self._parameters, name) for name in names} | {
            "precision": self.arithmetic(self.params),
            "residence": "device",
        }

    def synchronize(self) -> None:
        """Wait for the stream that cuVS was given."""
        self._resources.sync()

    def device_memory(self) -> Literal["torch", "nvml"] | None:
        """Ask the driver: RMM's plain allocator keeps no peak."""
        return "nvml"

    def release(self) -> None:
        """Drop the rows and the last answer."""
        self._rows = None
        self._centroids = None


_PROBE = """
import numpy
import cuvs.cluster.kmeans
from pylibraft.common import device_ndarray
device_ndarray(numpy.zeros((1, 1), dtype=numpy.float32))
"""

PROBE_SECONDS = 120


@cache
def _why_no_device() -> str | None:
    """Return why cuVS cannot use a GPU here, or None.

    Another process loads its library and makes a small array: here the context would hold memory of the GPU for good.
    """
    try:
        command = [sys.executable, "-c", _PROBE]
        found = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"cuVS did not answer within {PROBE_SECONDS} s: check nvidia-smi and the driver"
    if found.returncode == 0:
        return None
    said = found.stderr.strip().splitlines()[-1:] or [f"exit code {found.returncode}"]
    return f"cuVS cannot use a GPU here: {said[0][:200]}; check nvidia-smi and the CUDA version"
