"""FAISS's GPU index over centroids, with every option that changes speed or answer set and none left to a default."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from kmbench.backends.base import Params

__all__ = ["GPU_MOST", "GpuOptions", "check_cuvs", "flat_gpu_index", "gpu_resources", "on_first_gpu"]

GPU_MOST = 2048
"""Most lists, and most neighbours, that FAISS's GPU indexes select for a row (``GPU_MAX_SELECTION_K``)."""


class GpuOptions(Params):
    """Options of FAISS on GPUs."""

    precision: Literal["float32", "float16"] = Field(default="float32", description="of stored vectors and products")
    use_cuvs: bool = Field(default=False, description="search by cuVS instead of FAISS's own kernels")
    temp_mib: int | None = Field(
        default=None, ge=0, le=2**20, description="MiB of temporary memory per GPU; None: FAISS's own choice"
    )


def check_cuvs(faiss: Any, use_cuvs: bool) -> None:
    """Refuse cuVS where this FAISS is built without it: it would search with its own kernels and not say so.

    Raises
    ------
    RuntimeError
        With the hint.
    """
    if use_cuvs and "CUVS" not in str(faiss.get_compile_options()).upper():
        raise RuntimeError("use_cuvs=true, but this FAISS is built without cuVS: pip install faiss-gpu-cuvs")


def gpu_resources(faiss: Any, options: GpuOptions) -> Any:
    """Return the resources of one GPU: streams, cuBLAS handles and temporary memory."""
    resources = faiss.StandardGpuResources()
    if options.temp_mib is not None:
        resources.setTempMemory(options.temp_mib * 2**20)
    return resources


def flat_gpu_index(faiss: Any, d: int, options: GpuOptions, gpus: int) -> Any:
    """Return an empty exact index on the first GPUs; each holds all vectors and searches a share of the rows."""
    cloner = faiss.GpuMultipleClonerOptions()
    cloner.useFloat16 = options.precision == "float16"
    cloner.shard = False
    _say_cuvs(cloner, options.use_cuvs)
    resources = [gpu_resources(faiss, options) for _ in range(gpus)]
    return faiss.index_cpu_to_gpu_multiple_py(resources, faiss.IndexFlatL2(d), cloner, list(range(gpus)))


def on_first_gpu(faiss: Any, resources: Any, index: Any) -> Any:
    """Return a copy of an index on the first GPU, which FAISS's own kernels search."""
    cloner = faiss.GpuClonerOptions()
    _say_cuvs(cloner, use_cuvs=False)
    return faiss.index_cpu_to_gpu(resources, 0, index, cloner)


def _say_cuvs(cloner: Any, use_cuvs: bool) -> None:
    """Say whether cuVS searches: FAISS's defaults for it differ between C++ and Python."""
    if hasattr(cloner, "use_cuvs"):
        cloner.use_cuvs = use_cuvs
