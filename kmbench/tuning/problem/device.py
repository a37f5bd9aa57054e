"""Where an index is searched: on the CPU, or copied to the first GPU; and what FAISS's GPU indexes cannot do."""

from __future__ import annotations

from typing import Any, Literal, cast

from kmbench.backends.faiss_gpu_index import GPU_MOST, on_first_gpu
from kmbench.errors import TuneError
from kmbench.tuning.problem.host import THIS_HOST, Host

__all__ = [
    "GPU_SUB_VECTORS",
    "Device",
    "copy_lists_to_gpu",
    "device_text",
    "most_nprobe",
    "read_device",
    "why_not_on_gpu",
]

Device = Literal["cpu", "cuda"]

GPU_SUB_VECTORS = (1, 2, 3, 4, 8, 12, 16, 20, 24, 28, 32, 40, 48)
"""Bytes of a PQ code that FAISS's GPU kernels exist for (``IVFPQ::isSupportedPQCodeLength``) and whose float32 tables
fit 48 KiB of shared memory. 56, 64 and 96 need tables in float16, which is another arithmetic than the curve's."""

GPU_CODE_COLUMNS = 6143
"""Most columns of sq8 and sq4: the range of each, 8 bytes, has to fit 48 KiB of shared memory."""


def read_device(text: str, at: int, host: Host = THIS_HOST) -> Device:
    """Read ``--device`` and see that it is there, before anything else is done.

    Parameters
    ----------
    at : int
        Neighbours per query.
    host : Host
        Where the device has to be.

    Raises
    ------
    TuneError
        If there is no such device here, or it cannot return as many neighbours.
    """
    if text not in ("cpu", "cuda"):
        raise TuneError(f"--device {text}: unknown device", "use cpu or cuda")
    if text == "cuda":
        reason = host.why_no_gpu()
        if reason is not None:
            raise TuneError(f"--device cuda cannot be used here: {reason}")
        if at > GPU_MOST:
            raise TuneError(
                f"--at {at}: FAISS's GPU indexes return at most {GPU_MOST:,} neighbours",
                f"use --at {GPU_MOST} or less, or --device cpu",
            )
    return cast(Device, text)


def most_nprobe(device: Device, nlist: int) -> int:
    """Return the largest nprobe that an index of so many lists can be searched with."""
    return nlist if device == "cpu" else min(nlist, GPU_MOST)


def why_not_on_gpu(codec: str, m: int, refine: bool, d: int) -> tuple[str, str] | None:
    """Return why FAISS has no such index on a GPU, and what to use instead; None where it has one."""
    if refine:
        return "FAISS re-ranks on the CPU only", "leave +refine out, or use --device cpu"
    if codec == "pqfs":
        return "FAISS's fast scan runs on the CPU only", "use pqM, or --device cpu"
    if codec == "pq" and m not in GPU_SUB_VECTORS:
        fitting = ", ".join(str(size) for size in GPU_SUB_VECTORS if d % size == 0)
        return f"FAISS's GPU kernels do not support codes of {m} bytes", f"use one of {fitting}, or --device cpu"
    if codec in ("sq8", "sq4") and d > GPU_CODE_COLUMNS:
        return f"FAISS's GPU kernels take at most {GPU_CODE_COLUMNS:,} columns", "use flat or fp16, or --device cpu"
    return None


def copy_lists_to_gpu(faiss: Any, index: Any) -> tuple[Any, Any, list[Any]]:
    """Copy the lists of a servable index to the first GPU.

    The transform before them stays on the CPU: FAISS's cloner knows neither the normalising nor the centring one.
    Searches with NumPy arrays return when the answer is there, so they can be timed as they are: the answer is
    copied to pageable host memory, for which CUDA's asynchronous copy waits too ("API synchronization behavior").

    Parameters
    ----------
    index : faiss.IndexIVF or faiss.IndexPreTransform
        As `kmbench.tuning.index.cache.write_servable` writes it, without re-ranking.

    Returns
    -------
    index, ivf, kept
        What is searched, what takes nprobe, and what has to live as long as they do.
    """
    resources = faiss.StandardGpuResources()
    ivf = on_first_gpu(faiss, resources, faiss.extract_index_ivf(index))
    if not hasattr(index, "chain"):
        return ivf, ivf, [resources]
    # The transform belongs to the index that it was read with.
    whole = faiss.IndexPreTransform(faiss.downcast_VectorTransform(index.chain.at(0)), ivf)
    return whole, ivf, [resources, index]


def device_text(device: Device, gpu: str | None) -> str:
    """Write a device: ``CPU``, ``NVIDIA H100`` or, where its name is not known, ``the first GPU``."""
    return "CPU" if device == "cpu" else gpu or "the first GPU"
