"""When a case has been measured often enough: by precision or by budget, never by the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from kmbench.comparison import ratio_by_epoch
from kmbench.study import Study

__all__ = ["Rule", "Stop", "rule_of", "why_stop", "worst_half_width"]

HALF_WIDTH, PRECISE_HALF_WIDTH = 0.05, 0.02
"""Of the 95 % interval at which a case is known well enough, and with ``--precise``."""

QUICK_EPOCHS, QUICK_ROUNDS = 3, 3

TARGET_EPOCHS, TARGET_ROUNDS = 1, 2
"""Of each start in the protocol ``target``: the starts are many, and they are the units of its statistics."""


class Stop(StrEnum):
    """Why no further epoch is begun."""

    PRECISE = "the intervals are narrow enough"
    BUDGET = "the budget is spent"
    MOST = "the maximum number of epochs was reached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How often a case is measured.

    Attributes
    ----------
    least, most : int
        Epochs.
    least_slow : int
        Instead of `least` where a fit takes longer than `slow_seconds`.
    half_width : float
        Of the 95 % interval of each ratio with the baseline, as a share: 0.05 for ±5 %.
    budget_seconds : float
        For the case; the epoch in which it runs out is finished.
    rounds : int
        The most in an epoch, for fits that are short beside the start of a process. Repeats within a process differ
        more than the means of processes do, and cost a fraction (``benchmarks/tools/variance_components.py``).
    """

    least: int = 10
    most: int = 30
    least_slow: int = 5
    slow_seconds: float = 60.0
    half_width: float = 0.05
    budget_seconds: float = 600.0
    rounds: int = 5


def rule_of(study: Study, protocol: str) -> Rule:
    """Return how often the cases of a study are measured under a protocol."""
    half_width = PRECISE_HALF_WIDTH if study.precise else HALF_WIDTH
    rule = Rule(half_width=half_width, budget_seconds=study.budget)
    epochs = study.repeats
    if protocol == "target":
        epochs, rule = epochs or TARGET_EPOCHS, replace(rule, rounds=TARGET_ROUNDS)
    elif study.quick and not epochs:
        epochs, rule = QUICK_EPOCHS, replace(rule, rounds=QUICK_ROUNDS)
    return rule if epochs is None else replace(rule, least=epochs, least_slow=epochs, most=epochs)


def why_stop(
    rule: Rule, epochs: int, half_width: float | None, spent_seconds: float, longest_fit_seconds: float
) -> Stop | None:
    """Return why to stop after `epochs` epochs, or None to go on.

    Stopping by precision looks at the width of the intervals and never at where they lie: stopping as soon as a
    difference shows would make false alarms of chance. With few epochs the width itself is chance, hence `least`.

    Parameters
    ----------
    rule : Rule
    epochs : int
        Done so far, at least 1.
    half_width : float or None
        The widest of the case's intervals; None if there is none, as with a single backend.
    spent_seconds, longest_fit_seconds : float
        Time since the case began, and of its longest fit.
    """
    if epochs >= rule.most:
        return Stop.MOST
    if spent_seconds >= rule.budget_seconds:
        return Stop.BUDGET
    least = rule.least_slow if longest_fit_seconds > rule.slow_seconds else rule.least
    if epochs >= least and (half_width is None or half_width <= rule.half_width):
        return Stop.PRECISE
    return None


def worst_half_width(baseline: Mapping[int, float], others: Iterable[Mapping[int, float]]) -> float | None:
    """Return the widest interval of the ratios with the baseline; all are times by epoch."""
    ratios = (ratio_by_epoch(baseline, other) for other in others)
    widths = (ratio.half_width for ratio in ratios if ratio is not None)
    return max((width for width in widths if width is not None), default=None)
