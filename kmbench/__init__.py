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
    from kmbench.callables import compare_callables
    from kmbench.choosing import ChooseResult, choose_k
    from kmbench.colour import QuantizeResult, quantize
    from kmbench.errors import KmbenchError
    from kmbench.results import Results
    from kmbench.segments import SegmentResult, segment
    from kmbench.semantic import SemanticIds, semantic_ids
    from kmbench.study import Study
    from kmbench.tuning import TuneResult, tune
    from kmbench.workloads import Answer, Figure, SeveralFits, Task, TaskResult, Workload

__all__ = [
    "Answer",
    "Backend",
    "ChooseResult",
    "Figure",
    "FitResult",
    "Job",
    "KmbenchError",
    "Params",
    "QuantizeResult",
    "Results",
    "SegmentResult",
    "SemanticIds",
    "SeveralFits",
    "Study",
    "Task",
    "TaskResult",
    "Traits",
    "TuneResult",
    "Workload",
    "__version__",
    "asv_frame",
    "choose_k",
    "compare_callables",
    "load_cells",
    "load_records",
    "load_targets",
    "quantize",
    "run",
    "segment",
    "semantic_ids",
    "tune",
]

__version__ = version("kmbench")

_HOMES = {
    "Answer": "kmbench.workloads",
    "Backend": "kmbench.backends.base",
    "ChooseResult": "kmbench.choosing",
    "Figure": "kmbench.workloads",
    "FitResult": "kmbench.backends.base",
    "Job": "kmbench.backends.base",
    "KmbenchError": "kmbench.errors",
    "Params": "kmbench.backends.base",
    "QuantizeResult": "kmbench.colour",
    "Results": "kmbench.results",
    "SegmentResult": "kmbench.segments",
    "SemanticIds": "kmbench.semantic",
    "SeveralFits": "kmbench.workloads",
    "Study": "kmbench.study",
    "Task": "kmbench.workloads",
    "TaskResult": "kmbench.workloads",
    "Traits": "kmbench.backends.base",
    "TuneResult": "kmbench.tuning",
    "Workload": "kmbench.workloads",
    "asv_frame": "kmbench.analysis.asv_frame",
    "choose_k": "kmbench.choosing",
    "compare_callables": "kmbench.callables",
    "load_cells": "kmbench.analysis",
    "load_records": "kmbench.analysis",
    "load_targets": "kmbench.analysis",
    "quantize": "kmbench.colour",
    "run": "kmbench.api",
    "segment": "kmbench.segments",
    "semantic_ids": "kmbench.semantic",
    "tune": "kmbench.tuning",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'kmbench' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
