"""Import scikit-learn's clustering without pandas, which takes a quarter of the time and is not needed for arrays."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

__all__ = ["sklearn_cluster"]


def sklearn_cluster() -> ModuleType:
    """Return ``sklearn.cluster``.

    scikit-learn imports pandas, where it is installed, to recognise its frames. A worker is given arrays alone, and
    one is started for each epoch. pandas can be imported afterwards as ever.
    """
    if "sklearn.cluster" in sys.modules or "pandas" in sys.modules:
        return import_module("sklearn.cluster")
    sys.modules["pandas"] = None  # type: ignore[assignment]  # makes an import of it fail
    try:
        return import_module("sklearn.cluster")
    finally:
        del sys.modules["pandas"]
