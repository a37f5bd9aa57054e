"""How two backends compare: ratios with intervals, verdicts, and who is compared with whom."""

from kmbench.comparison.ratios import (
    CONFIDENCE,
    MARGIN,
    SAME_INERTIA,
    RatioInterval,
    Verdict,
    hodges_lehmann,
    paired_ratio,
    ratio_by_epoch,
    same_inertia,
    unpaired_ratio,
    verdict_of,
)
from kmbench.comparison.rivals import DEFAULT_BASELINE, baseline_index, counted_cells, epoch_means, rivals

__all__ = [
    "CONFIDENCE",
    "DEFAULT_BASELINE",
    "MARGIN",
    "SAME_INERTIA",
    "RatioInterval",
    "Verdict",
    "baseline_index",
    "counted_cells",
    "epoch_means",
    "hodges_lehmann",
    "paired_ratio",
    "ratio_by_epoch",
    "rivals",
    "same_inertia",
    "unpaired_ratio",
    "verdict_of",
]
