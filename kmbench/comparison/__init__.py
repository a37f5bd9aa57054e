"""How two backends compare: ratios with intervals, verdicts, and who is compared with whom."""

from kmbench.comparison.core_states import CoreState, boundary_of, state_of
from kmbench.comparison.moderation import LEAST_PAIRS, MOST_PRIOR_FREEDOM, VariancePrior, pooled_prior
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
    "LEAST_PAIRS",
    "MARGIN",
    "MOST_PRIOR_FREEDOM",
    "SAME_INERTIA",
    "CoreState",
    "RatioInterval",
    "VariancePrior",
    "Verdict",
    "baseline_index",
    "boundary_of",
    "counted_cells",
    "epoch_means",
    "hodges_lehmann",
    "paired_ratio",
    "pooled_prior",
    "ratio_by_epoch",
    "rivals",
    "same_inertia",
    "state_of",
    "unpaired_ratio",
    "verdict_of",
]
