"""FAISS's GPU search with everything else on the GPU too: the rows stay there, and the update runs in torch."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from kmbench.backends.base import Job, Precision, Rows, Traits
from kmbench.backends.faiss_build import DISTRIBUTIONS, why_no_gpu
from kmbench.backends.faiss_gpu_index import GpuOptions, check_cuvs, gpu_resources
from kmbench.backends.torch_kmeans.backend import (
    LEAST_BLOCK_ROWS,
    MOST_BLOCK_ROWS,
    BlockwiseLloyd,
    LloydParams,
)
from kmbench.backends.torch_kmeans.build import why_no_cuda
from kmbench.backends.torch_kmeans.nearest import Nearest, power_of_two

__all__ = ["FaissGpuResident", "FaissNearest"]

COPY_BYTES = 2**28
"""Size of a block's copy in float64, for the sums. FAISS cuts the scores of a block into tiles by itself, so a block
may be large, and few calls do an iteration."""


class ResidentParams(LloydParams, GpuOptions):
    """Options of FAISS on a GPU, and of the loop around it."""


class FaissNearest:
    """Nearest centres by ``faiss.knn_gpu`` on tensors that are on the GPU already.

    Parameters
    ----------
    faiss : module
        With ``faiss.contrib.torch_utils`` imported, which teaches it tensors.
    resources : faiss.StandardGpuResources
    options : GpuOptions
    """

    def __init__(self, faiss: Any, resources: Any, options: GpuOptions) -> None:
        self._faiss, self._resources, self._options = faiss, resources, options

    def set_centres(self, centres: Any) -> None:
        """Keep the centres in float32."""
        self._centres = centres.float()

    def __call__(self, block: Any) -> Any:
        """Return the nearest centre of each row."""
        import torch

        rows, centres = block, self._centres
        if self._options.precision == "float16":
            # One power of two for both changes no order of distances, and keeps float16 from overflowing.
            scale = torch.minimum(power_of_two(rows), power_of_two(centres))
            rows, centres = (rows * scale).half(), (centres * scale).half()
        found = self._faiss.knn_gpu(self._resources, rows, centres, 1, use_cuvs=self._options.use_cuvs)
        return found[1].ravel()


class FaissGpuResident(BlockwiseLloyd):
    """Lloyd with FAISS's search and torch's update on one GPU.

    The rows go over the bus once, in prepare. In fit they are centred into a copy on the GPU, so that it holds them
    twice. Empty clusters take the farthest rows, as in the backend ``torch``, whose loop this is.
    """

    name = "faiss-gpu-resident"
    summary = "FAISS search on one NVIDIA GPU where the rows stay; the update runs there too, in torch, in float64"
    requires = ("faiss", "torch")
    distributions = DISTRIBUTIONS
    install = "pip install 'kmbench[gpu,torch]' on a machine with an NVIDIA GPU"
    traits = Traits(exact=True, device="gpu", labels_in_fit=True, centres=True, empty_clusters="relocate")
    Params = ResidentParams

    params: ResidentParams

    @classmethod
    def unavailable(cls) -> str | None:
        """Return why FAISS or torch has no GPU here, or None."""
        return why_no_gpu() or why_no_cuda()

    @classmethod
    def arithmetic(cls, params: BaseModel) -> Precision:
        """Return the precision of the search."""
        assert isinstance(params, ResidentParams)
        return params.precision

    def prepare(self, X: Rows, job: Job) -> None:
        """Copy the rows to the GPU.

        Raises
        ------
        RuntimeError
            If there is no GPU, or cuVS is asked for and not there.
        """
        reason = self.unavailable()
        if reason is not None:
            raise RuntimeError(reason)
        super().prepare(X, job)

    def device_memory(self) -> Literal["torch", "nvml"] | None:
        """Ask the driver: FAISS allocates beside torch."""
        return "nvml"

    def settings(self) -> dict[str, Any]:
        """Return the options, the loop's settings, and how FAISS was built."""
        import faiss

        options = self.params.model_dump(include={"use_cuvs", "temp_mib"})
        return super().settings() | options | {"compile_options": str(faiss.get_compile_options()).strip()}

    def _place(self) -> tuple[str, bool]:
        return "cuda", True

    def _block_rows(self) -> int:
        if self.params.block_rows is not None:
            return self.params.block_rows
        rows: int = COPY_BYTES // (8 * self._X.shape[1])
        return max(LEAST_BLOCK_ROWS, min(rows, MOST_BLOCK_ROWS))

    def _make_nearest(self) -> Nearest:
        import faiss
        import faiss.contrib.torch_utils

        check_cuvs(faiss, self.params.use_cuvs)
        return FaissNearest(faiss, gpu_resources(faiss, self.params), self.params)
