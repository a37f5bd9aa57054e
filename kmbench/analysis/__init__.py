"""Statistics over records: what each cell came to, and ratios with intervals."""

from kmbench.analysis.cells import CellSummary, cells_frame, summarise
from kmbench.analysis.frames import load_cells, load_records, load_targets
from kmbench.analysis.run import Run, RunCase, RunGroup, read_run, read_runs

__all__ = [
    "CellSummary",
    "Run",
    "RunCase",
    "RunGroup",
    "cells_frame",
    "load_cells",
    "load_records",
    "load_targets",
    "read_run",
    "read_runs",
    "summarise",
]
