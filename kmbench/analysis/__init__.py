"""Statistics over records: what each cell came to, and ratios with intervals."""

from kmbench.analysis.advice import warnings_of
from kmbench.analysis.cells import CellSummary, summarise
from kmbench.analysis.frames import cells_frame, load_cells, load_records, load_targets
from kmbench.analysis.ratios import RatioInterval, Verdict, paired_ratio

__all__ = [
    "CellSummary",
    "RatioInterval",
    "Verdict",
    "cells_frame",
    "load_cells",
    "load_records",
    "load_targets",
    "paired_ratio",
    "summarise",
    "warnings_of",
]
