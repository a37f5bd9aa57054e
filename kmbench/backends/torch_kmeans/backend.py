"""The backend ``torch``: the contract on one side, the loop of `lloyd` on the other."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field

from kmbench.backends.base import Backend, FitResult, FloatMatrix, Job, Labels, Params, Precision, Rows, Traits
from kmbench.backends.init import Init, read_start, sample_of, start_of, why_not_from_a_file
from kmbench.backends.seeding import kmeans_plus_plus
from kmbench.errors import CaseError
from kmbench.shards import Shards, rows_at

from .build import INSTALL, why_no_cuda, why_no_torch
from .lloyd import LloydResult, labels_of, lloyd
from .nearest import MatmulNearest, Nearest, TorchPrecision
from .rows import DeviceRows, host_tensor

__all__ = ["BlockwiseLloyd", "TorchKmeans", "TorchParams"]

SCORE_BYTES = {"cpu": 2**24, "cuda": 2**28}
"""Size of a block's scores: it stays in the CPU's cache, and gives a GPU enough to do at a time."""

LEAST_BLOCK_ROWS, MOST_BLOCK_ROWS = 256, 2**20


class LloydParams(Params):
    """What the blockwise Lloyd backends share."""

    block_rows: int | None = Field(default=None, ge=16, le=2**22, description="rows per product; None chooses")
    max_iterations: int = Field(default=300, ge=1, description="native only")
    tol: float = Field(
        default=1e-4, ge=0, description="native only: stop when centroids move less, as in scikit-learn"
    )
    init: Init = None


class TorchParams(LloydParams):
    """Parameters of `TorchKmeans`."""

    device: Literal["cpu", "cuda"] = Field(default="cpu", description="where it runs")
    precision: TorchPrecision = Field(default="float32", description="precision of the operands of the product")
    residence: Literal["device", "stream", "file"] = Field(
        default="device",
        description="rows copied to the device in prepare; in each iteration (stream); or read from their file then",
    )


class BlockwiseLloyd(Backend):
    """Exact Lloyd over blocks on a torch device; children say where, and who finds the nearest centres."""

    params: LloydParams
    _rows: DeviceRows | None
    _outcome: LloydResult | None
    _source: Any
    _nearest: Any

    @classmethod
    def unsupported_reason(cls, k: int, n: int, d: int, protocol: str, params: BaseModel) -> str | None:
        """Refuse a stopping rule and another start in a matched run."""
        free = {"max_iterations", "tol", "init"} & params.model_fields_set
        if protocol == "matched" and free:
            return f"{' and '.join(sorted(free))} belong to the native protocol; matched runs a fixed count"
        return super().unsupported_reason(k, n, d, protocol, params)

    def _place(self) -> tuple[str, bool]:
        """Return the type of the device, and whether the rows stay on it."""
        raise NotImplementedError

    def _make_nearest(self) -> Nearest:
        raise NotImplementedError

    def prepare(self, X: Rows, job: Job) -> None:
        """Copy the rows to the device unless they are streamed: the transfer is `prepare_seconds`.

        Raises
        ------
        CaseError
            If a matched job lacks the start or the count, or the start's shape does not fit.
        """
        import torch

        job.check(X.shape[1])
        self.release()
        device, resident = self._place()
        torch.set_num_threads(job.threads)
        self._torch, self._device, self._resident = torch, torch.device(device), resident
        self._X, self._job = X, job
        self._source = _source_of(X)
        if resident:
            self._source = self._source.to(self._device)
        self._nearest = self._make_nearest()
        self._start, self._init = start_of(self.params.init), job.init
        self._start_settings: dict[str, Any] = {}
        if self._start is not None and self._start.kind == "array":
            self._init = read_start(self._start.file, job.k, X.shape[1])

    def fit(self) -> None:
        """Centre, iterate, and label the rows by the final centroids."""
        self._outcome, self._rows = None, None  # nothing of the last fit is held beside this one
        native = self._job.protocol == "native"
        init = self._first_centroids() if self._init is None else self._init
        self._rows = self._rows_of(self._source)
        self._outcome = self._run(self._rows, init, self.params.tol if native else None, label=True)

    def _run(self, rows: DeviceRows, init: FloatMatrix, tol: float | None, label: bool) -> LloydResult:
        iterations = self.params.max_iterations if self._job.iterations is None else self._job.iterations
        start = host_tensor(np.ascontiguousarray(init)).to(self._device)
        return lloyd(rows, start, self._nearest, iterations=iterations, tol=tol, label=label)

    def _rows_of(self, X: Any, mean: Any = None) -> DeviceRows:
        return DeviceRows(X, self._device, self._block_rows(), mean, keep=self._resident)

    def _block_rows(self) -> int:
        if self.params.block_rows is not None:
            return self.params.block_rows
        rows: int = SCORE_BYTES[self._device.type] // (4 * max(self._job.k, self._X.shape[1]))
        return max(LEAST_BLOCK_ROWS, min(rows, MOST_BLOCK_ROWS))

    def _first_centroids(self) -> FloatMatrix:
        start, job = self._start, self._job
        rng = np.random.default_rng(job.seed)
        if start is None or start.kind == "random":
            return rows_at(self._X, rng.choice(len(self._X), job.k, replace=False))
        if isinstance(self._X, Shards):
            raise CaseError(str(why_not_from_a_file(self.params.init)))
        if start.kind == "k-means++":
            return kmeans_plus_plus(self._X, job.k, rng)
        sample = sample_of(self._X, job.k, start.fraction, job.seed)
        rows = self._rows_of(host_tensor(sample).to(self._device) if self._resident else host_tensor(sample))
        first = sample[rng.choice(len(sample), job.k, replace=False)]
        found = self._run(rows, first, self.params.tol, label=False)
        self._start_settings = {"init_rows": len(sample), "init_n_iter": found.n_iter}
        return self._centroids(rows, found)

    def _centroids(self, rows: DeviceRows, outcome: LloydResult) -> FloatMatrix:
        centroids: FloatMatrix = (outcome.centres + rows.mean.double()).float().cpu().numpy()
        return centroids

    def result(self) -> FitResult:
        """Return the centroids after the last update, with their labels."""
        rows, outcome = self._fitted()
        return FitResult(
            centroids=self._centroids(rows, outcome),
            n_iter=outcome.n_iter,
            labels=outcome.labels.cpu().numpy(),
            empty_events=outcome.empty_events,
        )

    def assign(self, X: Rows) -> Labels:
        """Label any rows by the final centroids, centred as in fit; other rows than fit's are streamed."""
        rows, outcome = self._fitted()
        if X is not self._X:
            rows = DeviceRows(_source_of(X), self._device, self._block_rows(), rows.mean, keep=False)
        labels: Labels = labels_of(rows, outcome.centres, self._nearest).cpu().numpy()
        return labels

    def settings(self) -> dict[str, Any]:
        """Return where and how it ran, and the stopping rule of a native run."""
        settings: dict[str, Any] = {
            "device": self._device.type,
            "residence": "device" if self._resident else "file" if isinstance(self._X, Shards) else "host",
            "precision": self.arithmetic(self.params),
            "block_rows": self._block_rows(),
            "threads": self._torch.get_num_threads(),
            "cuda": self._torch.version.cuda,
        }
        if self._device.type == "cuda":
            settings["gpu"] = self._torch.cuda.get_device_name(self._device)
        if self._job.protocol == "native":
            settings |= {"max_iterations": self.params.max_iterations, "tol": self.params.tol}
            given = "given" if self._job.init is not None else "random rows"
            settings |= {"init": self.params.init or given} | self._start_settings
        return settings

    def synchronize(self) -> None:
        """Wait for the GPU."""
        if self._device.type == "cuda":
            self._torch.cuda.synchronize(self._device)

    def release(self) -> None:
        """Drop everything on the device, torch's own cache included."""
        self._outcome = None
        self._rows = None
        self._source = None
        self._nearest = None
        if getattr(self, "_device", None) is not None and self._device.type == "cuda":
            self._torch.cuda.empty_cache()

    def _fitted(self) -> tuple[DeviceRows, LloydResult]:
        if self._rows is None or self._outcome is None:
            raise RuntimeError("fit has not been run since prepare")
        return self._rows, self._outcome


