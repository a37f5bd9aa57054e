"""Statistics over records: what each cell came to, and ratios with intervals."""

from kmbench.analysis.cells import CellSummary, summarise
from kmbench.analysis.frames import cells_frame, load_cells, load_records
from kmbench.analysis.ratios import RatioInterval, paired_ratio

__all__ = [
    "CellSummary",
    "RatioInterval",
    "cells_frame",
    "load_cells",
    "load_records",
    "paired_ratio",
    "summarise",
]
