"""Which FAISS is installed, and whether it can work at all; found out without importing it where possible."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from functools import cache

__all__ = ["DISTRIBUTIONS", "gpu_count", "installed_builds", "why_no_faiss", "why_no_gpu", "why_not_since"]

DISTRIBUTIONS = (
    "faiss-cpu",
    "faiss-gpu",
    "faiss-gpu-cuvs",
    "faiss-gpu-cu11",
    "faiss-gpu-cu12",
    "faiss-gpu-cu12-cuvs",
    "faiss-gpu-cu13-cuvs",
    "faiss-cuda",
    "faiss",
)
"""Packages that bring the import name ``faiss``. They share one folder, so only one of them can work."""

ONE_OF = "pip install 'kmbench[cpu]', or 'kmbench[gpu]' on a machine with an NVIDIA GPU"


def installed_builds() -> list[str]:
    """Return the installed packages that bring ``faiss``."""
    found = []
    for name in DISTRIBUTIONS:
        try:
            importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        found.append(name)
    return found


def why_no_faiss() -> str | None:
    """Return why ``import faiss`` cannot be relied on here, or None. Imports nothing."""
    builds = installed_builds()
    if len(builds) > 1:
        both = " ".join(builds)
        return (
            f"{' and '.join(builds)} are both installed and overwrite each other's files: "
            f"pip uninstall -y {both}, delete what is left of the folder faiss in site-packages, "
            f"then install one of them: {ONE_OF}"
        )
    spec = importlib.util.find_spec("faiss")
    if spec is None:
        return f"faiss is not installed: {ONE_OF}"
    if spec.origin is None:
        return (
            "the folder faiss in site-packages holds no package (left over from an uninstall): "
            f"delete it and reinstall: {ONE_OF}"
        )
    return None


def why_not_since(release: tuple[int, int], what: str) -> str | None:
    """Return why FAISS is not here, or is older than a release that has what is needed, or None. Imports nothing."""
    reason = why_no_faiss()
    if reason is not None:
        return reason
    version = next((importlib.metadata.version(name) for name in installed_builds()), "0")
    found = tuple(int(part) if part.isdigit() else 0 for part in version.split(".")[:2])
    if found < release:
        needed = ".".join(map(str, release))
        return f"FAISS {version} is older than {needed}, from which {what} is used: pip install 'faiss-cpu>={needed}'"
    return None


@cache
def why_no_gpu() -> str | None:
    """Return why FAISS has no GPU here, or None. A build that is not CPU-only is imported and asked.

    A CPU build takes ``gpu=True`` and trains on the CPU without a word, so only the number of devices counts.
    """
    reason = why_no_faiss()
    if reason is not None:
        return reason
    if installed_builds() == ["faiss-cpu"]:
        return "faiss-cpu is the CPU build: pip uninstall -y faiss-cpu, then pip install 'kmbench[gpu]'"
    try:
        devices = gpu_count()
    except Exception as error:
        return f"import faiss fails: {type(error).__name__}: {error}"
    if devices == 0:
        return "FAISS sees no GPU: check nvidia-smi, the driver and CUDA_VISIBLE_DEVICES"
    return None


def gpu_count() -> int:
    """Return the number of GPUs that FAISS sees."""
    import faiss

    return int(faiss.get_num_gpus()) if hasattr(faiss, "get_num_gpus") else 0
