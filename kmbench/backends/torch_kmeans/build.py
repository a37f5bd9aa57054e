"""Whether PyTorch is installed and sees a GPU; torch itself is imported only where the GPU is asked for."""

from __future__ import annotations

import importlib.util
from functools import cache
from typing import Any

__all__ = ["INSTALL", "set_tf32", "why_no_cuda", "why_no_torch"]

INSTALL = "pip install 'kmbench[torch]'"


def why_no_torch() -> str | None:
    """Return why PyTorch cannot be imported here, or None. Imports nothing."""
    return f"torch is not installed: {INSTALL}" if importlib.util.find_spec("torch") is None else None


@cache
def why_no_cuda() -> str | None:
    """Return why PyTorch has no NVIDIA GPU here, or None."""
    reason = why_no_torch()
    if reason is not None:
        return reason
    try:
        import torch

        if torch.version.cuda is None:
            return f"torch {torch.__version__} is built without CUDA: install a CUDA build of torch"
        if not torch.cuda.is_available():
            return "torch sees no GPU: check nvidia-smi, the driver and CUDA_VISIBLE_DEVICES"
    except Exception as error:
        return f"import torch fails: {type(error).__name__}: {error}"
    return None


def set_tf32(torch: Any, on: bool) -> None:
    """Say whether products of float32 on a GPU round their factors to TF32.

    From 2.9 on torch warns of the old switch, and refuses to have both read.
    """
    matmul = torch.backends.cuda.matmul
    if hasattr(matmul, "fp32_precision"):
        matmul.fp32_precision = "tf32" if on else "ieee"
    else:
        matmul.allow_tf32 = on
