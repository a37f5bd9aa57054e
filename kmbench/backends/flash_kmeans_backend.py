"""flash-kmeans: fused Triton kernels on one GPU."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field

from kmbench.backends.base import Backend, FitResult, FloatMatrix, Job, Labels, Params, Precision, Traits
from kmbench.backends.torch_kmeans.build import why_no_cuda
from kmbench.backends.torch_kmeans.rows import host_tensor

__all__ = ["FlashKmeans"]

NEVER = -1.0
"""Tolerance of a matched run: it stops where the largest move of a centroid is below."""

LARGEST_HALF = 65504.0
"""Largest number of float16; the squared norms of the rows must stay below."""

SQUARES_ROWS = 2**20


class FlashParams(Params):
    """Parameters of `FlashKmeans`."""

    precision: Literal["tf32", "float16"] = Field(
        default="tf32", description="tf32: rows in float32, whose products Triton rounds to TF32; float16: rows too"
    )
    max_iterations: int | None = Field(default=None, ge=1, description="native only; None: the library's 100")
    tol: float | None = Field(default=None, ge=0, description="native only; None: the library's 0")


class FlashKmeans(Backend):
    """``flash_kmeans.kmeans_triton_impl.batch_kmeans_Euclid`` on a batch of one.

    The rows are copied to the GPU in prepare, in the precision asked for. The package falls back to plain torch where
    Triton fails to import, without a word; here that is an error. Its labels belong to the centroids before the last
    update, so they are found once more by its own assignment kernel. It does not centre the data: far from the origin
    low precision loses the distances.
    """

    name = "flash-kmeans"
    summary = "flash-kmeans: Triton kernels on one NVIDIA GPU, rows kept there; products in TF32 or float16"
    traps = ("Its tolerance and own start are switched off in a matched run.",)
    requires = ("flash_kmeans", "torch", "triton")
    distributions = ("flash-kmeans",)
    install = "pip install 'kmbench[flash]' on a machine with an NVIDIA GPU"
    traits = Traits(exact=True, device="gpu", empty_clusters="keep")
    Params = FlashParams

    params: FlashParams
    _rows: Any
    _centroids: Any

    @classmethod
    def unavailable(cls) -> str | None:
        """Return why the package or a GPU is not here, or None."""
        return super().unavailable() or why_no_cuda()

    @classmethod
    def arithmetic(cls, params: BaseModel) -> Precision:
        """Return the precision of the products."""
        assert isinstance(params, FlashParams)
        return params.precision

    @classmethod
    def unsupported_reason(cls, k: int, n: int, d: int, protocol: str, params: BaseModel) -> str | None:
        """Refuse a stopping rule in a matched run."""
        if protocol == "matched" and params.model_fields_set & {"tol", "max_iterations"}:
            return "tol and max_iterations belong to the native protocol; matched fixes them"
        return super().unsupported_reason(k, n, d, protocol, params)

    def prepare(self, X: FloatMatrix, job: Job) -> None:
        """Copy the rows to the GPU.

        Raises
        ------
        RuntimeError
            If there is no GPU, or its kernels cannot be imported.
        ValueError
            If the squared norms of the rows overflow float16.
        """
        reason = self.unavailable()
        if reason is not None:
            raise RuntimeError(reason)
        import torch
        from flash_kmeans.assign_euclid_triton import euclid_assign_triton
        from flash_kmeans.kmeans_triton_impl import batch_kmeans_Euclid

        self.release()
        self._torch, self._train, self._nearest = torch, batch_kmeans_Euclid, euclid_assign_triton
        self._X, self._job = X, job
        self._dtype = torch.float16 if self.params.precision == "float16" else torch.float32
        if self.params.precision == "float16":
            _check_half(X)
        self._rows = self._on_device(X)

    def _on_device(self, array: FloatMatrix) -> Any:
        return host_tensor(np.ascontiguousarray(array)).to("cuda").to(self._dtype)[None]

    def fit(self) -> None:
        """Train."""
        given: dict[str, Any] = {"max_iters": self._job.iterations or self.params.max_iterations}
        if self._job.protocol == "matched":
            assert self._job.init is not None
            given |= {"tol": NEVER, "init_centroids": self._on_device(self._job.init)}
        else:
            self._torch.manual_seed(self._job.seed)
            given["tol"] = self.params.tol
        self._given = {name: value for name, value in given.items() if value is not None}
        _, self._centroids, self._n_iter = self._train(self._rows, self._job.k, **self._given)

    def result(self) -> FitResult:
        """Return the centroids, in float32."""
        return FitResult(centroids=self._centroids[0].float().cpu().numpy(), n_iter=int(self._n_iter))

    def assign(self, X: FloatMatrix) -> Labels:
        """Find the nearest centroids with the package's kernel; rows other than fit's are copied first."""
        rows = self._rows if X is self._X else self._on_device(X)
        squares = self._torch.empty(rows.shape[:2], device=rows.device, dtype=rows.dtype)
        for start in range(0, rows.shape[1], SQUARES_ROWS):
            block = rows[:, start : start + SQUARES_ROWS]
            squares[:, start : start + SQUARES_ROWS] = block.square().sum(-1)
        found = self._nearest(rows, self._centroids.contiguous(), squares)
        labels: Labels = found[0].int().cpu().numpy()
        return labels

    def settings(self) -> dict[str, Any]:
        """Return what the last fit was given."""
        given = {name: value for name, value in self._given.items() if name != "init_centroids"}
        return given | {
            "precision": self.params.precision,
            "residence": "device",
            "gpu": self._torch.cuda.get_device_name(),
            "torch": self._torch.__version__,
        }

    def synchronize(self) -> None:
        """Wait for the GPU."""
        self._torch.cuda.synchronize()

    def device_memory(self) -> Literal["torch", "nvml"] | None:
        """Return torch's allocator: Triton kernels work on tensors."""
        return "torch"

    def release(self) -> None:
        """Drop the rows and the last answer, torch's cache included."""
        self._rows = None
        self._centroids = None
        if hasattr(self, "_torch"):
            self._torch.cuda.empty_cache()


def _check_half(X: FloatMatrix) -> None:
    largest = max(
        float(np.einsum("ij,ij->i", block, block).max())
        for block in (X[start : start + SQUARES_ROWS] for start in range(0, len(X), SQUARES_ROWS))
    )
    if not largest < LARGEST_HALF:
        raise ValueError(
            f"the squared norms of the rows reach {largest:.3g}, and float16 ends at {LARGEST_HALF:g}: "
            "scale the data down, or use precision=tf32"
        )
