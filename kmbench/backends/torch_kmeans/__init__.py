"""The backend ``torch``: exact Lloyd in PyTorch, on the CPU or on an NVIDIA GPU."""

from .backend import TorchKmeans, TorchParams

__all__ = ["TorchKmeans", "TorchParams"]
