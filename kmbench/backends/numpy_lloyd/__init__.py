"""An exact Lloyd in NumPy and SciPy: float32, fast, and a float64 reference mode that judges all backends."""

from .backend import NumpyLloyd

__all__ = ["NumpyLloyd"]