class TorchKmeans(BlockwiseLloyd):
    """Exact Lloyd in PyTorch.

    Rows are centred in fit. Distances are one product per block, sums float64. With ``residence=stream`` the rows
    stay in host memory and pass through pinned buffers in every iteration, for inputs beyond the device's memory;
    with ``residence=file`` they stay in their file, for inputs beyond that of the host.
    """

    name = "torch"
    summary = "exact Lloyd in PyTorch, on the CPU or one NVIDIA GPU: one product per block, sums in float64"
    requires = ("torch",)
    distributions = ("torch",)
    install = INSTALL
    traits = Traits(
        exact=True, device="cpu or gpu", labels_in_fit=True, centres=True, empty_clusters="relocate", takes="either"
    )
    Params = TorchParams

    params: TorchParams

    @classmethod
    def unsupported_reason(cls, k: int, n: int, d: int, protocol: str, params: BaseModel) -> str | None:
        """Refuse a start that the rows of a file cannot give."""
        assert isinstance(params, TorchParams)
        from_file = why_not_from_a_file(params.init) if params.residence == "file" else None
        return from_file or super().unsupported_reason(k, n, d, protocol, params)

    @classmethod
    def reads(cls, n: int, d: int, k: int, params: BaseModel, room_bytes: int | None) -> Literal["array", "shards"]:
        """Leave X in its file where that is asked for."""
        assert isinstance(params, TorchParams)
        return "shards" if params.residence == "file" else "array"

    @classmethod
    def unavailable(cls) -> str | None:
        """Return why PyTorch cannot be imported here, or None."""
        return why_no_torch()

    @classmethod
    def unavailable_with(cls, params: BaseModel) -> str | None:
        """Return why PyTorch, or the device asked for, is not here, or None."""
        assert isinstance(params, TorchParams)
        return why_no_cuda() if params.device == "cuda" else why_no_torch()

    @classmethod
    def arithmetic(cls, params: BaseModel) -> Precision:
        """Return the precision of the product's operands."""
        assert isinstance(params, TorchParams)
        return params.precision

    def device_memory(self) -> Literal["torch", "nvml"] | None:
        """Return torch's allocator on a GPU: everything goes through it."""
        return "torch" if self.params.device == "cuda" else None

    def _place(self) -> tuple[str, bool]:
        return self.params.device, self.params.residence == "device"

    def _make_nearest(self) -> Nearest:
        return MatmulNearest(self.params.precision, self._device)


def _source_of(X: Rows) -> Any:
    return X if isinstance(X, Shards) else host_tensor(X)
