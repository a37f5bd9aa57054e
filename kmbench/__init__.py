"""kmbench: the benchmark to trust when you choose a k-means engine.

The names below are imported when they are first used: a worker process that imports this package must not pay for
pandas or scikit-learn.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kmbench.analysis import load_cells, load_records, load_targets
    from kmbench.analysis.asv_frame import asv_frame
    from kmbench.api import run
    from kmbench.backends.base import Backend, FitResult, Job, Params, Traits
    from kmbench.choosing import ChooseResult, choose_k
    from kmbench.errors import KmbenchError
    from kmbench.semantic import SemanticIds, semantic_ids
    from kmbench.study import Study
    from kmbench.tuning import TuneResult, tune

__all__ = [
    "Backend",
    "ChooseResult",
    "FitResult",
    "Job",
    "KmbenchError",
    "Params",
    "SemanticIds",
    "Study",
    "Traits",
    "TuneResult",
    "__version__",
    "asv_frame",
    "choose_k",
    "load_cells",
    "load_records",
    "load_targets",
    "run",
    "semantic_ids",
    "tune",
]

__version__ = version("kmbench")

_HOMES = {
    "Backend": "kmbench.backends.base",
    "ChooseResult": "kmbench.choosing",
    "FitResult": "kmbench.backends.base",
    "Job": "kmbench.backends.base",
    "KmbenchError": "kmbench.errors",
    "Params": "kmbench.backends.base",
    "SemanticIds": "kmbench.semantic",
    "Study": "kmbench.study",
    "Traits": "kmbench.backends.base",
    "TuneResult": "kmbench.tuning",
    "asv_frame": "kmbench.analysis.asv_frame",
    "choose_k": "kmbench.choosing",
    "load_cells": "kmbench.analysis",
    "load_records": "kmbench.analysis",
    "load_targets": "kmbench.analysis",
    "run": "kmbench.api",
    "semantic_ids": "kmbench.semantic",
    "tune": "kmbench.tuning",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'kmbench' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
